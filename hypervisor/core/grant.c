// SPDX-License-Identifier: BSD-2-Clause
/*
 * Grant tables: entries in use, and the mappings that a domain made.
 *
 * A guest offers a frame by an entry in its table, which it can change at any
 * time. So an entry is read once and turned "in use" by a compare-and-exchange
 * of its flags and domid together; from then on `struct grant_use` counts, and
 * the guest must wait until the bits are clear again. Every use holds a
 * general reference to the frame, and a writable-type reference if it may
 * write; the granter's death changes nothing about them.
 *
 * One table's lock (RANK_GRANT) is held at a time.
 */
#include "core/grant.h"

#include "core/domain.h"
#include "core/granttab.h"
#include "core/limits.h"
#include "core/refusal.h"
#include "lib/assert.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "pv/hypercall.h"

#define MARK_TRIES 8

static struct grant_entry_v1 *entry_of(struct grant_table *t, uint32_t ref)
	REQUIRES(t->lock)
{
	struct grant_entry_v1 *const page = t->frame[ref / GRANTS_PER_FRAME];

	return page ? &page[ref % GRANTS_PER_FRAME] : NULL;
}

static struct grant_use *use_of(struct grant_table *t, uint32_t ref)
	REQUIRES(t->lock)
{
	return &t->use[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}

/* Flags and domid of an entry in one word. */
static uint32_t *head_of(struct grant_entry_v1 *e)
{
	return (uint32_t *)e;
}

/* Using entries */

/* Set the bits of a use, if the entry allows it at this moment. A granter that
 * changes it all the time cannot hold us up. */
static bool mark(struct grant_entry_v1 *e, uint16_t user, bool readonly)
{
	uint32_t *const head = head_of(e);
	uint32_t was = read_once(head);

	for (unsigned i = 0; i < MARK_TRIES; i++) {
		const uint32_t want =
			was | GTF_reading | (readonly ? 0 : GTF_writing);

		if ((was & GTF_type_mask) != GTF_permit_access ||
			was >> 16 != user ||
			(!readonly && (was & GTF_readonly)))
			return false;
		if (was == want || atomic_cas(head, &was, want))
			return true;
	}
	return false;
}

/* Clear what nobody needs any more. */
static void unmark(struct grant_table *t, uint32_t ref) REQUIRES(t->lock)
{
	const struct grant_use *const use = use_of(t, ref);
	struct grant_entry_v1 *const e = entry_of(t, ref);
	uint32_t clear = 0;

	if (!e)
		return; /* the table is not shown any more */
	if (!use->writers)
		clear |= GTF_writing;
	if (!use->writers && !use->readers)
		clear |= GTF_reading;
	if (clear)
		atomic_and(head_of(e), ~clear);
}

/* References to the granted frame. */
static int16_t get_frame(const struct domain *granter, mfn_t mfn, bool readonly)
{
	if (!frame_get(mfn, granter))
		return GNTST_bad_page;
	if (readonly || frame_get_writable(mfn) == 0)
		return GNTST_okay;
	frame_put(mfn);
	return GNTST_general_error;
}

static int16_t pin_locked(struct grant_pin *pin, struct grant_table *t,
	const struct domain *user) REQUIRES(t->lock)
{
	struct domain *const granter = pin->granter;
	struct grant_use *use;
	int16_t status;

	if (granter->dying || t->closed)
		return REJECT_GRANT(GNTST_bad_domain, "it is dying");
	if (pin->ref >= t->nr_frames * GRANTS_PER_FRAME)
		return REJECT_GRANT(GNTST_bad_gntref, "d%u grant %u: no entry",
			granter->id, pin->ref);
	use = use_of(t, pin->ref);
	if (((use->readers || use->writers) && use->domid != user->id) ||
		!mark(entry_of(t, pin->ref), user->id, pin->readonly))
		return REJECT_GRANT(GNTST_general_error,
			"d%u grant %u: not for d%u, or read-only",
			granter->id, pin->ref, user->id);
	if (!use->readers && !use->writers)
		use->frame = read_once(&entry_of(t, pin->ref)->frame);
	pin->mfn = MFN(use->frame);
	status = get_frame(granter, pin->mfn, pin->readonly);
	if (status != GNTST_okay) {
		unmark(t, pin->ref);
		return status;
	}
	use->domid = user->id;
	t->nr_used += !use->readers && !use->writers;
	if (pin->readonly)
		use->readers++;
	else
		use->writers++;
	return GNTST_okay;
}

int16_t grant_pin(struct grant_pin *pin, struct domain *granter, uint32_t ref,
	const struct domain *user, bool readonly)
{
	struct grant_table *const t = granter->grants;
	int16_t status;

	*pin = (struct grant_pin){
		.granter = granter,
		.ref = ref,
		.readonly = readonly,
	};
	spin_lock(&t->lock);
	status = pin_locked(pin, t, user);
	spin_unlock(&t->lock);
	return status;
}

void grant_unpin(const struct grant_pin *pin)
{
	struct grant_table *const t = pin->granter->grants;
	struct grant_use *use;

	if (!pin->readonly)
		frame_put_writable(pin->mfn);
	frame_put(pin->mfn);
	spin_lock(&t->lock);
	use = use_of(t, pin->ref);
	if (pin->readonly)
		use->readers--;
	else
		use->writers--;
	t->nr_used -= !use->readers && !use->writers;
	unmark(t, pin->ref);
	spin_unlock(&t->lock);
}

/* Handles */

struct grant_map *grant_handle_map(struct domain *d, uint32_t handle)
{
	return &d->grants->maps[handle / MAPS_PER_PAGE][handle % MAPS_PER_PAGE];
}

/* A page more of maps, all free. Lock held. */
static bool more_maps(struct domain *d) REQUIRES(d->grants->lock)
{
	struct grant_table *const t = d->grants;
	struct grant_map *page;

	if (t->nr_map_pages == t->max_map_pages)
		return false;
	page = heap_alloc(MAPS_PER_PAGE * sizeof(*page));
	if (!page)
		return false;
	for (unsigned i = 0; i < MAPS_PER_PAGE; i++)
		page[i].next = t->nr_map_pages * MAPS_PER_PAGE + i + 1;
	page[MAPS_PER_PAGE - 1].next = HANDLE_NONE;
	t->maps[t->nr_map_pages] = page;
	t->free_map = t->nr_map_pages * MAPS_PER_PAGE;
	t->nr_map_pages++;
	limit_warn(d, "maptrack frames", t->nr_map_pages, t->max_map_pages);
	return true;
}

uint32_t grant_handle_new(struct domain *d)
{
	struct grant_table *const t = d->grants;
	uint32_t handle = HANDLE_NONE;

	spin_lock(&d->grants->lock);
	if (t->free_map != HANDLE_NONE || more_maps(d)) {
		struct grant_map *const m = grant_handle_map(d, t->free_map);

		handle = t->free_map;
		t->free_map = m->next;
		t->nr_maps++;
		m->busy = true;
		m->parts = 0;
	}
	spin_unlock(&d->grants->lock);
	return handle;
}

struct grant_map *grant_handle_take(struct domain *d, uint32_t handle)
{
	struct grant_table *const t = d->grants;
	struct grant_map *m = NULL;

	spin_lock(&t->lock);
	if (handle < t->nr_map_pages * MAPS_PER_PAGE) {
		m = grant_handle_map(d, handle);
		if (!m->parts || m->busy)
			m = NULL;
		else
			m->busy = true;
	}
	spin_unlock(&t->lock);
	return m;
}

void grant_handle_put(struct domain *d, uint32_t handle)
{
	struct grant_table *const t = d->grants;
	struct grant_map *const m = grant_handle_map(d, handle);

	spin_lock(&t->lock);
	ASSERT(m->busy);
	m->busy = false;
	if (!m->parts) {
		m->next = t->free_map;
		t->free_map = handle;
		t->nr_maps--;
	}
	spin_unlock(&t->lock);
}

void grant_unmap(struct domain *d, uint32_t handle, uint8_t parts)
{
	struct grant_map *const m = grant_handle_map(d, handle);

	m->parts &= ~parts;
	if (!m->parts) {
		const struct grant_pin pin = {domain_of_id(m->dom), m->ref,
			MFN(m->frame), m->readonly};

		grant_unpin(&pin);
		domain_put(pin.granter);
	}
	grant_handle_put(d, handle);
}

int grant_release_mappings(struct domain *d)
{
	struct grant_table *const t = d->grants;

	for (; t->released < t->nr_map_pages * MAPS_PER_PAGE; t->released++) {
		struct grant_map *const m = grant_handle_take(d, t->released);

		if (m)
			grant_unmap(d, t->released, m->parts);
		if (t->released % 64 == 63 && preempt_needed()) {
			t->released++;
			return -ERESTART;
		}
	}
	return 0;
}

/* The table itself */

/* Lock held. */
static int grow_one(struct domain *d) REQUIRES(d->grants->lock)
{
	struct grant_table *const t = d->grants;
	struct grant_entry_v1 *const page = page_alloc();
	struct grant_use *const use =
		heap_alloc(GRANTS_PER_FRAME * sizeof(*use));

	if (!page || !use) {
		if (page)
			page_free(page);
		heap_free(use);
		return -ENOMEM;
	}
	t->frame[t->nr_frames] = page;
	t->use[t->nr_frames] = use;
	frame_share(page, d, false);
	t->nr_frames++;
	limit_warn(d, "grant frames", t->nr_frames, t->max_frames);
	return 0;
}

int grant_grow(struct domain *d, unsigned nr)
{
	struct grant_table *const t = d->grants;
	int rc = 0;

	spin_lock(&d->grants->lock);
	if (nr > t->max_frames || t->closed || d->dying)
		rc = reject(-EINVAL, "max_grant_frames is %u", t->max_frames);
	while (!rc && t->nr_frames < nr)
		rc = grow_one(d);
	spin_unlock(&d->grants->lock);
	return rc;
}

int grant_list_frames(
	struct domain *d, unsigned first, unsigned nr, gva_t list)
{
	struct grant_table *const t = d->grants;
	int rc = grant_grow(d, first + nr);

	for (unsigned i = 0; !rc && i < nr; i++) {
		mfn_t mfn = MFN_NONE;

		spin_lock(&t->lock);
		if (t->closed)
			rc = reject(-EINVAL, "the domain is dying");
		else
			mfn = direct_mfn(t->frame[first + i]);
		spin_unlock(&t->lock);
		if (!rc)
			rc = put_guest(list, i, &mfn.n);
	}
	return rc;
}

int grant_init(struct domain *d)
{
	struct grant_table *const t = heap_alloc(sizeof(*t));

	if (d->max_grant_frames < 1 || d->max_grant_frames > GRANT_FRAMES_MAX ||
		d->max_maptrack_frames > MAPTRACK_FRAMES_MAX) {
		heap_free(t);
		return reject(-EINVAL, "grant or maptrack frames: limit");
	}
	if (!t)
		return -ENOMEM;
	spin_init(&t->lock, RANK_GRANT);
	t->free_map = HANDLE_NONE;
	t->max_frames = d->max_grant_frames;
	t->max_map_pages = d->max_maptrack_frames;
	t->frame = heap_alloc(t->max_frames * sizeof(*t->frame));
	t->use = heap_alloc(t->max_frames * sizeof(*t->use));
	t->maps = heap_alloc((t->max_map_pages + 1) * sizeof(*t->maps));
	d->grants = t;
	return t->frame && t->use && t->maps ? 0 : -ENOMEM;
}

void grant_close(struct domain *d)
{
	struct grant_table *const t = d->grants;

	if (!t)
		return;
	spin_lock(&t->lock);
	t->closed = true;
	for (unsigned i = 0; t->frame && i < t->nr_frames; i++) {
		if (t->frame[i])
			frame_unshare(t->frame[i]);
		t->frame[i] = NULL;
	}
	spin_unlock(&t->lock);
}

void grant_free(struct domain *d)
{
	struct grant_table *const t = d->grants;

	if (!t)
		return;
	ASSERT(!t->nr_maps);
	for (unsigned i = 0; t->use && i < t->nr_frames; i++)
		heap_free(t->use[i]);
	for (unsigned i = 0; t->maps && i < t->nr_map_pages; i++)
		heap_free(t->maps[i]);
	heap_free(t->frame);
	heap_free(t->use);
	heap_free(t->maps);
	heap_free(t);
	d->grants = NULL;
}
