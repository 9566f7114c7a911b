// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the unit tests of core/ have instead of page tables: the entries that
 * grants make are a list, a TLB flush is a number, a GDT is a list of frames;
 * and frames come one by one, the lowest first.
 */
#include <string.h>

#include "core/domain.h"
#include "lib/assert.h"
#include "machine.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/mmu.h"
#include "mm/paging.h"
#include "mm/ptcheck.h"
#include "mm/tlb.h"
#include "pv/segment.h"
#include "xen/errno.h"

#define PTES 512u

unsigned machine_flushes;

static bool used[MACHINE_PAGES];
static struct machine_pte ptes[PTES];

void fake_pagetable_reset(void);

void fake_pagetable_reset(void)
{
	memset(used, 0, sizeof(used));
	memset(ptes, 0, sizeof(ptes));
	used[0] = true;
	machine_flushes = 0;
}

/* Frames */

mfn_t buddy_alloc(unsigned order, unsigned address_bits)
{
	(void)address_bits;
	ASSERT(order == 0);
	if (machine_may_allocate())
		for (unsigned i = 1; i < MACHINE_PAGES; i++)
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

void buddy_free(mfn_t mfn, uint64_t pages)
{
	for (uint64_t n = mfn.n; n < mfn.n + pages; n++) {
		ASSERT(used[n]);
		used[n] = false;
		machine_allocations--;
	}
}

bool buddy_claim(uint64_t pages)
{
	return pages < MACHINE_PAGES;
}

void buddy_unclaim(uint64_t pages)
{
	(void)pages;
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

uint64_t tlb_clock;
uint64_t tlb_keep;

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

int pt_settle_own(void)
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

/* Descriptor tables */

int segment_set_gdt(struct vcpu *v, const mfn_t *list, unsigned entries)
{
	for (unsigned i = 0; i * 512 < entries; i++)
		v->gdt_frames[i] = list[i];
	v->gdt_entries = entries;
	return 0;
}

bool segment_may_ldt(uint64_t base, uint64_t entries)
{
	(void)base;
	return entries <= 8192;
}

void segment_flush_ldt(struct vcpu *v)
{
	v->ldt_mapped = 0;
}
