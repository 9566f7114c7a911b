/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame table. Invariants, for every machine frame f:
 *
 * I1  f has one owner. It is free (FR_FREE) or its reference count is not 0;
 *     FR_ALLOCATED stands for one reference of the owner's allocation.
 * I2  f has one type at a time. The type changes only while the type count is
 *     0, by whoever raises the count to 1.
 * I3  Each present guest page-table entry that names f holds a general
 *     reference; each writable level-1 entry also a type reference
 *     (FRAME_WRITABLE), each entry of a higher level a type reference of the
 *     level below. So while f is a page table or a descriptor page, nobody
 *     has it mapped writable.
 * I4  FT_VALID says that f's contents are what its type promises. A type
 *     reference to a frame without it is only held by who is making it so.
 * I5  Whoever changes the type flushes, after taking it and before FT_VALID,
 *     every CPU that may still hold translations from its former life:
 *     f->stamp is not before the flush clock when any mapping went.
 * I6  A frame goes back to the allocator with no reference left and after
 *     the same flush; it is zeroed before somebody else gets it.
 * I7  Frames of ours that a domain sees (FR_SHARED) keep one type for ever.
 *
 * Transitions of the type: none or any other -> any, at count 0 (I2), by
 *     frame_take_type() or frame_get_writable(); a count that falls to 0
 *     leaves the type's name, so that whoever takes another one flushes.
 *     FT_VALID comes after the check of the contents, FT_PINNED only with
 *     FT_VALID; both go with the last count. None is skipped: a frame passes
 *     through count 0 between two types.
 * Order: new reference, then the entry, then the old one's stamp, then its
 *     references. A flush comes after the type is taken and before the
 *     contents are relied on; a frame is freed after it.
 * Locks: page-table and descriptor types, their entries, FT_VALID, FT_PINNED
 *     and walks change under the owner's RANK_PT; nr_pages, claims and
 *     FR_ALLOCATED's first setting under its RANK_PAGES; free frames are the
 *     allocator's (RANK_HEAP). References and the writable
 *     type are atomic words, which grants and foreign mappings change without
 *     a lock. mm/audit.c recomputes all of I1 to I4 on the live machine.
 */
#include "mm/frame.h"

#include "core/domain.h"
#include "core/refusal.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/heap.h"
#include "mm/paging.h"
#include "mm/tlb.h"
#include "pv/hypercall.h"

struct frame *frames;
uint64_t *frame_regions;
uint64_t nr_frames;
uint64_t *m2p;

/* Reserve room for pages in d's limit. */
static int account(struct domain *d, uint64_t pages)
{
	int rc = 0;

	spin_lock(&d->pages_lock);
	if (!d->dying && d->nr_pages + pages <= d->max_pages) {
		if (!d->nr_pages)
			domain_ref(d);
		d->nr_pages += pages;
	} else {
		rc = reject(-ENOMEM, "d%u: %lu pages above its %lu", d->id,
			d->nr_pages + pages, d->max_pages);
	}
	spin_unlock(&d->pages_lock);
	return rc;
}

/* The domain's structure lives as long as it has a page. */
static void unaccount(struct domain *d, uint64_t pages)
{
	bool last;

	spin_lock(&d->pages_lock);
	ASSERT(d->nr_pages >= pages);
	d->nr_pages -= pages;
	last = d->nr_pages == 0;
	spin_unlock(&d->pages_lock);
	if (last)
		domain_put(d);
}

/* Memory for d, out of its claim first. */
static mfn_t take_free(struct domain *d, unsigned order, unsigned address_bits)
{
	const uint64_t pages = 1ull << order;
	uint64_t claimed;
	mfn_t mfn;

	spin_lock(&d->pages_lock);
	claimed = d->claimed < pages ? d->claimed : pages;
	mfn = buddy_alloc_claimed(order, address_bits, claimed);
	if (!mfn_none(mfn))
		d->claimed -= claimed;
	spin_unlock(&d->pages_lock);
	return mfn;
}

/* A fresh block becomes d's, which has it accounted already. Nobody else sees
 * its frames before refs are set, when all the rest is right. */
