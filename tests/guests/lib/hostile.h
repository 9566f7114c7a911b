/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random hypercalls for a child to make, their arguments drawn from values
 * that mean something: its own frames and addresses, ours, the hypervisor's,
 * edges of ranges. What comes depends on the seed only.
 */
#pragma once

#include <stdint.h>

#include "tests/guests/lib/child.h"

#define HOSTILE_CALLS 28	/* of one multicall; they fit the mailbox */

/* frames: some that are not the child's. */
void hostile_init(const uint64_t *frames, unsigned int nr);

void hostile_seed(uint64_t seed);
uint64_t hostile_random(void);
uint64_t hostile_below(uint64_t limit);

/* Fills the child's data page and, in its mailbox, a multicall's list. */
void hostile_prepare(struct child *child);

/* Free pages of the machine, once no more of the dead come back. */
uint64_t settled_free_pages(void);
