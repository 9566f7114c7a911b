// SPDX-License-Identifier: BSD-2-Clause
/*
 * Event channels: the specification of ports, of their bits in the shared
 * page and of what the vCPUs are told, and random calls of event_channel_op.
 * Guests handle, mask and forget events at any time. Nothing here depends on
 * page tables, so every answer is compared, always.
 */
#include <string.h>

#include "core/domain.h"
#include "core/eventport.h"
#include "lib/rangeset.h"
#include "spec.h"
#include "xen/errno.h"

#define PORTS 512
#define PER_PAGE 256
#define PIRQ_FIRST 40 /* dom0 may have these */
#define PIRQ_LAST 43
#define WORDS 64

/* As the ABI numbers them. */
enum { CLOSED, UNBOUND, PAIR, PIRQ, VIRQ, IPI };

struct port {
	unsigned state;
	unsigned vcpu; /* who is told */
	uint16_t dom; /* UNBOUND: who may bind, PAIR: the other end's */
	uint32_t number; /* PAIR: the other end's port; PIRQ, VIRQ */
	unsigned bound; /* VIRQ: through which vCPU */
};

static struct events {
	unsigned limit; /* the highest port */
	unsigned known; /* pages of ports that there are */
	struct port port[PORTS];
	uint64_t pending[WORDS], mask[WORDS];
	uint64_t sel[VCPUS]; /* words that a vCPU shall look at */
	uint8_t upcall[VCPUS];
} events[DOMAINS];

static const unsigned limits[DOMAINS] = {300, 12, 40};

/* Specification */

static bool bit(const uint64_t *map, uint32_t port)
{
	return map[port / 64] >> port % 64 & 1;
}

static void set(uint64_t *map, uint32_t port)
{
	map[port / 64] |= 1ull << port % 64;
}

static void clear(uint64_t *map, uint32_t port)
{
	map[port / 64] &= ~(1ull << port % 64);
}

static struct port *open_port(uint16_t id, uint32_t port)
{
	struct events *const e = &events[id];

	return port && port <= e->limit && e->port[port].state != CLOSED ?
		&e->port[port] : NULL;
}

static void tell(uint16_t id, uint32_t port)
{
	struct events *const e = &events[id];
	const unsigned vcpu = e->port[port].vcpu;

	if (e->sel[vcpu] >> port / 64 & 1)
		return;
	e->sel[vcpu] |= 1ull << port / 64;
	e->upcall[vcpu] = 1;
}

static void raise_port(uint16_t id, uint32_t port)
{
	struct events *const e = &events[id];

	if (bit(e->pending, port))
		return;
	set(e->pending, port);
	if (!bit(e->mask, port))
		tell(id, port);
}

static bool is_bound(uint16_t id, unsigned state, uint32_t number,
	unsigned bound, uint32_t *port)
{
	for (*port = 1; *port <= events[id].limit; ++*port) {
		const struct port *const p = &events[id].port[*port];

		if (p->state == state && p->number == number &&
			p->bound == bound)
			return true;
	}
	return false;
}

void event_raised_virq(uint16_t id, unsigned virq)
{
	uint32_t port;

	if (is_bound(id, VIRQ, virq, 0, &port))
		raise_port(id, port);
}

/* The lowest free port becomes `as`. */
static int new_port(uint16_t id, struct port as, bool bound, uint32_t *port)
{
	struct events *const e = &events[id];

	if (spec_domain[id].dying)
		return -EINVAL;
	if (bound)
		return -EEXIST;
	for (*port = 1; open_port(id, *port); ++*port)
		;
	if (*port > e->limit)
		return -ENOSPC;
	if (*port / PER_PAGE >= e->known) {
		const void *const page =
			domain_of_id(id)->events->page[*port / PER_PAGE];

		if (!page && !spec_can_allocate(0, 0))
			return -ENOMEM;
		if (!page)
			differs("d%u: no room for port %u", id, *port);
		spec_took(direct_mfn(page).n);
		e->known = *port / PER_PAGE + 1;
	}
	e->port[*port] = as;
	clear(e->pending, *port);
	set(e->mask, *port);
	return 0;
}

