// SPDX-License-Identifier: BSD-2-Clause
#include "spec.h"

#include <string.h>

#include "core/domain.h"
#include "mm/paging.h"
#include "xen/errno.h"

#define SOFTWARE_BITS (PTE_AVL | 0x7ff0000000000000ull)
#define ANY_LEVEL                                                          \
	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_G | PTE_NX |        \
		SOFTWARE_BITS | PTE_ADDR)
#define CACHE_BITS (PTE_PWT | PTE_PCD | PTE_PAT)

struct spec_frame spec[FRAMES];
struct spec_domain spec_domain[DOMAINS + 1];
bool spec_failed;
bool spec_paired;

static uint64_t frame_in(uint64_t pte)
{
	return (pte & PTE_ADDR) >> PAGE_SHIFT;
}

/* What is stored for an entry: never global, always the user's. */
static uint64_t stored(uint64_t pte)
{
	return pte & PTE_P ? (pte & ~PTE_G) | PTE_US : pte;
}

/* References */

bool spec_get(uint64_t mfn, uint16_t owner)
{
	if (mfn >= FRAMES || spec[mfn].owner != owner)
		return false;
	spec[mfn].refs++;
	return true;
}

void spec_free(uint64_t mfn)
{
	struct spec_frame *const f = &spec[mfn];

	f->refs = 0;
	if (f->count || f->pinned)
		differs("frame %lx: typed, but not referenced", mfn);
	if (!f->shared)
		spec_domain[f->owner].nr_pages--;
	f->shared = false;
	f->owner = SPEC_FREE;
	f->m2p = ~0ull;
}

void spec_put(uint64_t mfn)
{
	if (--spec[mfn].refs)
		return;
	if (unsettled())
		lose_track(); /* an unfinished walk may keep it */
	spec_free(mfn);
}

bool spec_half_done(uint64_t mfn)
{
	return unsettled() && mfn < FRAMES && !spec[mfn].count &&
		frame_type(&frames[mfn]) <= FRAME_L4 &&
		(frames[mfn].type & FT_COUNT);
}

/* Entries of level 1 */

static int get_device(uint16_t d, uint64_t mfn)
{
	if (d != 0 || mfn >> 28)
		return -EINVAL;
	return mfn >= DEVICE_FIRST && mfn <= DEVICE_LAST ? 0 : -EPERM;
}

static int get_l1_entry(uint16_t d, uint16_t target, uint64_t pte)
{
	const uint64_t mfn = frame_in(pte);
	int rc;

	if (pte & ~(ANY_LEVEL | (d == 0 ? CACHE_BITS : 0)))
		return -EINVAL;
	if (mfn >= FRAMES)
		return get_device(d, mfn);
	if (!spec_get(mfn, target))
		return -EINVAL;
	rc = pte & PTE_RW ? spec_get_type(target, mfn, FRAME_WRITABLE) : 0;
	if (rc)
		spec_put(mfn);
	return rc;
}

static void put_l1_entry(uint64_t pte)
{
	const uint64_t mfn = frame_in(pte);

	if (mfn >= FRAMES)
		return;
	if (pte & PTE_RW)
		spec_put_type(mfn);
	spec_put(mfn);
}

/* Tables */

static bool ours(unsigned level, unsigned index)
{
	return level == 4 && index >= 256 && index < 272;
}

static void release(struct spec_frame *f, unsigned level, unsigned end)
{
	for (unsigned i = 0; i < end; i++) {
		if (!(f->entry[i] & PTE_P) || ours(level, i))
			continue;
		if (level == 1)
			put_l1_entry(f->entry[i]);
		else
			spec_put_table(frame_in(f->entry[i]));
	}
}

static int get_entry(uint16_t d, unsigned level, uint64_t pte)
{
	if (level == 1)
		return get_l1_entry(d, d, pte);
	if (pte & ~ANY_LEVEL)
		return -EINVAL;
	return spec_get_table(d, frame_in(pte), level - 1);
}

