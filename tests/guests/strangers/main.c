/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves that two guests are strangers until dom0 says otherwise: whatever
 * one asks about the other, it gets the answer that it gets about a domain
 * that does not exist; it can neither offer it a port, nor bind to one, nor
 * map or copy what it is offered. With dom0's leave all of that works, and
 * stops to be given when dom0 takes the leave back. (Real Xen lets all guests
 * share: there only what works is tested.)
 */
#include <shoji/extension.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define ABSENT 7777
#define REF 9

static struct child a, b;
static volatile struct grant_entry_v1 *its_grants; /* b's */

/* A call of a's, or b's, whose argument is *arg, copied there and back. */
static int64_t call_with(struct child *child, unsigned int nr, uint64_t cmd,
			 void *arg, unsigned int size)
{
	memcpy(child->mailbox->room, arg, size);
	const int64_t rc = child_call(child, nr, cmd, CHILD_ROOM, 1,
				      DOMID_SELF);

	memcpy(arg, child->mailbox->room, size);
	return rc;
}

static int64_t event_op(struct child *child, uint32_t cmd, void *arg,
		      unsigned int size)
{
	return call_with(child, __HYPERVISOR_event_channel_op, cmd, arg, size);
}

/* A port or an error. */
static int64_t offer_port(struct child *child, uint16_t remote)
{
	struct evtchn_alloc_unbound op = {
		.dom = DOMID_SELF, .remote_dom = remote,
	};
	const int64_t rc = event_op(child, EVTCHNOP_alloc_unbound, &op,
				  sizeof(op));

	return rc ? rc : (int64_t)op.port;
}

static int64_t bind(struct child *child, uint16_t remote, int64_t port)
{
	struct evtchn_bind_interdomain op = {
		.remote_dom = remote, .remote_port = port,
	};
	const int64_t rc = event_op(child, EVTCHNOP_bind_interdomain, &op,
				  sizeof(op));

	return rc ? rc : (int64_t)op.local_port;
}

/* The status of one element of a batch, or what the call says. */
static int64_t grant_op(uint32_t cmd, void *arg, unsigned int size,
		      const int16_t *status)
{
	const int64_t rc = call_with(&a, __HYPERVISOR_grant_table_op, cmd, arg,
				     size);

	return rc ? rc : *status;
}

/* What a can ask about another domain: an error, or nothing. */

static int64_t ask_alloc(uint16_t dom)
{
	struct evtchn_alloc_unbound op = { .dom = dom, .remote_dom = 0 };

	return event_op(&a, EVTCHNOP_alloc_unbound, &op, sizeof(op));
}

static int64_t ask_bind(uint16_t dom)
{
	return bind(&a, dom, 1);
}

static int64_t ask_status(uint16_t dom)
{
	struct evtchn_status op = { .dom = dom, .port = 1 };

	return event_op(&a, EVTCHNOP_status, &op, sizeof(op));
}

static int64_t ask_reset(uint16_t dom)
{
	struct evtchn_reset op = { .dom = dom };

	return event_op(&a, EVTCHNOP_reset, &op, sizeof(op));
}

static int64_t ask_offer(uint16_t dom)
{
	return offer_port(&a, dom);
}

static struct gnttab_map_grant_ref map(uint16_t dom, uint32_t ref)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = CHILD_VA(CHILD_SPARE), .flags = GNTMAP_host_map,
		.ref = ref, .dom = dom, .status = 99,
	};

	op.status = grant_op(GNTTABOP_map_grant_ref, &op, sizeof(op),
			   &op.status);
	return op;
}

static int64_t ask_map(uint16_t dom)
{
	return map(dom, REF).status;
}

static int64_t ask_map_beyond(uint16_t dom)
{
	return map(dom, 1u << 30).status;
}

