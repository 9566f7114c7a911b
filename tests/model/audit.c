// SPDX-License-Identifier: BSD-2-Clause
#include "audit.h"

#include "core/domain.h"
#include "core/granttab.h"
#include "core/vcpu.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/ptcheck.h"

static struct audit_frame *expect;

static void count(mfn_t mfn, enum frame_type type)
{
	if (!mfn_valid(mfn))
		return;
	expect[mfn.n].refs++;
	expect[mfn.n].types[type]++;
}

/* What entries [0, end) of a table hold. */
static void count_entries(mfn_t table, unsigned level, unsigned end)
{
	const uint64_t *const entry = mfn_direct(table);

	for (unsigned i = 0; i < end; i++) {
		if (!(entry[i] & PTE_P))
			continue;
		if (level == 4 && i >= HV_SLOT_FIRST && i < HV_SLOT_END)
			continue;
		if (level > 1)
			count(pte_mfn(entry[i]), (enum frame_type)(level - 1));
		else
			count(pte_mfn(entry[i]),
				entry[i] & PTE_RW ? FRAME_WRITABLE :
						    FRAME_NONE);
	}
}

/* A walk holds its root. Of the tables on its path, the entries below `next`
 * hold their references, and so does the one that names the next table. */
static void count_walk(const struct pt_walk *w)
{
	if (w->state == PT_IDLE || w->state == PT_FAILED)
		return;
	count(w->root, (enum frame_type)w->root_level);
	for (unsigned i = 0; i < w->depth; i++)
		count_entries(w->at[i].mfn, w->at[i].level,
			w->at[i].next + (i + 1 < w->depth));
}

static void count_vcpu(const struct vcpu *v)
{
	count_walk(&v->walk);
	if (!mfn_none(v->kernel_l4))
		count(v->kernel_l4, FRAME_L4);
	if (!mfn_none(v->user_l4))
		count(v->user_l4, FRAME_L4);
	if (!mfn_none(v->info_frame))
		count(v->info_frame, FRAME_WRITABLE);
	for (unsigned i = 0; i * 512 < v->gdt_entries; i++)
		count(v->gdt_frames[i], FRAME_DESC);
	for (unsigned i = 0; i < 16; i++)
		if (v->ldt_mapped >> i & 1)
			count(v->ldt_frames[i], FRAME_DESC);
}

/* Uses of a domain's grants; a writer has the frame twice. */
static void count_grants(const struct grant_table *t)
{
	for (unsigned i = 0; i < t->nr_frames; i++) {
		if (t->frame[i])
			count(direct_mfn(t->frame[i]), FRAME_WRITABLE);
		for (unsigned n = 0; n < GRANTS_PER_FRAME; n++) {
			const struct grant_use *const use = &t->use[i][n];

			for (uint32_t r = 0; r < use->readers; r++)
				count(MFN(use->frame), FRAME_NONE);
			for (uint32_t w = 0; w < use->writers; w++)
				count(MFN(use->frame), FRAME_WRITABLE);
		}
	}
}

static void count_domain(struct domain *d)
{
	const mfn_t shared = direct_mfn(d->shared);
	struct vcpu *v;

	for_each_vcpu(d, v)
		count_vcpu(v);
	count_grants(d->grants);
	/* A dying domain's is none of the frames any more. */
	if (mfn_valid(shared) && frame_of(shared)->owner == d->id)
		count(shared, FRAME_WRITABLE);
}

static void count_frame(mfn_t mfn)
{
	const struct frame *const f = frame_of(mfn);
	const enum frame_type type = frame_type(f);

	if (f->refs & FR_ALLOCATED)
		expect[mfn.n].refs++;
	if (f->type & FT_PINNED)
		count(mfn, type);
	if (type >= FRAME_L1 && type <= FRAME_L4 && (f->type & FT_COUNT) &&
		(f->type & FT_VALID))
		count_entries(mfn, type, PTE_ENTRIES);
}

/* No type but its own may be relied on: a table is not writable. */
static bool right(mfn_t mfn)
{
	const struct frame *const f = frame_of(mfn);
	const struct audit_frame *const e = &expect[mfn.n];
	const uint32_t types = f->type & FT_COUNT;

	if (f->owner == FRAME_HV)
		return !e->refs;
	if (e->refs != (f->refs & FR_COUNT))
		return false;
	for (unsigned type = FRAME_L1; type < FRAME_NR_TYPES; type++)
		if (e->types[type] != (frame_type(f) == type ? types : 0))
			return false;
	return true;
}

static void describe(mfn_t mfn, char *what, size_t size)
{
	const struct frame *const f = frame_of(mfn);
	const struct audit_frame *const e = &expect[mfn.n];

	format_string(what, size,
		"frame %lx of d%u: refs %x not %u; type %x, but L1 %u L2 %u "
		"L3 %u L4 %u descriptors %u writable %u",
		mfn.n, f->owner, f->refs, e->refs, f->type,
		e->types[FRAME_L1], e->types[FRAME_L2], e->types[FRAME_L3],
		e->types[FRAME_L4], e->types[FRAME_DESC],
		e->types[FRAME_WRITABLE]);
}

unsigned audit(struct audit_frame *counts, char *what, size_t size)
{
	struct domain *d;
	unsigned wrong = 0;

	expect = counts;
	memset(expect, 0, nr_frames * sizeof(*expect));
	for (uint64_t i = 0; i < nr_frames; i++)
		count_frame(MFN(i));
	for_each_domain(d, 0)
		count_domain(d);
	for (uint64_t i = 0; i < nr_frames; i++)
		if (!right(MFN(i)) && !wrong++)
			describe(MFN(i), what, size);
	return wrong;
}
