/* SPDX-License-Identifier: BSD-2-Clause */
/* Bits of words. (Bitmaps that guests or other CPUs share: x86/atomic.h.) */
#pragma once

#include <stdint.h>

/* Position of the highest bit set + 1; 0 of 0. */
static inline unsigned bit_width(uint64_t n)
{
	return n ? 64 - (unsigned)__builtin_clzll(n) : 0;
}