static void close_port(uint16_t id, uint32_t port)
{
	struct port *const p = &events[id].port[port];

	if (p->state == PAIR) {
		struct port *const other = &events[p->dom].port[p->number];

		other->state = UNBOUND;
		other->dom = id;
	}
	p->state = CLOSED;
	clear(events[id].pending, port);
}

/* Somebody closes a domain's ports in their order, and may be interrupted. */
void event_closed_some(uint16_t id)
{
	struct domain *const d = domain_of_id(id);

	for (uint32_t i = 1; i <= events[id].limit; i++) {
		const struct event_port *const p = event_port(d, i);

		if (!open_port(id, i))
			continue;
		if (p->state != PORT_FREE)
			return;
		close_port(id, i);
	}
}

/* A domain that the call may be about. */
static int find_target(const struct call *c, uint16_t dom, uint16_t *id)
{
	*id = dom == DOMID_SELF ? c->d->id : dom;
	if (*id != c->d->id && c->d->id != 0)
		return -EPERM;
	return *id < DOMAINS && spec_domain[*id].exists ? 0 : -ESRCH;
}

/* To a guest, a domain that it may not share with is none. */
static bool is_peer(uint16_t d, uint16_t id)
{
	return id < DOMAINS && spec_domain[id].exists &&
		(d == id || !d || !id || spec_paired);
}

static int apply_unbound(struct call *c, uint32_t *port)
{
	const struct evtchn_alloc_unbound *const op = (void *)c->list;
	uint16_t id;
	const int rc = find_target(c, op->dom, &id);
	const uint16_t remote =
		op->remote_dom == DOMID_SELF ? c->d->id : op->remote_dom;

	if (rc || (id && !is_peer(id, remote)))
		return rc ? rc : -EPERM;
	return new_port(id,
		(struct port){.state = UNBOUND, .dom = remote}, false, port);
}

static int apply_interdomain(struct call *c, uint32_t *port)
{
	const struct evtchn_bind_interdomain *const op = (void *)c->list;
	const uint16_t self = c->d->id;
	const uint16_t id =
		op->remote_dom == DOMID_SELF ? self : op->remote_dom;
	struct port *other;
	int rc;

	if (!is_peer(self, id))
		return -ESRCH;
	other = open_port(id, op->remote_port);
	rc = new_port(self,
		(struct port){.state = PAIR, .dom = id,
			.number = op->remote_port},
		false, port);
	if (rc)
		return rc;
	if (!other || other->state != UNBOUND || other->dom != self ||
		spec_domain[id].dying) {
		events[self].port[*port].state = CLOSED;
		return -EINVAL;
	}
	other->state = PAIR;
	other->dom = self;
	other->number = *port;
	raise_port(self, *port);
	return 0;
}

/* Each vCPU has its own of these (ABI surface 5.1). */
static bool per_vcpu(uint32_t virq)
{
	return virq == VIRQ_TIMER || virq == VIRQ_DEBUG ||
		virq == VIRQ_XENOPROF || virq == VIRQ_XENPMU;
}

static int apply_virq(struct call *c, uint32_t *port)
{
	const struct evtchn_bind_virq *const op = (void *)c->list;
	uint32_t old;

	if (op->virq >= 24 || (op->vcpu && !per_vcpu(op->virq)))
		return -EINVAL;
	if (op->vcpu >= VCPUS)
		return -ENOENT;
	return new_port(c->d->id,
		(struct port){.state = VIRQ, .vcpu = op->vcpu,
			.number = op->virq, .bound = op->vcpu},
		is_bound(c->d->id, VIRQ, op->virq, op->vcpu, &old), port);
}

static int apply_pirq(struct call *c, uint32_t *port)
{
	const struct evtchn_bind_pirq *const op = (void *)c->list;
	uint32_t old;

	if (op->pirq >= 512)
		return -EINVAL;
	if (c->d->id || op->pirq < PIRQ_FIRST || op->pirq > PIRQ_LAST)
		return -EPERM;
	return new_port(c->d->id,
		(struct port){.state = PIRQ, .number = op->pirq},
		is_bound(c->d->id, PIRQ, op->pirq, 0, &old), port);
}