static int assign(struct domain *d, mfn_t mfn, unsigned order, uint64_t pfn)
{
	const uint64_t pages = 1ull << order;
	bool dying;

	/* At boot, the builder of dom0 writes what matters itself. */
	if (current != this_cpu()->idle_vcpu)
		for (uint64_t i = 0; i < pages; i++)
			clear_page(mfn_direct(MFN(mfn.n + i)));
	spin_lock(&d->pages_lock);
	dying = d->dying;
	for (uint64_t i = pages; !dying && i-- > 0;) {
		struct frame *const f = &frames[mfn.n + i];

		f->type = 0;
		f->owner = d->id;
		f->stamp = 0;
		if (pfn != PFN_NONE)
			write_once(&m2p[mfn.n + i], pfn + i);
		atomic_or(frame_region(mfn.n + i), frame_region_bit(d->id));
		store_release(&f->refs, FR_ALLOCATED | 1);
	}
	spin_unlock(&d->pages_lock);
	if (!dying)
		return 0;
	/* frame_reclaim() may have passed: it would keep the page for ever. */
	buddy_free(mfn, pages);
	unaccount(d, pages);
	return reject(-EINVAL, "the domain is dying");
}

int frame_alloc(struct domain *d, unsigned order, unsigned address_bits,
	uint64_t pfn, mfn_t *mfn)
{
	const int rc = account(d, 1ull << order);

	if (rc)
		return rc;
	*mfn = take_free(d, order, address_bits);
	if (mfn_none(*mfn)) {
		unaccount(d, 1ull << order);
		return reject(-ENOMEM, "no free 2^%u pages", order);
	}
	return assign(d, *mfn, order, pfn);
}

int frame_claim(struct domain *d, uint64_t pages)
{
	int rc = 0;

	spin_lock(&d->pages_lock);
	buddy_unclaim(d->claimed);
	d->claimed = pages > d->nr_pages ? pages - d->nr_pages : 0;
	if (d->dying || !buddy_claim(d->claimed)) {
		d->claimed = 0;
		rc = reject(-ENOMEM, "no %lu free pages to claim", pages);
	}
	spin_unlock(&d->pages_lock);
	return rc;
}

/* Without references, and without CPUs that remember it, it is nobody's. */
static void retire(struct frame *f)
{
	ASSERT(!(f->type & (FT_COUNT | FT_PINNED)));
	tlb_flush_since(f->stamp);
	m2p[frame_mfn(f).n] = PFN_NONE;
	f->type = 0;
	f->owner = FRAME_HV;
	f->refs = 0;
}

/* The last reference is gone: back to the allocator. */
static void frame_free(struct frame *f)
{
	struct domain *const d = domain_of_id(f->owner);
	const bool shared = f->refs & FR_SHARED;

	ASSERT(!shared || f->owner != DOMID_XEN);
	retire(f);
	if (shared) {
		/* A page of ours: the domain was not charged for it. */
		page_free(mfn_direct(frame_mfn(f)));
		domain_put(d);
		return;
	}
	buddy_free(frame_mfn(f), 1);
	unaccount(d, 1);
}

bool frame_try_get(mfn_t mfn, const struct domain *d)
{
	struct frame *const f = frame_of(mfn);
	uint32_t refs;

	if (!mfn_valid(mfn))
		return false;
	refs = read_once(&f->refs);
	do {
		const uint32_t count = refs & FR_COUNT;

		if (f->owner != d->id || count == 0 || count == FR_COUNT ||
			(refs & FR_FREE))
			return false;
	} while (!atomic_cas(&f->refs, &refs, refs + 1));
	if (f->owner == d->id)
		return true;
	/* It changed hands between the two looks. */
	frame_put(mfn);
	return false;
}

bool frame_get(mfn_t mfn, const struct domain *d)
{
	if (frame_try_get(mfn, d))
		return true;
	reject(-EINVAL, "frame %lx: not a page of d%u", mfn.n, d->id);
	return false;
}

void frame_put(mfn_t mfn)
{
	struct frame *const f = frame_of(mfn);
	const uint32_t refs = atomic_sub(&f->refs, 1);

	ASSERT((refs & FR_COUNT) != FR_COUNT);
	if ((refs & FR_COUNT) == 0)
		frame_free(f);
}

