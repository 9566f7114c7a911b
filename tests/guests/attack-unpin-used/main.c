/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: to write a page table that the CPU still uses. Way: unpin the root it
 * runs on, unpin twice, unpin what was never pinned, pin and unpin tables in
 * use a hundred times, drop the user root while it is one; after each step,
 * make the table writable. Instead: use keeps the type, pins are counted one
 * at a time, and only what nobody uses becomes memory.
 *
 * Class: page types, counts of pins and uses. The same on Xen.
 */
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static uint64_t l4, l3, l2, l1;

static void test_start(void)
{
	REQUIRE(attacker_start());
	l4 = attacker.mfn[CHILD_L4];
	l3 = attacker.mfn[CHILD_L3];
	l2 = attacker.mfn[CHILD_L2];
	l1 = attacker.mfn[CHILD_L1];
}

static bool all_tables(void)
{
	return attacker_type(l4) == 4 && attacker_type(l3) == 3 &&
	       attacker_type(l2) == 2 && attacker_type(l1) == 1 &&
	       !attacker_may_write(l4) && !attacker_may_write(l3) &&
	       !attacker_may_write(l2) && !attacker_may_write(l1) &&
	       refused(attacker_ext(MMUEXT_CLEAR_PAGE, l4, 0)) &&
	       refused(attacker_ext(MMUEXT_CLEAR_PAGE, l1, 0));
}

static void test_root_in_use(void)
{
	REQUIRE(attacker_pinned(l4));
	REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, l4, 0), 0);
	REQUIRE(!attacker_pinned(l4));
	REQUIRE(all_tables());
	for (int i = 0; i < 4; i++)
		REQUIRE(refused(attacker_ext(MMUEXT_UNPIN_TABLE, l4, 0)));
	REQUIRE(all_tables());
}

static void test_never_pinned(void)
{
	const uint64_t none[] = { l3, l2, l1, attacker.mfn[CHILD_DATA] };

	for (int i = 0; i < 4; i++) {
		REQUIRE(refused(attacker_ext(MMUEXT_UNPIN_TABLE, none[i], 0)));
		REQUIRE(refused(attacker_ext(MMUEXT_UNPIN_TABLE, none[i], 0)));
	}
	REQUIRE(all_tables());
}

static void test_pins_of_used_tables(void)
{
	const uint64_t table[] = { l1, l2, l3, l4 };

	for (int i = 0; i < 100; i++) {
		const unsigned int pin = MMUEXT_PIN_L1_TABLE + i % 4;

		REQUIRE_EQ(attacker_ext(pin, table[i % 4], 0), 0);
		REQUIRE(refused(attacker_ext(pin, table[i % 4], 0)));
		REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, table[i % 4], 0),
			   0);
	}
	REQUIRE(all_tables());
}

/* A second root: the user's, then both, then nobody's. */
static void test_user_root(void)
{
	const uint64_t user = attacker_table(l3 * PV_PAGE | PTE_KERNEL);

	REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L4_TABLE, user, 0), 0);
	REQUIRE_EQ(attacker_ext(MMUEXT_NEW_USER_BASEPTR, user, 0), 0);
	REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, user, 0), 0);
	REQUIRE(!attacker_may_write(user));
	REQUIRE_EQ(attacker_ext(MMUEXT_NEW_BASEPTR, user, 0), 0);
	/* nobody uses the first root now, but it was unpinned */
	REQUIRE_EQ(attacker_type(l4), 0);
	REQUIRE_EQ(attacker_ext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
	REQUIRE(!attacker_may_write(user));
	REQUIRE_EQ(attacker_type(user), 4);
	REQUIRE_EQ(attacker_ext(MMUEXT_NEW_BASEPTR, l4, 0), 0);
	REQUIRE(attacker_may_write(user));
	REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L4_TABLE, l4, 0), 0);
	REQUIRE(all_tables());
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(root_in_use),
	TEST(never_pinned),
	TEST(pins_of_used_tables),
	TEST(user_root),
	TEST(counts),
	TESTS_END
};
