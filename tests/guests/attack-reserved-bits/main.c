/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: an entry with bits that the CPU calls reserved, or that mean something
 * the check has not thought of: the hypervisor faults in its own accesses, or
 * maps what it did not count. Way: each of the bits 1 to 63 alone, in a live
 * entry of each level, present and not. Instead: an entry is refused, or taken
 * and then the address shows the same page as before; physical address bits
 * are never taken as they come. Not-present entries are the guest's own.
 *
 * Class: page types, a missing check of flags. The same on Xen, whose software
 * bits are fewer.
 */
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define AT (CHILD_BASE + (3UL << 30))	/* a path of tables of its own */

static uint64_t table[5];	/* by level; entry 0 leads down, but level 4 */
static uint64_t good;

static void test_start(void)
{
	REQUIRE(attacker_start());
	table[1] = attacker_table(attacker.mfn[CHILD_DATA] * PV_PAGE |
				  PTE_KERNEL);
	table[2] = attacker_table(table[1] * PV_PAGE | PTE_KERNEL);
	table[3] = attacker.mfn[CHILD_L3];
	REQUIRE_EQ(attacker_update(attacker_entry(table[3], 4),
				   table[2] * PV_PAGE | PTE_KERNEL), 0);
	attacker.data[5] = 0x5eed;
}

static bool same_page(void)
{
	uint64_t value;

	return attacker_loads(AT + 40, &value) && value == 0x5eed;
}

/* One entry, every bit; `taken` counts the accepted. */
static bool each_bit(int level, unsigned int index, unsigned int *taken)
{
	const uint64_t entry = attacker_entry(table[level], index);

	good = attacker_peek(table[level], index);
	for (int bit = 1; bit < 64; bit++) {
		const bool address = bit >= 12 && bit < 52;
		const uint64_t pte = good ^ 1UL << bit;

		if (attacker_update(entry, pte) == 0) {
			/* X of the address could be a frame of its own */
			if (address && (pte & PTE_FRAME) >> 40)
				return false;
			(*taken)++;
			if (!address && bit != 63 && !same_page())
				return false;
		} else if (attacker_peek(table[level], index) != good) {
			return false;
		}
		if (attacker_update(entry, good) || !same_page())
			return false;
	}
	return true;
}

static void test_level_1(void)
{
	unsigned int taken = 0;

	REQUIRE(same_page());
	REQUIRE(each_bit(1, 0, &taken));
	REQUIRE(taken >= 3 && taken < 30);
}

static void test_level_2(void)
{
	unsigned int taken = 0;

	REQUIRE(each_bit(2, 0, &taken));
	REQUIRE(taken >= 3 && taken < 30);
}

static void test_level_3(void)
{
	unsigned int taken = 0;

	REQUIRE(each_bit(3, 4, &taken));
	REQUIRE(taken >= 3 && taken < 30);
}

/* Beyond what the CPU can address, in new tables and by every command. */
static void test_address_bits(void)
{
	const uint64_t page = attacker.mfn[CHILD_DATA] * PV_PAGE | PTE_KERNEL;
	const uint64_t spare = attacker_table(0);

	for (int bit = 40; bit < 52; bit++) {
		const uint64_t pte = page | 1UL << bit;

		REQUIRE(refused(attacker_update(attacker_entry(table[1], 1),
						pte)));
		REQUIRE(refused(attacker_update(attacker_entry(table[1], 0) |
						2, pte)));
		REQUIRE(refused(attacker_map(20, pte)));
		REQUIRE_EQ(attacker_update(attacker_entry(spare, 77), pte), 0);
		REQUIRE(refused(attacker_ext(MMUEXT_PIN_L1_TABLE, spare, 0)));
		REQUIRE(refused(attacker_ext(MMUEXT_PIN_L3_TABLE, spare, 0)));
	}
	REQUIRE_EQ(attacker_update(attacker_entry(spare, 77), 0), 0);
	REQUIRE(attacker_may_write(spare));
	REQUIRE(same_page());
}

/* Any bits without the first are no business of anybody's. */
static void test_not_present(void)
{
	for (int level = 1; level <= 3; level++) {
		const uint64_t entry = attacker_entry(table[level], 99);

		REQUIRE_EQ(attacker_update(entry, ~1UL), 0);
		REQUIRE_EQ(attacker_peek(table[level], 99), ~1UL);
		REQUIRE(refused(attacker_update(entry, ~0UL)));
		REQUIRE_EQ(attacker_peek(table[level], 99), ~1UL);
		REQUIRE_EQ(attacker_update(entry, 0), 0);
	}
	REQUIRE(same_page());
}

static void test_counts(void)
{
	REQUIRE_EQ(attacker_update(attacker_entry(table[3], 4), 0), 0);
	REQUIRE(attacker_may_write(table[1]) && attacker_may_write(table[2]));
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(level_1),
	TEST(level_2),
	TEST(level_3),
	TEST(address_bits),
	TEST(not_present),
	TEST(counts),
	TESTS_END
};