static int apply_ipi(struct call *c, uint32_t *port)
{
	const struct evtchn_bind_ipi *const op = (void *)c->list;

	if (op->vcpu >= VCPUS)
		return -ENOENT;
	return new_port(c->d->id,
		(struct port){.state = IPI, .vcpu = op->vcpu}, false, port);
}

static int apply_send(uint16_t id, uint32_t port)
{
	const struct port *const p = open_port(id, port);

	switch (p ? p->state : CLOSED) {
	case PAIR:
		raise_port(p->dom, p->number);
		return 0;
	case IPI:
		raise_port(id, port);
		return 0;
	case UNBOUND:
		return 0;
	default:
		return -EINVAL;
	}
}

static int apply_unmask(uint16_t id, uint32_t port)
{
	struct events *const e = &events[id];

	if (!open_port(id, port))
		return -EINVAL;
	if (bit(e->mask, port)) {
		clear(e->mask, port);
		if (bit(e->pending, port))
			tell(id, port);
	}
	return 0;
}

static int apply_bind_vcpu(const struct call *c)
{
	const struct evtchn_bind_vcpu *const op = (const void *)c->list;
	struct port *const p = open_port(c->d->id, op->port);

	if (op->vcpu >= VCPUS)
		return -ENOENT;
	if (!p || p->state == IPI || (p->state == VIRQ && per_vcpu(p->number)))
		return -EINVAL;
	p->vcpu = op->vcpu;
	return 0;
}

static int apply_status(struct call *c)
{
	const struct evtchn_status *const op = (void *)c->list;
	const struct port *p;
	uint16_t id;
	const int rc = find_target(c, op->dom, &id);

	if (rc)
		return rc;
	if (op->port > events[id].limit ||
		(op->port && op->port / PER_PAGE >= events[id].known))
		return -EINVAL;
	p = &events[id].port[op->port];
	if (op->status != p->state)
		differs("d%u port %u: status %u, not %u", id, op->port,
			op->status, p->state);
	if (op->port && p->state && op->vcpu != p->vcpu)
		differs("d%u port %u: vCPU %u, not %u", id, op->port, op->vcpu,
			p->vcpu);
	if ((p->state == UNBOUND && op->u.unbound.dom != p->dom) ||
		(p->state == PAIR && (op->u.interdomain.dom != p->dom ||
				op->u.interdomain.port != p->number)) ||
		((p->state == PIRQ || p->state == VIRQ) &&
			op->u.virq != p->number))
		differs("d%u port %u: another end", id, op->port);
	return 0;
}

static int apply_reset(struct call *c, int64_t rc)
{
	const struct evtchn_reset *const op = (void *)c->list;
	uint16_t id;
	const int refused = find_target(c, op->dom, &id);

	if (refused)
		return refused;
	event_closed_some(id);
	for (uint32_t port = 1; !rc && port <= events[id].limit; port++)
		if (open_port(id, port))
			differs("d%u: port %u is open after a reset", id, port);
	return rc == -ERESTART ? -ERESTART : 0;
}

/* The guest's own writes to its bits: it handles, masks, forgets. */
static int apply_bits(const struct call *c)
{
	struct events *const e = &events[c->d->id];
	const uint32_t port = (uint32_t)c->a.arg[2];

	switch (c->a.arg[3]) {
	case 0:
		e->upcall[c->v->id] = 0;
		e->sel[c->v->id] = 0;
		break;
	case 1:
		clear(e->pending, port);
		break;
	case 2:
		set(e->mask, port);
		break;
	default:
		memset(e->pending, 0, sizeof(e->pending));
	}
	return 0;
}

static int write_bits(const struct call *c)
{
	struct shared_info *const s = c->d->shared;
	const uint32_t port = (uint32_t)c->a.arg[2];

	switch (c->a.arg[3]) {
	case 0:
		c->v->info->evtchn_upcall_pending = 0;
		c->v->info->evtchn_pending_sel = 0;
		break;
	case 1:
		clear(s->evtchn_pending, port);
		break;
	case 2:
		set(s->evtchn_mask, port);
		break;
	default:
		memset(s->evtchn_pending, 0, sizeof(s->evtchn_pending));
	}
	return 0;
}