static int validate(uint16_t d, struct spec_frame *f, unsigned level)
{
	for (unsigned i = 0; i < 512; i++) {
		int rc;

		if (!(f->entry[i] & PTE_P) || ours(level, i))
			continue;
		rc = get_entry(d, level, f->entry[i]);
		if (rc) {
			trace("  spec: L%u %lx entry %u is %lx", level,
				(uint64_t)(f - spec), i, f->entry[i]);
			release(f, level, i);
			spec_failed = true;
			return rc;
		}
		f->entry[i] = stored(f->entry[i]);
	}
	for (unsigned i = 256; level == 4 && i < 272; i++)
		f->entry[i] = hv_l4_entry(i);
	return 0;
}

int spec_get_type(uint16_t d, uint64_t mfn, enum frame_type type)
{
	struct spec_frame *const f = &spec[mfn];
	int rc;

	if (f->count && f->type != type)
		return type == FRAME_WRITABLE ? -EBUSY : -EINVAL;
	f->type = type;
	if (f->count++ || type == FRAME_WRITABLE)
		return 0;
	rc = type <= FRAME_L4 ? validate(d, f, type) :
				spec_audit_descriptors(f->entry);
	if (rc)
		f->count = 0;
	/* Valid still, as part of a tree that an unfinished walk lets go. */
	if (rc && spec_half_done(mfn))
		lose_track();
	return rc;
}

void spec_put_type(uint64_t mfn)
{
	struct spec_frame *const f = &spec[mfn];

	if (!f->count)
		differs("frame %lu: no type to give up", mfn);
	if (f->count > 1 || f->type > FRAME_L4) {
		f->count--;
		return;
	}
	release(f, f->type, 512);
	for (unsigned i = 256; f->type == FRAME_L4 && i < 272; i++)
		f->entry[i] = 0;
	f->count = 0;
}

int spec_get_table(uint16_t d, uint64_t mfn, unsigned level)
{
	int rc;

	if (!spec_get(mfn, d))
		return -EINVAL;
	rc = spec_get_type(d, mfn, (enum frame_type)level);
	if (rc)
		spec_put(mfn);
	return rc;
}

void spec_put_table(uint64_t mfn)
{
	spec_put_type(mfn);
	spec_put(mfn);
}

int spec_pin(uint16_t d, uint64_t mfn, unsigned level)
{
	const int rc = spec_domain[d].dying ?
		-EINVAL : spec_get_table(d, mfn, level);

	if (rc)
		return rc;
	if (spec[mfn].pinned) {
		spec_put_table(mfn);
		return -EINVAL;
	}
	spec[mfn].pinned = true;
	return 0;
}

int spec_unpin(uint16_t d, uint64_t mfn)
{
	if (mfn >= FRAMES || spec[mfn].owner != d || !spec[mfn].pinned)
		return -EINVAL;
	spec[mfn].pinned = false;
	spec_put_table(mfn);
	return 0;
}

int spec_set_root(uint16_t d, mfn_t *root, mfn_t to)
{
	const mfn_t old = *root;
	int rc;

	if (mfn_equal(old, to))
		return 0;
	rc = mfn_none(to) ? 0 : spec_get_table(d, to.n, 4);
	if (rc)
		return rc;
	*root = to;
	if (!mfn_none(old))
		spec_put_table(old.n);
	return 0;
}

/* Writing entries */

static void store(struct spec_frame *f, unsigned index, uint64_t pte,
	bool keep_ad)
{
	f->entry[index] = stored(pte) |
		(keep_ad ? f->entry[index] & (PTE_A | PTE_D) : 0);
}

/* The same frame, with no more rights than before, or such as the caller
 * could have anyway: nobody is asked. */
static bool less_rights(uint64_t had, uint64_t pte, uint16_t target)
{
	const uint64_t mfn = frame_in(pte);

	if (((had ^ pte) & (PTE_P | PTE_ADDR | CACHE_BITS)) ||
		(pte & ~ANY_LEVEL) || mfn >= FRAMES)
		return false;
	return !(pte & ~had & PTE_RW) || spec[mfn].owner == target;
}

int spec_write_l1(uint16_t d, uint16_t target, uint64_t mfn, unsigned index,
	uint64_t value, bool keep_ad)
{
	struct spec_frame *const f = &spec[mfn];
	const uint64_t had = f->entry[index];
	int rc = 0;

	if ((value & PTE_P) && less_rights(had, value, target)) {
		if (value & ~had & PTE_RW)
			rc = spec_get_type(
				target, frame_in(value), FRAME_WRITABLE);
		if (rc)
			return rc;
		if (had & ~value & PTE_RW)
			spec_put_type(frame_in(value));
		store(f, index, value, keep_ad);
		return 0;
	}
	if (value & PTE_P)
		rc = get_l1_entry(d, target, value);
	if (rc)
		return rc;
	store(f, index, value, keep_ad);
	if (had & PTE_P)
		put_l1_entry(had);
	return 0;
}

