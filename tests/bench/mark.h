/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Marks: instructions that do nothing, and at which count.c writes down what
 * it has counted so far. A mark is a NOP with a 32-bit displacement, which
 * compilers and assemblers leave zero (CPU manual, NOP): "Sh" above its number.
 */
#pragma once

#define MARK_MAGIC 0x5368
#define MARKS 512

/* The last ones are not of operations: timed.c, and tests/bench/bench. */
#define MARK_USER 508 /* user space begins */

/* A number from 0 to MARKS - 1 that is known when it runs: a call into a table
 * of all marks, the same instructions for each. */
static __attribute__((noinline, unused)) void mark(unsigned number)
{
	__asm__ volatile(
		"jmp 2f\n"
		".p2align 4\n"
		"1: .set n, 0\n"
		".rept %c1\n"
		"	nopl	%c2 << 16 | n(%%rax,%%rax)\n"
		"	ret\n"
		"	.p2align 4\n"
		"	.set n, n + 1\n"
		".endr\n"
		"2: lea	1b(%%rip), %%rax\n"
		"	add	%0, %%rax\n"
		"	sub	$128, %%rsp\n" /* the red zone */
		"	call	*%%rax\n"
		"	add	$128, %%rsp"
		:
		: "r"((unsigned long)number * 16), "i"(MARKS), "i"(MARK_MAGIC)
		: "rax", "cc", "memory");
}
