// SPDX-License-Identifier: BSD-2-Clause
/*
 * Event channels: ports, and raising them through the two-level bitmaps of
 * the shared page. The hypercall is in eventop.c.
 *
 * A domain's ports change under its lock (RANK_EVENT); making or breaking an
 * interdomain pair takes both domains' locks. So while one end's lock is held
 * and it is INTERDOMAIN, the other end stays what it is, and its domain
 * lives: raising needs the sender's lock only. Ports lie in pages that are
 * made as needed and live as long as the domain. A port that is being bound
 * or closed is RESERVED: nobody else touches it.
 */
#include "core/event.h"

#include "core/domain.h"
#include "core/eventport.h"
#include "core/limits.h"
#include "core/refusal.h"
#include "core/sched.h"
#include "core/schedop.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "mm/heap.h"
#include "pv/hypercall.h"
#include "x86/asm.h"
#include "x86/irq.h"

static_assert(sizeof(struct event_port) == 16, "a page holds 256");

struct event_port *event_port(struct domain *d, uint64_t port)
{
	struct event_port *page;

	if (port == 0 || port > d->max_event_port)
		return NULL;
	page = load_acquire(&d->events->page[port / PORTS_PER_PAGE]);
	return page ? &page[port % PORTS_PER_PAGE] : NULL;
}

uint64_t event_lock_pair(struct domain *a, struct domain *b)
{
	const uint64_t flags = irq_save();

	spin_lock_pair(&a->events->lock, &b->events->lock);
	return flags;
}

void event_unlock_pair(struct domain *a, struct domain *b, uint64_t flags)
{
	spin_unlock_pair(&a->events->lock, &b->events->lock);
	irq_restore(flags);
}

/* Raising */

void vcpu_mark_events_pending(struct vcpu *v)
{
	struct vcpu_info *const info = v->info;

	/* If it was set the vCPU has been told, or is about to look. The
	 * exchange orders it before the look at `blocked`. */
	if (atomic_xchg(&info->evtchn_upcall_pending, 1))
		return;
	if (!read_once(&v->blocked))
		vcpu_kick(v);
	else if (!read_once(&info->evtchn_upcall_mask))
		vcpu_unblock(v);
}

static void mark_word(struct vcpu *v, unsigned port)
{
	if (v && !bit_test_and_set(&v->info->evtchn_pending_sel, port / 64))
		vcpu_mark_events_pending(v);
}

/* The ABI's order: pending, then mask, then the word, then the upcall. Who is
 * told is looked up after `pending` is set: a vCPU that the port moves to later
 * than that finds it so when it unmasks. */
void event_raise(struct domain *d, unsigned port)
{
	if (bit_test_and_set(d->shared->evtchn_pending, port))
		return;
	if (!bit_test(d->shared->evtchn_mask, port))
		mark_word(d->vcpu[read_once(&event_port(d, port)->vcpu)], port);
	if (read_once(&d->pollers))
		schedop_wake_pollers(d, port);
}

int event_send(struct domain *d, unsigned port)
{
	const uint64_t flags = spin_lock_irq(&d->events->lock);
	const struct event_port *p = event_port(d, port);
	struct domain *remote;
	int rc = 0;

	switch (p ? p->state : PORT_FREE) {
	case PORT_INTERDOMAIN:
		remote = p->remote;
		event_raise(remote, p->number);
		break;
	case PORT_IPI:
		event_raise(d, port);
		break;
	case PORT_UNBOUND:
		break; /* the other end is gone: harmless */
	default:
		rc = reject(-EINVAL, "port %u is not bound", port);
	}
	spin_unlock_irq(&d->events->lock, flags);
	return rc;
}

/* It was bound through v, but may be told to another vCPU. */
void event_send_virq(struct vcpu *v, unsigned virq)
{
	struct domain *const d = v->domain;
	uint64_t flags;

	if (!read_once(&v->virq_port[virq]))
		return;
	flags = spin_lock_irq(&d->events->lock);
	if (v->virq_port[virq])
		event_raise(d, v->virq_port[virq]);
	spin_unlock_irq(&d->events->lock, flags);
}