static int write_upper(uint16_t d, uint64_t mfn, unsigned index,
	uint64_t value, bool keep_ad)
{
	struct spec_frame *const f = &spec[mfn];
	const uint64_t had = f->entry[index];
	int rc = 0;

	if (ours(f->type, index))
		return -EINVAL;
	if (value & PTE_P) {
		if (value & ~ANY_LEVEL)
			return -EINVAL;
		if (!((had ^ value) & (PTE_P | PTE_ADDR))) {
			store(f, index, value, keep_ad);
			return 0;
		}
		rc = spec_domain[d].dying ? -EINVAL :
			get_entry(d, f->type, value);
	}
	if (rc)
		return rc;
	store(f, index, value, keep_ad);
	if (had & PTE_P)
		spec_put_table(frame_in(had));
	return 0;
}

int spec_write(uint16_t d, uint16_t target, uint64_t mfn, unsigned index,
	uint64_t value, bool keep_ad)
{
	struct spec_frame *f;

	if (mfn >= FRAMES || spec[mfn].owner != d)
		return -EINVAL;
	f = &spec[mfn];
	switch (f->count ? f->type : FRAME_NONE) {
	case FRAME_L1:
		return spec_write_l1(d, target, mfn, index, value, keep_ad);
	case FRAME_L2:
	case FRAME_L3:
	case FRAME_L4:
		return write_upper(d, mfn, index, value, keep_ad);
	case FRAME_DESC:
		return -EINVAL;
	default:
		f->entry[index] = value;
		return 0;
	}
}

int spec_set_rights(uint16_t d, uint16_t target, uint64_t mfn, unsigned index,
	uint64_t value)
{
	const uint64_t rights = PTE_RW | PTE_NX;
	const uint64_t nr = value >> 12 & 0x7ffffffffffff;
	int rc = 0;

	if (mfn >= FRAMES || spec[mfn].owner != d || !spec[mfn].count ||
		spec[mfn].type != FRAME_L1 || (value & 0xffd) || nr == 0 ||
		index + nr > 512)
		return -EINVAL;
	for (uint64_t i = index; !rc && i < index + nr; i++) {
		const uint64_t had = spec[mfn].entry[i];

		rc = had & PTE_P ? spec_write_l1(d, target, mfn, (unsigned)i,
				(had & ~rights) | (value & rights), true) :
			-EINVAL;
	}
	return rc;
}

int spec_set_m2p(uint16_t owner, uint64_t mfn, uint64_t pfn)
{
	if (mfn >= FRAMES || spec[mfn].owner != owner)
		return -EINVAL;
	spec[mfn].m2p = pfn;
	return 0;
}

/* Nobody may be about to rely on its contents. */
static bool is_data(uint16_t d, uint64_t mfn)
{
	return mfn < FRAMES && spec[mfn].owner == d &&
		(!spec[mfn].count || spec[mfn].type == FRAME_WRITABLE);
}

int spec_clear(uint16_t d, uint64_t to)
{
	if (!is_data(d, to))
		return -EINVAL;
	memset(spec[to].entry, 0, PAGE_SIZE);
	return 0;
}

int spec_copy(uint16_t d, uint64_t to, uint64_t from)
{
	if (!is_data(d, to) || from >= FRAMES || spec[from].owner != d)
		return -EINVAL;
	/* What is half done, or the hypervisor's, is not known here. */
	if (unsettled() || spec[from].shared)
		memcpy(spec[to].entry, mfn_direct(MFN(to)), PAGE_SIZE);
	else
		memmove(spec[to].entry, spec[from].entry, PAGE_SIZE);
	return 0;
}

