/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The allocator of machine frames: free blocks of 2^order frames, aligned to
 * their size, in lists by zone and order. Zone n holds the addresses from
 * 2^n up to 2^(n+1), so that a limit on address bits is exact. Without a
 * limit, the highest memory is taken first, so that what is below 4 GiB
 * stays for those who need it.
 *
 * In struct frame a free block's first frame has FR_FREE in refs, next, the
 * previous one in type and, in stamp, the order; its other frames have refs 0.
 * Frames that are handed out have type 0 and refs 0; the contents of their
 * pages are not cleared. A region that becomes free as a whole is nobody's any
 * more (frame_region()). Lock: RANK_HEAP.
 *
 * A claim sets pages aside: what is claimed is given only to
 * buddy_alloc_claimed().
 */
#pragma once

#include "mm/addr.h"

#define BUDDY_ORDER_MAX 20 /* 4 GiB */

/* 2^order frames below 2^address_bits (0: anywhere); MFN_NONE if there are
 * none. With the second, so many of them come out of a claim. */
mfn_t buddy_alloc(unsigned order, unsigned address_bits);
mfn_t buddy_alloc_claimed(
	unsigned order, unsigned address_bits, uint64_t claimed);
/* Any run of frames that were handed out. */
void buddy_free(mfn_t mfn, uint64_t pages);

/* Give memory that is not the allocator's to it: at boot, and what boot used
 * (modules, for example). Both ends inwards to whole pages. */
void buddy_free_range(paddr_t start, paddr_t end);

uint64_t buddy_free_pages(void); /* claimed ones included */
uint64_t buddy_free_pages_below(unsigned address_bits); /* slow; for info */
uint64_t buddy_total_pages(void); /* ever given to the allocator */

bool buddy_claim(uint64_t pages); /* false: not that many are free */
void buddy_unclaim(uint64_t pages);
uint64_t buddy_claimed_pages(void);