/* The real ports */

static void compare_port(uint16_t id, uint32_t i)
{
	static const uint8_t states[] = {[PORT_FREE] = CLOSED,
		[PORT_RESERVED] = CLOSED, [PORT_UNBOUND] = UNBOUND,
		[PORT_INTERDOMAIN] = PAIR, [PORT_PIRQ] = PIRQ,
		[PORT_VIRQ] = VIRQ, [PORT_IPI] = IPI};
	const struct port *const p = &events[id].port[i];
	const struct event_port *const r = event_port(domain_of_id(id), i);
	const struct event_port *other;

	if (states[r ? r->state : PORT_FREE] != p->state ||
		(r && r->state == PORT_RESERVED))
		differs("d%u port %u: state %u, not %u", id, i,
			r ? r->state : PORT_FREE, p->state);
	if (p->state && r->vcpu != p->vcpu)
		differs("d%u port %u: vCPU %u, not %u", id, i, r->vcpu,
			p->vcpu);
	if (p->state == UNBOUND && r->dom != p->dom)
		differs("d%u port %u: for d%u, not d%u", id, i, r->dom, p->dom);
	if (p->state != PAIR)
		return;
	if (r->remote != domain_of_id(p->dom) || r->number != p->number)
		differs("d%u port %u: to port %u, not d%u port %u", id, i,
			r->number, p->dom, p->number);
	/* Both ends name each other. */
	other = event_port(r->remote, r->number);
	if (!other || other->state != PORT_INTERDOMAIN ||
		other->remote != domain_of_id(id) || other->number != i)
		differs("d%u port %u: its other end is not", id, i);
}

/* Which port a vCPU's VIRQ has. */
static void compare_slots(uint16_t id)
{
	uint16_t wanted[VCPUS][24] = {{0}};

	for (uint32_t port = 1; port <= events[id].limit; port++) {
		const struct port *const p = &events[id].port[port];

		if (p->state == VIRQ)
			wanted[p->bound][p->number] = (uint16_t)port;
	}
	for (unsigned v = 0; v < VCPUS; v++)
		if (memcmp(domain_of_id(id)->vcpu[v]->virq_port, wanted[v],
			    sizeof(wanted[v])))
			differs("d%uv%u: other VIRQs are bound", id, v);
}

void event_compare(bool all)
{
	for (uint16_t id = 0; id < DOMAINS; id++) {
		const struct events *const e = &events[id];
		struct domain *const d = domain_of_id(id);

		if (!d)
			continue;
		for (uint32_t i = 1; all && i <= e->limit; i++)
			compare_port(id, i);
		if (spec_domain[id].dying)
			continue; /* its shared page is gone, or goes */
		if (all)
			compare_slots(id);
		if (memcmp(d->shared->evtchn_pending, e->pending,
			    sizeof(e->pending)) ||
			memcmp(d->shared->evtchn_mask, e->mask,
				sizeof(e->mask)))
			differs("d%u: pending %lx masked %lx, not %lx %lx", id,
				d->shared->evtchn_pending[0],
				d->shared->evtchn_mask[0], e->pending[0],
				e->mask[0]);
		for (unsigned v = 0; v < VCPUS; v++) {
			const struct vcpu_info *const i = d->vcpu[v]->info;

			if (i->evtchn_pending_sel != e->sel[v] ||
				i->evtchn_upcall_pending != e->upcall[v])
				differs("d%uv%u is told %lx %u, not %lx %u",
					id, v, i->evtchn_pending_sel,
					i->evtchn_upcall_pending, e->sel[v],
					e->upcall[v]);
		}
	}
}

static struct port read_port(const struct event_port *r)
{
	static const uint8_t states[] = {[PORT_UNBOUND] = UNBOUND,
		[PORT_INTERDOMAIN] = PAIR, [PORT_PIRQ] = PIRQ,
		[PORT_VIRQ] = VIRQ, [PORT_IPI] = IPI};
	struct port p = {.state = states[r->state], .vcpu = r->vcpu};

