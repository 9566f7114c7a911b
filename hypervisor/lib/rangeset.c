// SPDX-License-Identifier: BSD-2-Clause
/*
 * Range sets as sorted arrays. Invariant: ranges are disjoint and not
 * adjacent, so that a contiguous range of numbers is in the set if and only
 * if one element holds all of it.
 */
#include "lib/rangeset.h"

#include "lib/string.h"
#include "mm/heap.h"
#include "xen/errno.h"

struct rangeset *rangeset_create(void)
{
	return heap_alloc(sizeof(struct rangeset));
}

void rangeset_destroy(struct rangeset *set)
{
	heap_free(set);
}

/* Index of the first range that ends at or above n. */
static unsigned find(const struct rangeset *set, uint64_t n)
{
	unsigned low = 0, high = set->nr;

	while (low < high) {
		const unsigned middle = (low + high) / 2;

		if (set->range[middle].last < n)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Ranges from index i: drop `drop` of them and leave room for `make`. */
static void shift(
	struct rangeset *set, unsigned i, unsigned drop, unsigned make)
{
	memmove(&set->range[i + make], &set->range[i + drop],
		(set->nr - i - drop) * sizeof(set->range[0]));
	set->nr = set->nr - drop + make;
}

int rangeset_add(struct rangeset *set, uint64_t first, uint64_t last)
{
	unsigned i, end;

	if (first > last)
		return -EINVAL;
	/* Those that overlap or touch [first, last] melt with it. */
	i = find(set, first ? first - 1 : 0);
	for (end = i; end < set->nr; end++)
		if (last != UINT64_MAX && set->range[end].first > last + 1)
			break;
	if (i == end && set->nr == RANGESET_RANGES)
		return -ENOSPC;
	if (i < end) {
		if (set->range[i].first < first)
			first = set->range[i].first;
		if (set->range[end - 1].last > last)
			last = set->range[end - 1].last;
	}
	shift(set, i, end - i, 1);
	set->range[i] = (struct range){ first, last };
	return 0;
}

int rangeset_remove(struct rangeset *set, uint64_t first, uint64_t last)
{
	struct range keep[2];
	unsigned i, end, nr = 0;

	if (first > last)
		return -EINVAL;
	i = find(set, first);
	for (end = i; end < set->nr && set->range[end].first <= last; end++)
		;
	if (i == end)
		return 0;
	if (set->range[i].first < first)
		keep[nr++] = (struct range){ set->range[i].first, first - 1 };
	if (set->range[end - 1].last > last)
		keep[nr++] =
			(struct range){ last + 1, set->range[end - 1].last };
	if (set->nr - (end - i) + nr > RANGESET_RANGES)
		return -ENOSPC;
	shift(set, i, end - i, nr);
	memcpy(&set->range[i], keep, nr * sizeof(keep[0]));
	return 0;
}

bool rangeset_contains(
	const struct rangeset *set, uint64_t first, uint64_t last)
{
	const unsigned i = find(set, first);

	return first <= last && i < set->nr && set->range[i].first <= first &&
		set->range[i].last >= last;
}
