/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's memory as dom0 may ask for it. */
#pragma once

#include <stdint.h>

/* A frame of RAM that this domain does not own; panics if there is none. */
uint64_t foreign_frame(void);

/* A frame behind the last RAM: not a device, not memory. */
uint64_t absent_frame(void);

/*
 * Addresses that the hypervisor has for itself, writable ones among them:
 * Shoji's direct map, device, image and per-CPU areas, then Xen 4.17's image
 * and direct map. Either has nothing at most of the other's.
 */
#define HYPERVISOR_PLACES						\
	0xffff808000001000, 0xffff808000200000, 0xffff860000000000,	\
	0xffff878000000000, 0xffff878000040000, 0xffff878040000000,	\
	0xffff87804000f000, 0xffff82d040200000, 0xffff83000009f000

/* Where the hypervisor may see a frame: Shoji's direct map, and Xen's. */
#define DIRECT_MAP_OF(mfn)						\
	0xffff808000000000 + (mfn) * 4096UL,				\
	0xffff830000000000 + (mfn) * 4096UL