void event_send_global_virq(unsigned virq)
{
	struct domain *const d = hardware_domain;

	if (d && d->vcpu[0])
		event_send_virq(d->vcpu[0], virq);
}

void event_send_pirq(struct domain *d, unsigned port)
{
	const uint64_t flags = spin_lock_irq(&d->events->lock);
	const struct event_port *p = event_port(d, port);

	if (p && p->state == PORT_PIRQ)
		event_raise(d, port);
	spin_unlock_irq(&d->events->lock, flags);
}

int event_unmask(struct domain *d, unsigned port)
{
	const uint64_t flags = spin_lock_irq(&d->events->lock);
	const struct event_port *p = event_port(d, port);
	int rc = 0;

	if (p && p->state != PORT_FREE) {
		if (bit_test_and_clear(d->shared->evtchn_mask, port) &&
			bit_test(d->shared->evtchn_pending, port))
			mark_word(d->vcpu[p->vcpu], port);
	} else {
		rc = reject(-EINVAL, "port %u is not open", port);
	}
	spin_unlock_irq(&d->events->lock, flags);
	return rc;
}

bool event_port_pending(struct domain *d, unsigned port)
{
	return bit_test(d->shared->evtchn_pending, port);
}

/* Making and freeing ports */

/* The lowest free port; 0 if there is none. *missing: its page, if it has
 * none yet. Lock held. */
static unsigned find_free(struct domain *d, unsigned *missing)
	REQUIRES(d->events->lock)
{
	struct event_state *const e = d->events;

	for (unsigned port = e->lowest; port <= d->max_event_port; port++) {
		const struct event_port *p = event_port(d, port);

		*missing = port / PORTS_PER_PAGE;
		if (!p || p->state == PORT_FREE) {
			if (p)
				*missing = PORT_PAGES;
			e->lowest = port;
			return port;
		}
	}
	e->lowest = d->max_event_port + 1;
	return 0;
}

/* Lock held. */
static void fill(struct domain *d, unsigned port, struct event_port as,
	uint16_t *slot) REQUIRES(d->events->lock)
{
	*event_port(d, port) = as;
	limit_warn(d, "event ports", ++d->events->nr_ports, d->max_event_port);
	bit_test_and_clear(d->shared->evtchn_pending, port);
	bit_test_and_set(d->shared->evtchn_mask, port);
	if (slot)
		write_once(slot, (uint16_t)port);
}

int event_new(struct domain *d, struct event_port as, uint16_t *slot,
	uint32_t *port)
{
	struct event_port *page = NULL;
	int rc = -EAGAIN;

	while (rc == -EAGAIN) {
		uint64_t flags = spin_lock_irq(&d->events->lock);
		unsigned missing = PORT_PAGES;

		*port = find_free(d, &missing);
		if (*port && missing < PORT_PAGES && page) {
			store_release(&d->events->page[missing], page);
			page = NULL;
			missing = PORT_PAGES;
		}
		if (d->dying) {
			rc = reject(-EINVAL, "the domain is dying");
		} else if (slot && *slot) {
			rc = reject(-EEXIST, "bound to port %u", *slot);
		} else if (!*port) {
			rc = reject(-ENOSPC, "all %u event ports are in use",
				d->max_event_port);
		} else if (missing == PORT_PAGES) {
			fill(d, *port, as, slot);
			rc = 0;
		}
		spin_unlock_irq(&d->events->lock, flags);
		if (rc == -EAGAIN) {
			page = page_alloc();
			if (!page)
				rc = -ENOMEM;
		}
	}
	if (page)
		page_free(page);
	return rc;
}

/* Lock held. */
static void port_free(struct domain *d, unsigned port) REQUIRES(d->events->lock)
{
	event_port(d, port)->state = PORT_FREE;
	d->events->nr_ports--;
	bit_test_and_clear(d->shared->evtchn_pending, port);
	if (port < d->events->lowest)
		d->events->lowest = port;
}

void event_unreserve(struct domain *d, unsigned port)
{
	const uint64_t flags = spin_lock_irq(&d->events->lock);

	ASSERT(event_port(d, port)->state == PORT_RESERVED);
	port_free(d, port);
	spin_unlock_irq(&d->events->lock, flags);
}

