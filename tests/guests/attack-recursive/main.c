/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: page tables that contain themselves, to be used at two levels at
 * once: seen as data they are writable by their own entries, and a walk over
 * them never ends. Way: self-mapped tables of levels 2 to 4, pairs that name
 * each other, a table that names itself before it is pinned, a chain of
 * tables of one level (XSA-240). Instead: never writable, the loop is refused,
 * and the tables are plain memory again afterwards.
 *
 * Class: page types, linear tables. Shoji refuses all of them; Xen lets a
 * table name itself, or another of its level, read-only (checked as such).
 */
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static const unsigned int pin[5] = {
	0, 0, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE, MMUEXT_PIN_L4_TABLE,
};

static uint64_t a, b;

static void test_start(void)
{
	REQUIRE(attacker_start());
	a = attacker_table(0);
	b = attacker_table(0);
}

static bool is_memory(uint64_t mfn)
{
	/* Xen and Shoji both fill the upper slots of a level-4 table */
	for (int i = 256; i < 272; i++)
		if (attacker_update(attacker_entry(mfn, i), 0))
			return false;
	return attacker_may_write(mfn);
}

/* The live tables, at each level. */
static void test_live_tables(void)
{
	static const int page[5] = { 0, 0, CHILD_L2, CHILD_L3, CHILD_L4 };

	for (int level = 2; level <= 4; level++) {
		const uint64_t mfn = attacker.mfn[page[level]];
		const uint64_t slot = attacker_entry(mfn, 9);
		const int64_t rc = attacker_update(slot, mfn * PV_PAGE |
						   PTE_RO);

		REQUIRE(refused(attacker_update(slot, mfn * PV_PAGE |
						PTE_KERNEL)));
		REQUIRE(refused(rc) || (on_xen() && rc == 0));
		REQUIRE_EQ(attacker_update(slot, 0), 0);
	}
}

/* In its own contents before it becomes a table. */
static void test_pin_itself(void)
{
	for (int level = 2; level <= 4; level++) {
		for (int rw = 0; rw < 2; rw++) {
			REQUIRE_EQ(attacker_update(attacker_entry(a, 3),
				a * PV_PAGE | (rw ? PTE_KERNEL : PTE_RO)), 0);
			const int64_t rc = attacker_ext(pin[level], a, 0);

			if (rc == 0) {
				REQUIRE(on_xen() && !rw);
				REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, a,
							0), 0);
			} else {
				REQUIRE(refused(rc));
			}
			REQUIRE(is_memory(a));
		}
	}
	REQUIRE_EQ(attacker_update(attacker_entry(a, 3), 0), 0);
}

/* a names b, b names a; validation of one meets itself below. */
static void test_pair(void)
{
	REQUIRE_EQ(attacker_update(attacker_entry(a, 0), b * PV_PAGE |
				   PTE_KERNEL), 0);
	REQUIRE_EQ(attacker_update(attacker_entry(b, 0), a * PV_PAGE |
				   PTE_KERNEL), 0);
	for (int level = 2; level <= 4; level++) {
		REQUIRE(refused(attacker_ext(pin[level], a, 0)));
		REQUIRE(refused(attacker_ext(pin[level], b, 0)));
		REQUIRE(is_memory(a) && is_memory(b));
	}
	REQUIRE_EQ(attacker_update(attacker_entry(a, 0), 0), 0);
	REQUIRE_EQ(attacker_update(attacker_entry(b, 0), 0), 0);
}

/* Two pinned tables of one level: one in the other, and back. */
static void test_chain(void)
{
	for (int level = 2; level <= 4; level++) {
		REQUIRE_EQ(attacker_ext(pin[level], a, 0), 0);
		REQUIRE_EQ(attacker_ext(pin[level], b, 0), 0);
		const int64_t rc = attacker_update(attacker_entry(a, 0),
						   b * PV_PAGE | PTE_RO);

		REQUIRE(refused(rc) || (on_xen() && rc == 0));
		REQUIRE(rc || refused(attacker_update(attacker_entry(b, 0),
						      a * PV_PAGE | PTE_RO)));
		REQUIRE(refused(attacker_update(attacker_entry(b, 1),
						a * PV_PAGE | PTE_KERNEL)));
		REQUIRE_EQ(attacker_update(attacker_entry(a, 0), 0), 0);
		REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, a, 0), 0);
		REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, b, 0), 0);
		REQUIRE(is_memory(a) && is_memory(b));
	}
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(live_tables),
	TEST(pin_itself),
	TEST(pair),
	TEST(chain),
	TEST(counts),
	TESTS_END
};
