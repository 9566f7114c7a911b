/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves what two domains share and what not: event channels between them
 * in both directions, and what closing and dying do to the other end; grants
 * mapped and copied both ways, kept alive while mapped, gone with the domain;
 * and that an unprivileged domain can neither reach another's frames nor make
 * any call that is dom0's.
 */
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/version.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/child.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define MS 1000000UL

static struct child child;

/* A call of the child's whose argument is *arg, copied there and back. */
static int64_t call_with(unsigned int nr, uint64_t cmd, void *arg,
			 unsigned int size)
{
	memcpy(child.mailbox->room, arg, size);
	const int64_t rc = child_call(&child, nr, cmd, CHILD_ROOM, 1,
				      DOMID_SELF);

	memcpy(arg, child.mailbox->room, size);
	return rc;
}

/* The same for calls whose only argument is the structure. */
static int64_t call_about(unsigned int nr, void *arg, unsigned int size)
{
	memcpy(child.mailbox->room, arg, size);
	return child_call(&child, nr, CHILD_ROOM, 0, 0, 0);
}

static void test_start(void)
{
	REQUIRE_EQ(child_start(&child), 0);
	REQUIRE_EQ(child_call(&child, __HYPERVISOR_xen_version, 0, 0, 0, 0),
		   4 << 16 | 17);
	event_init();
	REQUIRE_EQ(grant_init(), 0);
}

static volatile unsigned int seen;

static void note(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	seen++;
}

static bool wait_seen(unsigned int wanted)
{
	for (const uint64_t end = now() + PATIENCE; now() < end;) {
		event_enable(0);
		event_disable(0);
		if (seen >= wanted)
			return true;
		rest(MS);
	}
	return false;
}

static uint32_t remote_port;
static int64_t local_port;

/* Like a toolstack: a port of the child's for dom0, bound from here. */
static void test_event_channel(void)
{
	struct evtchn_alloc_unbound alloc = {
		.dom = child.id, .remote_dom = 0,
	};

	REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_alloc_unbound, &alloc), 0);
	remote_port = alloc.port;
	local_port = event_bind_interdomain(child.id, remote_port);
	REQUIRE(local_port > 0);
	event_register(local_port, note, NULL);
	/* one event comes from the binding itself */
	REQUIRE(wait_seen(1));
	seen = 0;
	struct evtchn_send send = { .port = remote_port };

	REQUIRE_EQ(call_with(__HYPERVISOR_event_channel_op, EVTCHNOP_send,
			     &send, sizeof(send)), 0);
	REQUIRE(wait_seen(1));
	/* and the other way: its bit gets set */
	REQUIRE_EQ(event_send(local_port), 0);
	REQUIRE(child.shared->evtchn_pending[remote_port / 64] >>
		remote_port % 64 & 1);
	struct evtchn_status st = { .dom = child.id, .port = remote_port };

	REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_status, &st), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_interdomain);
	REQUIRE_EQ(st.u.interdomain.dom, 0);
	REQUIRE_EQ(st.u.interdomain.port, local_port);
}

static void test_event_refused(void)
{
	/* a port that waits for somebody else */
	struct evtchn_alloc_unbound alloc = {
		.dom = child.id, .remote_dom = child.id,
	};

	REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_alloc_unbound, &alloc), 0);
	REQUIRE_EQ(event_bind_interdomain(child.id, alloc.port), EINVAL_);
	/* an unprivileged domain allocates and looks for itself only */
	struct evtchn_alloc_unbound other = { .dom = 0, .remote_dom = 0 };

	REQUIRE_EQ(call_with(__HYPERVISOR_event_channel_op,
			     EVTCHNOP_alloc_unbound, &other, sizeof(other)),
		   EPERM_);
	struct evtchn_status st = { .dom = 0, .port = local_port };

	REQUIRE_EQ(call_with(__HYPERVISOR_event_channel_op, EVTCHNOP_status,
			     &st, sizeof(st)), EPERM_);
	/* ours is not its to bind: it is connected */
	struct evtchn_bind_interdomain bind = {
		.remote_dom = 0, .remote_port = local_port,
	};

	REQUIRE_EQ(call_with(__HYPERVISOR_event_channel_op,
			     EVTCHNOP_bind_interdomain, &bind, sizeof(bind)),
		   EINVAL_);
	struct evtchn_bind_pirq pirq = { .pirq = 1 };

	REQUIRE(call_with(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_pirq,
			  &pirq, sizeof(pirq)) < 0);
}

