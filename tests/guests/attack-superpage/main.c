/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: 2 MiB or 1 GiB of machine memory at once, other domains' and the
 * hypervisor's included. Way: set the large-page bit (7) in a present upper
 * entry, which changes no frame (XSA-148); or in a table before it is
 * validated; or by halves, the bit while the entry is not present. Instead:
 * bit 7 never gets into a present upper entry; the address keeps meaning what
 * it meant. In level 1 the bit chooses the cache type: not for a guest without
 * devices.
 *
 * Class: page types, a missing check of one flag. The same on Xen; for the bit
 * in level 1 see attack-cache-alias.
 */
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define PSE 0x80UL
#define AT (CHILD_BASE + (1UL << 21))	/* what entry 1 of its L2 is for */

static uint64_t l2, l1, entry;

static void test_start(void)
{
	REQUIRE(attacker_start());
	l2 = attacker.mfn[CHILD_L2];
	l1 = attacker_table(attacker.mfn[CHILD_DATA] * PV_PAGE | PTE_KERNEL);
	entry = attacker_entry(l2, 1);
	REQUIRE_EQ(attacker_update(entry, l1 * PV_PAGE | PTE_KERNEL), 0);
	attacker.data[0] = 0xda7a;
}

static bool still_the_same(void)
{
	uint64_t value;

	return attacker_loads(AT, &value) && value == 0xda7a &&
	       !attacker_loads(AT + PV_PAGE, &value) &&
	       !(attacker_peek(l2, 1) & PSE);
}

static void test_flip(void)
{
	const uint64_t pte = attacker_peek(l2, 1);

	REQUIRE(still_the_same());
	for (unsigned int cmd = 0; cmd < 4; cmd += cmd ? 1 : 2) {
		REQUIRE(refused(attacker_update(entry | cmd, pte | PSE)));
		REQUIRE(refused(attacker_update(entry | cmd, (pte | PSE) &
						~PTE_RW)));
		REQUIRE(refused(attacker_update(entry | cmd, (pte | PSE) &
						~PTE_US)));
		REQUIRE(still_the_same());
	}
	/* aligned, as the CPU wants it: an address of the guest's own */
	REQUIRE(refused(attacker_update(entry, (pte & ~0x1ff000UL) | PSE)));
	REQUIRE(refused(attacker_update(attacker_entry(l2, 2),
					PTE_KERNEL | PSE)));
	REQUIRE(refused(attacker_update(attacker_entry(attacker.mfn[CHILD_L3],
						       3), PTE_KERNEL | PSE)));
	REQUIRE(still_the_same());
}

static void test_by_halves(void)
{
	const uint64_t pte = attacker_peek(l2, 1);

	REQUIRE_EQ(attacker_update(entry, (pte | PSE) & ~PTE_P), 0);
	REQUIRE(refused(attacker_update(entry, pte | PSE)));
	REQUIRE(refused(attacker_update(entry | 2, pte | PSE)));
	REQUIRE_EQ(attacker_peek(l2, 1) & PTE_P, 0);
	REQUIRE_EQ(attacker_update(entry, pte), 0);
	REQUIRE(still_the_same());
}

/* In a table that nobody has looked at yet. */
static void test_before_validation(void)
{
	const uint64_t table = attacker_table(PTE_KERNEL | PSE);

	REQUIRE(refused(attacker_ext(MMUEXT_PIN_L2_TABLE, table, 0)));
	REQUIRE(refused(attacker_ext(MMUEXT_PIN_L3_TABLE, table, 0)));
	REQUIRE(refused(attacker_ext(MMUEXT_PIN_L4_TABLE, table, 0)));
	REQUIRE(refused(attacker_update(attacker_entry(
		attacker.mfn[CHILD_L3], 3), table * PV_PAGE | PTE_KERNEL)));
	/* the last entry counts like the first */
	REQUIRE_EQ(attacker_update(attacker_entry(table, 0), 0), 0);
	REQUIRE_EQ(attacker_update(attacker_entry(table, 511),
				   l1 * PV_PAGE | PTE_KERNEL | PSE), 0);
	REQUIRE(refused(attacker_ext(MMUEXT_PIN_L2_TABLE, table, 0)));
	REQUIRE(attacker_may_write(table));
	REQUIRE(still_the_same());
}

static void test_counts(void)
{
	REQUIRE_EQ(attacker_update(entry, 0), 0);
	REQUIRE(attacker_may_write(l1));
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(flip),
	TEST(by_halves),
	TEST(before_validation),
	TEST(counts),
	TESTS_END
};