	if (p.state == PAIR || p.state == PIRQ || p.state == VIRQ)
		p.number = r->number;
	if (p.state == VIRQ)
		p.bound = r->bound_vcpu;
	if (p.state == UNBOUND || p.state == PAIR)
		p.dom = p.state == PAIR ? r->remote->id : r->dom;
	return p;
}

void event_read(void)
{
	for (uint16_t id = 0; id < DOMAINS; id++) {
		struct domain *const d = domain_of_id(id);
		struct events *const e = &events[id];

		if (!d)
			continue;
		e->known = 0;
		for (uint32_t i = 1; i <= e->limit; i++) {
			const struct event_port *const r = event_port(d, i);

			if (r)
				e->known = i / PER_PAGE + 1;
			e->port[i] = r ? read_port(r) : (struct port){0};
		}
		memcpy(e->pending, d->shared->evtchn_pending,
			sizeof(e->pending));
		memcpy(e->mask, d->shared->evtchn_mask, sizeof(e->mask));
		for (unsigned v = 0; v < VCPUS; v++) {
			e->sel[v] = d->vcpu[v]->info->evtchn_pending_sel;
			e->upcall[v] =
				d->vcpu[v]->info->evtchn_upcall_pending;
		}
	}
}

/* A fresh domain has no port, and all are masked. */
void event_created(uint16_t id)
{
	struct domain *const d = domain_of_id(id);

	memset(&events[id], 0, sizeof(events[id]));
	memset(events[id].mask, 0xff, sizeof(events[id].mask));
	events[id].limit = d->max_event_port = limits[id];
	if (id == 0)
		rangeset_add(d->irqs, PIRQ_FIRST, PIRQ_LAST);
}

/* Calls */

/* Mostly a port that is open. */
static uint32_t pick_port(uint16_t id)
{
	const unsigned limit = events[id].limit;
	uint32_t port = 1;

	if (chance(3))
		return chance(50) ? (uint32_t)random_word() : limit + 1;
	port = random_below(chance(50) ? 16 : limit + 1);
	for (unsigned tries = 0; tries < 12 && chance(90); tries++, port++)
		if (open_port(id, port))
			return port;
	return port;
}

static uint16_t pick_target(const struct call *c)
{
	if (chance(c->d->id ? 90 : 50))
		return DOMID_SELF;
	return (uint16_t)random_below(chance(95) ? DOMAINS : DOMAINS + 2);
}

static uint16_t number_of(const struct call *c, uint16_t dom)
{
	return dom < DOMAINS ? dom : c->d->id;
}

static void generate_interdomain(const struct call *c)
{
	struct evtchn_bind_interdomain *const op = (void *)c->list;

	op->remote_dom = (uint16_t)random_below(DOMAINS);
	if (chance(6))
		op->remote_dom = chance(50) ? DOMID_SELF : DOMAINS + 2;
	op->remote_port = pick_port(number_of(c, op->remote_dom));
	for (unsigned tries = 0; tries < 8; tries++) {
		const struct port *const p = open_port(
			number_of(c, op->remote_dom), op->remote_port);

		if (p && p->state == UNBOUND && p->dom == c->d->id)
			break;
		op->remote_port = pick_port(number_of(c, op->remote_dom));
	}
}

