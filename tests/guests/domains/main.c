/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves control of domains from domctl and sysctl up: creating and destroying
 * without losing a page, building a second domain through foreign mappings,
 * running, pausing, inspecting it; how its end is reported when it shuts down,
 * crashes, or is destroyed while its pages are still mapped; memory limits;
 * who may not do any of this.
 */
#include <xen/event_channel.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/hostile.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define MS 1000000UL

static void test_interface_version(void)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_getdomaininfo,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION - 1,
	};
	struct xen_sysctl sys = {
		.cmd = XEN_SYSCTL_physinfo,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION + 1,
	};

	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_domctl, &op), EACCES_);
	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_sysctl, &sys), EACCES_);
	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_domctl, 0x1000), EFAULT_);
	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_sysctl, 0x1000), EFAULT_);
	op = (struct xen_domctl){ 0 };
	REQUIRE_EQ(domctl(&op, 9999, 0), ENOSYS_);
}

static void test_info_of_dom0(void)
{
	struct xen_domctl_getdomaininfo info;

	REQUIRE(domain_info(0, &info));
	REQUIRE_EQ(info.tot_pages, pv_info->nr_pages);
	REQUIRE_EQ(info.shared_info_frame, pv_info->shared_info / PV_PAGE);
	REQUIRE_EQ(info.nr_online_vcpus, 1);
	REQUIRE(info.flags & XEN_DOMINF_running);
	REQUIRE(info.cpu_time > 0);
	struct xen_domctl op = { 0 };

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getdomaininfo, 5), ESRCH_);
}

static void test_create_and_destroy(void)
{
	struct xen_domctl_getdomaininfo info;
	const int64_t dom = domain_create(100);

	REQUIRE(dom > 0);
	REQUIRE(domain_info(dom, &info));
	REQUIRE(info.flags & XEN_DOMINF_paused);
	REQUIRE_EQ(info.flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown), 0);
	REQUIRE_EQ(info.tot_pages, 0);
	REQUIRE_EQ(info.max_pages, 100);
	REQUIRE_EQ(info.max_vcpu_id, 0);
	REQUIRE(domain_destroy(dom));
	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_destroydomain, dom), ESRCH_);
	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_pausedomain, dom), ESRCH_);
	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_destroydomain, 0), EINVAL_);
}

static void test_create_refused(void)
{
	struct xen_domctl op = {
		.u.createdomain = { .max_vcpus = 0, .max_grant_frames = 4,
				    .max_maptrack_frames = 4,
				    .grant_opts = 1 },
	};

	REQUIRE(domctl(&op, XEN_DOMCTL_createdomain, 0) < 0);
	op.u.createdomain.max_vcpus = 1;
	op.u.createdomain.flags = 1u << 31;
	REQUIRE(domctl(&op, XEN_DOMCTL_createdomain, 0) < 0);
}

/* Twenty domains with memory come and go, and take nothing with them. */
static void test_no_leak(void)
{
	static uint64_t list[256];
	uint64_t before = 0;

	for (int round = 0; round < 21; round++) {
		if (round == 1)
			before = settled_free_pages();
		const int64_t dom = domain_create(256);
		struct xen_memory_reservation op = {
			.extent_start = list, .nr_extents = 256, .domid = dom,
		};

		REQUIRE(dom > 0);
		for (int i = 0; i < 256; i++)
			list[i] = i;
		REQUIRE_EQ(hv_memory_op(XENMEM_populate_physmap, &op), 256);
		for (int i = 0; i < 256; i++)
			REQUIRE_EQ(PV_M2P[list[i]], i);
		REQUIRE(domain_destroy(dom));
	}
	REQUIRE_EQ(free_pages_again(before), before);
}

static void test_memory_limit(void)
{
	static uint64_t list[32];
	const int64_t dom = domain_create(20);
	struct xen_memory_reservation op = {
		.extent_start = list, .nr_extents = 32, .domid = dom,
	};

	REQUIRE(dom > 0);
	for (int i = 0; i < 32; i++)
		list[i] = i;
	REQUIRE_EQ(hv_memory_op(XENMEM_populate_physmap, &op), 20);
	struct xen_domctl_getdomaininfo info;

	REQUIRE(domain_info(dom, &info));
	REQUIRE_EQ(info.tot_pages, 20);
	REQUIRE(domain_destroy(dom));
}

