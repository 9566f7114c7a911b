/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit: every frame's reference count, type and type count, recomputed
 * from what holds the references (frame.c, I1 to I4): entries of valid page
 * tables, unfinished walks, pins, roots, descriptor tables, grants in use,
 * shared pages; and what each domain is charged for. It only reads.
 */
#pragma once

#include <stdint.h>

struct audit_count {
	uint32_t refs;
	uint32_t types; /* references of the type that the frame has */
};

struct audit {
	struct audit_count *count; /* room for the counts of ... */
	uint64_t room; /* ... so many frames; with fewer it takes longer */
	/* Told each difference, a line of words; data is the caller's. */
	void (*tell)(struct audit *a, const char *line);
	void *data;
	/* Results */
	uint64_t frames, tables, wrong;
	/* While it runs: the frames whose counts are made now */
	uint64_t first, end;
};

/* The caller has made the machine stand still: between two hypercalls, or
 * where one may be interrupted. */
void audit(struct audit *a);

/* Stop all domains but the current vCPU, and audit; count and room are found
 * here. -EBUSY: somebody else does; -ENOMEM. Interrupts are on, no lock is
 * held. */
int audit_machine(struct audit *a);

void audit_show(void *unused); /* work: into the log */
