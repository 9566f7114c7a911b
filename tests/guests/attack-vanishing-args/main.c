/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants the page that holds a call's arguments to vanish while
 * the hypervisor reads them, or before the answer is written: another vCPU
 * unmaps and maps it all the time, or makes it read-only, while this one makes
 * calls of every family with structures, lists and results in it.
 *
 * What must happen: each call gives -EFAULT or what it gives otherwise; what it
 * had taken by then it keeps or gives back, and nothing stops.
 *
 * Class: preemption, replay, double fetch (compare XSA-212, XSA-227). Same on
 * Xen.
 *
 * Machine: 2 2
 */
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/racer.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

static char *page, *va;		/* the same frame; va comes and goes */
static unsigned int faults, answers;

static void come_and_go(void)
{
	const uint64_t pte = machine_address(page) | PTE_KERNEL;

	pt_set(va, racer_turns() % 3 ? 0 : pte & ~PTE_RW);
	racer_dawdle(500);
	pt_set(va, pte);
	racer_dawdle(500);
}

/* 0 or a count or a port, -EFAULT, or what else this call may say. */
static bool expected(int64_t rc, int64_t other)
{
	if (rc == EFAULT_)
		faults++;
	else if (rc >= 0 || rc == other)
		answers++;
	else
		return false;
	return true;
}

static int64_t call_version(void)
{
	return hv_xen_version(XENVER_commandline, va + PV_PAGE - 1024);
}

static int64_t call_multicall(void)
{
	struct multicall_entry *list = (void *)page;

	for (int i = 0; i < 60; i++)
		list[i] = (struct multicall_entry){
			.op = __HYPERVISOR_xen_version,
			.args = { XENVER_version },
		};
	return hv_multicall((void *)va, 60);
}

static uint64_t *entry;

static int64_t call_mmu_update(void)
{
	struct mmu_update *list = (void *)page;

	for (int i = 0; i < 20; i++)
		list[i] = (struct mmu_update){
			.ptr = machine_address(entry), .val = (uint64_t)i << 12,
		};
	return hv_mmu_update((void *)va, 20, (void *)(va + 2048), DOMID_SELF);
}

static int64_t call_mmuext(void)
{
	struct mmuext_op *list = (void *)page;

	for (int i = 0; i < 2; i++)
		list[i] = (struct mmuext_op){
			.cmd = MMUEXT_INVLPG_MULTI,
			.arg1.linear_addr = (uint64_t)page,
			.arg2.vcpumask = va + 3000,
		};
	page[3000] = 3;
	return hv_mmuext_op((void *)va, 2, (void *)(va + 2048), DOMID_SELF);
}

/* A port that could not be told is found and closed at the end. */
static int64_t call_alloc(void)
{
	struct evtchn_alloc_unbound *op = (void *)page;

	*op = (struct evtchn_alloc_unbound){
		.dom = DOMID_SELF, .remote_dom = DOMID_SELF,
	};
	const int64_t rc = hv_event_channel_op(EVTCHNOP_alloc_unbound, va);

	return rc ? rc : event_close(op->port);
}

static int64_t call_status(void)
{
	struct evtchn_status *op = (void *)page;

	*op = (struct evtchn_status){ .dom = DOMID_SELF, .port = 1 };
	return hv_event_channel_op(EVTCHNOP_status, va);
}

static int64_t call_poll(void)
{
	struct sched_poll *op = (void *)page;

	*op = (struct sched_poll){
		.ports = (void *)(va + 1024), .nr_ports = 8, .timeout = 1,
	};
	for (int i = 0; i < 8; i++)
		((uint32_t *)(page + 1024))[i] = 1000 + i;
	return hv_sched_op(SCHEDOP_poll, va);
}

static int64_t call_runstate(void)
{
	return hv_vcpu_op(VCPUOP_get_runstate_info, 0, va + PV_PAGE - 48);
}

static int64_t call_area(void)
{
	struct vcpu_register_runstate_memory_area *op = (void *)page;

	op->addr.p = (uint64_t)va + 128;
	return hv_vcpu_op(VCPUOP_register_runstate_memory_area, 0, va);
}

static int64_t call_trap_table(void)
{
	struct trap_info *table = (void *)page;

	for (int i = 0; i < 40; i++)
		table[i] = (struct trap_info){
			.vector = 0x40 + i, .cs = FLAT_KERNEL_CS,
			.address = (uint64_t)pv_int80,
		};
	table[40].address = 0;
	return hv_set_trap_table((void *)va);
}

static uint64_t *gdt;

static int64_t call_gdt(void)
{
	*(uint64_t *)page = pv_frame(gdt);
	return hv_set_gdt((void *)va, 512);
}

static int64_t call_callback(void)
{
	*(struct callback_register *)page = (struct callback_register){
		.type = CALLBACKTYPE_event, .address = (uint64_t)pv_event,
	};
	return hv_callback_op(CALLBACKOP_register, va);
}

