/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Repeated string instructions; the direction flag is always clear. Apart
 * from asm.h because unit tests use the real ones.
 */
#pragma once

#include <stdint.h>

#define REPEAT_STORE_(suffix, type)                                        \
	static inline void *rep_stos##suffix(                              \
		void *to, type value, uint64_t count)                      \
	{                                                                  \
		__asm__ volatile("rep stos" #suffix                        \
			: "+D"(to), "+c"(count)                            \
			: "a"(value)                                       \
			: "memory");                                       \
		return to;                                                 \
	}
REPEAT_STORE_(b, uint8_t)
REPEAT_STORE_(q, uint64_t)
#undef REPEAT_STORE_

/* Copies count words (or bytes), returns where the target ends; *from is
 * advanced too. */
#define REPEAT_MOVE_(suffix)                                               \
	static inline void *rep_movs##suffix(                              \
		void *to, const void **from, uint64_t count)               \
	{                                                                  \
		__asm__ volatile("rep movs" #suffix                        \
			: "+D"(to), "+S"(*from), "+c"(count)               \
			:                                                  \
			: "memory");                                       \
		return to;                                                 \
	}
REPEAT_MOVE_(b)
REPEAT_MOVE_(q)
#undef REPEAT_MOVE_