/* A new domain's pages have been scrubbed. */
static void test_scrubbed(void)
{
	static uint64_t list[64];

	for (int round = 0; round < 4; round++) {
		const int64_t dom = domain_create(64);
		struct xen_memory_reservation op = {
			.extent_start = list, .nr_extents = 64, .domid = dom,
		};

		REQUIRE(dom > 0);
		for (int i = 0; i < 64; i++)
			list[i] = i;
		REQUIRE_EQ(hv_memory_op(XENMEM_populate_physmap, &op), 64);
		for (int i = 0; i < 64; i++) {
			uint64_t *page = map_foreign(dom, list[i]);

			REQUIRE(page != NULL);
			for (int j = 0; j < 512; j++)
				REQUIRE(page[j] != 0x5ec7e75ec7e7);
			for (int j = 0; j < 512; j++)
				page[j] = 0x5ec7e75ec7e7;
			REQUIRE_EQ(pt_set(page, 0), 0);
		}
		REQUIRE(domain_destroy(dom));
	}
}

static struct child child;

static void test_build_and_run(void)
{
	REQUIRE_EQ(child_start(&child), 0);
	REQUIRE_EQ(child_call(&child, __HYPERVISOR_xen_version, 0, 0, 0, 0),
		   4 << 16 | 17);
	REQUIRE_EQ(child_call(&child, CHILD_STORE, CHILD_VA(CHILD_DATA), 0x77,
			      0, 0), 0xfffffffffffffffe);
	REQUIRE_EQ(child.data[0], 0x77);
	child.data[1] = 0x88;
	REQUIRE_EQ(child_call(&child, CHILD_LOAD, CHILD_VA(CHILD_DATA) + 8, 0,
			      0, 0), 0x88);
}

static void test_pause(void)
{
	struct xen_domctl_getdomaininfo info;

	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_pausedomain, child.id), 0);
	REQUIRE(domain_info(child.id, &info));
	REQUIRE(info.flags & XEN_DOMINF_paused);
	const uint64_t turns = child.mailbox->turns;

	rest(20 * MS);
	REQUIRE_EQ(child.mailbox->turns, turns);
	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_unpausedomain, child.id), 0);
	REQUIRE(child_advances(&child));
	REQUIRE(domain_info(child.id, &info));
	REQUIRE_EQ(info.flags & XEN_DOMINF_paused, 0);
	/* it is not paused any more, so there is nothing to undo */
	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_unpausedomain, child.id), EINVAL_);
}

static void test_inspect(void)
{
	static struct vcpu_guest_context context;
	struct xen_domctl op = { .u.vcpucontext.ctxt = &context };

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, child.id), 0);
	REQUIRE(context.user_regs.rip >= CHILD_VA(CHILD_CODE) &&
		context.user_regs.rip < CHILD_VA(CHILD_STACK));
	REQUIRE_EQ(context.user_regs.rbx, CHILD_VA(CHILD_MAILBOX));
	REQUIRE_EQ(context.ctrlreg[3], xen_pfn_to_cr3(child.mfn[CHILD_L4]));
	REQUIRE(context.flags & VGCF_in_kernel);
	op = (struct xen_domctl){ .u.getvcpuinfo.vcpu = 0 };
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpuinfo, child.id), 0);
	REQUIRE_EQ(op.u.getvcpuinfo.online, 1);
	REQUIRE(op.u.getvcpuinfo.cpu_time > 0);
	op = (struct xen_domctl){ .u.getvcpuinfo.vcpu = 1 };
	REQUIRE(domctl(&op, XEN_DOMCTL_getvcpuinfo, child.id) < 0);
}

/* For the child: sets XCR0 and goes back to its loop. */
extern const char child_xcr0[], child_xcr0_end[];
asm(".text\nchild_xcr0: movq %cr4, %rax; btsl $18, %eax; movq %rax, %cr4\n"
    "xorl %ecx, %ecx; xorl %edx, %edx; movl $3, %eax; xsetbv\n"
    "movq $2, (%rbx); movl $0x40004000, %eax; jmp *%rax\n"
    "child_xcr0_end:\n");
static_assert(CHILD_VA(CHILD_CODE) == 0x40004000, "child_xcr0");