bool spec_walk(uint16_t d, unsigned vcpu, uint64_t va, uint64_t *table,
	unsigned *index)
{
	const mfn_t root = spec_domain[d].kernel_root[vcpu];
	uint64_t mfn = root.n;

	if (mfn_none(root) || !is_canonical(va) ||
		(va >= HV_BASE && va < HV_END))
		return false;
	for (unsigned level = 4; level > 1; level--) {
		const uint64_t pte =
			spec[mfn].entry[va >> (12 + 9 * (level - 1)) & 511];

		if (!(pte & PTE_P))
			return false;
		mfn = frame_in(pte);
		if (mfn >= FRAMES)
			return false; /* the track is lost: no table */
	}
	*table = mfn;
	*index = va >> 12 & 511;
	return true;
}

/* Memory */

static bool block_free(uint64_t mfn, unsigned order)
{
	for (uint64_t i = 0; i < 1ull << order; i++)
		if (mfn + i >= FRAMES || spec[mfn + i].owner != SPEC_FREE)
			return false;
	return true;
}

unsigned spec_free_blocks(unsigned order, unsigned address_bits)
{
	const uint64_t end = address_bits && address_bits < 64 ?
		(1ull << address_bits) >> PAGE_SHIFT : FRAMES;
	unsigned nr = 0;

	for (uint64_t mfn = 0; mfn + (1ull << order) <= end && mfn < FRAMES;
		mfn += 1ull << order)
		nr += block_free(mfn, order);
	return nr;
}

bool spec_can_allocate(unsigned order, unsigned address_bits)
{
	return spec_free_blocks(order, address_bits);
}

int spec_allocate(uint16_t d, uint64_t mfn, unsigned order, uint64_t pfn)
{
	if (mfn & ((1ull << order) - 1) || !block_free(mfn, order))
		return -EINVAL;
	for (uint64_t i = 0; i < 1ull << order; i++) {
		struct spec_frame *const f = &spec[mfn + i];

		memset(f, 0, sizeof(*f));
		f->owner = d;
		f->refs = 1;
		f->allocated = true;
		f->m2p = pfn == PFN_NONE ? ~0ull : pfn + i;
	}
	spec_domain[d].nr_pages += 1ull << order;
	return 0;
}

int spec_release(uint16_t d, uint64_t mfn)
{
	if (mfn >= FRAMES || spec[mfn].owner != d || !spec[mfn].allocated)
		return -EINVAL;
	spec[mfn].allocated = false;
	spec_put(mfn);
	return 0;
}

/* Which frames the real allocator has. */
static void real_free(bool is_free[FRAMES])
{
	memset(is_free, 0, FRAMES);
	for (uint64_t i = 0; i < FRAMES; i++)
		for (uint64_t n = 0;
			(frames[i].refs & FR_FREE) &&
			n < 1ull << frames[i].stamp;
			n++)
			is_free[i + n] = true;
}

static void read_frame(uint64_t i, bool is_free)
{
	struct spec_frame *const s = &spec[i];
	const struct frame *const f = &frames[i];

	s->owner = is_free ? SPEC_FREE :
		f->owner == FRAME_HV ? SPEC_HV : f->owner;
	s->refs = is_free ? 0 : f->refs & FR_COUNT;
	s->allocated = f->refs & FR_ALLOCATED;
	s->shared = f->refs & FR_SHARED;
	s->type = frame_type(f);
	s->count = f->type & FT_COUNT;
	s->pinned = f->type & FT_PINNED;
	s->m2p = m2p[i];
	memcpy(s->entry, mfn_direct(MFN(i)), PAGE_SIZE);
}

void spec_took(uint64_t mfn)
{
	if (spec[mfn].owner != SPEC_FREE && !track_lost())
		differs("frame %lx of %x is taken", mfn, spec[mfn].owner);
	spec[mfn].owner = SPEC_HV;
}

void spec_shared(uint64_t mfn, uint16_t d)
{
	struct spec_frame *const f = &spec[mfn];

	spec_took(mfn);
	f->owner = d;
	f->refs = f->count = 1;
	f->type = FRAME_WRITABLE;
	f->shared = true;
	f->allocated = f->pinned = false;
}

