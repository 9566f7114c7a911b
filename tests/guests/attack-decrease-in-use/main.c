/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: a frame free while it is still a page table, a GDT, or mapped: the
 * next owner gets it with a way in. Way: a domain gives back its live tables,
 * its root, its GDT, its code and stack, each several times, then fills up
 * again. Instead: a frame is free when its last use has ended: no new page
 * is one of them, all of them work on, and the second time there is nothing to
 * give.
 *
 * Class: memory ops, references and allocation. On Xen the same, but for the
 * count that the call returns.
 */
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static uint64_t gdt, pinned;

static void test_start(void)
{
	REQUIRE(attacker_start());
	gdt = attacker_table(0);
	pinned = attacker_table(0);
	memcpy(attacker.mailbox->room, &gdt, 8);
	REQUIRE_EQ(attacker_call(__HYPERVISOR_set_gdt, CHILD_ROOM, 16, 0, 0),
		   0);
	REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L2_TABLE, pinned, 0), 0);
}

/* Xen counts a page that was given back already, and pages of its own that
 * the domain sees, as given. What counts is that none goes. */
static bool nothing_given(int64_t rc)
{
	return rc == 0 || (on_xen() && rc == 1);
}

/* Of others, of nobody, and what is no memory. */
static void test_not_its_own(void)
{
	const uint64_t pages = attacker_pages();
	const uint64_t bad[] = {
		pv_frame(pv_info), pv_frame(pt_root()), 0, 0xb8, 0xfee00,
		attacker.mfn[CHILD_SHARED], pv_info->shared_info / PV_PAGE,
		1UL << 34, 1UL << 52, ~0UL,
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		REQUIRE(nothing_given(attacker_give_back(bad[i])));
	REQUIRE_EQ(attacker_pages(), pages);
	REQUIRE_EQ(PV_M2P[pv_frame(pv_info)], pv_pfn(pv_info));
}

static bool works_on(void)
{
	uint64_t value;

	attacker.data[3] = 0x3d3d;
	return attacker_type(attacker.mfn[CHILD_L4]) == 4 &&
	       attacker_type(attacker.mfn[CHILD_L1]) == 1 &&
	       attacker_type(pinned) == 2 &&
	       !attacker_may_write(attacker.mfn[CHILD_L1]) &&
	       !attacker_may_write(gdt) && !attacker_may_write(pinned) &&
	       attacker_loads(CHILD_VA(CHILD_DATA) + 24, &value) &&
	       value == 0x3d3d;
}

static void test_in_use(void)
{
	const uint64_t used[] = {
		attacker.mfn[CHILD_L4], attacker.mfn[CHILD_L3],
		attacker.mfn[CHILD_L2], attacker.mfn[CHILD_L1],
		attacker.mfn[CHILD_CODE], attacker.mfn[CHILD_STACK],
		attacker.mfn[CHILD_DATA], gdt, pinned,
	};
	const unsigned int nr = sizeof(used) / sizeof(*used);

	for (unsigned int i = 0; i < nr; i++) {
		const int64_t rc = attacker_give_back(used[i]);

		REQUIRE(rc == 0 || rc == 1);
		for (int j = 0; j < 3; j++)
			REQUIRE(nothing_given(attacker_give_back(used[i])));
		REQUIRE(works_on());
	}
	/* what it gets now is none of these */
	for (int i = 0; i < 4; i++) {
		const uint64_t mfn = attacker_page();

		for (unsigned int j = 0; j < nr; j++)
			REQUIRE(mfn != used[j]);
	}
	REQUIRE(works_on());
}

/* The last use ends: the page goes, and only that one. */
static void test_last_use(void)
{
	const uint64_t pages = attacker_pages();

	REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, pinned, 0), 0);
	REQUIRE_EQ(attacker_pages(), pages - 1);
	REQUIRE(refused(attacker_map(50, pinned * PV_PAGE | PTE_RO)));
	REQUIRE(refused(attacker_ext(MMUEXT_PIN_L2_TABLE, pinned, 0)));
	REQUIRE_EQ(attacker_call(__HYPERVISOR_set_gdt, 0, 0, 0, 0), 0);
	REQUIRE_EQ(attacker_pages(), pages - 2);
	REQUIRE(refused(attacker_map(50, gdt * PV_PAGE | PTE_KERNEL)));
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(not_its_own),
	TEST(in_use),
	TEST(last_use),
	TEST(counts),
	TESTS_END
};
