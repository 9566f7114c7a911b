/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels, hypercall 32: (EVTCHNOP_*, pointer to its structure).
 *
 * Two-level ABI: one pending and one mask bit per port in the shared page.
 * Raising a port sets its pending bit; if that was clear and the port is not
 * masked, the port's word is marked in the target vCPU's pending_sel, and the
 * upcall follows. Ports start masked. The FIFO ABI (operations 11 to 13) is
 * refused with -ENOSYS, at which Linux stays with the two levels.
 */
#pragma once

#include "xen.h"

#define EVTCHNOP_bind_interdomain	0
#define EVTCHNOP_bind_virq		1
#define EVTCHNOP_bind_pirq		2
#define EVTCHNOP_close			3
#define EVTCHNOP_send			4
#define EVTCHNOP_status			5
#define EVTCHNOP_alloc_unbound		6
#define EVTCHNOP_bind_ipi		7
#define EVTCHNOP_bind_vcpu		8
#define EVTCHNOP_unmask			9
#define EVTCHNOP_reset			10
#define EVTCHNOP_init_control		11

#define EVTCHN_2L_NR_CHANNELS		4096

typedef uint32_t evtchn_port_t;

struct evtchn_alloc_unbound {
	domid_t dom;			/* 0x00 in: whose port, often self */
	domid_t remote_dom;		/* 0x02 in: who may bind to it */
	evtchn_port_t port;		/* 0x04 out */
};

struct evtchn_bind_interdomain {
	domid_t remote_dom;		/* 0x00 in */
	evtchn_port_t remote_port;	/* 0x04 in: unbound, meant for us */
	evtchn_port_t local_port;	/* 0x08 out */
};

struct evtchn_bind_virq {
	uint32_t virq;			/* 0x00 in: VIRQ_* */
	uint32_t vcpu;			/* 0x04 in: 0 for global ones */
	evtchn_port_t port;		/* 0x08 out */
};

struct evtchn_bind_pirq {
	uint32_t pirq;			/* 0x00 in */
	uint32_t flags;			/* 0x04 in: BIND_PIRQ__* */
	evtchn_port_t port;		/* 0x08 out */
};

struct evtchn_bind_ipi {
	uint32_t vcpu;			/* 0x00 in: who receives */
	evtchn_port_t port;		/* 0x04 out */
};

struct evtchn_close {
	evtchn_port_t port;		/* 0x00 in */
};

struct evtchn_send {
	evtchn_port_t port;		/* 0x00 in */
};

#define EVTCHNSTAT_closed	0
#define EVTCHNSTAT_unbound	1
#define EVTCHNSTAT_interdomain	2
#define EVTCHNSTAT_pirq		3
#define EVTCHNSTAT_virq		4
#define EVTCHNSTAT_ipi		5

struct evtchn_status {
	domid_t dom;				/* 0x00 in */
	evtchn_port_t port;			/* 0x04 in */
	uint32_t status;			/* 0x08 out: EVTCHNSTAT_* */
	uint32_t vcpu;				/* 0x0c out: who is told */
	union {
		struct {
			domid_t dom;		/* 0x10 out: who may bind */
		} unbound;
		struct {
			domid_t dom;		/* 0x10 out: the other end */
			evtchn_port_t port;	/* 0x14 out */
		} interdomain;
		uint32_t pirq;			/* 0x10 out */
		uint32_t virq;			/* 0x10 out */
	} u;
};

struct evtchn_bind_vcpu {
	evtchn_port_t port;		/* 0x00 in */
	uint32_t vcpu;			/* 0x04 in */
};

struct evtchn_unmask {
	evtchn_port_t port;		/* 0x00 in */
};

struct evtchn_reset {
	domid_t dom;			/* 0x00 in */
};
