// SPDX-License-Identifier: BSD-2-Clause
/*
 * Grants: the specification of entries, uses and handles, and random calls of
 * grant_table_op on them. Guests change their entries at any time.
 */
#include <string.h>

#include "core/domain.h"
#include "core/granttab.h"
#include "mm/paging.h"
#include "spec.h"
#include "xen/errno.h"

#define HANDLES 512 /* what two pages of map tracks hold */
#define BATCH 4
#define FRAMES_MAX 4 /* of a table (tests/fake/guest.c) */
#define PARTS (GNTMAP_host_map | GNTMAP_device_map)

struct use {
	struct grant_entry_v1 entry; /* as it is in the guest's table */
	uint32_t readers, writers;
	uint64_t mfn;
	uint16_t user;
};

struct handle {
	unsigned parts; /* 0: free */
	uint16_t granter;
	uint32_t ref;
	uint64_t mfn;
	bool readonly, contains_pte;
	bool busy; /* an earlier request of this batch has it */
};

static struct use uses[DOMAINS][REFS];
static struct handle handles[DOMAINS][HANDLES];
static uint32_t last_handle[DOMAINS];
static unsigned nr_frames_of[DOMAINS]; /* of the grant table */

/* The domain is there, and not dying. */
static bool grants_shown(uint16_t id)
{
	return domain_of_id(id) && domain_of_id(id)->grants->frame[0];
}

static struct grant_entry_v1 *real_entry(uint16_t id, unsigned ref)
{
	return &domain_of_id(id)->grants->frame[0][ref];
}

/* A refusal may have cleared bits that nobody needs. */
static void read_entries(void)
{
	for (uint16_t id = 0; id < DOMAINS; id++)
		for (unsigned i = 0; i < REFS && grants_shown(id); i++)
			uses[id][i].entry = *real_entry(id, i);
}

static void read_handles(uint16_t id)
{
	const struct grant_table *const t = domain_of_id(id)->grants;

	memset(handles[id], 0, sizeof(handles[id]));
	for (unsigned i = 0; i < t->nr_map_pages * MAPS_PER_PAGE; i++) {
		const struct grant_map *const m =
			&t->maps[i / MAPS_PER_PAGE][i % MAPS_PER_PAGE];

		if (m->parts)
			handles[id][i] = (struct handle){m->parts, m->dom,
				m->ref, m->frame, m->readonly, m->contains_pte,
				false};
	}
}

void grant_read(void)
{
	for (uint16_t id = 0; id < DOMAINS; id++) {
		if (!domain_of_id(id)) {
			memset(uses[id], 0, sizeof(uses[id]));
			continue;
		}
		for (unsigned i = 0; i < REFS; i++) {
			const struct grant_use *const u =
				&domain_of_id(id)->grants->use[0][i];

			uses[id][i] = (struct use){{0}, u->readers,
				u->writers, u->frame, u->domid};
		}
		read_handles(id);
	}
	for (uint16_t id = 0; id < DOMAINS; id++)
		if (domain_of_id(id))
			nr_frames_of[id] = domain_of_id(id)->grants->nr_frames;
	read_entries();
}

void grant_compare(void)
{
	for (uint16_t id = 0; id < DOMAINS; id++)
		for (unsigned i = 0; i < REFS && grants_shown(id); i++) {
			const struct grant_entry_v1 *const e =
				real_entry(id, i);

			if (memcmp(e, &uses[id][i].entry, sizeof(*e)))
				differs("d%u grant %u: flags %x, not %x", id,
					i, e->flags, uses[id][i].entry.flags);
		}
}

/* Specification: uses */

static void unmark(struct use *u)
{
	if (!u->writers)
		u->entry.flags &= (uint16_t)~GTF_writing;
	if (!u->writers && !u->readers)
		u->entry.flags &= (uint16_t)~GTF_reading;
}

