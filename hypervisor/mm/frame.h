/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame table: for every machine frame its owner, reference count, type
 * and type count. The invariants are in frame.c; page tables are checked by
 * ptcheck.c on top of this.
 */
#pragma once

#include "mm/tlb.h"

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
	union {
		struct {
			uint32_t type; /* enum, FT_ flags and type count;
					  of a free block, the previous one */
			uint32_t refs; /* FR_ flags and reference count */
		};
		uint64_t counts; /* both; atomic, as each is by itself */
	};
	uint32_t next; /* of a free block, the next one */
	uint16_t owner; /* domain id; DOMID_XEN, DOMID_IO, or FRAME_HV */
	uint16_t stamp; /* flush clock when it was last unmapped;
			   the order of a free block */
};

static_assert(sizeof(struct frame) == 16, "the size of the frame table");

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

extern struct frame *frames; /* boot/memory.c allocates it */
extern uint64_t *frame_regions; /* who has had pages there: frame_region() */
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

/* A region is 2^FRAME_REGION_ORDER frames. Its word has the bit of each domain
 * that got a page there since the region was last free as a whole: a domain's
 * pages are found without lists, and without looking at every frame. */
#define FRAME_REGION_ORDER 6
#define FRAME_REGION (1ull << FRAME_REGION_ORDER)

static inline uint64_t *frame_region(uint64_t n)
{
	return &frame_regions[n >> FRAME_REGION_ORDER];
}

static inline uint64_t frame_region_bit(uint16_t owner)
{
	return 1ull << owner % 64;
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
 * is dropped. It never goes back: what it was is read before the clock, and is
 * replaced only if nobody else has written a later time meanwhile. */
static inline void frame_unmapped(struct frame *f)
{
	uint16_t was = load_acquire(&f->stamp), time;

	do {
		time = tlb_stamp();
	} while (was != time && !atomic_cas(&f->stamp, &was, time));
}

/*
 * Both references that a level-1 entry holds, general and writable, in one
 * step, if f is an ordinary page: referenced, no table, not one of ours. False
 * means no more than that: frame_get() and frame_get_writable() know the other
 * cases, and why not.
 */
#define FRAME_ORDINARY ((uint32_t)FRAME_WRITABLE << FT_SHIFT | FT_VALID)
#define FRAME_ONE_REF (1ull << 32) /* of frame.counts */

void frame_put_last(struct frame *f, uint64_t counts);

static inline void frame_put_mapped(struct frame *f, bool writable)
{
	uint64_t counts;

	frame_unmapped(f);
	counts = atomic_sub(&f->counts, FRAME_ONE_REF + writable);
	/* the last one, or more than there were */
	if (__builtin_expect((((counts >> 32) + 1) & FR_COUNT) <= 1 ||
			(counts & FT_COUNT) == FT_COUNT, false))
		frame_put_last(f, counts);
}

static inline bool frame_get_mapped(struct frame *f, uint16_t owner,
	bool writable)
{
	uint64_t counts = read_once(&f->counts);

	do {
		const uint32_t refs = counts >> 32 &
			(FR_READONLY | FR_FREE | FR_COUNT);

		if (f->owner != owner || refs - 1 >= FR_COUNT - 1)
			return false;
		if (writable && (uint32_t)counts - FRAME_ORDINARY >= FT_COUNT)
			return false;
	} while (!atomic_cas(&f->counts, &counts,
		counts + FRAME_ONE_REF + writable));
	if (__builtin_expect(f->owner == owner, true))
		return true;
	/* It changed hands between the two looks. */
	frame_put_mapped(f, writable);
	return false;
}

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

/* The pages of a dying domain go in two rounds over the frame table, each to be
 * called until it does not say -ERESTART: the first finds what is to be unpinned
 * (-EBUSY with *pinned; 0: no more), the second gives the pages back. One round
 * would free pages at the moment their tables let go of them, one by one. */
int frame_find_pinned(struct domain *d, mfn_t *pinned);
int frame_reclaim(struct domain *d);

static inline enum frame_type frame_type(const struct frame *f)
{
	return (enum frame_type)(f->type >> FT_SHIFT);
}
