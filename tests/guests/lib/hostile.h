/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random hypercalls for a child, or the guest itself, to make, their arguments
 * drawn from values that mean something: the caller's own frames and
 * addresses, others', the hypervisor's, edges of ranges. What comes depends on
 * the seed only; each vCPU has its own.
 */
#pragma once

#include <stdint.h>

#include "tests/guests/lib/child.h"

#define HOSTILE_CALLS 28 /* of one multicall; they fit the mailbox */

struct multicall_entry;

/* Who makes the calls, as it sees itself. */
struct hostile {
	const uint64_t *mfn; /* frames of its own */
	unsigned int nr;
	uint64_t base; /* where they are mapped, in order */
	uint64_t data; /* and the page of arguments among them */
};

/* frames: some that are not the caller's. */
void hostile_init(const uint64_t *frames, unsigned int nr);

void hostile_seed(uint64_t seed);
uint64_t hostile_random(void);
uint64_t hostile_below(uint64_t limit);

/* A value that some call may take for something. */
uint64_t hostile_value(const struct hostile *caller);
/* Fills a page of arguments, and a list of calls that take some from there. */
void hostile_fill(const struct hostile *caller, uint64_t *page);
void hostile_calls(const struct hostile *caller, struct multicall_entry *calls,
	unsigned int nr);

/* Fills the child's data page and, in its mailbox, a multicall's list. */
void hostile_prepare(struct child *child);

/* Free pages of the machine, once no more of the dead come back. */
uint64_t settled_free_pages(void);
/* Waits for so many to be free, as long as that may take; how many are. */
uint64_t free_pages_again(uint64_t wanted);
