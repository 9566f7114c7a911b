// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/policy.c, through the hypercalls that ask it: a guest shares with dom0
 * and with its partners only; a domain that it may not share with looks like
 * one that is not there; pairing works both ways, is taken back, and is not
 * inherited by the next domain of the same number.
 */
#include <string.h>

#include "core/eventport.h"
#include "core/granttab.h"
#include "core/policy.h"
#include "machine.h"
#include "mm/frame.h"
#include "pv/hypercall.h"
#include "suite.h"
#include "xen/errno.h"
#include "xen/event_channel.h"

#define ABSENT 9

static struct domain *d0, *d1, *d2;

static void start(void)
{
	machine_reset(1);
	d0 = machine_domain(0, 1);
	d1 = machine_domain(1, 1);
	d2 = machine_domain(2, 1);
	machine_settle();
}

static int64_t call(struct domain *d,
	int64_t (*fn)(struct hypercall_args *), uint64_t cmd, void *op)
{
	struct hypercall_args a = {{cmd, (uint64_t)op, 1}};
	struct vcpu *const before = current;
	int64_t rc;

	machine_enter(d->vcpu[0]);
	rc = fn(&a);
	machine_enter(before);
	return rc;
}

/* A port, or -errno. */
static int64_t unbound(struct domain *d, uint16_t dom, uint16_t remote)
{
	struct evtchn_alloc_unbound op = {dom, remote, 0};
	const int64_t rc = call(d, hypercall_event_channel_op,
		EVTCHNOP_alloc_unbound, &op);

	return rc ? rc : (int64_t)op.port;
}

static int64_t bind(struct domain *d, uint16_t remote, int64_t port)
{
	struct evtchn_bind_interdomain op = {remote, (uint32_t)port, 0};
	const int64_t rc = call(d, hypercall_event_channel_op,
		EVTCHNOP_bind_interdomain, &op);

	return rc ? rc : (int64_t)op.local_port;
}

/* Entry 1 of d's table offers a page of d's to another domain. */
static mfn_t offer(struct domain *d, uint16_t to)
{
	const mfn_t page = machine_page(d);

	d->grants->frame[0][1] = (struct grant_entry_v1){
		.flags = GTF_permit_access,
		.domid = to,
		.frame = (uint32_t)page.n,
	};
	return page;
}

static struct gnttab_map_grant_ref map(struct domain *d, uint16_t dom)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = (d->id + 1) * 0x10000u,
		.flags = GNTMAP_host_map,
		.ref = 1,
		.dom = dom,
	};

	CHECK_EQUAL(call(d, hypercall_grant_table_op, GNTTABOP_map_grant_ref,
			    &op),
		0);
	return op;
}

static int16_t unmap(struct domain *d, uint32_t handle)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = (d->id + 1) * 0x10000u,
		.handle = handle,
	};

	CHECK_EQUAL(call(d, hypercall_grant_table_op,
			    GNTTABOP_unmap_grant_ref, &op),
		0);
	return op.status;
}

/* Between a page of d's own and entry 1 of dom, which is the end that flags
 * say. */
static int16_t copy(struct domain *d, uint16_t dom, uint16_t flags)
{
	const uint64_t own = machine_page(d).n;
	const struct gnttab_copy_ptr granted = {.u.ref = 1, .domid = dom};
	const struct gnttab_copy_ptr mine = {
		.u.gmfn = own,
		.domid = DOMID_SELF,
	};
	struct gnttab_copy op = {
		.source = flags & GNTCOPY_source_gref ? granted : mine,
		.dest = flags & GNTCOPY_dest_gref ? granted : mine,
		.len = 8,
		.flags = flags,
	};

	CHECK_EQUAL(call(d, hypercall_grant_table_op, GNTTABOP_copy, &op), 0);
	return op.status;
}

static void dom0_with_all(void)
{
	int64_t port;

	start();
	port = unbound(d1, DOMID_SELF, 0);
	CHECK(port > 0 && bind(d0, 1, port) > 0);
	port = unbound(d0, DOMID_SELF, 1);
	CHECK(port > 0 && bind(d1, 0, port) > 0);
	offer(d1, 0);
	CHECK_EQUAL(map(d0, 1).status, GNTST_okay);
	offer(d0, 1);
	CHECK_EQUAL(map(d1, 0).status, GNTST_okay);
	CHECK_EQUAL(copy(d1, 0, GNTCOPY_source_gref), GNTST_okay);
	/* and each with itself */
	port = unbound(d1, DOMID_SELF, 1);
	CHECK(port > 0 && bind(d1, DOMID_SELF, port) > 0);
	offer(d2, 2);
	CHECK_EQUAL(copy(d2, 2, GNTCOPY_dest_gref), GNTST_okay);
}