static int16_t pin(uint16_t granter, uint32_t ref, uint16_t user,
	bool readonly, uint64_t *mfn)
{
	struct use *const u = &uses[granter][ref % REFS];
	const bool used = ref < REFS && (u->readers || u->writers);

	if (spec_domain[granter].dying || !spec_domain[granter].exists ||
		(granter && user && granter != user && !spec_paired))
		return GNTST_bad_domain;
	if (ref >= nr_frames_of[granter] * 512)
		return GNTST_bad_gntref;
	if (ref >= REFS || (used && u->user != user) ||
		(u->entry.flags & GTF_type_mask) != GTF_permit_access ||
		u->entry.domid != user ||
		(!readonly && (u->entry.flags & GTF_readonly)))
		return GNTST_general_error;
	*mfn = used ? u->mfn : u->entry.frame;
	if (!spec_get(*mfn, granter)) {
		u->entry.flags |= GTF_reading | (readonly ? 0 : GTF_writing);
		unmark(u);
		return GNTST_bad_page;
	}
	if (!readonly && spec_get_type(granter, *mfn, FRAME_WRITABLE)) {
		spec_put(*mfn);
		u->entry.flags |= GTF_reading | GTF_writing;
		unmark(u);
		return GNTST_general_error;
	}
	u->entry.flags |= GTF_reading | (readonly ? 0 : GTF_writing);
	u->mfn = *mfn;
	u->user = user;
	*(readonly ? &u->readers : &u->writers) += 1;
	return GNTST_okay;
}

static void unpin(uint16_t granter, uint32_t ref, bool readonly)
{
	struct use *const u = &uses[granter][ref];

	if (!readonly)
		spec_put_type(u->mfn);
	spec_put(u->mfn);
	*(readonly ? &u->readers : &u->writers) -= 1;
	unmark(u);
}

static bool granter_of(const struct call *c, uint16_t dom, uint16_t *id)
{
	*id = dom == DOMID_SELF ? c->d->id : dom;
	return *id < DOMAINS;
}

/* The entry that a mapping is, or shall be, in. */
static bool find_entry(const struct call *c, uint64_t at, bool contains_pte,
	uint64_t *table, unsigned *index)
{
	if (!contains_pte)
		return spec_walk(c->d->id, c->v->id, at, table, index);
	*table = at >> PAGE_SHIFT;
	*index = at >> 3 & 511;
	if (spec_half_done(*table))
		lose_track();
	return !(at & 7) && *table < FRAMES &&
		spec[*table].owner == c->d->id && spec[*table].count &&
		spec[*table].type == FRAME_L1;
}

/* Guests' entries */

static int64_t write_grant(struct hypercall_args *a)
{
	*(uint64_t *)a->arg[0] = a->arg[1];
	return 0;
}

static void generate_grant(struct call *c)
{
	const unsigned ref = random_below(REFS);
	struct grant_entry_v1 e = {
		.flags = (uint16_t)(chance(85) ? GTF_permit_access :
			random_below(32)),
		.domid = (uint16_t)random_below(DOMAINS),
		.frame = (uint32_t)pick_frame(c->d, chance(70) ? 0 : 1),
	};

	/* Copies would write over entries, behind the specification's back. */
	while (e.frame < FRAMES && (frames[e.frame].refs & FR_SHARED))
		e.frame = (uint32_t)pick_frame(c->d, 0);
	if (chance(25))
		e.flags |= GTF_readonly;
	trace("  entry %u: flags %x to d%u: %x", ref, e.flags, e.domid,
		e.frame);
	c->word = ref;
	c->a.arg[0] = (uint64_t)real_entry(c->d->id, ref);
	memcpy(&c->a.arg[1], &e, sizeof(e));
}

static void account_grant(struct call *c, int64_t rc)
{
	(void)rc;
	memcpy(&uses[c->d->id][c->word].entry, &c->a.arg[1],
		sizeof(struct grant_entry_v1));
}

/* Batches */

/* One request: its status if done, by the specification. */
typedef int16_t apply_fn(struct call *c, unsigned i, int16_t real);