static struct gnttab_map_grant_ref map_its(uint32_t ref, void *va,
					   uint32_t flags)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = (uint64_t)va, .flags = GNTMAP_host_map | flags,
		.ref = ref, .dom = child.id, .status = 99,
	};

	if (hv_grant_table_op(GNTTABOP_map_grant_ref, &op, 1))
		op.status = 88;
	return op;
}

static volatile struct grant_entry_v1 *its_grants;

static int unmap(void *va, uint32_t handle)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = (uint64_t)va, .handle = handle, .status = 99,
	};

	if (hv_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1))
		op.status = 88;
	return op.status;
}

/* The tool's way in: the child's table as a resource, or set up for it. */
static void test_grant_table_of_child(void)
{
	uint64_t frame = 0;
	struct xen_mem_acquire_resource op = {
		.domid = child.id, .type = XENMEM_resource_grant_table,
		.id = 0, .nr_frames = 1, .frame_list = &frame,
	};

	REQUIRE_EQ(hv_memory_op(XENMEM_acquire_resource, &op), 0);
	REQUIRE(frame != 0);
	struct mmu_update req = { .val = frame * PV_PAGE | PTE_KERNEL };
	void *va = va_alloc();

	req.ptr = machine_address(pt_entry(NULL, va, 1)) |
		  MMU_PT_UPDATE_NO_TRANSLATE;
	REQUIRE_EQ(hv_mmu_update(&req, 1, NULL, child.id), 0);
	its_grants = va;
	for (int i = 0; i < 512; i++)
		REQUIRE_EQ(its_grants[i].flags, 0);
}

static void grant_its_page(uint32_t ref, int page, uint16_t flags)
{
	its_grants[ref].domid = 0;
	its_grants[ref].frame = child.mfn[page];
	__atomic_store_n(&its_grants[ref].flags, GTF_permit_access | flags,
			 __ATOMIC_RELEASE);
}

static void test_map_its_page(void)
{
	volatile uint64_t *va = va_alloc();

	grant_its_page(8, CHILD_SPARE, 0);
	const struct gnttab_map_grant_ref op = map_its(8, (void *)va, 0);

	REQUIRE_EQ(op.status, GNTST_okay);
	va[0] = 0xabcd;
	REQUIRE_EQ(child_call(&child, CHILD_LOAD, CHILD_VA(CHILD_SPARE), 0, 0,
			      0), 0xabcd);
	child_call(&child, CHILD_STORE, CHILD_VA(CHILD_SPARE) + 8, 0xdcba, 0,
		   0);
	REQUIRE_EQ(va[1], 0xdcba);
	REQUIRE_EQ(its_grants[8].flags,
		   GTF_permit_access | GTF_reading | GTF_writing);
	REQUIRE_EQ(unmap((void *)va, op.handle), GNTST_okay);
	REQUIRE_EQ(its_grants[8].flags, GTF_permit_access);
	its_grants[8].flags = 0;
}

static void test_map_refused(void)
{
	void *va = va_alloc();

	REQUIRE(map_its(9, va, 0).status < 0);
	grant_its_page(9, CHILD_L1, 0);		/* a page table, writable */
	REQUIRE(map_its(9, va, 0).status < 0);
	grant_its_page(9, CHILD_SPARE, GTF_readonly);
	REQUIRE_EQ(map_its(9, va, 0).status, GNTST_general_error);
	its_grants[9].frame = pv_frame(pv_info);	/* not its page */
	REQUIRE(map_its(9, va, GNTMAP_readonly).status < 0);
	its_grants[9].domid = 77;		/* not for us */
	its_grants[9].frame = child.mfn[CHILD_SPARE];
	REQUIRE(map_its(9, va, GNTMAP_readonly).status < 0);
	REQUIRE_EQ(*pt_entry(NULL, va, 1), 0);
	its_grants[9].flags = 0;
}

