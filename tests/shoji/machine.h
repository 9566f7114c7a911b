/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hypervisor of one domain, for the domain builder: frames in no order,
 * memory that can be mapped side by side, and a record of what was asked. It
 * stands in for lib/control.c and lib/privcmd.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "xen/xen.h"

#define MACHINE_FRAMES 65536u

struct machine {
	unsigned free_frames;   /* populate stops there */
	bool no_big_extents;    /* only single frames are given */
	bool zeroes;            /* what populate gives is all zeroes */
	bool no_resource;       /* acquire_resource is refused */
	uint64_t pinned;        /* MFN of the L4, 0: not yet */
	uint64_t hypercall_mfn; /* 0: not asked for */
	unsigned ports;         /* handed out */
	struct vcpu_guest_context context;
	bool context_set;
};
extern struct machine machine;

void machine_reset(void);
/* The content of a frame. */
void *machine_frame(uint64_t mfn);
#define MACHINE_SHARED_INFO 1u /* frames that the hypervisor owns */
#define MACHINE_GRANTS 2u