static bool has_xsave(void)
{
	uint32_t a = 1, b, c = 0, d;

	asm volatile(XEN_CPUID : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c & 1 << 26;
}

/* An XCR0 that no CPU takes must not reach one. */
static void test_extended_state(void)
{
	static const uint64_t bad[] = { 0, 2, 5, 0x27, 0xe1, 1UL << 63 | 3 };
	static uint64_t state[1024];
	struct xen_domctl op = { .u.vcpuextstate.vcpu = 0 };

	if (!has_xsave())
		SKIP("no XSAVE");
	/* Xen has nothing to show before the child has set XCR0. */
	child_launch(&child, child_xcr0, child_xcr0_end - child_xcr0, 0, 0, 0);
	for (const uint64_t end = now() + PATIENCE;
	     child.mailbox->state != 2 && now() < end;)
		rest(MS);
	REQUIRE_EQ(child.mailbox->state, 2);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpuextstate, child.id), 0);
	REQUIRE(op.u.vcpuextstate.size <= sizeof(state));
	op.u.vcpuextstate.buffer = state;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpuextstate, child.id), 0);
	REQUIRE(op.u.vcpuextstate.size >= 2 * 8 + 512 + 64);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpuextstate, child.id), 0);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		state[0] = bad[i];
		REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpuextstate, child.id),
			   EINVAL_);
	}
	REQUIRE(child_advances(&child));
}

static void test_frame_types(void)
{
	static uint64_t list[CHILD_SHARED + 1];
	struct xen_domctl op = {
		.u.getpageframeinfo3 = { .num = CHILD_SHARED + 1,
					 .array = list },
	};

	for (int i = 0; i < CHILD_SHARED; i++)
		list[i] = child.mfn[i];
	list[CHILD_SHARED] = pv_frame(pv_info);	/* not its */
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getpageframeinfo3, child.id), 0);
	REQUIRE_EQ(list[CHILD_L4],
		   XEN_DOMCTL_PFINFO_L4TAB | XEN_DOMCTL_PFINFO_LPINTAB);
	REQUIRE_EQ(list[CHILD_L3], XEN_DOMCTL_PFINFO_L3TAB);
	REQUIRE_EQ(list[CHILD_L2], XEN_DOMCTL_PFINFO_L2TAB);
	REQUIRE_EQ(list[CHILD_L1], XEN_DOMCTL_PFINFO_L1TAB);
	REQUIRE_EQ(list[CHILD_DATA], XEN_DOMCTL_PFINFO_NOTAB);
	REQUIRE_EQ(list[CHILD_SHARED], XEN_DOMCTL_PFINFO_XTAB);
}

/* Its tables are tables for us, too. */
static void test_foreign_tables(void)
{
	REQUIRE(map_foreign(child.id, child.mfn[CHILD_L1]) == NULL);
	REQUIRE(map_foreign(child.id, pv_frame(pv_info)) == NULL);
	REQUIRE(map_foreign(77, child.mfn[CHILD_DATA]) == NULL);
}

static void test_foreign_pin_refused(void)
{
	struct mmuext_op op = {
		.cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = child.mfn[CHILD_L4],
	};

	REQUIRE_EQ(hv_mmuext_op(&op, 1, NULL, child.id), EINVAL_);
	op.arg1.mfn = pv_frame(pt_root());	/* ours, not its */
	REQUIRE_EQ(hv_mmuext_op(&op, 1, NULL, child.id), EINVAL_);
	op.cmd = MMUEXT_NEW_BASEPTR;
	op.arg1.mfn = child.mfn[CHILD_L4];
	REQUIRE_EQ(hv_mmuext_op(&op, 1, NULL, child.id), EPERM_);
}

static unsigned int domain_events;

static void note(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	domain_events++;
}

static bool wait_event(void)
{
	for (const uint64_t end = now() + PATIENCE; now() < end;) {
		event_enable(0);
		event_disable(0);
		if (domain_events)
			return true;
		rest(MS);
	}
	return false;
}

/* Shutting down leaves it there, and raises VIRQ_DOM_EXC. */
static void test_shutdown(void)
{
	struct xen_domctl_getdomaininfo info;
	struct sched_shutdown *arg = (void *)child.mailbox->room;
	const int64_t port = event_bind_virq(VIRQ_DOM_EXC, 0);

	REQUIRE(port > 0);
	event_init();
	event_register(port, note, NULL);
	domain_events = 0;
	arg->reason = SHUTDOWN_reboot;
	child_tell(&child, __HYPERVISOR_sched_op, SCHEDOP_shutdown,
		   CHILD_ROOM);
	REQUIRE(wait_event());
	REQUIRE(domain_info(child.id, &info));
	REQUIRE(info.flags & XEN_DOMINF_shutdown);
	REQUIRE_EQ(info.flags >> XEN_DOMINF_shutdownshift & 255,
		   SHUTDOWN_reboot);
	domain_events = 0;
	REQUIRE(child_end(&child));
	REQUIRE(wait_event());
	REQUIRE_EQ(event_close(port), 0);
}