static void test_copy_both_ways(void)
{
	uint64_t *page = page_alloc();

	grant_its_page(8, CHILD_DATA, 0);
	for (int i = 0; i < 512; i++)
		page[i] = i * 7;
	struct gnttab_copy op = {
		.source = { .u.gmfn = pv_frame(page), .domid = DOMID_SELF },
		.dest = { .u.ref = 8, .domid = child.id },
		.len = 4096, .flags = GNTCOPY_dest_gref,
	};

	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_copy, &op, 1), 0);
	REQUIRE_EQ(op.status, GNTST_okay);
	for (int i = 0; i < 512; i++)
		REQUIRE_EQ(child.data[i], i * 7);
	for (int i = 0; i < 512; i++)
		child.data[i] = i * 9;
	op = (struct gnttab_copy){
		.source = { .u.ref = 8, .domid = child.id, .offset = 80 },
		.dest = { .u.gmfn = pv_frame(page), .domid = DOMID_SELF },
		.len = 800, .flags = GNTCOPY_source_gref,
	};
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_copy, &op, 1), 0);
	REQUIRE_EQ(op.status, GNTST_okay);
	for (int i = 0; i < 100; i++)
		REQUIRE_EQ(page[i], (i + 10) * 9);
	REQUIRE_EQ(page[100], 700);
	its_grants[8].flags = 0;
	memset(child.data, 0, PV_PAGE);
}

/* The child maps a page of ours over its spare page. */
static void test_it_maps_ours(void)
{
	uint64_t *page = page_alloc();
	const uint32_t ref = grant_give(child.id, pv_frame(page), false);
	struct gnttab_map_grant_ref op = {
		.host_addr = CHILD_VA(CHILD_SPARE), .flags = GNTMAP_host_map,
		.ref = ref, .dom = 0, .status = 99,
	};

	page[0] = 0x600d;
	REQUIRE_EQ(call_with(__HYPERVISOR_grant_table_op,
			     GNTTABOP_map_grant_ref, &op, sizeof(op)), 0);
	REQUIRE_EQ(op.status, GNTST_okay);
	const struct mmuext_op flush = { .cmd = MMUEXT_TLB_FLUSH_LOCAL };

	memcpy(child.mailbox->room, &flush, sizeof(flush));
	REQUIRE_EQ(child_call(&child, __HYPERVISOR_mmuext_op, CHILD_ROOM, 1, 0,
			      DOMID_SELF), 0);
	REQUIRE_EQ(child_call(&child, CHILD_LOAD, CHILD_VA(CHILD_SPARE), 0, 0,
			      0), 0x600d);
	child_call(&child, CHILD_STORE, CHILD_VA(CHILD_SPARE) + 8, 0x1dea, 0,
		   0);
	REQUIRE_EQ(page[1], 0x1dea);
	REQUIRE(!grant_end(ref));
	struct gnttab_unmap_grant_ref un = {
		.host_addr = CHILD_VA(CHILD_SPARE), .handle = op.handle,
	};

	REQUIRE_EQ(call_with(__HYPERVISOR_grant_table_op,
			     GNTTABOP_unmap_grant_ref, &un, sizeof(un)), 0);
	REQUIRE_EQ(un.status, GNTST_okay);
	REQUIRE(grant_end(ref));
	/* not granted any more */
	REQUIRE_EQ(call_with(__HYPERVISOR_grant_table_op,
			     GNTTABOP_map_grant_ref, &op, sizeof(op)), 0);
	REQUIRE(op.status < 0);
}

static int64_t its_mmu_update(uint64_t ptr, uint64_t val, uint64_t dom)
{
	const struct mmu_update req = { .ptr = ptr, .val = val };

	memcpy(child.mailbox->room, &req, sizeof(req));
	return child_call(&child, __HYPERVISOR_mmu_update, CHILD_ROOM, 1, 0,
			  dom);
}

static bool refused(int64_t rc)
{
	return rc == EPERM_ || rc == EINVAL_ || rc == EBUSY_ || rc == ESRCH_;
}

