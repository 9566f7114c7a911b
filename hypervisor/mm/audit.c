// SPDX-License-Identifier: BSD-2-Clause
/* See audit.h. Nothing is locked: nobody else runs. */
#include "mm/audit.h"

#include "core/domain.h"
#include "core/granttab.h"
#include "core/refusal.h"
#include "core/vcpu.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/ptcheck.h"
#include "xen/errno.h"

#define LINE_SIZE 160
#define ROOM_MIN 4096

static const char *const type_names[FRAME_NR_TYPES] = { "no type", "L1", "L2",
	"L3", "L4", "descriptors", "writable" };

__attribute__((format(printf, 2, 3))) static void differ(
	struct audit *a, const char *fmt, ...)
{
	char line[LINE_SIZE];
	va_list args;

	a->wrong++;
	va_start(args, fmt);
	format_string_v(line, sizeof(line), fmt, args);
	va_end(args);
	a->tell(a, line);
}

/* Something holds a reference to a frame, and one of a type. */
static void count(struct audit *a, mfn_t mfn, enum frame_type type)
{
	const struct frame *f;

	if (mfn.n < a->first || mfn.n >= a->end)
		return;
	f = frame_of(mfn);
	a->count[mfn.n - a->first].refs++;
	if (type == FRAME_NONE)
		return;
	if (frame_type(f) == type)
		a->count[mfn.n - a->first].types++;
	else
		differ(a, "frame %lx of d%u is used as %s, but its type is %s",
			mfn.n, f->owner, type_names[type],
			type_names[frame_type(f)]);
}

/* What entries [0, end) of a table hold. */
static void count_entries(
	struct audit *a, mfn_t table, unsigned level, unsigned end)
{
	const uint64_t *const entry = mfn_direct(table);

	for (unsigned i = 0; i < end; i++) {
		const uint64_t pte = entry[i];

		if (!(pte & PTE_P))
			continue;
		if (level == 4 && i >= HV_SLOT_FIRST && i < HV_SLOT_END)
			continue;
		if (level > 1)
			count(a, pte_mfn(pte), (enum frame_type)(level - 1));
		else if (mfn_valid(pte_mfn(pte)) &&
			frame_of(pte_mfn(pte))->owner != DOMID_IO)
			count(a, pte_mfn(pte),
				pte & PTE_RW ? FRAME_WRITABLE : FRAME_NONE);
	}
}

/* A walk holds its root. Of the tables on its path, the entries below `next`
 * hold their references, and so does the one that names the next table. */
static void count_walk(struct audit *a, const struct pt_walk *w)
{
	if (w->state == PT_IDLE || w->state == PT_FAILED)
		return;
	count(a, w->root, (enum frame_type)w->root_level);
	for (unsigned i = 0; i < w->depth; i++)
		count_entries(a, w->at[i].mfn, w->at[i].level,
			w->at[i].next + (i + 1 < w->depth));
}

static void count_vcpu(struct audit *a, const struct vcpu *v)
{
	count_walk(a, &v->walk);
	if (!mfn_none(v->kernel_l4))
		count(a, v->kernel_l4, FRAME_L4);
	if (!mfn_none(v->user_l4))
		count(a, v->user_l4, FRAME_L4);
	if (!mfn_none(v->info_frame))
		count(a, v->info_frame, FRAME_WRITABLE);
	for (unsigned i = 0; i * 512 < v->gdt_entries; i++)
		count(a, v->gdt_frames[i], FRAME_DESC);
	for (unsigned i = 0; i < 16; i++)
		if (v->ldt_mapped >> i & 1)
			count(a, v->ldt_frames[i], FRAME_DESC);
}

/* Uses of a domain's grants; a writer has the frame twice. */
static void count_grants(struct audit *a, const struct grant_table *t)
{
	for (unsigned i = 0; i < t->nr_frames; i++) {
		if (t->frame[i])
			count(a, direct_mfn(t->frame[i]), FRAME_WRITABLE);
		for (unsigned n = 0; n < GRANTS_PER_FRAME; n++) {
			const struct grant_use *const use = &t->use[i][n];

			for (uint32_t r = 0; r < use->readers; r++)
				count(a, MFN(use->frame), FRAME_NONE);
			for (uint32_t w = 0; w < use->writers; w++)
				count(a, MFN(use->frame), FRAME_WRITABLE);
		}
	}
}