static uint32_t end_of(uint64_t op, uint64_t a1, uint64_t a2)
{
	struct xen_domctl_getdomaininfo info;

	if (child_start(&child))
		return 1000;
	child_tell(&child, op, a1, a2);
	for (const uint64_t end = now() + PATIENCE; now() < end;) {
		rest(MS);
		if (domain_info(child.id, &info) &&
		    info.flags & XEN_DOMINF_shutdown)
			break;
	}
	const uint32_t reason = info.flags & XEN_DOMINF_shutdown ?
		info.flags >> XEN_DOMINF_shutdownshift & 255 : 1001;

	return child_end(&child) ? reason : 1002;
}

/* Each of these kills the guest, alone, and says that it crashed. */
static void test_crashes(void)
{
	REQUIRE_EQ(end_of(CHILD_UD2, 0, 0), SHUTDOWN_crash);
	REQUIRE_EQ(end_of(CHILD_LOAD, 0, 0), SHUTDOWN_crash);
	REQUIRE_EQ(end_of(CHILD_STORE, CHILD_VA(CHILD_L1), 1), SHUTDOWN_crash);
	REQUIRE_EQ(end_of(CHILD_LOAD, 0xffff82d040200000, 0), SHUTDOWN_crash);
	/* its stack is empty, so the iret frame is the mailbox's content */
	REQUIRE_EQ(end_of(__HYPERVISOR_iret, 0, 0), SHUTDOWN_crash);
}

static void test_remote_shutdown(void)
{
	struct xen_domctl_getdomaininfo info;

	REQUIRE_EQ(child_start(&child), 0);
	struct sched_remote_shutdown op = {
		.domain_id = child.id, .reason = SHUTDOWN_poweroff,
	};

	REQUIRE_EQ(hv_sched_op(SCHEDOP_remote_shutdown, &op), 0);
	REQUIRE(domain_info(child.id, &info));
	REQUIRE(info.flags & XEN_DOMINF_shutdown);
	REQUIRE(child_end(&child));
}

/* Our mappings keep its pages, and so it, until they go. */
static void test_destroy_while_mapped(void)
{
	struct xen_domctl_getdomaininfo info;

	REQUIRE_EQ(child_start(&child), 0);
	child.data[0] = 0x1234;
	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_destroydomain, child.id), 0);
	rest(20 * MS);
	REQUIRE(domain_info(child.id, &info));
	REQUIRE(info.flags & XEN_DOMINF_dying);
	REQUIRE_EQ(child.data[0], 0x1234);
	REQUIRE_EQ(info.tot_pages, 3);	/* mailbox, data, code */
	/* nothing is done to it any more; Xen pauses it yet */
	REQUIRE(!on_shoji() ||
		domctl_simple(XEN_DOMCTL_pausedomain, child.id) == EINVAL_);
	child_unmap(&child);
	REQUIRE(domain_goes(child.id));
}

static void test_all_memory_is_back(void)
{
	REQUIRE_EQ(child_start(&child), 0);
	REQUIRE(child_end(&child));
	const uint64_t before = settled_free_pages();

	for (int i = 0; i < 10; i++) {
		REQUIRE_EQ(child_start(&child), 0);
		REQUIRE_EQ(child_call(&child, __HYPERVISOR_xen_version, 0, 0,
				      0, 0), 4 << 16 | 17);
		REQUIRE(child_end(&child));
	}
	REQUIRE_EQ(free_pages_again(before), before);
}

const struct test tests[] = {
	TEST(interface_version),
	TEST(info_of_dom0),
	TEST(create_and_destroy),
	TEST(create_refused),
	TEST(no_leak),
	TEST(memory_limit),
	TEST(scrubbed),
	TEST(build_and_run),
	TEST(pause),
	TEST(inspect),
	TEST(extended_state),
	TEST(frame_types),
	TEST(foreign_tables),
	TEST(foreign_pin_refused),
	TEST(shutdown),
	TEST(crashes),
	TEST(remote_shutdown),
	TEST(destroy_while_mapped),
	TEST(all_memory_is_back),
	TESTS_END
};