static void start(struct call *c, unsigned cmd, unsigned nr)
{
	c->nr = nr;
	c->a.arg[0] = cmd;
	c->a.arg[1] = (uint64_t)c->list;
	c->a.arg[2] = nr;
	memset(c->list, 0, sizeof(c->list));
}

static void account_batch(struct call *c, int64_t rc, size_t size,
	size_t status_at, apply_fn *apply)
{
	const uint32_t done =
		rc == -ERESTART ? c->nr - (uint32_t)c->a.arg[2] : c->nr;

	if (rc && rc != -ERESTART)
		differs("grant_table_op: %ld", rc);
	for (uint32_t i = c->accounted; i < done; i++) {
		int16_t status, wanted;

		memcpy(&status, c->list + i * size + status_at,
			sizeof(status));
		if (status && may_refuse(c)) {
			trace("  status %d", status);
			read_entries();
			continue;
		}
		wanted = apply(c, i, status);
		if (c->lost)
			return;
		trace("  status %d", status);
		if (status != wanted)
			differs("d%uv%u grant request %u: %d, not %d",
				c->d->id, c->v->id, i, status, wanted);
	}
	c->accounted = done;
}

static uint32_t pick_ref(void)
{
	return chance(96) ? random_below(REFS) : chance(50) ? REFS : 4096;
}

static uint16_t pick_granter(void)
{
	return (uint16_t)(chance(98) ? random_below(DOMAINS) : DOMAINS + 2);
}

/* Where a mapping may go. */
static uint64_t pick_place(const struct call *c, bool contains_pte)
{
	return contains_pte ? pick_frame(c->d, 1) << PAGE_SHIFT |
				      random_below(4) << 3 :
			      pick_va(c);
}

/* map */

static void generate_map(struct call *c)
{
	struct gnttab_map_grant_ref *const op = (void *)c->list;

	start(c, GNTTABOP_map_grant_ref, 1 + random_below(BATCH));
	for (unsigned i = 0; i < c->nr; i++) {
		op[i].flags = (chance(85) ? GNTMAP_host_map : 0) |
			(chance(30) ? GNTMAP_device_map : 0) |
			(chance(40) ? GNTMAP_readonly : 0) |
			(chance(50) ? GNTMAP_contains_pte : 0) |
			random_below(8) << _GNTMAP_guest_avail0;
		op[i].ref = pick_ref();
		op[i].dom = pick_granter();
		op[i].host_addr =
			pick_place(c, op[i].flags & GNTMAP_contains_pte);
		trace("  map d%u %u flags %x at %lx", op[i].dom, op[i].ref,
			op[i].flags, op[i].host_addr);
	}
}

static uint64_t granted_entry(uint64_t mfn, uint32_t flags)
{
	return mfn << PAGE_SHIFT | PTE_P | PTE_US | PTE_A |
		(flags & GNTMAP_readonly ? 0 : PTE_RW | PTE_D) |
		(uint64_t)(flags >> _GNTMAP_guest_avail0 & 7) << 9;
}

static int16_t apply_map(struct call *c, unsigned i, int16_t real)
{
	const struct gnttab_map_grant_ref *const op =
		(struct gnttab_map_grant_ref *)c->list + i;
	const bool readonly = op->flags & GNTMAP_readonly;
	const bool contains_pte = op->flags & GNTMAP_contains_pte;
	uint64_t mfn = 0, table;
	unsigned index;
	uint16_t granter;
	int16_t status;

	if (!(op->flags & PARTS))
		return GNTST_bad_gntref;
	if (!granter_of(c, op->dom, &granter))
		return GNTST_bad_domain;
	if (real == GNTST_no_space)
		return real; /* there are many handles */
	status = pin(granter, op->ref, c->d->id, readonly, &mfn);
	if (status)
		return status;
	if ((op->flags & GNTMAP_host_map) &&
		(!find_entry(c, op->host_addr, contains_pte, &table, &index) ||
			spec_write_l1(c->d->id, granter, table, index,
				granted_entry(mfn, op->flags), false))) {
		unpin(granter, op->ref, readonly);
		return GNTST_general_error;
	}
	if (real)
		return GNTST_okay;
	if (op->handle >= HANDLES || handles[c->d->id][op->handle].parts)
		differs("handle %u is in use", op->handle);
	handles[c->d->id][op->handle] = (struct handle){
		op->flags & PARTS, granter, op->ref, mfn, readonly,
		contains_pte, false};
	last_handle[c->d->id] = op->handle;
	return GNTST_okay;
}

