/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest page tables: which entries are allowed, and the references that tables
 * and their entries hold. All functions want the RANK_PT lock of the domain
 * that owns the tables.
 */
#pragma once

#include "core/domain.h"
#include "core/vcpu.h"
#include "mm/paging.h"

struct domain;
struct vcpu;

#define PTE_ENTRIES 512

static inline mfn_t pte_mfn(uint64_t pte)
{
	return MFN((pte & PTE_ADDR) >> PAGE_SHIFT);
}

/*
 * Take a general and a type reference to a table of d. Validates it, and all
 * tables below, if nobody did; that may stop half-way with -ERESTART and goes
 * on when the same vCPU asks again. -EINVAL: not d's, of another type, an
 * entry that is not allowed, or d is dying. On success pt_put() may follow.
 */
int pt_get(struct domain *d, mfn_t table, unsigned level) REQUIRES(d->pt_lock);
/* Nothing is left over in the current vCPU's walk, so that pt_put() may be
 * called. 0, or -ERESTART to start the operation again. */
int pt_ready(void);
/* Drop both. The last reference releases the tree below: -ERESTART says that
 * this is not finished, though the caller's reference is gone. */
int pt_put(struct domain *d, mfn_t table, unsigned level) REQUIRES(d->pt_lock);

/* Pin: a reference kept by the table itself. -EINVAL: pinned already (or not).
 * -ERESTART of an unpin with *done: the pin is gone, work remains. */
int pt_pin(struct domain *d, mfn_t table, unsigned level) REQUIRES(d->pt_lock);
int pt_unpin(struct domain *d, mfn_t table, bool *done) REQUIRES(d->pt_lock);

/* A table that is on the path of somebody's walk: drive that walk until it is
 * not. 0, -ERESTART. */
int pt_help(struct domain *d, mfn_t table) REQUIRES(d->pt_lock);

/* Go on with what the current vCPU left unfinished. Call first in every
 * operation on page tables, with no lock held. 0 or -ERESTART. */
int pt_settle_own(void);
static inline int pt_settle(void)
{
	return current->walk.owner ? pt_settle_own() : 0;
}
/* The same for whoever works on d's tables, before d is destroyed. */
int pt_settle_domain(struct domain *d);

/*
 * Change an entry of a validated level-1 table. New entries may name frames
 * of `target`, or devices if d may reach them. The hardware may set Accessed
 * and Dirty at the same time: how says what becomes of that. 0, -EINVAL, -EPERM,
 * -EBUSY (the frame is a table); -EAGAIN: PT_COMPARE found something else than
 * old, which the others do not mind.
 */
enum pt_how {
	PT_REPLACE,
	PT_KEEP_AD, /* leave both bits as they are */
	PT_COMPARE, /* only if the entry is still old */
};
int pt_set_l1(struct domain *d, struct domain *target, uint64_t *entry,
	uint64_t pte, enum pt_how how, uint64_t old) REQUIRES(d->pt_lock);
/* Give nr entries of such a table, which must be present, other rights, RW and
 * NX. The first that may not have them, or is not present, ends it. */
#define PT_RIGHTS (PTE_RW | PTE_NX)
int pt_set_rights(struct domain *d, struct domain *target, uint64_t *entry,
	uint64_t nr, uint64_t rights) REQUIRES(d->pt_lock);
/* pt_set_l1() for a table of level 2 to 4. -ERESTART with *done false: nothing
 * changed yet, ask again; with *done true: changed, work remains. */
int pt_set_upper(struct domain *d, uint64_t *entry, unsigned level,
	uint64_t pte, enum pt_how how, bool *done) REQUIRES(d->pt_lock);
