// SPDX-License-Identifier: BSD-2-Clause
/*
 * memory_op: reservations and exchange.
 */
#include <string.h>

#include "core/domain.h"
#include "spec.h"
#include "xen/errno.h"
#include "xen/memory.h"

#define REQUESTS_MAX 6
#define EXTENTS_MAX 16

/* Reservations */

struct reservation {
	struct xen_memory_reservation r;
	uint64_t extents[REQUESTS_MAX];
};

static void generate_reservation(struct call *c)
{
	static const uint8_t cmds[] = {XENMEM_populate_physmap,
		XENMEM_decrease_reservation, XENMEM_increase_reservation};
	const unsigned cmd =
		cmds[unsettled() && chance(70) ? 0 : random_below(3)];
	struct reservation *const m = (void *)c->list;
	const uint16_t dom = chance(80) ? DOMID_SELF : pick_domain(c);

	memset(m, 0, sizeof(*m));
	c->nr = 1 + random_below(REQUESTS_MAX);
	m->r.extent_start.va = (uint64_t)m->extents;
	m->r.nr_extents = c->nr;
	m->r.extent_order = chance(75) ? 0 :
		chance(95) ? random_below(4) : 13;
	m->r.mem_flags = chance(80) ? 0 : 12 + random_below(10);
	m->r.domid = dom;
	c->a.arg[0] = cmd;
	c->a.arg[1] = (uint64_t)m;
	trace("  cmd %u domain %x order %u flags %x", cmd, dom,
		m->r.extent_order, m->r.mem_flags);
	for (unsigned i = 0; i < c->nr; i++) {
		m->extents[i] = cmd == XENMEM_decrease_reservation ?
			pick_frame(domain_or_self(c, dom), random_below(5)) :
			random_below(FRAMES);
		trace("  extent %lx", m->extents[i]);
	}
	/* The list as it was: populate overwrites it. */
	memcpy(m + 1, m, sizeof(*m));
}

static int apply_release(uint16_t id, const struct reservation *m, unsigned i)
{
	for (uint64_t n = 0; n < 1ull << m->r.extent_order; n++) {
		const int rc = spec_release(id, m->extents[i] + n);

		if (rc)
			return rc;
	}
	return 0;
}

static int allowed(uint16_t id, const struct reservation *m)
{
	const struct spec_domain *const s = &spec_domain[id];
	const unsigned order = m->r.extent_order;

	return !s->dying && s->nr_pages + (1ull << order) <= s->max_pages &&
		spec_can_allocate(order, m->r.mem_flags & 0xff);
}

static bool apply_extent(struct call *c, uint16_t id, unsigned i, bool done)
{
	const struct reservation *const m = (void *)c->list;
	const struct reservation *const was = m + 1;
	const unsigned cmd = c->a.arg[0] & MEMOP_CMD_MASK;

	if (cmd == XENMEM_decrease_reservation)
		return !apply_release(id, was, i);
	if (!done || !allowed(id, was))
		return allowed(id, was);
	if (spec_allocate(id, m->extents[i], was->r.extent_order,
		    cmd == XENMEM_populate_physmap ? was->extents[i] :
						     PFN_NONE))
		differs("extent %lx was not free", m->extents[i]);
	return true;
}

static int reservation_refused(const struct call *c, uint16_t *id)
{
	const struct reservation *const m = (const void *)c->list;

	*id = m->r.domid == DOMID_SELF ? c->d->id : m->r.domid;
	if (*id != c->d->id && c->d->id != 0)
		return -EPERM;
	return *id < DOMAINS && spec_domain[*id].exists ? 0 : -ESRCH;
}

static void account_reservation(struct call *c, int64_t rc)
{
	const struct reservation *const m = (void *)c->list;
	const unsigned order_max = c->d->id ? 9 : 12;
	uint32_t done = (uint32_t)rc;
	uint16_t id;
	const int refused = reservation_refused(c, &id);

	if (m->r.extent_order > order_max || refused) {
		same_answer(c, rc,
			m->r.extent_order > order_max ? 0 : refused);
		return;
	}
	if (rc == -ERESTART)
		done = (uint32_t)(c->a.arg[0] >> MEMOP_EXTENT_SHIFT);
	if (done > c->nr || done < c->accounted)
		differs("%u extents of %u done", done, c->nr);
	for (; c->accounted < done; c->accounted++)
		if (!apply_extent(c, id, c->accounted, true))
			differs("extent %u is not allowed", c->accounted);
	if (rc != -ERESTART && done < c->nr && !c->lost &&
		apply_extent(c, id, done, false) && !may_refuse(c))
		differs("extent %u is allowed", done);
}

/* Exchange */

struct exchange {
	struct xen_memory_exchange x;
	uint64_t in[EXTENTS_MAX], out[EXTENTS_MAX];
	uint64_t pfn[EXTENTS_MAX]; /* `out`, as it was */
};

/* Mostly pages that have no other reference. */
static uint64_t pick_unused(const struct domain *d)
{
	uint64_t mfn = 0;

	for (unsigned tries = 0; tries < 20; tries++) {
		mfn = pick_frame(d, random_below(6));
		if (mfn < FRAMES && spec[mfn].refs == 1 &&
			spec[mfn].allocated && chance(99))
			break;
	}
	return mfn;
}

