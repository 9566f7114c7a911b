/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of numbers as sorted, disjoint, non-adjacent ranges, both ends
 * included: which ports, frames, interrupts a domain may use. A set has room
 * for a fixed number of ranges, so that nobody can make it grow without
 * limit. The caller serialises: a domain's sets change only while it is being
 * built or is paused.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RANGESET_RANGES 80

struct range {
	uint64_t first, last;
};

struct rangeset {
	unsigned nr;
	struct range range[RANGESET_RANGES];
};

struct rangeset *rangeset_create(void); /* empty; NULL: no memory */
void rangeset_destroy(struct rangeset *set); /* NULL is fine */

/* 0, -EINVAL (first > last), -ENOSPC (too many ranges; set unchanged) */
int rangeset_add(struct rangeset *set, uint64_t first, uint64_t last);
int rangeset_remove(struct rangeset *set, uint64_t first, uint64_t last);

/* All of first..last is in the set. */
bool rangeset_contains(
	const struct rangeset *set, uint64_t first, uint64_t last);