/* Frames of ours, of the hypervisor's, of devices: none of them. */
static void test_foreign_frames(void)
{
	const uint64_t entry = child.mfn[CHILD_L1] * PV_PAGE + 100 * 8;
	const uint64_t bad[] = {
		pv_frame(pv_info) * PV_PAGE, pv_info->shared_info,
		0xfee00000, 0xfec00000, 0xb8000, 0xf0000,
		child.mfn[CHILD_L1] * PV_PAGE, child.mfn[CHILD_L4] * PV_PAGE,
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		REQUIRE(refused(its_mmu_update(entry, bad[i] | PTE_KERNEL,
					       DOMID_SELF)));
		if (i < 6)
			REQUIRE(refused(its_mmu_update(entry, bad[i] | PTE_RO,
						       DOMID_SELF)));
	}
	REQUIRE(refused(its_mmu_update(entry, pv_frame(pv_info) * PV_PAGE |
				       PTE_RO, 0)));
	REQUIRE(refused(its_mmu_update(entry, 0xb8000 | PTE_RO, DOMID_IO)));
	/* nor a store to a frame of ours */
	REQUIRE(refused(its_mmu_update(pv_frame(pv_info) * PV_PAGE, 1,
				       DOMID_SELF)));
	REQUIRE(refused(its_mmu_update(pv_frame(pv_info) * PV_PAGE |
				       MMU_MACHPHYS_UPDATE, 1, DOMID_SELF)));
	/* its own spare page it may map */
	REQUIRE_EQ(its_mmu_update(entry, child.mfn[CHILD_DATA] * PV_PAGE |
				  PTE_KERNEL, DOMID_SELF), 0);
	REQUIRE_EQ(its_mmu_update(entry, 0, DOMID_SELF), 0);
}

static void test_privileged_calls(void)
{
	struct xen_domctl dom = {
		.cmd = XEN_DOMCTL_destroydomain,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
	};
	struct xen_sysctl sys = {
		.cmd = XEN_SYSCTL_physinfo,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
	};
	struct xen_platform_op platform = {
		.cmd = XENPF_settime64,
		.interface_version = XENPF_INTERFACE_VERSION,
		.u.settime64.secs = 1000000000,
	};

	REQUIRE_EQ(call_about(__HYPERVISOR_domctl, &dom, sizeof(dom)), EPERM_);
	REQUIRE_EQ(call_about(__HYPERVISOR_sysctl, &sys, sizeof(sys)), EPERM_);
	REQUIRE_EQ(call_about(__HYPERVISOR_platform_op, &platform,
			      sizeof(platform)), EPERM_);
	struct sched_remote_shutdown off = { .domain_id = 0 };

	REQUIRE_EQ(call_with(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown,
			     &off, sizeof(off)), EPERM_);
	static struct xen_e820_entry map[4];
	struct xen_memory_map e820 = { .nr_entries = 4, .buffer = map };

	REQUIRE_EQ(call_with(__HYPERVISOR_memory_op,
			     XENMEM_machine_memory_map, &e820, sizeof(e820)),
		   EPERM_);
	REQUIRE_EQ(child_call(&child, __HYPERVISOR_console_io,
			      CONSOLEIO_read, 1, CHILD_ROOM, 0), EPERM_);
	struct physdev_map_pirq pirq = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 1,
		.pirq = 1,
	};

	REQUIRE(call_with(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &pirq,
			  sizeof(pirq)) < 0);
	struct physdev_apic apic = { .apic_physbase = 0xfec00000 };

	REQUIRE_EQ(call_with(__HYPERVISOR_physdev_op, PHYSDEVOP_apic_read,
			     &apic, sizeof(apic)), EPERM_);
}

static void test_memory_of_others(void)
{
	uint64_t *list = (uint64_t *)(child.mailbox->room + 512);
	struct xen_memory_reservation op = {
		.extent_start = (void *)(CHILD_ROOM + 512), .nr_extents = 1,
		.domid = 0,
	};

	void *const page = page_alloc();

	list[0] = pv_frame(page);
	REQUIRE(call_with(__HYPERVISOR_memory_op, XENMEM_decrease_reservation,
			  &op, sizeof(op)) <= 0);
	REQUIRE_EQ(PV_M2P[pv_frame(page)], pv_pfn(page));
	/* a page of ours is none it could give back either */
	op.domid = DOMID_SELF;
	REQUIRE_EQ(call_with(__HYPERVISOR_memory_op,
			     XENMEM_decrease_reservation, &op, sizeof(op)), 0);
	struct xen_memory_domain domain = { .domid = 0 };

	REQUIRE_EQ(call_with(__HYPERVISOR_memory_op,
			     XENMEM_maximum_reservation, &domain,
			     sizeof(domain)), EPERM_);
	/* its own limit holds */
	op.nr_extents = 64;
	for (int i = 0; i < 64; i++)
		list[i] = 100 + i;
	REQUIRE_EQ(call_with(__HYPERVISOR_memory_op, XENMEM_populate_physmap,
			     &op, sizeof(op)), 8);
}

