/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: the hypervisor itself to write a page table or GDT, as the place for
 * a call's result: what the guest may not write, ring 0 might. Way: every call
 * that gives something back gets a pointer to the read-only mapping of a live
 * table or to the M2P, with emulated stores on and off. Instead: -EFAULT or
 * whatever the call's count is, and not a bit of the tables has changed.
 *
 * Class: page types and hypercall arguments; the hypervisor's own stores obey
 * the guest's read-only mappings. The same on Xen.
 */
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define NR 512

static uint64_t before[2][NR], where[3];

static void snapshot(uint64_t to[2][NR])
{
	for (int t = 0; t < 2; t++) {
		const uint64_t mfn = attacker.mfn[t ? CHILD_L3 : CHILD_L1];

		for (int i = 0; i < NR; i++)
			to[t][i] = attacker_peek(mfn, i) & ~(PTE_A | PTE_D);
	}
}

static void test_start(void)
{
	REQUIRE(attacker_start());
	snapshot(before);
	where[0] = CHILD_VA(CHILD_L1) + 2048;
	where[1] = CHILD_VA(CHILD_L3) + 2048;
	where[2] = (uint64_t)&PV_M2P[attacker.mfn[CHILD_DATA] & ~63UL];
}

/* The structure itself lies there, and is full of zeros (or PFNs). */
static void in_and_out(uint64_t va)
{
	attacker_call(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
		      va, 0, 0);
	attacker_call(__HYPERVISOR_event_channel_op, EVTCHNOP_status, va, 0,
		      0);
	attacker_call(__HYPERVISOR_multicall, va, 4, 0, 0);
	for (int cmd = 0; cmd < 12; cmd++)
		attacker_call(__HYPERVISOR_grant_table_op, cmd, va, 1, 0);
	for (int cmd = 0; cmd < 30; cmd++)
		if (cmd != XENMEM_decrease_reservation)
			attacker_call(__HYPERVISOR_memory_op, cmd, va, 0, 0);
}

static void results_only(uint64_t va)
{
	const struct mmu_update update = {
		.ptr = attacker_entry(attacker.mfn[CHILD_L1], 500),
	};

	for (int cmd = 1; cmd < 11; cmd++)
		attacker_call(__HYPERVISOR_xen_version, cmd, va, 0, 0);
	memcpy(attacker.mailbox->room, &update, sizeof(update));
	attacker_call(__HYPERVISOR_mmu_update, CHILD_ROOM, 1, va, DOMID_SELF);
	attacker_call(__HYPERVISOR_mmuext_op, CHILD_ROOM, 0, va, DOMID_SELF);
	attacker_call(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, va,
		      0);
	attacker_call(__HYPERVISOR_vcpu_op, VCPUOP_get_physid, 0, va, 0);
}

/* Lists that a call fills, and places that it will write to later. */
static void lists(uint64_t va)
{
	struct gnttab_setup_table setup = {
		.dom = DOMID_SELF, .nr_frames = 2, .frame_list = (void *)va,
	};
	struct xen_memory_reservation more = {
		.extent_start = (void *)va, .nr_extents = 2,
		.domid = DOMID_SELF,
	};
	struct xen_memory_map map = {
		.nr_entries = 4, .buffer = (void *)va,
	};
	struct vcpu_register_runstate_memory_area area = {
		.addr.p = va,
	};

	attacker_with(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table,
		      &setup, sizeof(setup));
	attacker_with(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &more,
		      sizeof(more));
	attacker_with(__HYPERVISOR_memory_op, XENMEM_memory_map, &map,
		      sizeof(map));
	memcpy(attacker.mailbox->room, &area, sizeof(area));
	attacker_call(__HYPERVISOR_vcpu_op,
		      VCPUOP_register_runstate_memory_area, 0, CHILD_ROOM, 0);
	attacker_call(__HYPERVISOR_vcpu_op,
		      VCPUOP_register_vcpu_time_memory_area, 0, CHILD_ROOM,
		      0);
}

static bool unchanged(void)
{
	static uint64_t after[2][NR];

	rest(2000000);		/* its times and run states get written */
	snapshot(after);
	return !memcmp(before, after, sizeof(before));
}

static void test_plain(void)
{
	for (int i = 0; i < 3; i++) {
		REQUIRE_EQ(attacker_call(__HYPERVISOR_xen_version,
					 XENVER_extraversion, where[i], 0, 0),
			   EFAULT_);
		in_and_out(where[i]);
		results_only(where[i]);
		REQUIRE(unchanged());
	}
}

/* A fault of ours at a table is none to be emulated. */
static void test_with_emulation(void)
{
	REQUIRE_EQ(attacker_call(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
				 VMASST_TYPE_writable_pagetables, 0, 0), 0);
	for (int i = 0; i < 2; i++) {
		REQUIRE_EQ(attacker_call(__HYPERVISOR_xen_version,
					 XENVER_extraversion, where[i], 0, 0),
			   EFAULT_);
		in_and_out(where[i]);
		results_only(where[i]);
		REQUIRE(unchanged());
	}
}

static void test_lists(void)
{
	for (int i = 0; i < 3; i++) {
		lists(where[i]);
		REQUIRE(unchanged());
	}
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(plain),
	TEST(with_emulation),
	TEST(lists),
	TEST(counts),
	TESTS_END
};