/* 0: closed, if the pair is still what it was when we looked. */
static int close_pair(struct domain *d, unsigned port, struct domain *remote)
{
	const uint64_t flags = event_lock_pair(d, remote);
	struct event_port *const p = event_port(d, port);
	int rc = -EAGAIN;

	if (p->state == PORT_INTERDOMAIN && p->remote == remote) {
		struct event_port *const other = event_port(remote, p->number);

		other->state = PORT_UNBOUND;
		other->remote = NULL;
		other->dom = d->id;
		port_free(d, port);
		rc = 0;
	}
	event_unlock_pair(d, remote, flags);
	return rc;
}

/* One look at the port; -EAGAIN: the other end changed it meanwhile. */
static int close_step(struct domain *d, unsigned port)
{
	uint64_t flags = spin_lock_irq(&d->events->lock);
	struct event_port *const p = event_port(d, port);
	struct domain *remote;
	int rc = 0;

	switch (p ? p->state : PORT_FREE) {
	case PORT_VIRQ:
		write_once(&d->vcpu[p->bound_vcpu]->virq_port[p->number], 0);
		port_free(d, port);
		break;
	case PORT_UNBOUND:
	case PORT_IPI:
		port_free(d, port);
		break;
	case PORT_PIRQ:
		/* Its interrupt is disabled without our lock (RANK_IRQ). */
		p->state = PORT_RESERVED;
		d->events->pirq_port[p->number] = 0;
		spin_unlock_irq(&d->events->lock, flags);
		irq_unbind(d, p->number);
		event_unreserve(d, port);
		return 0;
	case PORT_INTERDOMAIN:
		remote = p->remote;
		domain_ref(remote);
		spin_unlock_irq(&d->events->lock, flags);
		rc = close_pair(d, port, remote);
		domain_put(remote);
		return rc;
	default:
		rc = reject(-EINVAL, "port %u is not open", port);
	}
	spin_unlock_irq(&d->events->lock, flags);
	return rc;
}

int event_close(struct domain *d, unsigned port)
{
	int rc;

	do {
		rc = close_step(d, port);
	} while (rc == -EAGAIN);
	return rc;
}

int event_close_all(struct domain *d)
{
	for (unsigned port = 1; port <= d->max_event_port; port++) {
		const struct event_port *const p = event_port(d, port);

		if (!p)
			port |= PORTS_PER_PAGE - 1;
		else if (read_once(&p->state) != PORT_FREE &&
			 event_close(d, port) == 0 && preempt_needed())
			return -ERESTART;
	}
	return 0;
}

int event_init(struct domain *d)
{
	d->events = heap_alloc(sizeof(*d->events));
	if (!d->events)
		return -ENOMEM;
	spin_init(&d->events->lock, RANK_EVENT);
	d->events->lowest = 1;
	return 0;
}

void event_free(struct domain *d)
{
	if (!d->events)
		return;
	for (unsigned i = 0; i < PORT_PAGES; i++)
		if (d->events->page[i])
			page_free(d->events->page[i]);
	heap_free(d->events);
	d->events = NULL;
}

/* Debug key */

static void show_ports(struct domain *d)
{
	static const char *const states[] = {"free", "reserved", "unbound",
		"interdomain", "pirq", "virq", "ipi"};

	for (unsigned port = 1; port <= d->max_event_port; port++) {
		const struct event_port *const p = event_port(d, port);

		if (!p) {
			port |= PORTS_PER_PAGE - 1;
			continue;
		}
		if (p->state == PORT_FREE)
			continue;
		log_info("d%u port %u: %s %u d%u, v%u%s%s", d->id, port,
			states[p->state], p->number,
			p->remote ? p->remote->id : d->id, p->vcpu,
			bit_test(d->shared->evtchn_pending, port) ?
				", pending" :
				"",
			bit_test(d->shared->evtchn_mask, port) ? ", masked" :
								 "");
	}
}

void event_show(void *)
{
	struct domain *d;

	for_each_domain (d, 0)
		show_ports(d);
}
