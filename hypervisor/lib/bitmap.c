// SPDX-License-Identifier: BSD-2-Clause
/* Searches in bitmaps, a word at a time. */
#include "lib/bitmap.h"

static unsigned next(
	const uint64_t *map, unsigned nr_bits, unsigned from, uint64_t invert)
{
	while (from < nr_bits) {
		const uint64_t word =
			(map[from / 64] ^ invert) >> (from % 64);

		if (word) {
			from += (unsigned)__builtin_ctzll(word);
			return from < nr_bits ? from : nr_bits;
		}
		from = (from | 63) + 1;
	}
	return nr_bits;
}

unsigned bitmap_next(const uint64_t *map, unsigned nr_bits, unsigned from)
{
	return next(map, nr_bits, from, 0);
}

unsigned bitmap_next_clear(
	const uint64_t *map, unsigned nr_bits, unsigned from)
{
	return next(map, nr_bits, from, ~0ull);
}

void bitmap_fill(uint64_t *map, unsigned first, unsigned count, bool value)
{
	while (count) {
		const unsigned shift = first % 64;
		const unsigned room = 64 - shift;
		const unsigned nr = count < room ? count : room;
		const uint64_t mask = (~0ull >> (64 - nr)) << shift;

		if (value)
			map[first / 64] |= mask;
		else
			map[first / 64] &= ~mask;
		first += nr;
		count -= nr;
	}
}

/* The builtin would need a library or a newer CPU. */
static unsigned count_bits(uint64_t n)
{
	n -= n >> 1 & 0x5555555555555555;
	n = (n & 0x3333333333333333) + (n >> 2 & 0x3333333333333333);
	n = (n + (n >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (unsigned)(n * 0x0101010101010101 >> 56);
}

unsigned bitmap_count(const uint64_t *map, unsigned nr_bits)
{
	unsigned count = 0;

	for (unsigned i = 0; i < nr_bits / 64; i++)
		count += count_bits(map[i]);
	if (nr_bits % 64)
		count += count_bits(
			map[nr_bits / 64] & ((1ull << (nr_bits % 64)) - 1));
	return count;
}