static void account_map(struct call *c, int64_t rc)
{
	account_batch(c, rc, sizeof(struct gnttab_map_grant_ref),
		offsetof(struct gnttab_map_grant_ref, status), apply_map);
}

/*
 * unmap, unmap_and_replace: one group, so all entries before any reference,
 * but for what an earlier element has unmapped of the same mapping.
 */

static bool find_mapped(const struct call *c, const struct handle *h,
	uint64_t *host_addr)
{
	(void)c;
	for (unsigned tries = 0; tries < 100; tries++) {
		const uint64_t mfn = random_below(FRAMES);

		if (spec[mfn].owner != c->d->id || spec[mfn].type != FRAME_L1 ||
			!spec[mfn].count)
			continue;
		for (unsigned i = 0; i < 4; i++)
			if (spec[mfn].entry[i] >> PAGE_SHIFT == h->mfn) {
				*host_addr = mfn << PAGE_SHIFT | i << 3;
				return true;
			}
	}
	return false;
}

static void generate_unmap(struct call *c)
{
	struct gnttab_unmap_grant_ref *const op = (void *)c->list;
	const bool replace = chance(20);

	start(c, replace ? GNTTABOP_unmap_and_replace :
			   GNTTABOP_unmap_grant_ref,
		1 + random_below(BATCH));
	for (unsigned i = 0; i < c->nr; i++) {
		const struct handle *h;

		op[i].handle = chance(3) ? HANDLES + 9 : chance(50) ?
				last_handle[c->d->id] : random_below(12);
		h = &handles[c->d->id][op[i].handle % HANDLES];
		if (chance(90) && (!h->contains_pte ||
				!find_mapped(c, h, &op[i].host_addr)))
			op[i].host_addr = pick_place(c, h->contains_pte);
		if (replace)
			op[i].dev_bus_addr = chance(30) ? 0 : pick_va(c);
		else if (chance(50))
			op[i].dev_bus_addr =
				(h->mfn + chance(5)) << PAGE_SHIFT;
		trace("  unmap %u at %lx, %lx%s", op[i].handle,
			op[i].host_addr, op[i].dev_bus_addr,
			replace ? ", replace" : "");
	}
}

static bool clear_entry(struct call *c, const struct handle *h, uint64_t at,
	uint64_t replacement)
{
	const uint16_t d = c->d->id;
	uint64_t table, from = 0, pte;
	unsigned index, from_index = 0;

	if (!find_entry(c, at, h->contains_pte, &table, &index))
		return false;
	if (replacement && !spec_walk(d, c->v->id, replacement, &from,
				   &from_index))
		return false;
	pte = spec[table].entry[index];
	if (!(pte & PTE_P) || (pte & PTE_ADDR) >> PAGE_SHIFT != h->mfn ||
		!(pte & PTE_RW) != h->readonly)
		return false;
	pte = replacement ? spec[from].entry[from_index] : 0;
	if (spec_write_l1(d, d, table, index, pte, false))
		return false;
	if (replacement)
		spec_write_l1(d, d, from, from_index, 0, false);
	return true;
}

/* After the flush the references go. */
static void finish_unmap(uint16_t d)
{
	for (unsigned i = 0; i < HANDLES; i++) {
		struct handle *const h = &handles[d][i];

		if (h->busy && !h->parts)
			unpin(h->granter, h->ref, h->readonly);
		h->busy = false;
	}
}

