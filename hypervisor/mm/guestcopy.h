/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses that may fault: the table has for each such instruction where to go
 * on (x86/traps.c). The routines here use no stack and no callee-saved
 * register; they return -EFAULT to their caller.
 */
#pragma once

/* An entry of the table, in assembly: both are labels. */
#define GUEST_ACCESS(at, fault)                                                \
	".pushsection .guest_access, \"a\"\n"                               \
	"	.long	" at " - ., " fault " - .\n"                          \
	"	.popsection\n"

#ifdef __ASSEMBLY__
/* clang-format off */
/* An instruction that may fault. */
.macro access fault, insn:vararg
1001:	\insn
	.pushsection .guest_access, "a"
	.long	1001b - ., \fault - .
	.popsection
.endm
/* clang-format on */
#else
#include <stddef.h>
#include <stdint.h>

/* Where to go on after a fault at rip, 0 if none was expected. */
uint64_t guest_access_fixup(uint64_t rip);

/* 0 or -EFAULT; what was copied before the fault stays copied. */
int guest_copy(void *to, const void *from, size_t size);
/* Load a selector into DS, ES, FS, GS; -EFAULT: the CPU refuses it. */
int guest_load_ds(uint16_t selector);
int guest_load_es(uint16_t selector);
int guest_load_fs(uint16_t selector);
int guest_load_gs(uint16_t selector);
int guest_xsetbv(uint64_t value);
int guest_xrstor(const void *area, uint64_t mask);
#endif