static int64_t copy(uint16_t from, uint16_t to, uint16_t flags)
{
	struct gnttab_copy op = {
		.source = { .domid = from }, .dest = { .domid = to },
		.len = 8, .flags = flags, .status = 99,
	};

	op.source.u.gmfn = op.dest.u.gmfn = a.mfn[CHILD_SPARE];
	if (flags & GNTCOPY_source_gref)
		op.source.u.ref = REF;
	if (flags & GNTCOPY_dest_gref)
		op.dest.u.ref = REF;
	return grant_op(GNTTABOP_copy, &op, sizeof(op), &op.status);
}

static int64_t ask_copy_from(uint16_t dom)
{
	return copy(dom, DOMID_SELF, GNTCOPY_source_gref);
}

static int64_t ask_copy_to(uint16_t dom)
{
	return copy(DOMID_SELF, dom, GNTCOPY_dest_gref);
}

static int64_t ask_copy_frame(uint16_t dom)
{
	return copy(dom, DOMID_SELF, 0);
}

static int64_t ask_table(uint16_t dom)
{
	struct gnttab_setup_table op = { .dom = dom, .status = 99 };

	return grant_op(GNTTABOP_setup_table, &op, sizeof(op), &op.status);
}

static int64_t ask_table_size(uint16_t dom)
{
	struct gnttab_query_size op = { .dom = dom, .status = 99 };

	return grant_op(GNTTABOP_query_size, &op, sizeof(op), &op.status);
}

static int64_t ask_version(uint16_t dom)
{
	struct gnttab_get_version op = { .dom = dom };

	return call_with(&a, __HYPERVISOR_grant_table_op, GNTTABOP_get_version,
			 &op, sizeof(op));
}

static int64_t mmu_update(uint64_t dom)
{
	const struct mmu_update req = {
		.ptr = a.mfn[CHILD_L1] * PV_PAGE + 100 * 8,
		.val = b.mfn[CHILD_DATA] * PV_PAGE | PTE_RO,
	};

	memcpy(a.mailbox->room, &req, sizeof(req));
	return child_call(&a, __HYPERVISOR_mmu_update, CHILD_ROOM, 1, 0, dom);
}

static int64_t ask_frame(uint16_t dom)
{
	return mmu_update(dom);
}

static int64_t ask_tables(uint16_t dom)
{
	return mmu_update((uint64_t)(dom + 1u) << 16 | DOMID_SELF);
}

static int64_t ask_pin(uint16_t dom)
{
	const struct mmuext_op op = {
		.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = b.mfn[CHILD_L1],
	};

	memcpy(a.mailbox->room, &op, sizeof(op));
	return child_call(&a, __HYPERVISOR_mmuext_op, CHILD_ROOM, 1, 0, dom);
}

static int64_t ask_other_va(uint16_t dom)
{
	return child_call(&a, __HYPERVISOR_update_va_mapping_otherdomain,
			  CHILD_VA(CHILD_SPARE),
			  b.mfn[CHILD_DATA] * PV_PAGE | PTE_RO, 0, dom);
}

static int64_t reservation(uint16_t dom, unsigned int cmd)
{
	uint64_t *const list = (uint64_t *)(a.mailbox->room + 512);
	struct xen_memory_reservation op = {
		.extent_start = (void *)(CHILD_ROOM + 512), .nr_extents = 1,
		.domid = dom,
	};

	list[0] = b.mfn[CHILD_SPARE];
	return call_with(&a, __HYPERVISOR_memory_op, cmd, &op, sizeof(op));
}

static int64_t ask_take(uint16_t dom)
{
	return reservation(dom, XENMEM_decrease_reservation);
}

static int64_t ask_give(uint16_t dom)
{
	return reservation(dom, XENMEM_populate_physmap);
}

static int64_t ask_memory(uint16_t dom)
{
	struct xen_memory_domain op = { .domid = dom };

	return call_with(&a, __HYPERVISOR_memory_op,
			 XENMEM_current_reservation, &op, sizeof(op));
}

static int64_t ask_gpfn(uint16_t dom)
{
	struct xen_memory_domain op = { .domid = dom };

	return call_with(&a, __HYPERVISOR_memory_op, XENMEM_maximum_gpfn, &op,
			 sizeof(op));
}

