/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame table: for every machine frame its owner, reference count, type
 * and type count. The invariants are in frame.c; page tables are checked by
 * ptcheck.c on top of this.
 */
#pragma once

#include "mm/addr.h"

struct domain;

enum frame_type {
	FRAME_NONE, /* no type reference is held, or only plain data */
	FRAME_L1,
	FRAME_L2,
	FRAME_L3,
	FRAME_L4,
	FRAME_DESC, /* GDT or LDT page */
	FRAME_WRITABLE,
	FRAME_NR_TYPES
};

struct frame {
	uint32_t type; /* enum, FT_ flags and type count; atomic */
	uint32_t refs; /* FR_ flags and reference count; atomic */
	uint32_t next, prev; /* owner's page list, or free list */
	uint16_t owner; /* domain id; DOMID_XEN, DOMID_IO, or FRAME_HV */
	uint16_t stamp; /* flush clock when it was last unmapped;
			   the order of a free block */
};

/* Bits of frame.type */
#define FT_SHIFT 29 /* enum frame_type */
#define FT_VALID (1u << 28) /* contents checked (page tables, descriptors) */
#define FT_PINNED (1u << 27)
#define FT_COUNT 0x07ffffffu

/* Bits of frame.refs */
#define FR_ALLOCATED (1u << 31) /* belongs to its owner's allocation */
#define FR_SHARED (1u << 30) /* ours, shown to a domain; never retyped */
#define FR_READONLY (1u << 29) /* with FR_SHARED: never writable */
#define FR_FREE (1u << 28) /* in the allocator */
#define FR_COUNT 0x0fffffffu

/* Owners that are not domains (the ABI's DOMID_ numbers are used too). */
#define FRAME_HV 0xffff /* the hypervisor's own memory, or no memory */

extern struct frame *frames; /* boot/main.c allocates it */
extern uint64_t nr_frames; /* highest machine frame + 1 */
extern uint64_t *m2p; /* writable view of the machine-to-physical table */

static inline bool mfn_valid(mfn_t mfn)
{
	return mfn.n < nr_frames;
}

/* By numbers: for a frame that there is not, before anybody has looked, an
 * index into the table would be undefined. */
static inline struct frame *frame_of(mfn_t mfn)
{
	return (struct frame *)((uint64_t)frames + mfn.n * sizeof(*frames));
}

static inline mfn_t frame_mfn(const struct frame *f)
{
	return MFN((uint64_t)(f - frames));
}

/* Frames of a domain. All return 0 or -errno. */

/* 2^order pages for d, zeroed, one general reference each (FR_ALLOCATED),
 * machine addresses below 2^address_bits (0: anywhere), at guest frames from
 * pfn on (the M2P says so). -ENOMEM; -EINVAL: d is dying. */
#define PFN_NONE (~0ull)
int frame_alloc(struct domain *d, unsigned order, unsigned address_bits,
	uint64_t pfn, mfn_t *mfn);
/* Give up the allocation reference of one page; it is freed with the last
 * reference. -EINVAL if it is not d's or already given up. */
int frame_release(struct domain *d, mfn_t mfn);

/* Set pages aside so that d has this many in all; 0 cancels. -ENOMEM */
int frame_claim(struct domain *d, uint64_t pages);

/* Exchange: take a page that has no reference but its allocation's out of
 * everybody's reach (-EINVAL); put it back, or free it. And give d a block
 * from the allocator, whatever its limit says. */
int frame_steal(struct domain *d, mfn_t mfn);
void frame_unsteal(mfn_t mfn);
void frame_free_stolen(mfn_t mfn);
int frame_adopt(struct domain *d, mfn_t mfn, unsigned order, uint64_t pfn);

/* A general reference to a frame that d owns; false if it does not. */
bool frame_get(mfn_t mfn, const struct domain *d);
bool frame_try_get(mfn_t mfn, const struct domain *d); /* no refusal if not */
void frame_put(mfn_t mfn);

/* A data type reference (FRAME_WRITABLE), besides a general one.
 * -EBUSY: it is a page table or descriptor page. */
int frame_get_writable(mfn_t mfn);
void frame_put_writable(mfn_t mfn);

/* A mapping goes: note the time on the flush clock (I5), before its reference
 * is dropped. */
void frame_unmapped(struct frame *f);

/* Give a frame whose type count is 0 a new type with a count of 1, not valid
 * yet, all stale translations flushed (frame.c, I5). -EBUSY: it has a count.
 * Under the owner's RANK_PT lock, as the drop back to count 0. */
int frame_take_type(struct frame *f, enum frame_type type);
void frame_drop_type(struct frame *f);

/* Show a page of ours to d (shared_info, grant frames), or to everybody
 * read-only (d = domain_xen). The page is never freed while shared. */
void frame_share(void *page, struct domain *d, bool readonly);
/* Boot: the frames of the machine-to-physical table, for tools to map as
 * DOMID_XEN's. */
void frame_share_m2p(void);
/* Stop sharing: drops our reference, the page goes to the heap once nobody
 * maps it any more. */
void frame_unshare(void *page);

/* The pages of a dying domain go in two rounds, each to be called until it
 * does not say -ERESTART: the first finds what is to be unpinned (-EBUSY with
 * *pinned; 0: no more), the second gives the pages back. One round would free
 * pages at the moment their tables let go of them, with a flush for each. */
int frame_find_pinned(struct domain *d, mfn_t *pinned);
int frame_reclaim(struct domain *d);

static inline enum frame_type frame_type(const struct frame *f)
{
	return (enum frame_type)(f->type >> FT_SHIFT);
}
