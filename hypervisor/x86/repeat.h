/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Repeated string instructions; the direction flag is always clear. Apart
 * from asm.h because unit tests use the real ones.
 */
#pragma once

#include <stdint.h>

static inline void *rep_stosb(void *to, uint8_t byte, uint64_t count)
{
	__asm__ volatile("rep stosb"
		: "+D"(to), "+c"(count)
		: "a"(byte)
		: "memory");
	return to;
}

static inline void *rep_stosq(void *to, uint64_t word, uint64_t count)
{
	__asm__ volatile("rep stosq"
		: "+D"(to), "+c"(count)
		: "a"(word)
		: "memory");
	return to;
}

/* Copies count words (or bytes), returns where the target ends; *from is
 * advanced too. */
static inline void *rep_movsb(void *to, const void **from, uint64_t count)
{
	__asm__ volatile("rep movsb"
		: "+D"(to), "+S"(*from), "+c"(count)
		:
		: "memory");
	return to;
}

static inline void *rep_movsq(void *to, const void **from, uint64_t count)
{
	__asm__ volatile("rep movsq"
		: "+D"(to), "+S"(*from), "+c"(count)
		:
		: "memory");
	return to;
}