static int16_t apply_unmap(struct call *c, unsigned i, int16_t real)
{
	const bool replace = c->a.arg[0] == GNTTABOP_unmap_and_replace;
	const struct gnttab_unmap_grant_ref *const op =
		(struct gnttab_unmap_grant_ref *)c->list + i;
	const uint64_t bus = replace ? 0 : op->dev_bus_addr;
	struct handle *const h = &handles[c->d->id][op->handle % HANDLES];
	unsigned parts;

	(void)real;
	if (op->handle >= HANDLES || !h->parts || h->busy)
		finish_unmap(c->d->id);
	if (op->handle >= HANDLES || !h->parts)
		return GNTST_bad_handle;
	parts = h->parts & ((op->host_addr ? GNTMAP_host_map : 0) |
				   (bus ? GNTMAP_device_map : 0));
	if ((parts & GNTMAP_device_map) && bus != h->mfn << PAGE_SHIFT)
		return GNTST_bad_dev_addr;
	if ((parts & GNTMAP_host_map) &&
		!clear_entry(c, h, op->host_addr,
			replace ? op->dev_bus_addr : 0))
		return GNTST_general_error;
	h->parts &= ~parts;
	h->busy = parts;
	return GNTST_okay;
}

static void account_unmap(struct call *c, int64_t rc)
{
	account_batch(c, rc, sizeof(struct gnttab_unmap_grant_ref),
		offsetof(struct gnttab_unmap_grant_ref, status), apply_unmap);
	if (!c->lost)
		finish_unmap(c->d->id);
}

/* copy */

static void generate_copy(struct call *c)
{
	struct gnttab_copy *const op = (void *)c->list;

	start(c, GNTTABOP_copy, 1 + random_below(BATCH));
	for (unsigned i = 0; i < c->nr; i++) {
		op[i].flags = (uint16_t)random_below(4);
		op[i].len = (uint16_t)(8 * random_below(chance(95) ? 4 : 513));
		for (unsigned end = 0; end < 2; end++) {
			struct gnttab_copy_ptr *const p =
				end ? &op[i].dest : &op[i].source;

			p->offset = (uint16_t)(8 * random_below(16));
			if (op[i].flags >> end & 1) {
				p->domid = pick_granter();
				p->u.ref = pick_ref();
				continue;
			}
			p->domid = chance(95) ? DOMID_SELF : pick_granter();
			do {
				p->u.gmfn = pick_frame(c->d, random_below(5));
			} while (p->u.gmfn < FRAMES &&
				(frames[p->u.gmfn].refs & FR_SHARED));
		}
		trace("  copy flags %x: %lx of %x to %lx of %x, %u bytes",
			op[i].flags, op[i].source.u.gmfn, op[i].source.domid,
			op[i].dest.u.gmfn, op[i].dest.domid, op[i].len);
	}
}

struct end {
	bool granted, readonly;
	uint16_t granter;
	uint32_t ref;
	uint64_t mfn;
};

static int16_t open_end(struct call *c, struct end *e,
	const struct gnttab_copy_ptr *p)
{
	if (e->granted) {
		e->ref = p->u.ref;
		return granter_of(c, p->domid, &e->granter) ?
			pin(e->granter, e->ref, c->d->id, e->readonly,
				&e->mfn) :
			GNTST_bad_domain;
	}
	if (p->domid != DOMID_SELF && p->domid != c->d->id)
		return GNTST_permission_denied;
	e->mfn = p->u.gmfn;
	if (!spec_get(e->mfn, c->d->id))
		return GNTST_bad_page;
	if (e->readonly || !spec_get_type(c->d->id, e->mfn, FRAME_WRITABLE))
		return GNTST_okay;
	spec_put(e->mfn);
	return GNTST_general_error;
}

static void close_end(const struct end *e)
{
	if (e->granted) {
		unpin(e->granter, e->ref, e->readonly);
		return;
	}
	if (!e->readonly)
		spec_put_type(e->mfn);
	spec_put(e->mfn);
}

