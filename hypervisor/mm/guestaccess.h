/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single words, in a piece of code between guest_open() and guest_close():
 * where one cannot be accessed, the code goes on at the label, which closes
 * too. The address is the caller's to check by guest_va_ours(). Unit tests
 * have a file like this of their own (tests/fake/mm).
 */
#pragma once

#include "mm/guestcopy.h"
#include "x86/harden.h"

#define GUEST_WORDS_MAX 9 /* of a structure that is copied in place */

#define guest_open() PATCHED("stac", PATCH_SMAP)
#define guest_close() PATCHED("clac", PATCH_SMAP)
/* NOLINTBEGIN(bugprone-macro-parentheses): a label takes none. GCC 12 takes an
 * "asm goto" with an output for one that is not volatile, and may lose the
 * output if nothing follows (its bugs 98096 and 113921). */
#define guest_load(value, address, fault)                                      \
	do {                                                                   \
		__asm__ volatile goto(                                         \
			"1:	mov	%1, %0\n" GUEST_ACCESS("1b", "%l2")    \
			: "=r"(value)                                          \
			: "m"(*(const uint64_t *)(address))                    \
			:                                                      \
			: fault);                                              \
		__asm__ volatile("");                                          \
	} while (0)
#define guest_store(address, value, fault)                                     \
	__asm__ volatile goto("1:	movq	%0, %1\n" GUEST_ACCESS("1b",         \
		"%l2")                                                         \
			      :                                                \
			      : "er"((uint64_t)(value)),                       \
			      "m"(*(uint64_t *)(address))                      \
			      : "memory"                                       \
			      : fault)
/* NOLINTEND(bugprone-macro-parentheses) */
