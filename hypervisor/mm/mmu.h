/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page tables of domains and vCPUs, as hypercalls and others change them.
 */
#pragma once

#include "core/domain.h"
#include "core/vcpu.h"
#include "mm/paging.h"
#include "mm/tlb.h"

struct domain;
struct vcpu;

/* The roots of a vCPU that does not run (user: MFN_NONE for none). Takes
 * references, drops those of the old roots. 0, -EINVAL, -ERESTART. */
int mmu_set_roots(struct vcpu *v, mfn_t kernel, mfn_t user);
/* Drop the roots of all vCPUs of a dying domain. 0 or -ERESTART. */
int mmu_release(struct domain *d);

/* After that, unpin what is pinned. 0 or -ERESTART. */
int mmu_unpin_all(struct domain *d);

/* The current vCPU's kernel root, as MMUEXT_NEW_BASEPTR sets it. */
int mmu_new_kernel_root(struct vcpu *v, mfn_t root);

/* This CPU gets v's roots; that of the mode that v is in is loaded. */
static inline void mmu_load_root(const struct vcpu *v)
{
	tlb_set_root(TLB_USER, v->user_l4);
	tlb_set_root(TLB_KERNEL, v->kernel_l4);
	tlb_load_at(
		v->kernel_mode ? TLB_KERNEL : TLB_USER, read_once(&tlb_clock));
}

/* The level-1 entry that maps va in v's kernel page tables, if its table is
 * valid; NULL. Wants the domain's RANK_PT lock. */
uint64_t *mmu_find_l1(struct vcpu *v, uint64_t va) REQUIRES(v->domain->pt_lock);

/*
 * Grant mappings of the current vCPU: put a frame of another domain into the
 * entry at host_addr (a virtual address, or the entry's machine address). The
 * entry takes its own references. 0, -EINVAL (no such entry), -EBUSY (the
 * frame is a page table, or a table is in use). The caller flushes d->dirty_cpus after unmapping.
 */
int mmu_map_grant(struct vcpu *v, mfn_t mfn, uint64_t host_addr,
	bool contains_pte, uint64_t pte_flags);
/* Clear it again if it still maps mfn with the same right to write; a
 * replacement is a virtual address whose entry moves here. */
int mmu_unmap_grant(struct vcpu *v, mfn_t mfn, uint64_t host_addr,
	bool contains_pte, bool readonly, uint64_t replacement);
