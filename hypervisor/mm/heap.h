/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for the hypervisor's own structures. Small objects come from pages
 * cut into equal pieces, large ones are whole blocks of 2^n pages. A page
 * goes back to the frame allocator as soon as nothing in it is used.
 * Lock: RANK_HEAP, so not from interrupt handlers.
 */
#pragma once

#include <stddef.h>

/* Zeroed, 16-byte aligned; page aligned from 2016 bytes up. NULL: no memory. */
void *heap_alloc(size_t size);
void heap_free(void *object); /* NULL is fine */

/* One zeroed page of ours, by its direct-map address. NULL: no memory. */
void *page_alloc(void);
void page_free(void *page);
