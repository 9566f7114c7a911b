/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk that validates or releases a tree of guest page tables, one entry at
 * a time, and can stop between any two. A vCPU has at most one; while it is
 * unfinished it hangs in the owner's list, and whoever needs one of the
 * tables in it finishes it first (mm/ptcheck.c).
 */
#pragma once

#include "lib/list.h"
#include "mm/addr.h"

struct domain;

enum pt_walk_state {
	PT_IDLE,
	PT_VALIDATING,
	PT_VALID, /* done; the walk holds a type reference to the root */
	PT_FAILED, /* validation found a bad entry, all is undone */
	PT_RELEASING,
};

struct pt_walk {
	struct list_node node; /* in owner->walks while not PT_IDLE */
	struct domain *owner; /* whose page tables, with a reference */
	enum pt_walk_state state;
	bool unwanted; /* nobody will collect the result */
	int error; /* of PT_FAILED */
	mfn_t root;
	unsigned root_level;
	unsigned depth; /* tables on the path, 0 when finished */
	struct {
		mfn_t mfn;
		unsigned level;
		unsigned next; /* entries below are done */
	} at[4];
};