/* Pointers into the hypervisor, for every call that takes one. */
static void test_pointers(void)
{
	static const unsigned int calls[] = {
		__HYPERVISOR_mmu_update, __HYPERVISOR_multicall,
		__HYPERVISOR_mmuext_op,
	};
	static const uint64_t places[] = { HYPERVISOR_PLACES };

	for (unsigned int i = 0; i < sizeof(places) / 8; i++) {
		const uint64_t at = places[i];

		for (unsigned int j = 0; j < 3; j++)
			REQUIRE_EQ(child_call(&child, calls[j], at, 1, 0,
					      DOMID_SELF), EFAULT_);
		REQUIRE_EQ(child_call(&child, __HYPERVISOR_set_trap_table, at,
				      0, 0, 0), EFAULT_);
		REQUIRE_EQ(child_call(&child, __HYPERVISOR_xen_version,
				      XENVER_extraversion, at, 0, 0), EFAULT_);
		REQUIRE_EQ(child_call(&child, __HYPERVISOR_event_channel_op,
				      EVTCHNOP_alloc_unbound, at, 0, 0),
			   EFAULT_);
		REQUIRE_EQ(child_call(&child, __HYPERVISOR_grant_table_op,
				      GNTTABOP_map_grant_ref, at, 1, 0),
			   EFAULT_);
	}
	REQUIRE(child_is_well(&child));
}

/* It dies holding our page and letting us hold its: both come free. */
static void test_death(void)
{
	uint64_t *page = page_alloc();
	volatile uint64_t *va = va_alloc();
	const uint32_t ref = grant_give(child.id, pv_frame(page), false);
	struct gnttab_map_grant_ref its = {
		.host_addr = CHILD_VA(CHILD_SPARE), .flags = GNTMAP_host_map,
		.ref = ref, .dom = 0, .status = 99,
	};

	REQUIRE_EQ(call_with(__HYPERVISOR_grant_table_op,
			     GNTTABOP_map_grant_ref, &its, sizeof(its)), 0);
	REQUIRE_EQ(its.status, GNTST_okay);
	grant_its_page(8, CHILD_DATA, 0);
	const struct gnttab_map_grant_ref ours = map_its(8, (void *)va, 0);

	REQUIRE_EQ(ours.status, GNTST_okay);
	va[0] = 0x11fe;
	child_unmap(&child);
	REQUIRE_EQ(pt_set((void *)its_grants, 0), 0);
	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_destroydomain, child.id), 0);
	/* it has let go of our page */
	for (const uint64_t end = now() + PATIENCE;
	     grant_entry(ref)->flags != GTF_permit_access && now() < end;)
		rest(MS);
	REQUIRE(grant_end(ref));
	/* and is still there, because we hold its page */
	struct xen_domctl_getdomaininfo info;

	REQUIRE(domain_info(child.id, &info));
	REQUIRE(info.flags & XEN_DOMINF_dying);
	REQUIRE_EQ(va[0], 0x11fe);
	REQUIRE_EQ(unmap((void *)va, ours.handle), GNTST_okay);
	REQUIRE(domain_goes(child.id));
	/* the channel to it leads nowhere now */
	struct evtchn_status st = { .dom = DOMID_SELF, .port = local_port };

	REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_status, &st), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_unbound);
	REQUIRE_EQ(event_close(local_port), 0);
}

const struct test tests[] = {
	TEST(start),
	TEST(event_channel),
	TEST(event_refused),
	TEST(grant_table_of_child),
	TEST(map_its_page),
	TEST(map_refused),
	TEST(copy_both_ways),
	TEST(it_maps_ours),
	TEST(foreign_frames),
	TEST(privileged_calls),
	TEST(memory_of_others),
	TEST(pointers),
	TEST(death),
	TESTS_END
};
