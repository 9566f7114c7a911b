/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: a mapping of dom0's page that outlives its grant: counted off, but in
 * the page tables. Way: unmap with one mapping's handle at another's address,
 * a read-only one at a writable one's, by address what was mapped by entry;
 * change the entry first (gone, another page, fewer rights) and unmap then;
 * grow rights through the handle. Instead: an unmap takes away what it names
 * or says no; while any mapping works, the page is in use.
 *
 * Class: grant tables, unmap that does not match its map (XSA-26, 228, 316).
 * The same on Xen.
 */
#include <xen/grant_table.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define A CHILD_VA(40)
#define B CHILD_VA(41)

static uint64_t *page, *other;
static uint32_t ref, other_ref;

static void test_start(void)
{
	REQUIRE_EQ(grant_init(), 0);
	page = page_alloc();
	other = page_alloc();
	REQUIRE(attacker_start());
	ref = grant_give(attacker.id, pv_frame(page), false);
	other_ref = grant_give(attacker.id, pv_frame(other), false);
}

static uint64_t entry(int i)
{
	return attacker_entry(attacker.mfn[CHILD_L1], i);
}

/* If it can reach a page, the grant says so. */
static bool consistent(uint64_t va, const uint64_t *target, uint32_t grant)
{
	uint64_t value;

	if (!attacker_loads(va, &value) || value != target[0])
		return true;
	return grant_entry(grant)->flags & GTF_reading;
}

static bool sane(void)
{
	page[0] = 0x1111;
	other[0] = 0x2222;
	attacker_ext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	return consistent(A, page, ref) && consistent(B, page, ref) &&
	       consistent(A, other, other_ref) &&
	       consistent(B, other, other_ref);
}

static bool nothing_left(void)
{
	return grant_entry(ref)->flags == GTF_permit_access &&
	       grant_entry(other_ref)->flags == GTF_permit_access &&
	       attacker_peek(attacker.mfn[CHILD_L1], 40) == 0 &&
	       attacker_peek(attacker.mfn[CHILD_L1], 41) == 0 &&
	       dom0_page_is_free(page) && dom0_page_is_free(other);
}

static void test_another_page(void)
{
	uint32_t a, b;

	REQUIRE_EQ(attacker_grant_map(A, GNTMAP_host_map, ref, &a), 0);
	REQUIRE_EQ(attacker_grant_map(B, GNTMAP_host_map, other_ref, &b), 0);
	REQUIRE_EQ(attacker_grant_unmap(B, a), GNTST_general_error);
	REQUIRE_EQ(attacker_grant_unmap(A, b), GNTST_general_error);
	REQUIRE_EQ(attacker_grant_unmap(CHILD_VA(CHILD_DATA), a),
		   GNTST_general_error);
	REQUIRE_EQ(attacker_grant_unmap(CHILD_VA(CHILD_L1), a),
		   GNTST_general_error);
	REQUIRE_EQ(attacker_grant_unmap(0xffff82d040000000, a),
		   GNTST_general_error);
	REQUIRE(sane());
	REQUIRE_EQ(attacker_grant_unmap(A, a), GNTST_okay);
	REQUIRE_EQ(attacker_grant_unmap(B, b), GNTST_okay);
	REQUIRE(nothing_left());
}

/* The same page twice, once read-only: the reader's handle at the writer's. */
static void test_other_rights(void)
{
	uint32_t a, b;

	REQUIRE_EQ(attacker_grant_map(A, GNTMAP_host_map, ref, &a), 0);
	REQUIRE_EQ(attacker_grant_map(B, GNTMAP_host_map | GNTMAP_readonly,
				      ref, &b), 0);
	REQUIRE_EQ(attacker_grant_unmap(A, b), GNTST_general_error);
	REQUIRE_EQ(attacker_grant_unmap(B, a), GNTST_general_error);
	REQUIRE(sane());
	REQUIRE_EQ(attacker_grant_unmap(A, a), GNTST_okay);
	REQUIRE(!attacker_stores(A, 1));
	REQUIRE(!attacker_stores(B, 1));
	REQUIRE_EQ(grant_entry(ref)->flags, GTF_permit_access | GTF_reading);
	REQUIRE_EQ(attacker_grant_unmap(B, b), GNTST_okay);
	REQUIRE(nothing_left());
}

