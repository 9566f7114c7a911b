/* SPDX-License-Identifier: BSD-2-Clause */
/* What makes an attack on us harder, and what it depends on: x86/harden.c,
 * docs/hardening.md. */
#pragma once

/* The end of boot: make sure of it, and say it in the log. */
void harden_log(void);
