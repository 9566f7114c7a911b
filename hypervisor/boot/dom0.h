/* SPDX-License-Identifier: BSD-2-Clause */
/* The construction of dom0 from the modules that the boot loader brought. */
#pragma once

/* Builds it and lets it run; panics with the reason if it cannot be built.
 * The last step of boot, on the boot CPU, whose idle vCPU is current. */
void dom0_build(void);