/* Equal mappings may be unmapped crosswise: each takes away one. */
static void test_crosswise(void)
{
	uint32_t a, b;

	REQUIRE_EQ(attacker_grant_map(A, GNTMAP_host_map, ref, &a), 0);
	REQUIRE_EQ(attacker_grant_map(B, GNTMAP_host_map, ref, &b), 0);
	if (attacker_grant_unmap(B, a) == GNTST_okay) {
		REQUIRE(sane());
		REQUIRE(!grant_end(ref));
		REQUIRE(attacker_grant_unmap(B, b) < 0);
		REQUIRE_EQ(attacker_grant_unmap(A, b), GNTST_okay);
	} else {
		REQUIRE(sane());
		REQUIRE_EQ(attacker_grant_unmap(A, a), GNTST_okay);
		REQUIRE_EQ(attacker_grant_unmap(B, b), GNTST_okay);
	}
	REQUIRE(nothing_left());
}

static void test_address_and_entry(void)
{
	uint32_t a, b;

	REQUIRE_EQ(attacker_grant_map(A, GNTMAP_host_map, ref, &a), 0);
	REQUIRE_EQ(attacker_grant_map(entry(41), GNTMAP_host_map |
				      GNTMAP_contains_pte, ref, &b), 0);
	REQUIRE(attacker_grant_unmap(entry(40), a) < 0);
	REQUIRE(attacker_grant_unmap(B, b) < 0);
	REQUIRE(sane());
	REQUIRE_EQ(attacker_grant_unmap(A, a), GNTST_okay);
	REQUIRE_EQ(attacker_grant_unmap(entry(41), b), GNTST_okay);
	REQUIRE(nothing_left());
}

/* Made something else first; put back, it can be unmapped. */
static void test_entry_replaced(void)
{
	uint64_t value;
	uint32_t a;

	REQUIRE_EQ(attacker_grant_map(A, GNTMAP_host_map, ref, &a), 0);
	REQUIRE_EQ(attacker_map(40, attacker.mfn[CHILD_DATA] * PV_PAGE |
				PTE_KERNEL), 0);
	REQUIRE_EQ(attacker_grant_unmap(A, a), GNTST_general_error);
	/* its own page was not unmapped by it */
	attacker.data[0] = 0x3333;
	REQUIRE(attacker_loads(A, &value) && value == 0x3333);
	REQUIRE_EQ(attacker_map(40, 0), 0);
	REQUIRE_EQ(attacker_grant_unmap(A, a), GNTST_general_error);
	/* it cannot map the page again by itself */
	REQUIRE(refused(attacker_map(40, machine_address(page) | PTE_RO)));
	/* the grant stays in use, to its owner's knowledge */
	REQUIRE(!grant_end(ref));
	/* a second mapping lends its entry to the first handle */
	uint32_t b;

	REQUIRE_EQ(attacker_grant_map(A, GNTMAP_host_map, ref, &b), 0);
	REQUIRE_EQ(attacker_grant_unmap(A, a), GNTST_okay);
	REQUIRE(!grant_end(ref));
	REQUIRE_EQ(attacker_grant_unmap(A, b), GNTST_general_error);
	REQUIRE(sane());
}

/* The handle that is left goes with the attacker. */
static void test_counts(void)
{
	REQUIRE(attacker_gone());
	REQUIRE_EQ(grant_entry(ref)->flags, GTF_permit_access);
	REQUIRE(grant_end(ref) && grant_end(other_ref));
	REQUIRE(dom0_page_is_free(page));
	REQUIRE(dom0_page_is_free(other));
}

const struct test tests[] = {
	TEST(start),
	TEST(another_page),
	TEST(other_rights),
	TEST(crosswise),
	TEST(address_and_entry),
	TEST(entry_replaced),
	TEST(counts),
	TESTS_END
};
