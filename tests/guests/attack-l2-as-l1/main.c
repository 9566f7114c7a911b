/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: one frame to be two things. A level-2 table taken for a level-1
 * table maps page tables as pages. Way: name every live table at every level
 * but its own, in live entries, in tables yet to be validated, as roots, as
 * descriptor pages, and pin it as every other level. Instead: each frame keeps
 * its one type, through all of it.
 *
 * Class: page types, type confusion. The same on Xen.
 */
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static const unsigned int pin[5] = {
	0, MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,
	MMUEXT_PIN_L4_TABLE,
};

static uint64_t live[5], fresh;

static void test_start(void)
{
	REQUIRE(attacker_start());
	live[1] = attacker.mfn[CHILD_L1];
	live[2] = attacker.mfn[CHILD_L2];
	live[3] = attacker.mfn[CHILD_L3];
	live[4] = attacker.mfn[CHILD_L4];
	fresh = attacker_table(0);
}

static bool types_hold(void)
{
	for (unsigned int level = 1; level <= 4; level++)
		if (attacker_type(live[level]) != level)
			return false;
	return attacker_type(fresh) == 0;
}

/* An entry of a level-n table wants level n - 1; n itself is linear, which
 * attack-recursive is about. */
static bool wrong(int in, int what)
{
	return what != in - 1 && what != in;
}

static void test_live_entries(void)
{
	for (int in = 2; in <= 4; in++)
		for (int what = 1; what <= 4; what++) {
			const uint64_t pte = live[what] * PV_PAGE;
			const uint64_t at = attacker_entry(live[in], 30);

			if (!wrong(in, what))
				continue;
			REQUIRE(refused(attacker_update(at, pte | PTE_RO)));
			REQUIRE(refused(attacker_update(at, pte |
							PTE_KERNEL)));
			REQUIRE_EQ(attacker_peek(live[in], 30), 0);
		}
	REQUIRE(types_hold());
}

static void test_new_tables(void)
{
	for (int in = 2; in <= 4; in++)
		for (int what = 1; what <= 4; what++) {
			if (!wrong(in, what))
				continue;
			REQUIRE_EQ(attacker_update(attacker_entry(fresh, 200),
				live[what] * PV_PAGE | PTE_RO), 0);
			REQUIRE(refused(attacker_ext(pin[in], fresh, 0)));
			REQUIRE(types_hold());
		}
	/* level 1 may show any of them, but not writable */
	for (int what = 1; what <= 4; what++) {
		const uint64_t pte = live[what] * PV_PAGE;

		REQUIRE_EQ(attacker_update(attacker_entry(fresh, 200),
					   pte | PTE_KERNEL), 0);
		REQUIRE(refused(attacker_ext(pin[1], fresh, 0)));
		REQUIRE(types_hold());
		REQUIRE_EQ(attacker_update(attacker_entry(fresh, 200),
					   pte | PTE_RO), 0);
		REQUIRE_EQ(attacker_ext(pin[1], fresh, 0), 0);
		REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, fresh, 0), 0);
	}
	REQUIRE_EQ(attacker_update(attacker_entry(fresh, 200), 0), 0);
}

static void test_other_uses(void)
{
	for (int what = 1; what <= 4; what++) {
		uint64_t list[1] = { live[what] };

		for (int level = 1; level <= 4; level++)
			if (level != what)
				REQUIRE(refused(attacker_ext(pin[level],
							     live[what], 0)));
		memcpy(attacker.mailbox->room, list, sizeof(list));
		REQUIRE(refused(attacker_call(__HYPERVISOR_set_gdt, CHILD_ROOM,
					      512, 0, 0)));
		REQUIRE(refused(attacker_call(__HYPERVISOR_update_descriptor,
			attacker_entry(live[what], 40), 0, 0, 0)));
		if (what == 4)
			continue;
		REQUIRE(refused(attacker_ext(MMUEXT_NEW_BASEPTR, live[what],
					     0)));
		REQUIRE(refused(attacker_ext(MMUEXT_NEW_USER_BASEPTR,
					     live[what], 0)));
	}
	REQUIRE(types_hold());
}

static void test_counts(void)
{
	for (int level = 1; level <= 4; level++)
		REQUIRE(!attacker_may_write(live[level]));
	REQUIRE(attacker_may_write(fresh));
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(live_entries),
	TEST(new_tables),
	TEST(other_uses),
	TEST(counts),
	TESTS_END
};
