/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console page that a guest shares with the console daemon: two byte
 * rings. Indices run freely; each side writes bytes, then its index, then
 * sends the event. The reader never consumes past prod.
 */
#pragma once

#include "xen/xen-x86_64.h"

typedef uint32_t XENCONS_RING_IDX;

#define MASK_XENCONS_IDX(idx, ring)	((idx) & (sizeof(ring) - 1))

struct xencons_interface {
	char in[1024];				/* 0x000 to the guest */
	char out[2048];				/* 0x400 from the guest */
	XENCONS_RING_IDX in_cons, in_prod;	/* 0xc00, 0xc04 */
	XENCONS_RING_IDX out_cons, out_prod;	/* 0xc08, 0xc0c */
};
static_assert(sizeof(struct xencons_interface) == 0xc10, "size");
