/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels, two-level ABI. Ports belong to a domain and change under
 * its lock (RANK_EVENT, interrupts off); an interdomain pair changes under
 * both. Raising a port is allowed in any context that holds no lock of
 * RANK_EVENT or above.
 */
#pragma once

#include "core/vcpu.h"
#include "x86/atomic.h"

struct domain;
struct event_state;

int event_init(struct domain *d);    /* domain_create */
int event_close_all(struct domain *d); /* -ERESTART: call again */
void event_free(struct domain *d);   /* with the domain structure */

/* Raise a port as its owner's EVTCHNOP_send does; 0 or -errno. */
int event_send(struct domain *d, unsigned port);
void event_send_virq(struct vcpu *v, unsigned virq);
void event_send_global_virq(unsigned virq); /* to dom0 */
void event_send_pirq(struct domain *d, unsigned port);

/* v must look at its pending words: set upcall_pending, kick or wake it. */
void vcpu_mark_events_pending(struct vcpu *v);

static inline bool vcpu_event_deliverable(const struct vcpu *v)
{
	return read_once(&v->info->evtchn_upcall_pending) &&
	       !read_once(&v->info->evtchn_upcall_mask);
}

/* The port of a domain is pending (sched_op poll). */
bool event_port_pending(struct domain *d, unsigned port);

/* Work: all ports into the log. */
void event_show(void *unused);