void frame_put_last(struct frame *f, uint64_t counts)
{
	ASSERT((counts >> 32 & FR_COUNT) != FR_COUNT);
	ASSERT((counts & FT_COUNT) != FT_COUNT);
	frame_free(f);
}

int frame_steal(struct domain *d, mfn_t mfn)
{
	struct frame *const f = frame_of(mfn);
	uint32_t refs = FR_ALLOCATED | 1;

	/* Without a count it cannot be referenced any more; without another
	 * reference nobody can be about to take a type. */
	if (!mfn_valid(mfn) || f->owner != d->id ||
		!atomic_cas(&f->refs, &refs, FR_ALLOCATED))
		return reject(-EINVAL, "frame %lx is in use", mfn.n);
	if (f->owner == d->id)
		return 0;
	/* It changed hands between the two looks. */
	frame_unsteal(mfn);
	return reject(-EINVAL, "frame %lx changed hands", mfn.n);
}

void frame_unsteal(mfn_t mfn)
{
	store_release(&frame_of(mfn)->refs, FR_ALLOCATED | 1);
}

void frame_free_stolen(mfn_t mfn)
{
	frame_free(frame_of(mfn));
}

int frame_adopt(struct domain *d, mfn_t mfn, unsigned order, uint64_t pfn)
{
	spin_lock(&d->pages_lock);
	if (!d->nr_pages)
		domain_ref(d);
	d->nr_pages += 1ull << order;
	spin_unlock(&d->pages_lock);
	return assign(d, mfn, order, pfn);
}

int frame_get_writable(mfn_t mfn)
{
	struct frame *const f = frame_of(mfn);
	uint32_t type = read_once(&f->type);
	uint32_t new;

	if (f->refs & FR_READONLY)
		return reject(-EACCES, "frame %lx is read-only", mfn.n);
	do {
		const enum frame_type was = type >> FT_SHIFT;

		if (was == FRAME_WRITABLE) {
			if ((type & FT_COUNT) == FT_COUNT)
				return reject(-EBUSY,
					"frame %lx: too many mappings", mfn.n);
			new = type + 1;
		} else if ((type & FT_COUNT) == 0) {
			new = (uint32_t)FRAME_WRITABLE << FT_SHIFT | 1;
			if (was == FRAME_NONE)
				new |= FT_VALID;
		} else {
			return reject(-EBUSY, "frame %lx: type %u", mfn.n, was);
		}
	} while (!atomic_cas(&f->type, &type, new));

	if (new & FT_VALID)
		return 0;
	if ((new & FT_COUNT) == 1 && type >> FT_SHIFT != FRAME_WRITABLE) {
		tlb_flush_since(f->stamp);
		atomic_or(&f->type, FT_VALID);
	}
	/* Whoever changes the type is flushing (I5), with interrupts on; he
	 * waits for nothing but other CPUs' flushes. */
	while (!(load_acquire(&f->type) & FT_VALID))
		cpu_relax();
	return 0;
}

void frame_put_writable(mfn_t mfn)
{
	struct frame *const f = frame_of(mfn);

	frame_unmapped(f);
	ASSERT((f->type & FT_COUNT) != 0);
	atomic_sub(&f->type, 1);
}

int frame_take_type(struct frame *f, enum frame_type type)
{
	uint32_t old = read_once(&f->type);

	do {
		if ((old & FT_COUNT) || (f->refs & FR_SHARED))
			return reject(
				-EBUSY, "frame %lx in use", frame_mfn(f).n);
	} while (!atomic_cas(&f->type, &old, (uint32_t)type << FT_SHIFT | 1));
	if (old >> FT_SHIFT != FRAME_NONE)
		tlb_flush_since(f->stamp);
	return 0;
}

void frame_drop_type(struct frame *f)
{
	frame_unmapped(f);
	store_release(&f->type, f->type & ~(FT_COUNT | FT_VALID | FT_PINNED));
}

