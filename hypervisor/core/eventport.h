/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event ports, as event.c keeps them and eventop.c binds them. All fields are
 * RANK_EVENT of the domain.
 */
#pragma once

#include "core/domain.h"
#include "core/event.h"
#include "x86/irq.h"
#include "xen/event_channel.h"

enum event_port_state {
	PORT_FREE,
	PORT_RESERVED, /* being bound or closed; its owner in the code frees */
	PORT_UNBOUND,
	PORT_INTERDOMAIN,
	PORT_PIRQ,
	PORT_VIRQ,
	PORT_IPI,
};

struct event_port {
	uint8_t state;
	uint8_t vcpu; /* who is told */
	union {
		uint16_t dom;        /* UNBOUND: who may bind */
		uint16_t bound_vcpu; /* VIRQ: in whose virq_port it is */
	};
	uint32_t number;       /* remote port, PIRQ, VIRQ */
	struct domain *remote; /* INTERDOMAIN */
};

#define PORTS_PER_PAGE (PAGE_SIZE / 16)
#define PORT_PAGES (EVTCHN_2L_NR_CHANNELS / PORTS_PER_PAGE)

struct event_state {
	struct spinlock lock;
	struct event_port *page[PORT_PAGES]; /* NULL: none used there yet */
	unsigned lowest;                     /* no port below is free */
	unsigned nr_ports;                   /* not free */
	uint16_t pirq_port[PIRQS_MAX];       /* 0: not bound */
};

/* NULL: no such port, or none near it was ever used. Port 0 never exists. */
struct event_port *event_port(struct domain *d, uint64_t port);

/* Both domains' locks, interrupts off; they may be one. */
uint64_t event_lock_pair(struct domain *a, struct domain *b)
	ACQUIRE(a->events->lock, b->events->lock);
void event_unlock_pair(struct domain *a, struct domain *b, uint64_t flags)
	RELEASE(a->events->lock, b->events->lock);

/* A new port, masked, which is what `as` says; *slot, if there is one, is to
 * hold its number. -EINVAL: d is dying. -EEXIST: *slot holds another's.
 * -ENOSPC, -ENOMEM. */
int event_new(struct domain *d, struct event_port as, uint16_t *slot,
	uint32_t *port);
/* Give up a port that is RESERVED. */
void event_unreserve(struct domain *d, unsigned port);

/* Set it pending and tell the vCPU; d's lock, or that of a bound peer. */
void event_raise(struct domain *d, unsigned port);
int event_unmask(struct domain *d, unsigned port);
/* 0, or -EINVAL if it is free. */
int event_close(struct domain *d, unsigned port);