static int64_t ask_resource(uint16_t dom)
{
	struct xen_mem_acquire_resource op = {
		.domid = dom, .type = XENMEM_resource_grant_table,
	};

	return call_with(&a, __HYPERVISOR_memory_op, XENMEM_acquire_resource,
			 &op, sizeof(op));
}

static int64_t ask_shutdown(uint16_t dom)
{
	struct sched_remote_shutdown op = {
		.domain_id = dom, .reason = SHUTDOWN_poweroff,
	};

	return call_with(&a, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown,
			 &op, sizeof(op));
}

static int64_t ask_domctl(uint16_t dom)
{
	const struct xen_domctl op = {
		.cmd = XEN_DOMCTL_getdomaininfo,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.domain = dom,
	};

	memcpy(a.mailbox->room, &op, sizeof(op));
	return child_call(&a, __HYPERVISOR_domctl, CHILD_ROOM, 0, 0, 0);
}

static int64_t ask_pirq(uint16_t dom)
{
	struct physdev_map_pirq op = {
		.domid = dom, .type = MAP_PIRQ_TYPE_GSI, .index = 1, .pirq = 1,
	};

	return call_with(&a, __HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &op,
			 sizeof(op));
}

static int64_t ask_share(uint16_t dom)
{
	struct shoji_share op = { .a = DOMID_SELF, .b = dom, .allow = 1 };

	return call_with(&a, __HYPERVISOR_shoji, SHOJI_share, &op, sizeof(op));
}

static const struct {
	const char *name;
	int64_t (*ask)(uint16_t dom);
} questions[] = {
	{ "alloc_unbound for", ask_alloc },
	{ "alloc_unbound to", ask_offer },
	{ "bind_interdomain", ask_bind },
	{ "status", ask_status },
	{ "reset", ask_reset },
	{ "map", ask_map },
	{ "map beyond the table", ask_map_beyond },
	{ "copy from", ask_copy_from },
	{ "copy to", ask_copy_to },
	{ "copy a frame of", ask_copy_frame },
	{ "setup_table", ask_table },
	{ "query_size", ask_table_size },
	{ "get_version", ask_version },
	{ "mmu_update to a frame of", ask_frame },
	{ "mmu_update of tables of", ask_tables },
	{ "mmuext_op", ask_pin },
	{ "update_va_mapping_otherdomain", ask_other_va },
	{ "decrease_reservation", ask_take },
	{ "populate_physmap", ask_give },
	{ "current_reservation", ask_memory },
	{ "maximum_gpfn", ask_gpfn },
	{ "acquire_resource", ask_resource },
	{ "remote_shutdown", ask_shutdown },
	{ "domctl", ask_domctl },
	{ "map_pirq", ask_pirq },
	{ "share", ask_share },
};

static void test_start(void)
{
	uint64_t frame = 0;
	struct xen_mem_acquire_resource op = {
		.type = XENMEM_resource_grant_table, .nr_frames = 1,
		.frame_list = &frame,
	};

	REQUIRE_EQ(child_start(&a), 0);
	REQUIRE_EQ(child_start(&b), 0);
	op.domid = b.id;
	REQUIRE_EQ(hv_memory_op(XENMEM_acquire_resource, &op), 0);
	its_grants = map_foreign(b.id, frame);
	REQUIRE(its_grants != NULL);
	/* b offers its page to whoever a is */
	its_grants[REF].domid = a.id;
	its_grants[REF].frame = b.mfn[CHILD_DATA];
	__atomic_store_n(&its_grants[REF].flags, GTF_permit_access,
			 __ATOMIC_RELEASE);
	b.data[0] = 0x5ec7e7;
}

static void test_nobody_there(void)
{
	if (!on_shoji())
		SKIP("Xen's guests share, and see who is there");
	for (unsigned int i = 0; i < sizeof(questions) / sizeof(*questions);
	     i++) {
		const int64_t there = questions[i].ask(b.id);
		const int64_t absent = questions[i].ask(ABSENT);

		if (there >= 0 || there != absent)
			test_fail(__LINE__, "%s: %ld about a guest, %ld about "
				  "none", questions[i].name, (long)there,
				  (long)absent);
	}
	REQUIRE_EQ(its_grants[REF].flags, GTF_permit_access);
}

