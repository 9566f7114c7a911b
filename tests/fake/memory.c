// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory of the fake machine: an array of pages under the real frame table
 * code, a heap that counts, copies to and from "guests", which are the test.
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
#include "mm/mmu.h"
#include "mm/paging.h"
#include "mm/ptcheck.h"
#include "mm/tlb.h"
#include "xen/errno.h"

#define PAGES 4096u
#define PTES 512u

bool machine_preempt, machine_writes_fail;
unsigned machine_allocations, machine_alloc_fails_after, machine_flushes;
uint64_t machine_fault_at;

static char (*arena)[PAGE_SIZE];
static bool used[PAGES];
static struct frame table[PAGES];
static uint64_t m2p_table[PAGES];
static struct machine_pte ptes[PTES];

void fake_memory_reset(void);

void fake_memory_reset(void)
{
	if (!arena)
		arena = aligned_alloc(PAGE_SIZE, PAGES * PAGE_SIZE);
	memset(used, 0, sizeof(used));
	memset(table, 0, sizeof(table));
	memset(ptes, 0, sizeof(ptes));
	for (unsigned i = 0; i < PAGES; i++)
		table[i].owner = FRAME_HV;
	used[0] = true;
	frames = table;
	nr_frames = PAGES;
	m2p = m2p_table;
	machine_preempt = machine_writes_fail = false;
	machine_allocations = 0;
	machine_alloc_fails_after = ~0u;
	machine_fault_at = 0;
	machine_flushes = 0;
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

/* Allocators */

static bool may_allocate(void)
{
	if (machine_alloc_fails_after == 0)
		return false;
	if (machine_alloc_fails_after != ~0u)
		machine_alloc_fails_after--;
	return true;
}

mfn_t buddy_alloc(unsigned order, unsigned address_bits)
{
	(void)address_bits;
	ASSERT(order == 0);
	if (may_allocate())
		for (unsigned i = 1; i < PAGES; i++)
			if (!used[i]) {
				used[i] = true;
				machine_allocations++;
				return MFN(i);
			}
	return MFN_NONE;
}

mfn_t buddy_alloc_claimed(
	unsigned order, unsigned address_bits, uint64_t claimed)
{
	(void)claimed;
	return buddy_alloc(order, address_bits);
}

void buddy_free(mfn_t mfn, unsigned order)
{
	ASSERT(order == 0 && used[mfn.n]);
	used[mfn.n] = false;
	machine_allocations--;
}

bool buddy_claim(uint64_t pages)
{
	return pages < PAGES;
}

void buddy_unclaim(uint64_t pages)
{
	(void)pages;
}

void *page_alloc(void)
{
	const mfn_t mfn = buddy_alloc(0, 0);

	return mfn_none(mfn) ? NULL : memset(mfn_direct(mfn), 0, PAGE_SIZE);
}

void page_free(void *page)
{
	buddy_free(direct_mfn(page), 0);
}

void *heap_alloc(size_t size)
{
	if (!may_allocate())
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

/* TLB */

void tlb_flush(cpumask_t cpus)
{
	(void)cpus;
	machine_flushes++;
}

void tlb_flush_since(uint16_t stamp)
{
	(void)stamp;
}

uint32_t tlb_clock;

/* Page-table entries made by grants */

struct machine_pte *machine_pte(uint64_t va)
{
	for (unsigned i = 0; i < PTES; i++)
		if (ptes[i].va == va && va)
			return &ptes[i];
	return NULL;
}

int mmu_map_grant(struct vcpu *v, mfn_t mfn, uint64_t host_addr,
	bool contains_pte, uint64_t pte_flags)
{
	(void)v;
	(void)contains_pte;
	if (!host_addr || machine_pte(host_addr))
		return -EINVAL;
	for (unsigned i = 0; i < PTES; i++) {
		if (ptes[i].va)
			continue;
		ptes[i] = (struct machine_pte){
			host_addr, mfn, pte_flags & PTE_RW, pte_flags};
		return 0;
	}
	panic("more entries than the fake has room for");
}

int mmu_unmap_grant(struct vcpu *v, mfn_t mfn, uint64_t host_addr,
	bool contains_pte, bool readonly, uint64_t replacement)
{
	struct machine_pte *const pte = machine_pte(host_addr);

	(void)v;
	(void)contains_pte;
	(void)replacement;
	if (!pte || !mfn_equal(pte->mfn, mfn) || pte->writable == readonly)
		return -EINVAL;
	pte->va = 0;
	return 0;
}

int pt_settle(void)
{
	return 0;
}

int pt_unpin(struct domain *d, mfn_t mfn, bool *done)
{
	*done = false;
	panic("d%u has no table %lu", d->id, mfn.n);
}

int mmu_set_roots(struct vcpu *v, mfn_t kernel, mfn_t user)
{
	v->kernel_l4 = kernel;
	v->user_l4 = user;
	return 0;
}

int mmu_unpin_all(struct domain *d)
{
	mfn_t pinned; /* nothing is: there are no page tables here */

	return frame_find_pinned(d, &pinned);
}

int mmu_release(struct domain *d)
{
	(void)d;
	return 0;
}
