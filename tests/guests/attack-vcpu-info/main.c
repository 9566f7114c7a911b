/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants the hypervisor to keep writing where it should not: it
 * registers a vcpu_info that crosses the end of its page, lies in a page table
 * or descriptor page, in another's frame or in none; registers it twice, or
 * for a vCPU that runs; gives the page away afterwards. And it registers
 * runstate and time records at addresses in the hypervisor, in page tables, or
 * that it unmaps or maps onto a page table later on.
 *
 * What must happen: a refusal, or a page that is kept writable memory of the
 * guest's for as long; records that cannot be written are left out; no table
 * ever changes.
 *
 * Class: PV memory, privileged replies (compare XSA-29, XSA-346). Same on Xen.
 *
 * Machine: 2 2
 */
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"

static int64_t move_info(unsigned int vcpu, uint64_t mfn, uint32_t offset)
{
	struct vcpu_register_vcpu_info reg = { .mfn = mfn, .offset = offset };

	return hv_vcpu_op(VCPUOP_register_vcpu_info, vcpu, &reg);
}

static void test_places(void)
{
	char *page = page_alloc();
	static const uint32_t offsets[] = {
		4096 - 63, 4096 - 32, 4095, 4096, 8192, 0x80000000, ~0u,
		~0u - 62,
	};

	for (unsigned int i = 0; i < sizeof(offsets) / 4; i++)
		REQUIRE(move_info(0, pv_frame(page), offsets[i]) < 0);
	REQUIRE_EQ(move_info(2, pv_frame(page), 0), ENOENT_);
	REQUIRE_EQ(move_info(~0u, pv_frame(page), 0), ENOENT_);
	for (unsigned int i = 0; i < PV_PAGE; i++)
		REQUIRE_EQ(page[i], 0);
}

static void test_frames(void)
{
	uint64_t *l1 = table_alloc(), *gdt = page_alloc();
	const uint64_t gdt_frame = pv_frame(gdt);
	const uint64_t bad[] = {
		foreign_frame(), absent_frame(), ~0UL, ~0UL >> 12, 1UL << 52,
		pv_frame(pt_root()), pv_frame(l1), gdt_frame, 0xfee00, 0xb8,
	};

	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(l1)), 0);
	REQUIRE_EQ(pt_protect(gdt, false), 0);
	REQUIRE_EQ(hv_set_gdt(&gdt_frame, 512), 0);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (unsigned int vcpu = 0; vcpu < 2; vcpu++)
			REQUIRE_EQ(move_info(vcpu, bad[i], 0), EINVAL_);
	for (int i = 0; i < 512; i++)
		REQUIRE_EQ(l1[i] | gdt[i], 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(l1)), 0);
	REQUIRE_EQ(hv_set_gdt(NULL, 0), 0);
}

static struct child child;

/* The page is given away while the record lives in it: whoever gets the
 * machine's next pages sees no trace. */
static void test_page_given_away(void)
{
	const uint64_t pfn = pfn_alloc();
	uint64_t mfn = PV_P2M[pfn];
	struct xen_memory_reservation op = {
		.extent_start = &mfn, .nr_extents = 1, .domid = DOMID_SELF,
	};

	REQUIRE_EQ(move_info(1, mfn, 64), 0);
	REQUIRE_EQ(move_info(1, mfn, 64), EINVAL_);
	REQUIRE_EQ(move_info(1, mfn, 128), EINVAL_);
	hv_memory_op(XENMEM_decrease_reservation, &op);
	REQUIRE_EQ(child_start(&child), 0);
	for (int i = 0; i < CHILD_SHARED; i++)
		REQUIRE(child.mfn[i] != PV_P2M[pfn]);
	REQUIRE(child_is_well(&child));
	REQUIRE(child_end(&child));
	/* nor can it become a table */
	REQUIRE(mmuext(MMUEXT_PIN_L1_TABLE, PV_P2M[pfn]) < 0);
}

static int64_t area(unsigned int cmd, uint64_t va)
{
	uint64_t arg = va;

	return hv_vcpu_op(cmd, 0, &arg);
}

/* Gives the hypervisor reason to write: sleep, and wake up. */
static void be_switched(void)
{
	for (int i = 0; i < 5; i++)
		rest(1000000);
}

static const unsigned int commands[] = {
	VCPUOP_register_runstate_memory_area,
	VCPUOP_register_vcpu_time_memory_area,
};

static void test_areas(void)
{
	uint64_t *table = table_alloc();
	const uint64_t bad[] = {
		HYPERVISOR_PLACES, DIRECT_MAP_OF(pv_frame(table)),
		0x1000, 0x0000800000000000, 0xffff7ffffffffff0,
		0xffff800000000000, 0xffff82d040200000, 0xffff830000000000,
		0xffff87ffffffffe0, (uint64_t)table, (uint64_t)table + 4080,
		(uint64_t)pt_root(),
	};

	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(table)), 0);
	for (int which = 0; which < 2; which++)
		for (unsigned int i = 0; i < sizeof(bad) / 8; i++) {
			/* Xen tries later: then nothing must come of it */
			area(commands[which], bad[i]);
			be_switched();
			for (int j = 0; j < 512; j++)
				REQUIRE_EQ(table[j], 0);
		}
	for (int which = 0; which < 2; which++)
		REQUIRE(area(commands[which], 0) <= 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(table)), 0);
	REQUIRE_INTACT();
}

/* Good when it was registered: unmapped later, then there is a table. */
static void test_areas_that_change(void)
{
	char *page = page_alloc(), *va = va_alloc();
	uint64_t *table = table_alloc();

	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(table)), 0);
	for (int which = 0; which < 2; which++) {
		REQUIRE_EQ(pt_set(va, machine_address(page) | PTE_KERNEL), 0);
		/* the end of the page, the next one is not there */
		area(commands[which], (uint64_t)va + PV_PAGE - 16);
		be_switched();
		area(commands[which], (uint64_t)va);
		be_switched();
		REQUIRE_EQ(pt_set(va, 0), 0);
		be_switched();
		REQUIRE_EQ(pt_set(va, machine_address(table) | PTE_RO), 0);
		be_switched();
		REQUIRE_INTACT();
		for (int j = 0; j < 512; j++)
			REQUIRE_EQ(table[j], 0);
		REQUIRE_EQ(pt_set(va, 0), 0);
		area(commands[which], 0);
	}
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(table)), 0);
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(places),
	TEST(frames),
	TEST(page_given_away),
	TEST(areas),
	TEST(areas_that_change),
	TEST(all_works),
	TESTS_END
};
