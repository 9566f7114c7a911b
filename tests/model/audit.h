/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit: what every frame's reference count, type and type count must be,
 * recomputed from what holds the references: valid page tables, unfinished
 * walks, pins, roots, descriptor tables, grants in use, shared pages. It only
 * reads, and uses nothing but the hypervisor's own structures. The machine
 * must stand still.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mm/frame.h"

struct audit_frame {
	uint32_t refs;
	uint32_t types[FRAME_NR_TYPES]; /* references of each type */
};

/* counts: nr_frames elements. Returns how many frames are wrong; what the
 * first lacks, in words, is in `what`. */
unsigned audit(struct audit_frame *counts, char *what, size_t size);