/* Though d2 offers everything, d1 sees what it sees of no domain. */
static void guests_do_not_share(void)
{
	struct event_port *p;
	mfn_t page;
	int64_t port;

	start();
	page = offer(d2, 1);
	/* as it would be if the toolstack had made it before it unpaired */
	port = unbound(d2, DOMID_SELF, 0);
	p = event_port(d2, (uint64_t)port);
	p->dom = 1;
	CHECK_EQUAL(unbound(d1, DOMID_SELF, 2), -EPERM);
	CHECK_EQUAL(unbound(d1, DOMID_SELF, ABSENT), -EPERM);
	CHECK_EQUAL(unbound(d0, 1, 2), -EPERM);
	CHECK_EQUAL(bind(d1, 2, port), -ESRCH);
	CHECK_EQUAL(bind(d1, 2, port + 1), -ESRCH);
	CHECK_EQUAL(bind(d1, ABSENT, port), -ESRCH);
	CHECK_EQUAL(p->state, PORT_UNBOUND);
	CHECK_EQUAL(map(d1, 2).status, GNTST_bad_domain);
	CHECK_EQUAL(map(d1, ABSENT).status, GNTST_bad_domain);
	CHECK_EQUAL(copy(d1, 2, GNTCOPY_source_gref), GNTST_bad_domain);
	CHECK_EQUAL(copy(d1, ABSENT, GNTCOPY_source_gref), GNTST_bad_domain);
	CHECK_EQUAL(copy(d1, 2, GNTCOPY_dest_gref), GNTST_bad_domain);
	CHECK_EQUAL(copy(d1, ABSENT, GNTCOPY_dest_gref), GNTST_bad_domain);
	/* and leaves no trace there */
	CHECK_EQUAL(d2->grants->frame[0][1].flags, GTF_permit_access);
	CHECK_EQUAL(frame_of(page)->refs & FR_COUNT, 1);
	CHECK_EQUAL(d1->grants->nr_maps, 0);
}

static void partners_share(void)
{
	struct domain *const d3 = (start(), machine_domain(3, 1));
	int64_t port;

	policy_pair(d1, d2, true);
	port = unbound(d1, DOMID_SELF, 2);
	CHECK(port > 0 && bind(d2, 1, port) > 0);
	port = unbound(d2, DOMID_SELF, 1);
	CHECK(port > 0 && bind(d1, 2, port) > 0);
	offer(d1, 2);
	CHECK_EQUAL(map(d2, 1).status, GNTST_okay);
	CHECK_EQUAL(copy(d2, 1, GNTCOPY_dest_gref), GNTST_okay);
	offer(d2, 1);
	CHECK_EQUAL(map(d1, 2).status, GNTST_okay);
	CHECK_EQUAL(copy(d1, 2, GNTCOPY_source_gref), GNTST_okay);
	/* a third is no party to it */
	CHECK(!policy_may_share(d1, d3) && !policy_may_share(d3, d2));
	CHECK(policy_may_share(d2, d1) && policy_may_share(d3, d0));
}

/* What is connected lives on, nothing new comes. */
static void taken_back(void)
{
	struct gnttab_map_grant_ref op;
	int64_t port;

	start();
	policy_pair(d1, d2, true);
	port = unbound(d1, DOMID_SELF, 2);
	offer(d1, 2);
	op = map(d2, 1);
	CHECK_EQUAL(op.status, GNTST_okay);
	policy_pair(d2, d1, false);
	CHECK_EQUAL(bind(d2, 1, port), -ESRCH);
	CHECK_EQUAL(map(d2, 1).status, GNTST_bad_domain);
	CHECK_EQUAL(unmap(d2, op.handle), GNTST_okay);
	CHECK_EQUAL(d1->grants->frame[0][1].flags, GTF_permit_access);
	/* never paired is no mistake */
	policy_pair(d1, d0, false);
	CHECK(policy_may_share(d1, d0));
}

/* d1 still has the bit of the number 2, its new owner has none of 1. */
static void not_inherited(void)
{
	int64_t port;

	start();
	policy_pair(d1, d2, true);
	port = unbound(d1, DOMID_SELF, 2);
	machine_destroy(d2);
	CHECK_EQUAL(unbound(d1, DOMID_SELF, 2), -EPERM);
	d2 = machine_domain(2, 1);
	CHECK(!policy_may_share(d1, d2) && !policy_may_share(d2, d1));
	CHECK_EQUAL(unbound(d1, DOMID_SELF, 2), -EPERM);
	CHECK_EQUAL(bind(d2, 1, port), -ESRCH);
	policy_pair(d1, d2, true);
	CHECK(bind(d2, 1, port) > 0);
}

/* More references than a count holds, were there the memory for them. */
static void references_end(void)
{
	uint32_t before;

	start();
	offer(d1, 0);
	before = d1->refs;
	d1->refs = 0x7fffffffu;
	CHECK_EQUAL(map(d0, 1).status, GNTST_bad_domain);
	CHECK_EQUAL(d1->refs, 0x7fffffffu);
	d1->refs--;
	CHECK_EQUAL(map(d0, 1).status, GNTST_okay);
	CHECK_EQUAL(d1->refs, 0x7fffffffu);
	d1->refs = before + 1;
}

/* All numbers fit, and are told apart. */
static void numbers(void)
{
	struct domain *last;

	start();
	last = machine_domain(DOMID_FIRST_RESERVED - 1, 1);
	policy_pair(last, d2, true);
	CHECK(policy_may_share(d2, last));
	CHECK(!policy_may_share(d1, last));
	CHECK_EQUAL(bind(d1, DOMID_IO, 1), -ESRCH);
	CHECK_EQUAL(bind(d1, DOMID_XEN, 1), -ESRCH);
	CHECK_EQUAL(map(d1, DOMID_XEN).status, GNTST_bad_domain);
}

SUITE({"dom0_with_all", dom0_with_all},
	{"guests_do_not_share", guests_do_not_share},
	{"partners_share", partners_share}, {"taken_back", taken_back},
	{"not_inherited", not_inherited}, {"numbers", numbers},
	{"references_end", references_end})
