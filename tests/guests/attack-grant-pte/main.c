/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: a page-table entry written where the guest could not write one. Way:
 * map a grant "by entry" (GNTMAP_contains_pte) with the machine address of an
 * entry of an upper level, of a plain page, of dom0's table, of no memory, of
 * half an entry, of a table half made; put the mapping over a table's own
 * read-only view; unmap by such addresses. Instead: only level-1 entries of
 * its own take a grant, and nothing else has changed.
 *
 * Class: grant tables, mapping by entry. The same on Xen.
 */
#include <xen/grant_table.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define BY_ENTRY (GNTMAP_host_map | GNTMAP_contains_pte)

static uint64_t *page, *dom0_pte;
static uint32_t ref;

static void test_start(void)
{
	REQUIRE_EQ(grant_init(), 0);
	page = page_alloc();
	dom0_pte = pt_entry(NULL, va_alloc(), 1);
	REQUIRE(attacker_start());
	ref = grant_give(attacker.id, pv_frame(page), false);
}

static bool unused(void)
{
	return grant_entry(ref)->flags == GTF_permit_access &&
	       dom0_page_is_free(page) && *dom0_pte == 0;
}

static void test_no_entries(void)
{
	const uint64_t l1 = attacker.mfn[CHILD_L1];
	const uint64_t bad[] = {
		attacker_entry(attacker.mfn[CHILD_L2], 40),
		attacker_entry(attacker.mfn[CHILD_L3], 40),
		attacker_entry(attacker.mfn[CHILD_L4], 40),
		attacker_entry(attacker.mfn[CHILD_L4], 260),
		attacker_entry(attacker.mfn[CHILD_DATA], 40),
		attacker_entry(attacker.mfn[CHILD_SHARED], 40),
		machine_address(dom0_pte), machine_address(page),
		attacker_entry(l1, 40) + 1, attacker_entry(l1, 40) + 4,
		attacker_entry(l1, 511) + 4, 0xb8000, 0xfee00000,
		1UL << 46, ~0UL & ~7UL, 1UL << 63 | attacker_entry(l1, 40),
	};
	uint32_t handle;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		REQUIRE(attacker_grant_map(bad[i], BY_ENTRY, ref, &handle) <
			0);
		REQUIRE(attacker_grant_map(bad[i], BY_ENTRY | GNTMAP_readonly,
					   ref, &handle) < 0);
		REQUIRE(unused());
	}
	for (int table = CHILD_L4; table <= CHILD_L1; table++)
		REQUIRE_EQ(attacker_peek(attacker.mfn[table], 40), 0);
	REQUIRE_EQ(attacker.data[40], 0);
}

/* A page that was a table, and one that will be. */
static void test_table_no_more(void)
{
	const uint64_t table = attacker_table(0);
	uint32_t handle;

	REQUIRE(attacker_grant_map(attacker_entry(table, 3), BY_ENTRY, ref,
				   &handle) < 0);
	REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L1_TABLE, table, 0), 0);
	REQUIRE_EQ(attacker_grant_map(attacker_entry(table, 3), BY_ENTRY, ref,
				      &handle), GNTST_okay);
	REQUIRE_EQ(attacker_grant_unmap(attacker_entry(table, 3), handle),
		   GNTST_okay);
	REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, table, 0), 0);
	REQUIRE(attacker_grant_map(attacker_entry(table, 3), BY_ENTRY, ref,
				   &handle) < 0);
	REQUIRE_EQ(attacker_peek(table, 3), 0);
	REQUIRE(unused());
}

/* The table goes with the grant mapped in it: the mapping went, too. */
static void test_table_lets_go(void)
{
	const uint64_t table = attacker_table(0);
	uint32_t handle;

	REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L1_TABLE, table, 0), 0);
	REQUIRE_EQ(attacker_grant_map(attacker_entry(table, 3), BY_ENTRY, ref,
				      &handle), GNTST_okay);
	REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, table, 0), 0);
	/* the entry's bits are still there, but nobody's */
	REQUIRE(refused(attacker_ext(MMUEXT_PIN_L1_TABLE, table, 0)));
	REQUIRE(attacker_grant_unmap(attacker_entry(table, 3), handle) < 0);
	/* the handle remains, so the granter still waits */
	REQUIRE(!grant_end(ref));
	REQUIRE_EQ(attacker_update(attacker_entry(table, 3), 0), 0);
	REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L1_TABLE, table, 0), 0);
	uint32_t second;

	REQUIRE_EQ(attacker_grant_map(attacker_entry(table, 3), BY_ENTRY, ref,
				      &second), GNTST_okay);
	REQUIRE_EQ(attacker_grant_unmap(attacker_entry(table, 3), handle),
		   GNTST_okay);
	REQUIRE_EQ(attacker_grant_map(attacker_entry(table, 3), BY_ENTRY, ref,
				      &handle), GNTST_okay);
	REQUIRE_EQ(attacker_grant_unmap(attacker_entry(table, 3), second),
		   GNTST_okay);
	REQUIRE(attacker_grant_unmap(attacker_entry(table, 3), handle) < 0);
	REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, table, 0), 0);
	REQUIRE(attacker_may_write(table));
}

static void test_counts(void)
{
	/* one handle has no entry any more: it goes with the attacker */
	REQUIRE(!grant_end(ref));
	REQUIRE(attacker_gone());
	REQUIRE_EQ(grant_entry(ref)->flags, GTF_permit_access);
	REQUIRE(grant_end(ref));
	REQUIRE(dom0_page_is_free(page));
}

const struct test tests[] = {
	TEST(start),
	TEST(no_entries),
	TEST(table_no_more),
	TEST(table_lets_go),
	TEST(counts),
	TESTS_END
};