static int16_t apply_copy(struct call *c, unsigned i, int16_t real)
{
	const struct gnttab_copy *const op = (struct gnttab_copy *)c->list + i;
	struct end from = {.granted = op->flags & GNTCOPY_source_gref,
		.readonly = true};
	struct end to = {.granted = op->flags & GNTCOPY_dest_gref};
	int16_t status;

	(void)real;
	if (op->source.offset + op->len > PAGE_SIZE ||
		op->dest.offset + op->len > PAGE_SIZE)
		return GNTST_bad_copy_arg;
	status = open_end(c, &from, &op->source);
	if (status)
		return status;
	status = open_end(c, &to, &op->dest);
	if (!status) {
		/* What is half done is not known here, nor what a page of the
		 * hypervisor holds that a guest sees. */
		if (unsettled() || spec[from.mfn].shared)
			memcpy(spec[to.mfn].entry, mfn_direct(MFN(to.mfn)),
				PAGE_SIZE);
		else
			memmove((char *)spec[to.mfn].entry + op->dest.offset,
				(char *)spec[from.mfn].entry +
					op->source.offset,
				op->len);
		close_end(&to);
	}
	close_end(&from);
	return status;
}

static void account_copy(struct call *c, int64_t rc)
{
	account_batch(c, rc, sizeof(struct gnttab_copy),
		offsetof(struct gnttab_copy, status), apply_copy);
}

/* setup_table */

struct setup {
	struct gnttab_setup_table op;
	uint64_t list[2 * FRAMES_MAX];
};

static void generate_setup(struct call *c)
{
	struct setup *const s = (void *)c->list;

	start(c, GNTTABOP_setup_table, 1);
	s->op.dom = chance(80) ? DOMID_SELF : pick_granter();
	s->op.nr_frames = random_below(chance(90) ? 4 : FRAMES_MAX + 2);
	s->op.frame_list.va = (uint64_t)s->list;
	trace("  setup_table of %x: %u", s->op.dom, s->op.nr_frames);
}

/* Frames that the table has now, and had not. */
static void apply_growth(uint16_t id)
{
	const struct grant_table *const t = domain_of_id(id)->grants;

	for (; nr_frames_of[id] < t->nr_frames; nr_frames_of[id]++)
		spec_shared(direct_mfn(t->frame[nr_frames_of[id]]).n, id);
}

static int16_t apply_setup(struct call *c, const struct setup *s)
{
	uint16_t id;

	if (s->op.dom != DOMID_SELF && s->op.dom != c->d->id && c->d->id != 0)
		return GNTST_permission_denied;
	if (!granter_of(c, s->op.dom, &id) || !spec_domain[id].exists)
		return GNTST_bad_domain;
	if (s->op.nr_frames > FRAMES_MAX || spec_domain[id].dying)
		return GNTST_general_error;
	apply_growth(id);
	if (nr_frames_of[id] < s->op.nr_frames)
		return spec_can_allocate(0, 0) ? GNTST_okay :
						 GNTST_general_error;
	for (unsigned i = 0; i < s->op.nr_frames; i++)
		if (s->list[i] !=
			direct_mfn(domain_of_id(id)->grants->frame[i]).n)
			differs("frame %u of d%u's table is %lx", i, id,
				s->list[i]);
	return GNTST_okay;
}

static void account_setup(struct call *c, int64_t rc)
{
	const struct setup *const s = (const void *)c->list;
	const int16_t wanted = apply_setup(c, s);

	if (rc || s->op.status != wanted)
		differs("d%uv%u setup_table: %ld %d, not %d", c->d->id,
			c->v->id, rc, s->op.status, wanted);
}

const struct call_kind grant_calls[] = {
	{"grant entry", 6, write_grant, generate_grant, account_grant, false},
	{"grant map", 10, hypercall_grant_table_op, generate_map,
		account_map, false},
	{"grant unmap", 10, hypercall_grant_table_op, generate_unmap,
		account_unmap, false},
	{"grant copy", 5, hypercall_grant_table_op, generate_copy,
		account_copy, false},
	{"grant table", 2, hypercall_grant_table_op, generate_setup,
		account_setup, false},
	{0},
};
