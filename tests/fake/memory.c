// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory of the fake machine: an array of pages under the real frame table
 * code, a heap that counts, copies to and from "guests", which are the test.
 * Frames come from an allocator beside this file: pagetable.c's, or the real
 * one.
 */
#include <stdlib.h>

#include "core/domain.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "machine.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "mm/heap.h"
#include "mm/paging.h"
#include "xen/errno.h"

#define PAGES MACHINE_PAGES

bool machine_preempt, machine_writes_fail;
unsigned machine_allocations, machine_alloc_fails_after;
uint64_t machine_fault_at;

static char (*arena)[PAGE_SIZE];
static struct frame table[PAGES];
static uint64_t regions[PAGES / FRAME_REGION + 1];
static uint64_t m2p_table[PAGES];

void fake_memory_reset(void);
void fake_pagetable_reset(void);

void fake_memory_reset(void)
{
	if (!arena)
		arena = aligned_alloc(PAGE_SIZE, PAGES * PAGE_SIZE);
	memset(table, 0, sizeof(table));
	memset(regions, 0, sizeof(regions));
	for (unsigned i = 0; i < PAGES; i++)
		table[i].owner = FRAME_HV;
	frames = table;
	frame_regions = regions;
	nr_frames = PAGES;
	m2p = m2p_table;
	machine_preempt = machine_writes_fail = false;
	machine_allocations = 0;
	machine_alloc_fails_after = ~0u;
	machine_fault_at = 0;
	fake_pagetable_reset();
}

/* Direct map */

void *direct(paddr_t pa)
{
	ASSERT(pa < PAGES * PAGE_SIZE);
	return (char *)arena + pa;
}

paddr_t direct_paddr(const void *va)
{
	return (paddr_t)((const char *)va - (const char *)arena);
}

void clear_page(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

void copy_page(void *to, const void *from)
{
	memmove(to, from, PAGE_SIZE);
}

/* Heap */

bool machine_may_allocate(void)
{
	if (machine_alloc_fails_after == 0)
		return false;
	if (machine_alloc_fails_after != ~0u)
		machine_alloc_fails_after--;
	return true;
}

void *page_alloc(void)
{
	const mfn_t mfn = buddy_alloc(0, 0);

	return mfn_none(mfn) ? NULL : memset(mfn_direct(mfn), 0, PAGE_SIZE);
}

void page_free(void *page)
{
	buddy_free(direct_mfn(page), 1);
}

void *heap_alloc(size_t size)
{
	if (!machine_may_allocate())
		return NULL;
	machine_allocations++;
	return calloc(1, size ? size : 1);
}

void heap_free(void *object)
{
	if (object)
		machine_allocations--;
	free(object);
}

/* Guests */

static bool bad_address(gva_t at, size_t size)
{
	if (!size)
		return false;
	return at.va < PAGE_SIZE ||
	       (machine_fault_at && at.va < machine_fault_at + PAGE_SIZE &&
		       at.va + size > machine_fault_at);
}

int copy_from_guest(void *to, gva_t from, size_t size)
{
	if (bad_address(from, size))
		return -EFAULT;
	memcpy(to, (const void *)from.va, size);
	return 0;
}

int copy_to_guest(gva_t to, const void *from, size_t size)
{
	if (machine_writes_fail || bad_address(to, size))
		return -EFAULT;
	memcpy((void *)to.va, from, size);
	return 0;
}

int clear_guest(gva_t to, size_t size)
{
	if (bad_address(to, size))
		return -EFAULT;
	memset((void *)to.va, 0, size);
	return 0;
}

mfn_t machine_page(struct domain *d)
{
	mfn_t mfn;

	d->max_pages = PAGES;
	ASSERT(frame_alloc(d, 0, 0, PFN_NONE, &mfn) == 0);
	return mfn;
}

/* No part of the M2P is shown to anybody. */

unsigned paging_m2p_pieces(void)
{
	return 0;
}

mfn_t paging_m2p_piece(unsigned n)
{
	panic("no piece %u", n);
}