static void test_leave(void)
{
	REQUIRE_EQ(domains_share(a.id, b.id, true), 0);
	if (!on_shoji())
		return;
	REQUIRE_EQ(domains_share(a.id, ABSENT, true), ESRCH_);
	REQUIRE_EQ(domains_share(ABSENT, a.id, true), ESRCH_);
	REQUIRE_EQ(ask_share(b.id), EPERM_);
}

static int64_t port_a, port_b;

static bool b_sees(int64_t port)
{
	return b.shared->evtchn_pending[port / 64] >> port % 64 & 1;
}

static int64_t send(void)
{
	struct evtchn_send op = { .port = port_a };

	b.shared->evtchn_pending[port_b / 64] = 0;
	return event_op(&a, EVTCHNOP_send, &op, sizeof(op));
}

static void test_events(void)
{
	port_b = offer_port(&b, a.id);
	REQUIRE(port_b > 0);
	port_a = bind(&a, b.id, port_b);
	REQUIRE(port_a > 0);
	REQUIRE_EQ(send(), 0);
	REQUIRE(b_sees(port_b));
}

static void test_grants(void)
{
	const uint64_t at = CHILD_VA(CHILD_SPARE);
	const struct gnttab_map_grant_ref op = map(b.id, REF);
	struct gnttab_unmap_grant_ref un = {
		.host_addr = at, .handle = op.handle, .status = 99,
	};
	const struct mmuext_op flush = { .cmd = MMUEXT_TLB_FLUSH_LOCAL };

	REQUIRE_EQ(op.status, GNTST_okay);
	memcpy(a.mailbox->room, &flush, sizeof(flush));
	REQUIRE_EQ(child_call(&a, __HYPERVISOR_mmuext_op, CHILD_ROOM, 1, 0,
			      DOMID_SELF), 0);
	REQUIRE_EQ(child_call(&a, CHILD_LOAD, at, 0, 0, 0), 0x5ec7e7);
	/* What is connected stays when dom0 changes its mind. */
	REQUIRE_EQ(domains_share(b.id, a.id, false), 0);
	child_call(&a, CHILD_STORE, at + 8, 0xdcba, 0, 0);
	REQUIRE_EQ(b.data[1], 0xdcba);
	REQUIRE_EQ(send(), 0);
	REQUIRE(b_sees(port_b));
	REQUIRE_EQ(grant_op(GNTTABOP_unmap_grant_ref, &un, sizeof(un),
			  &un.status), GNTST_okay);
	REQUIRE_EQ(its_grants[REF].flags, GTF_permit_access);
}

static void test_nobody_again(void)
{
	if (!on_shoji())
		SKIP("Xen's guests share, and see who is there");
	REQUIRE_EQ(ask_map(b.id), GNTST_bad_domain);
	REQUIRE_EQ(ask_copy_from(b.id), GNTST_bad_domain);
	REQUIRE_EQ(offer_port(&a, b.id), EPERM_);
	REQUIRE_EQ(bind(&b, a.id, port_a), ESRCH_);
}

/* A stranger's death is nothing to a; its port waits for nobody. */
static void test_end(void)
{
	REQUIRE_EQ(pt_set((void *)its_grants, 0), 0);
	REQUIRE(child_end(&b));
	struct evtchn_status st = { .dom = DOMID_SELF, .port = port_a };

	REQUIRE_EQ(event_op(&a, EVTCHNOP_status, &st, sizeof(st)), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_unbound);
	REQUIRE(child_end(&a));
}

const struct test tests[] = {
	TEST(start),
	TEST(nobody_there),
	TEST(leave),
	TEST(events),
	TEST(grants),
	TEST(nobody_again),
	TEST(end),
	TESTS_END
};