void spec_read(void)
{
	bool is_free[FRAMES];

	real_free(is_free);
	for (uint64_t i = 0; i < FRAMES; i++)
		read_frame(i, is_free[i]);
	for (uint16_t id = 0; id < DOMAINS; id++) {
		const struct domain *const d = domain_of_id(id);

		if (!d)
			continue;
		spec_domain[id].nr_pages = d->nr_pages;
		for (unsigned i = 0; i < VCPUS; i++) {
			spec_domain[id].kernel_root[i] = d->vcpu[i]->kernel_l4;
			spec_domain[id].user_root[i] = d->vcpu[i]->user_l4;
			spec_read_tables(id, i);
		}
	}
}

/* Comparison */

static void compare_domain(uint16_t id)
{
	const struct spec_domain *const s = &spec_domain[id];
	const struct domain *const d = domain_of_id(id);

	if (!d)
		return;
	if (d->nr_pages != s->nr_pages)
		differs("d%u has %lu pages, not %lu", id, d->nr_pages,
			s->nr_pages);
	for (unsigned i = 0; !s->dying && i < VCPUS; i++) {
		spec_compare_tables(id, i);
		if (!mfn_equal(d->vcpu[i]->kernel_l4, s->kernel_root[i]) ||
			!mfn_equal(d->vcpu[i]->user_l4, s->user_root[i]))
			differs("d%uv%u: roots %lx %lx, not %lx %lx", id, i,
				d->vcpu[i]->kernel_l4.n, d->vcpu[i]->user_l4.n,
				s->kernel_root[i].n, s->user_root[i].n);
	}
}

static void compare_owned(uint64_t i)
{
	const struct spec_frame *const s = &spec[i];
	const struct frame *const f = &frames[i];

	if (f->owner != s->owner || (f->refs & FR_COUNT) != s->refs ||
		!(f->refs & FR_ALLOCATED) != !s->allocated)
		differs("frame %lx: owner %x refs %x, not %x %x%s", i,
			f->owner, f->refs, s->owner, s->refs,
			s->allocated ? " allocated" : "");
	if ((f->type & FT_COUNT) != s->count ||
		(s->count && frame_type(f) != s->type) ||
		(s->count && !(f->type & FT_VALID)) ||
		!(f->type & FT_PINNED) != !s->pinned)
		differs("frame %lx: type %x, not %u count %u%s", i, f->type,
			s->type, s->count, s->pinned ? " pinned" : "");
	if (m2p[i] != s->m2p)
		differs("frame %lx: M2P says %lx, not %lx", i, m2p[i], s->m2p);
}

void spec_compare(void)
{
	bool is_free[FRAMES];

	real_free(is_free);
	for (uint64_t i = 0; i < FRAMES; i++) {
		if ((spec[i].owner == SPEC_FREE) != is_free[i])
			differs("frame %lx: owner %x refs %x type %x, not %x",
				i, frames[i].owner, frames[i].refs,
				frames[i].type, spec[i].owner);
		if (spec[i].owner < DOMAINS)
			compare_owned(i);
		else if (frames[i].owner != FRAME_HV)
			differs("frame %lx is d%u's", i, frames[i].owner);
	}
	for (uint16_t d = 0; d < DOMAINS; d++)
		compare_domain(d);
}

/* Validation that fails, or that others saw half done, may have made entries
 * fit to be stored; what a guest had in our slots is gone then, or replaced
 * until it is done. */
static void compare_entry(uint64_t mfn, unsigned i, uint64_t is)
{
	const uint64_t was = spec[mfn].entry[i];
	/* What is written meanwhile with "keep A and D" keeps them. */
	const uint64_t harmless = PTE_A | PTE_D |
		(is & PTE_P ? PTE_US | PTE_G : 0);

	if (ours(4, i) && is == hv_l4_entry(i) && unsettled())
		return;
	if (((was ^ is) & ~harmless) && (!ours(4, i) || is))
		differs("frame %lx entry %u is %lx, not %lx", mfn, i, is, was);
	spec[mfn].entry[i] = is;
}

void spec_compare_contents(void)
{
	spec_failed = false;
	for (uint64_t mfn = 0; mfn < FRAMES; mfn++) {
		const uint64_t *const page = mfn_direct(MFN(mfn));

		if (spec[mfn].owner >= DOMAINS || spec[mfn].shared ||
			!memcmp(page, spec[mfn].entry, PAGE_SIZE))
			continue;
		for (unsigned i = 0; i < 512; i++)
			if (page[i] != spec[mfn].entry[i])
				compare_entry(mfn, i, page[i]);
	}
}