static int64_t call_populate(void)
{
	struct xen_memory_reservation *op = (void *)page;

	/* frames that are no frames: nothing is given back */
	*op = (struct xen_memory_reservation){
		.extent_start = (void *)(va + 512), .nr_extents = 16,
		.domid = DOMID_SELF,
	};
	for (int i = 0; i < 16; i++)
		((uint64_t *)(page + 512))[i] = ~0UL >> 13;
	return hv_memory_op(XENMEM_decrease_reservation, va);
}

static int64_t call_machphys(void)
{
	*(struct xen_machphys_mfn_list *)page = (struct xen_machphys_mfn_list){
		.max_extents = 64, .extent_start = (void *)(va + 2048),
	};
	return hv_memory_op(XENMEM_machphys_mfn_list, va);
}

static int64_t call_physdev(void)
{
	*(struct physdev_irq_status_query *)page =
		(struct physdev_irq_status_query){ .irq = 1 };
	return hv_physdev_op(PHYSDEVOP_irq_status_query, va);
}

static int64_t call_grant_copy(void)
{
	struct gnttab_copy *list = (void *)page;

	for (int i = 0; i < 40; i++)
		list[i] = (struct gnttab_copy){
			.source = { .u.ref = 1000, .domid = 0x77 },
			.dest = { .u.gmfn = pv_frame(page),
				  .domid = DOMID_SELF },
			.len = 1, .flags = GNTCOPY_source_gref,
		};
	return hv_grant_table_op(GNTTABOP_copy, va, 40);
}

static int64_t call_info(void)
{
	*(struct vcpu_register_vcpu_info *)page =
		(struct vcpu_register_vcpu_info){ .mfn = ~0UL };
	return hv_vcpu_op(VCPUOP_register_vcpu_info, 0, va);
}

static const struct {
	const char *name;
	int64_t (*call)(void);
	int64_t other;		/* the error that it may give, too */
} all[] = {
	{ "xen_version", call_version, 0 },
	{ "multicall", call_multicall, 0 },
	{ "mmu_update", call_mmu_update, 0 },
	{ "mmuext_op", call_mmuext, EINVAL_ },
	{ "alloc_unbound", call_alloc, ENOSPC_ },
	{ "status", call_status, 0 },
	{ "poll", call_poll, EINVAL_ },
	{ "get_runstate_info", call_runstate, 0 },
	{ "register_runstate_memory_area", call_area, 0 },
	{ "set_trap_table", call_trap_table, 0 },
	{ "set_gdt", call_gdt, 0 },
	{ "callback_op", call_callback, 0 },
	{ "memory_op", call_populate, 0 },
	{ "machphys_mfn_list", call_machphys, 0 },
	{ "physdev_op", call_physdev, EINVAL_ },
	{ "grant copy", call_grant_copy, 0 },
	{ "register_vcpu_info", call_info, EINVAL_ },
};

/* What call i says while the page comes and goes. */
static bool holds(unsigned int i)
{
	if (!racer_start(come_and_go)) {
		test_fail(__LINE__, "the other vCPU does not run");
		return false;
	}
	while (racer_wants_more(all[i].name)) {
		const int64_t rc = all[i].call();

		racer_outcome(rc == EFAULT_);
		if (expected(rc, all[i].other))
			continue;
		test_fail(__LINE__, "%s gives %ld", all[i].name, rc);
		racer_stop();
		return false;
	}
	if (racer_stop())
		return true;
	test_fail(__LINE__, "the other vCPU does not stop");
	return false;
}

static void test_every_call(void)
{
	page = page_alloc();
	va = va_alloc();
	entry = pt_entry(NULL, va_alloc(), 1);
	gdt = page_alloc();
	REQUIRE_EQ(pt_protect(gdt, false), 0);
	event_init();
	REQUIRE_EQ(pt_set(va, machine_address(page) | PTE_KERNEL), 0);
	/* again if the host did not let both vCPUs run */
	for (const uint64_t end = now() + PATIENCE; now() < end;) {
		for (unsigned int i = 0; i < sizeof(all) / sizeof(*all); i++)
			if (!holds(i))
				return;
		if (faults > 100 && answers > 100)
			break;
	}
	REQUIRE(faults > 100 && answers > 100);
}

static void test_all_works(void)
{
	struct vcpu_register_runstate_memory_area none = { .addr.p = 0 };

	hv_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &none);
	REQUIRE_EQ(pt_set(va, 0), 0);
	REQUIRE_EQ(pt_write(entry, 0), 0);
	for (uint32_t port = 1; port < EVENT_PORTS; port++)
		event_close(port);
	trap_init();
	REQUIRE_EQ(hv_set_gdt(NULL, 0), 0);
	/* every reference is back */
	REQUIRE_EQ(pt_protect(gdt, true), 0);
	memset(page, 0, PV_PAGE);
	REQUIRE_EQ(pt_protect(page, false), 0);
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(page)), 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(page)), 0);
	REQUIRE_EQ(pt_protect(page, true), 0);
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(every_call),
	TEST(all_works),
	TESTS_END
};