/* A domain has as many pages as it is charged for, and can find them. */
static void check_pages(struct audit *a, const struct domain *d)
{
	uint64_t nr = 0;

	for (uint64_t n = 0; n < nr_frames; n++)
		if (*frame_region(n) & frame_region_bit(d->id) &&
			frames[n].owner == d->id &&
			!(frames[n].refs & FR_SHARED))
			nr++;
	if (nr != d->nr_pages)
		differ(a, "d%u: %lu pages are found, but it is charged for %lu",
			d->id, nr, d->nr_pages);
}

static void count_domains(struct audit *a)
{
	struct domain *d;
	struct vcpu *v;

	for_each_domain (d, 0) {
		for_each_vcpu (d, v)
			count_vcpu(a, v);
		count_grants(a, d->grants);
		if (d->shared != &no_shared)
			count(a, direct_mfn(d->shared), FRAME_WRITABLE);
		if (a->first == 0)
			check_pages(a, d);
	}
}

static bool valid_table(const struct frame *f)
{
	const enum frame_type type = frame_type(f);

	return type >= FRAME_L1 && type <= FRAME_L4 && (f->type & FT_COUNT) &&
	       (f->type & FT_VALID);
}

/* What a frame itself is reason for. */
static void count_frame(struct audit *a, mfn_t mfn)
{
	const struct frame *const f = frame_of(mfn);

	if (f->owner == FRAME_HV)
		return;
	if (f->refs & FR_ALLOCATED)
		count(a, mfn, FRAME_NONE);
	if (f->refs & FR_READONLY) /* shown to all, for ever */
		count(a, mfn, FRAME_NONE);
	if (f->type & FT_PINNED)
		count(a, mfn, frame_type(f));
	if (valid_table(f))
		count_entries(a, mfn, frame_type(f), PTE_ENTRIES);
}

static void check_frame(struct audit *a, mfn_t mfn)
{
	const struct frame *const f = frame_of(mfn);
	const struct audit_count *const is = &a->count[mfn.n - a->first];
	const uint32_t refs = f->owner == FRAME_HV ? 0 : f->refs & FR_COUNT;
	const uint32_t types = f->owner == FRAME_HV ? 0 : f->type & FT_COUNT;

	a->frames++;
	a->tables += valid_table(f);
	if (refs != is->refs)
		differ(a, "frame %lx of d%u: %u references, but %u are held",
			mfn.n, f->owner, refs, is->refs);
	if (types != is->types)
		differ(a, "frame %lx of d%u: %u times %s, but %u are held",
			mfn.n, f->owner, types, type_names[frame_type(f)],
			is->types);
}

void audit(struct audit *a)
{
	a->frames = a->tables = a->wrong = 0;
	for (a->first = 0; a->first < nr_frames; a->first = a->end) {
		a->end = nr_frames - a->first < a->room ? nr_frames
							: a->first + a->room;
		memset(a->count, 0, (a->end - a->first) * sizeof(*a->count));
		for (uint64_t i = 0; i < nr_frames; i++)
			count_frame(a, MFN(i));
		count_domains(a);
		for (uint64_t i = a->first; i < a->end; i++)
			check_frame(a, MFN(i));
	}
}

/* On the live machine */

int audit_machine(struct audit *a)
{
	static uint32_t busy;
	struct domain *d;

	if (atomic_xchg(&busy, true))
		return reject(-EBUSY, "another audit goes on");
	a->room = nr_frames;
	do {
		a->count = heap_alloc(a->room * sizeof(*a->count));
	} while (!a->count && (a->room /= 2) >= ROOM_MIN);
	if (a->count) {
		for_each_domain (d, 0)
			domain_pause(d);
		audit(a);
		for_each_domain (d, 0)
			domain_unpause(d);
		heap_free(a->count);
	}
	store_release(&busy, false);
	return a->count ? 0 : -ENOMEM;
}

static void tell_log(struct audit *a, const char *line)
{
	if (a->wrong <= 100)
		log_error("audit: %s", line);
}

void audit_show(void *)
{
	struct audit a = { .tell = tell_log };
	const int rc = audit_machine(&a);

	if (rc)
		log_error("audit: not done, error %d", -rc);
	else
		log_info("audit: %lu frames, %lu page tables, %lu differences",
			a.frames, a.tables, a.wrong);
}
