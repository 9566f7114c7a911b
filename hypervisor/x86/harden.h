/* SPDX-License-Identifier: BSD-2-Clause */
/* What makes an attack on us harder, and what it depends on: x86/harden.c,
 * docs/hardening.md. */
#pragma once

/* What code of entry.S is for; it is jumped over where that is off. */
#define PATCH_ISOLATED 0
#define PATCH_SMAP 1

#ifndef __ASSEMBLY__
#include <stdbool.h>

/* Guests see hardly anything of us while they run (docs/hardening.md). */
extern bool entry_isolated;

/* Decide what to use and patch the code, while it can be written: before our
 * own page tables, after the CPU's features. */
void harden_init(void);

/* The end of boot: make sure of it, and say it in the log. */
void harden_log(void);
#endif