static void generate_event(struct call *c)
{
	/* dom0 takes more ports than it gives up, until it has no more. */
	static const uint8_t cmds[] = {EVTCHNOP_alloc_unbound,
		EVTCHNOP_alloc_unbound, EVTCHNOP_bind_interdomain,
		EVTCHNOP_bind_interdomain, EVTCHNOP_bind_interdomain,
		EVTCHNOP_bind_virq, EVTCHNOP_bind_ipi, EVTCHNOP_bind_pirq,
		EVTCHNOP_send, EVTCHNOP_send, EVTCHNOP_send, EVTCHNOP_status,
		EVTCHNOP_bind_vcpu, EVTCHNOP_unmask, EVTCHNOP_unmask,
		EVTCHNOP_close, EVTCHNOP_close, EVTCHNOP_init_control};
	const uint16_t dom = pick_target(c);
	const uint32_t own = pick_port(c->d->id);
	unsigned cmd = cmds[random_below(sizeof(cmds) - (c->d->id ? 0 : 2))];
	uint32_t *const word = (void *)c->list;

	if (random_below(150) == 0)
		cmd = EVTCHNOP_reset;
	memset(c->list, 0, sizeof(struct evtchn_status));
	switch (cmd) {
	case EVTCHNOP_alloc_unbound:
		*word = dom | random_below(DOMAINS) << 16;
		break;
	case EVTCHNOP_bind_interdomain:
		generate_interdomain(c);
		break;
	case EVTCHNOP_bind_virq:
		word[0] = random_below(26);
		word[1] = chance(70) ? 0 : random_below(VCPUS + 1);
		break;
	case EVTCHNOP_bind_pirq:
		word[0] = chance(3) ? 512 : PIRQ_FIRST - 1 + random_below(6);
		break;
	case EVTCHNOP_bind_ipi:
		*word = random_below(chance(90) ? VCPUS : VCPUS + 2);
		break;
	case EVTCHNOP_bind_vcpu:
		word[0] = own;
		word[1] = random_below(chance(90) ? VCPUS : VCPUS + 2);
		break;
	case EVTCHNOP_status:
		word[0] = dom;
		word[1] = pick_port(number_of(c, dom));
		break;
	case EVTCHNOP_reset:
		*word = dom;
		break;
	default:
		*word = own;
	}
	c->a.arg[0] = cmd;
	c->a.arg[1] = (uint64_t)c->list;
	trace("  cmd %u: %x %x", cmd, word[0], word[1]);
}

static int apply_event(struct call *c, int64_t rc, uint32_t *port)
{
	const uint32_t own = *(uint32_t *)(void *)c->list;

	switch (c->a.arg[0]) {
	case EVTCHNOP_alloc_unbound:
		return apply_unbound(c, port);
	case EVTCHNOP_bind_interdomain:
		return apply_interdomain(c, port);
	case EVTCHNOP_bind_virq:
		return apply_virq(c, port);
	case EVTCHNOP_bind_pirq:
		return apply_pirq(c, port);
	case EVTCHNOP_bind_ipi:
		return apply_ipi(c, port);
	case EVTCHNOP_close:
		if (!open_port(c->d->id, own))
			return -EINVAL;
		close_port(c->d->id, own);
		return 0;
	case EVTCHNOP_send:
		return apply_send(c->d->id, own);
	case EVTCHNOP_unmask:
		return apply_unmask(c->d->id, own);
	case EVTCHNOP_bind_vcpu:
		return apply_bind_vcpu(c);
	case EVTCHNOP_status:
		return apply_status(c);
	case EVTCHNOP_reset:
		return apply_reset(c, rc);
	default:
		return -ENOSYS;
	}
}

/* Where the new port's number is in the structure. */
static unsigned port_at(unsigned cmd)
{
	return cmd == EVTCHNOP_alloc_unbound || cmd == EVTCHNOP_bind_ipi ? 4 :
									   8;
}

static void account_event(struct call *c, int64_t rc)
{
	uint32_t port = 0, told;
	const int wanted = apply_event(c, rc, &port);

	if (rc != wanted)
		differs("d%uv%u event_channel_op %lu: %ld, not %d", c->d->id,
			c->v->id, c->a.arg[0], rc, wanted);
	memcpy(&told, c->list + port_at((unsigned)c->a.arg[0]), sizeof(told));
	if (!rc && port && told != port)
		differs("d%u has port %u, not %u", c->d->id, told, port);
}

static int64_t guest_bits(struct hypercall_args *a)
{
	return write_bits((const struct call *)a->arg[0]);
}

static void generate_bits(struct call *c)
{
	c->a.arg[0] = (uint64_t)c;
	c->a.arg[2] = pick_port(c->d->id) % PORTS;
	c->a.arg[3] = random_below(chance(10) ? 4 : 3);
	trace("  bits of port %lu: %lu", c->a.arg[2], c->a.arg[3]);
}

static void account_bits(struct call *c, int64_t rc)
{
	same_answer(c, rc, apply_bits(c));
}

const struct call_kind event_calls[] = {
	{"event_channel_op", 24, hypercall_event_channel_op, generate_event,
		account_event, true},
	{"event bits", 8, guest_bits, generate_bits, account_bits, true},
	{0},
};
