/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bitmaps of our own in 64-bit words, not atomic: the caller serialises.
 * (Bits shared with guests or other CPUs: x86/atomic.h.)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool bitmap_test(const uint64_t *map, unsigned bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}

static inline void bitmap_set(uint64_t *map, unsigned bit)
{
	map[bit / 64] |= 1ull << (bit % 64);
}

static inline void bitmap_clear(uint64_t *map, unsigned bit)
{
	map[bit / 64] &= ~(1ull << (bit % 64));
}

/* First bit set (clear) at or above from; nr_bits if there is none. */
unsigned bitmap_next(const uint64_t *map, unsigned nr_bits, unsigned from);
unsigned bitmap_next_clear(
	const uint64_t *map, unsigned nr_bits, unsigned from);
/* Set or clear count bits from first. */
void bitmap_fill(uint64_t *map, unsigned first, unsigned count, bool value);
unsigned bitmap_count(const uint64_t *map, unsigned nr_bits);

/* Position of the highest bit set + 1; 0 of 0. */
static inline unsigned bit_width(uint64_t n)
{
	return n ? 64 - (unsigned)__builtin_clzll(n) : 0;
}
