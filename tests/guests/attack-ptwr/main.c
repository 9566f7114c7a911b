/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: the emulation of stores to read-only page tables to write what
 * mmu_update would refuse, or elsewhere than into its own level-1 tables. Way:
 * stores to tables of upper levels, to halves of two entries, to the GDT, to
 * dom0's live table that dom0 has granted read-only, to its own by another
 * address, with the emulation on and off. Instead: only what mmu_update allows
 * goes in; all else faults and changes nothing.
 *
 * Class: page types, a second way in for page-table writes. The same on Xen.
 */
#include <xen/grant_table.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define L1_SLOT(i) (CHILD_VA(CHILD_L1) + (i) * 8)

static uint64_t l1;

static int64_t assist(int cmd)
{
	return attacker_call(__HYPERVISOR_vm_assist, cmd,
			     VMASST_TYPE_writable_pagetables, 0, 0);
}

static void test_start(void)
{
	REQUIRE_EQ(grant_init(), 0);
	REQUIRE(attacker_start());
	l1 = attacker.mfn[CHILD_L1];
	/* off by default: a fault like any other */
	REQUIRE(!attacker_stores(L1_SLOT(40), 0));
	REQUIRE_EQ(assist(VMASST_CMD_enable), 0);
	REQUIRE(attacker_stores(L1_SLOT(40), 0));
}

static void test_its_tables_writable(void)
{
	for (int table = CHILD_L4; table <= CHILD_L1; table++) {
		const uint64_t pte = attacker.mfn[table] * PV_PAGE;
		uint64_t value;

		REQUIRE(!attacker_stores(L1_SLOT(40), pte | PTE_KERNEL));
		/* flipped while it is read-only */
		REQUIRE(attacker_stores(L1_SLOT(40), pte | PTE_RO));
		REQUIRE(!attacker_stores(L1_SLOT(40), pte | PTE_KERNEL));
		REQUIRE_EQ(attacker_peek(l1, 40) & PTE_RW, 0);
		REQUIRE(attacker_loads(CHILD_VA(40), &value));
		REQUIRE(attacker_stores(L1_SLOT(40), 0));
		REQUIRE_EQ(attacker_ext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
	}
}

/* Upper levels are never written by stores, nor is half an entry. */
static void test_other_places(void)
{
	for (int table = CHILD_L4; table <= CHILD_L2; table++) {
		REQUIRE(!attacker_stores(CHILD_VA(table) + 40 * 8, 0));
		REQUIRE(!attacker_stores(CHILD_VA(table) + 40 * 8, ~1UL));
		REQUIRE_EQ(attacker_peek(attacker.mfn[table], 40), 0);
	}
	for (int i = 1; i < 8; i++)
		REQUIRE(!attacker_stores(L1_SLOT(40) + i, 0));
	REQUIRE(!attacker_stores(L1_SLOT(511) + 4, 0));
	REQUIRE_EQ(attacker_peek(l1, 40) | attacker_peek(l1, 41), 0);
}

/* By an address of another mapping, then a table no more. */
static void test_alias(void)
{
	const uint64_t table = attacker_table(0);

	REQUIRE_EQ(attacker_map(50, table * PV_PAGE | PTE_RO), 0);
	REQUIRE(!attacker_stores(CHILD_VA(50) + 8, ~1UL));
	REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L1_TABLE, table, 0), 0);
	REQUIRE(attacker_stores(CHILD_VA(50) + 8, ~1UL));
	REQUIRE(!attacker_stores(CHILD_VA(50) + 8, table * PV_PAGE |
				 PTE_KERNEL));
	REQUIRE_EQ(attacker_peek(table, 1), ~1UL);
	REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, table, 0), 0);
	REQUIRE(!attacker_stores(CHILD_VA(50) + 8, 0));
	REQUIRE_EQ(attacker_peek(table, 1), ~1UL);
	REQUIRE_EQ(attacker_map(50, 0), 0);
}

/* dom0's own table, which it may read. */
static void test_granted_table(void)
{
	uint64_t *pte = pt_entry(NULL, va_alloc(), 1);
	const uint64_t table = machine_address(pte) / PV_PAGE;
	const unsigned int index = (uint64_t)pte % PV_PAGE / 8;
	const uint32_t ref = grant_give(attacker.id, table, true);
	struct gnttab_map_grant_ref op = {
		.host_addr = CHILD_VA(60), .ref = ref, .dom = 0, .status = 99,
		.flags = GNTMAP_host_map | GNTMAP_readonly,
	};
	uint64_t value;

	REQUIRE_EQ(attacker_with(__HYPERVISOR_grant_table_op,
				 GNTTABOP_map_grant_ref, &op, sizeof(op)), 0);
	REQUIRE_EQ(op.status, GNTST_okay);
	REQUIRE(attacker_loads(CHILD_VA(60) + index * 8, &value));
	REQUIRE_EQ(value, 0);
	REQUIRE(!attacker_stores(CHILD_VA(60) + index * 8, ~1UL));
	REQUIRE(!attacker_stores(CHILD_VA(60) + index * 8,
				 attacker.mfn[CHILD_DATA] * PV_PAGE |
				 PTE_KERNEL));
	REQUIRE_EQ(*pte, 0);
	struct gnttab_unmap_grant_ref un = {
		.host_addr = CHILD_VA(60), .handle = op.handle,
	};

	REQUIRE_EQ(attacker_with(__HYPERVISOR_grant_table_op,
				 GNTTABOP_unmap_grant_ref, &un, sizeof(un)),
		   0);
	REQUIRE_EQ(un.status, GNTST_okay);
	REQUIRE(grant_end(ref));
}

static void test_off_again(void)
{
	REQUIRE_EQ(assist(VMASST_CMD_disable), 0);
	REQUIRE(!attacker_stores(L1_SLOT(40), 0));
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(its_tables_writable),
	TEST(other_places),
	TEST(alias),
	TEST(granted_table),
	TEST(off_again),
	TEST(counts),
	TESTS_END
};
