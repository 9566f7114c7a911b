/* SPDX-License-Identifier: BSD-2-Clause */
/* What makes an attack on us harder, and what it depends on: x86/harden.c,
 * docs/hardening.md. */
#pragma once

/* What pieces of code are for; they are jumped over where that is off. */
#define PATCH_ISOLATED 0
#define PATCH_SMAP 1
#define PATCH_RETPOLINE 2
#define PATCH_VERW 3
#define PATCH_PCID 4
#define PATCHES 5

#ifndef __ASSEMBLY__
#include <stdbool.h>

/* Hot functions without a stack guard, which would be a tenth of what they
 * cost: nothing on their stack is indexed by what a guest says. */
#define UNGUARDED __attribute__((no_stack_protector))

/* The same in C. */
#define PATCHED(insn, feature)                                                 \
	__asm__ volatile("771:	" insn "\n772:	.pushsection .patches, \"a\"\n" \
			 "	.balign	8\n"                                   \
			 "	.quad	771b\n"                                \
			 "	.long	772b - 771b, %c0\n"                    \
			 "	.popsection"                                  \
			 :                                                     \
			 : "i"(feature)                                        \
			 : "memory", "cc")

/* Guests see hardly anything of us while they run (docs/hardening.md). */
extern bool entry_isolated;

/* Decide what to use and patch the code, while it can be written: before our
 * own page tables, after the CPU's features. */
void harden_init(void);

/* Each CPU: what its registers for speculation should hold. */
void harden_init_cpu(void);
/* Another vCPU comes to this CPU. */
void harden_switch(void);
/* The end of boot: make sure of it, and say it in the log. */
void harden_log(void);
#endif