void frame_share(void *page, struct domain *d, bool readonly)
{
	struct frame *const f = frame_of(direct_mfn(page));

	f->owner = d->id;
	f->type = readonly ? 0 : (uint32_t)FRAME_WRITABLE << FT_SHIFT |
					FT_VALID | 1;
	domain_ref(d);
	store_release(&f->refs,
		FR_SHARED | (readonly ? FR_READONLY : 0) | 1);
}

void frame_share_m2p(void)
{
	for (unsigned piece = 0; piece < paging_m2p_pieces(); piece++) {
		const mfn_t first = paging_m2p_piece(piece);

		if (mfn_none(first))
			continue; /* a hole of the memory map */
		for (unsigned i = 0; i < 512; i++)
			frame_share(mfn_direct(MFN(first.n + i)), domain_xen,
				    true);
	}
}

void frame_unshare(void *page)
{
	struct frame *const f = frame_of(direct_mfn(page));

	ASSERT(f->refs & FR_SHARED);
	if (!(f->refs & FR_READONLY))
		frame_put_writable(direct_mfn(page));
	frame_put(direct_mfn(page));
}

/* Take the allocation reference of a frame, if it still has one. */
static bool disown(struct frame *f)
{
	uint32_t refs = read_once(&f->refs);

	do {
		if (!(refs & FR_ALLOCATED) || !(refs & FR_COUNT))
			return false; /* given up, or stolen */
	} while (!atomic_cas(&f->refs, &refs, refs & ~FR_ALLOCATED));
	return true;
}

int frame_release(struct domain *d, mfn_t mfn)
{
	int rc = 0;

	if (!frame_get(mfn, d))
		return -EINVAL;
	if (disown(frame_of(mfn)))
		frame_put(mfn);
	else
		rc = reject(-EINVAL, "frame %lx is given back", mfn.n);
	frame_put(mfn);
	return rc;
}

/* The pages of d in frames [first, end): up to where they are done. */
typedef uint64_t round_fn(struct domain *d, uint64_t first, uint64_t end);

static uint64_t find_pinned(struct domain *d, uint64_t n, uint64_t end)
{
	while (n < end &&
		(frames[n].owner != d->id || !(frames[n].type & FT_PINNED)))
		n++;
	return n;
}

/* What nobody else uses is freed in runs; what others still map stays behind. */
static uint64_t reclaim(struct domain *d, uint64_t first, uint64_t end)
{
	uint64_t run = 0;

	for (uint64_t n = first; n <= end; n++) {
		struct frame *const f = &frames[n];
		const bool ours = n < end && f->owner == d->id;
		uint32_t refs = FR_ALLOCATED | 1;

		if (ours && atomic_cas(&f->refs, &refs, 0)) {
			retire(f);
			run++;
			continue;
		}
		if (run) {
			buddy_free(MFN(n - run), run);
			unaccount(d, run);
		}
		run = 0;
		if (ours && disown(f))
			frame_put(MFN(n));
	}
	return end;
}

/* One round, whose cursor only ever stands where all below is done. */
static int go_round(struct domain *d, uint64_t *cursor, round_fn *fn)
{
	uint64_t n = read_once(cursor);

	/* Who looked at d->dying before is done with adding pages. */
	spin_lock(&d->pages_lock);
	spin_unlock(&d->pages_lock);
	while (n < nr_frames) {
		const uint64_t next = (n | (FRAME_REGION - 1)) + 1;
		const uint64_t end = next < nr_frames ? next : nr_frames;
		const bool has = *frame_region(n) & frame_region_bit(d->id);

		n = has ? fn(d, n, end) : end;
		write_once(cursor, n);
		if (n != end)
			return -EBUSY;
		/* Empty regions are a few instructions each. */
		if ((has || n % (64 * FRAME_REGION) == 0) && preempt_needed())
			return -ERESTART;
	}
	return 0;
}

int frame_find_pinned(struct domain *d, mfn_t *pinned)
{
	const int rc = go_round(d, &d->unpinned, find_pinned);

	*pinned = MFN(d->unpinned);
	return rc;
}

int frame_reclaim(struct domain *d)
{
	return go_round(d, &d->reclaimed, reclaim);
}
