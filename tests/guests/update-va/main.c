/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves update_va_mapping: sets the entry that maps an address, flushes as
 * its flags say (none, one page, all; here, everywhere, or on a set of vCPUs),
 * and refuses what mmu_update refuses; and its form for another domain.
 */
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

static void read_at(uint64_t va)
{
	(void)*(volatile uint64_t *)va;
}

static void test_set_and_clear(void)
{
	uint64_t *page = page_alloc();
	volatile uint64_t *va = va_alloc();

	page[0] = 1;
	REQUIRE_EQ(trap_try(read_at, (uint64_t)va), TRAP_PF);
	REQUIRE_EQ(hv_update_va_mapping((uint64_t)va, machine_address(page) |
					PTE_KERNEL, UVMF_INVLPG), 0);
	REQUIRE_EQ(va[0], 1);
	REQUIRE_EQ(hv_update_va_mapping((uint64_t)va, 0, UVMF_INVLPG), 0);
	REQUIRE_EQ(trap_try(read_at, (uint64_t)va), TRAP_PF);
}

/* Each flush form makes the new mapping visible at once. */
static void test_flush_forms(void)
{
	static uint64_t vcpus = 1;
	const uint64_t forms[] = {
		UVMF_INVLPG | UVMF_LOCAL, UVMF_TLB_FLUSH | UVMF_LOCAL,
		UVMF_INVLPG | UVMF_ALL, UVMF_TLB_FLUSH | UVMF_ALL,
		UVMF_INVLPG | (uint64_t)&vcpus,
		UVMF_TLB_FLUSH | (uint64_t)&vcpus,
	};
	uint64_t *pages[2] = { page_alloc(), page_alloc() };
	volatile uint64_t *va = va_alloc();

	pages[0][0] = 100;
	pages[1][0] = 101;
	for (unsigned int i = 0; i < 60; i++) {
		const uint64_t pte = machine_address(pages[i % 2]) |
				     PTE_KERNEL;

		REQUIRE_EQ(hv_update_va_mapping((uint64_t)va, pte,
						forms[i % 6]), 0);
		REQUIRE_EQ(va[0], 100 + i % 2);
	}
	REQUIRE_EQ(pt_set((void *)va, 0), 0);
}

static void write_to(uint64_t va)
{
	*(volatile uint64_t *)va = 7;
}

static void test_write_protect_is_seen(void)
{
	uint64_t *page = page_alloc();

	page[0] = 1;
	REQUIRE_EQ(hv_update_va_mapping((uint64_t)page, machine_address(page) |
					PTE_RO, UVMF_INVLPG), 0);
	REQUIRE_EQ(trap_try(write_to, (uint64_t)page), TRAP_PF);
	REQUIRE_EQ(page[0], 1);
	REQUIRE_EQ(pt_protect(page, true), 0);
	REQUIRE_EQ(trap_try(write_to, (uint64_t)page), NO_TRAP);
	REQUIRE_EQ(page[0], 7);
}

static void test_no_flush(void)
{
	uint64_t *page = page_alloc();
	volatile uint64_t *va = va_alloc();

	page[0] = 5;
	/* from not present, no flush is needed */
	REQUIRE_EQ(hv_update_va_mapping((uint64_t)va, machine_address(page) |
					PTE_KERNEL, UVMF_NONE), 0);
	REQUIRE_EQ(va[0], 5);
	REQUIRE_EQ(pt_set((void *)va, 0), 0);
}

static void test_bad_addresses(void)
{
	static const uint64_t places[] = { HYPERVISOR_PLACES };
	const uint64_t pte = machine_address(page_alloc()) | PTE_KERNEL;

	/* no L1, no L2, no L3 for these */
	REQUIRE_EQ(hv_update_va_mapping(PV_VIRT_BASE + 0x3fe00000, pte, 0),
		   EINVAL_);
	REQUIRE_EQ(hv_update_va_mapping(0x40000000, pte, 0), EINVAL_);
	REQUIRE_EQ(hv_update_va_mapping(0x7fff00000000, pte, 0), EINVAL_);
	/* the hypervisor's */
	REQUIRE_EQ(hv_update_va_mapping(0xffff800000000000, pte, 0), EINVAL_);
	for (unsigned int i = 0; i < sizeof(places) / 8; i++)
		REQUIRE_EQ(hv_update_va_mapping(places[i], pte, 0), EINVAL_);
	REQUIRE_EQ(hv_update_va_mapping(0xffff87fffffff000, pte, 0), EINVAL_);
	REQUIRE_EQ(hv_update_va_mapping(0x0000800000000000, pte, 0), EINVAL_);
}

static bool refused(int64_t rc)
{
	return rc == EINVAL_ || rc == EPERM_ || rc == EBUSY_;
}

static void test_refused(void)
{
	const uint64_t va = (uint64_t)va_alloc();
	const uint64_t table = pv_info->pt_base;

	REQUIRE(refused(hv_update_va_mapping(va, pv_frame((void *)table) *
					     PV_PAGE | PTE_KERNEL, 0)));
	REQUIRE(refused(hv_update_va_mapping(va, foreign_frame() * PV_PAGE |
					     PTE_KERNEL, 0)));
	REQUIRE(refused(hv_update_va_mapping(va, machine_address(page_alloc()) |
					     PTE_KERNEL | 1UL << 51, 0)));
	REQUIRE_EQ(*pt_entry(NULL, (void *)va, 1), 0);
}

static void test_bad_flags(void)
{
	const uint64_t va = (uint64_t)va_alloc();
	const uint64_t pte = machine_address(page_alloc()) | PTE_KERNEL;

	REQUIRE_EQ(hv_update_va_mapping(va, pte, UVMF_INVLPG | 0x1000),
		   EFAULT_);
	REQUIRE_EQ(pt_set((void *)va, 0), 0);
}

static int64_t for_domain(uint64_t va, uint64_t pte, unsigned int dom)
{
	return PV_CALL4(__HYPERVISOR_update_va_mapping_otherdomain, va, pte,
			UVMF_INVLPG, dom);
}

static void test_other_domain(void)
{
	uint64_t *page = page_alloc();
	volatile uint64_t *va = va_alloc();
	const uint64_t pte = machine_address(page) | PTE_KERNEL;

	page[0] = 9;
	REQUIRE_EQ(for_domain((uint64_t)va, pte, DOMID_SELF), 0);
	REQUIRE_EQ(va[0], 9);
	REQUIRE_EQ(for_domain((uint64_t)va, 0, DOMID_SELF), 0);
	REQUIRE_EQ(for_domain((uint64_t)va, pte, 99), ESRCH_);
	/* the page is not DOMID_XEN's */
	REQUIRE(refused(for_domain((uint64_t)va, pte, DOMID_XEN)));
	REQUIRE_EQ(trap_try(read_at, (uint64_t)va), TRAP_PF);
}

const struct test tests[] = {
	TEST(set_and_clear),
	TEST(flush_forms),
	TEST(write_protect_is_seen),
	TEST(no_flush),
	TEST(bad_addresses),
	TEST(refused),
	TEST(bad_flags),
	TEST(other_domain),
	TESTS_END
};