static void generate_exchange(struct call *c)
{
	struct exchange *const e = (void *)c->list;
	const unsigned in = chance(70) ? 0 : random_below(3);
	const unsigned out = random_below(3);
	const unsigned chunks = 1 + random_below(3);

	_Static_assert(sizeof(*e) <= CALL_BYTES, "room");
	memset(e, 0, sizeof(*e));
	e->x.in.extent_order = in;
	e->x.in.nr_extents = chunks << (out > in ? out - in : 0);
	e->x.in.extent_start.va = (uint64_t)e->in;
	e->x.in.domid = DOMID_SELF;
	e->x.out = e->x.in;
	e->x.out.extent_order = chance(98) ? out : out + chance(50) + 9;
	e->x.out.nr_extents = chunks << (in > out ? in - out : 0);
	e->x.out.extent_start.va = (uint64_t)e->out;
	e->x.out.mem_flags = chance(80) ? 0 : 14 + random_below(8);
	if (chance(2))
		e->x.in.domid = (uint16_t)random_below(DOMAINS);
	if (chance(2))
		e->x.in.nr_extents++;
	for (unsigned i = 0; i < EXTENTS_MAX; i++) {
		e->in[i] = pick_unused(c->d);
		e->out[i] = e->pfn[i] = random_below(FRAMES);
	}
	c->a.arg[0] = XENMEM_exchange;
	c->a.arg[1] = (uint64_t)e;
	trace("  %lu of order %u for %lu of order %u, flags %x: %lx %lx %lx",
		e->x.in.nr_extents, in, e->x.out.nr_extents,
		e->x.out.extent_order, e->x.out.mem_flags, e->in[0], e->in[1],
		e->in[2]);
}

static int exchange_refused(const struct call *c, const struct exchange *e)
{
	const unsigned order_max = c->d->id ? 9 : 12;

	if (e->x.in.domid != DOMID_SELF && e->x.in.domid != c->d->id)
		return -EPERM;
	if (e->x.out.extent_order > order_max)
		return -EPERM;
	return e->x.in.domid != e->x.out.domid ||
		e->x.in.nr_extents << e->x.in.extent_order !=
			e->x.out.nr_extents << e->x.out.extent_order ?
		-EINVAL : 0;
}

/* Extents of a chunk. */
static unsigned per_chunk(unsigned order, unsigned other)
{
	return order > other ? 1 : 1u << (other - order);
}

/* All pages of the chunk's extents are the caller's, once, and unused. */
static bool unused(uint16_t d, const struct exchange *e, unsigned first,
	unsigned nr)
{
	bool seen[FRAMES] = {false};

	for (unsigned n = 0; n < nr << e->x.in.extent_order; n++) {
		const uint64_t mfn =
			e->in[first + (n >> e->x.in.extent_order)] +
			(n & ((1u << e->x.in.extent_order) - 1));

		if (mfn >= FRAMES || seen[mfn] || spec[mfn].owner != d ||
			spec[mfn].refs != 1 || !spec[mfn].allocated)
			return false;
		seen[mfn] = true;
	}
	return true;
}

/* The chunk is exchanged, or would be; 0 or what is in the way. */
static int apply_chunk(const struct call *c, unsigned chunk, bool done)
{
	const struct exchange *const e = (const void *)c->list;
	const unsigned in = e->x.in.extent_order, out = e->x.out.extent_order;
	const unsigned nr_in = per_chunk(in, out), nr_out = per_chunk(out, in);
	const uint16_t d = c->d->id;

	if (!unused(d, e, chunk * nr_in, nr_in))
		return -EINVAL;
	if (spec_free_blocks(out, e->x.out.mem_flags & 0xff) < nr_out)
		return -ENOMEM;
	if (!done)
		return 0;
	for (unsigned i = 0; i < nr_out; i++)
		if (spec_allocate(d, e->out[chunk * nr_out + i], out,
			    e->pfn[chunk * nr_out + i]))
			differs("extent %lx was not free",
				e->out[chunk * nr_out + i]);
	for (unsigned n = 0; n < nr_in << in; n++)
		spec_free(e->in[chunk * nr_in + (n >> in)] +
			(n & ((1u << in) - 1)));
	return 0;
}

static void account_exchange(struct call *c, int64_t rc)
{
	const struct exchange *const e = (const void *)c->list;
	const int refused = exchange_refused(c, e);
	const unsigned in =
		per_chunk(e->x.in.extent_order, e->x.out.extent_order);

	if (refused) {
		same_answer(c, rc, refused);
		return;
	}
	if (e->x.nr_exchanged % in || e->x.nr_exchanged > e->x.in.nr_extents ||
		(!rc && e->x.nr_exchanged != e->x.in.nr_extents))
		differs("%lu extents exchanged", e->x.nr_exchanged);
	for (; c->accounted < e->x.nr_exchanged / in; c->accounted++)
		same_answer(c, 0, apply_chunk(c, c->accounted, true));
	if (rc && rc != -ERESTART && !may_refuse(c))
		same_answer(c, rc, apply_chunk(c, c->accounted, false));
}

const struct call_kind reservation_calls[] = {
	{"reservation", 4, hypercall_memory_op, generate_reservation,
		account_reservation, false},
	{"exchange", 3, hypercall_memory_op, generate_exchange,
		account_exchange, false},
	{0},
};
