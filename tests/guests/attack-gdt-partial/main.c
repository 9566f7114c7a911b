/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: a page whose type is forgotten or held for ever, by a call that fails
 * half-way. Way: set_gdt with a list whose first pages are good and a later
 * one is bad, for each reason; with one page many times; with sizes beyond the
 * end; with a list that cannot be read. Instead: a failing call leaves the old
 * GDT in force and every new page as free to write as before.
 *
 * Class: page types, bookkeeping of partial work (XSA-299, 310). The same on
 * Xen.
 */
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define LIMIT 7168	/* entries */

static uint64_t old, good[3], list[14];

static int64_t set_gdt(unsigned int entries)
{
	memcpy(attacker.mailbox->room, list, sizeof(list));
	return attacker_call(__HYPERVISOR_set_gdt, CHILD_ROOM, entries, 0, 0);
}

static void test_start(void)
{
	REQUIRE(attacker_start());
	old = attacker_table(0);
	for (int i = 0; i < 3; i++)
		good[i] = attacker_table(0);
	list[0] = old;
	REQUIRE_EQ(set_gdt(512), 0);
}

static bool unchanged(void)
{
	for (int i = 0; i < 3; i++)
		if (!attacker_may_write(good[i]))
			return false;
	return !attacker_may_write(old);
}

static void test_bad_page_at_each_place(void)
{
	const uint64_t bad[] = {
		attacker.mfn[CHILD_DATA], attacker.mfn[CHILD_L1],
		pv_frame(pt_root()), pv_frame(pv_info), 1UL << 34, ~0UL,
		attacker.mfn[CHILD_SHARED],
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (int place = 0; place < 4; place++) {
			for (int j = 0; j < 3; j++)
				list[j + (j >= place)] = good[j];
			list[place] = bad[i];
			REQUIRE(refused(set_gdt(4 * 512)));
			REQUIRE(unchanged());
		}
}

/* One page for all fourteen, good and then bad at the end. */
static void test_one_page_often(void)
{
	for (int i = 0; i < 14; i++)
		list[i] = good[0];
	list[13] = attacker.mfn[CHILD_DATA];
	REQUIRE(refused(set_gdt(LIMIT)));
	REQUIRE(unchanged());
	list[13] = good[0];
	REQUIRE_EQ(set_gdt(LIMIT), 0);
	REQUIRE(attacker_may_write(old));
	REQUIRE(!attacker_may_write(good[0]));
	list[0] = old;
	REQUIRE_EQ(set_gdt(512), 0);
	REQUIRE(unchanged());
}

static void test_sizes(void)
{
	for (int i = 0; i < 14; i++)
		list[i] = good[i % 3];
	REQUIRE(refused(set_gdt(LIMIT + 1)));
	REQUIRE(refused(set_gdt(8192)));
	REQUIRE(refused(set_gdt(0x7fffffff)));
	REQUIRE(refused(set_gdt(0xffffffff)));
	REQUIRE_EQ(attacker_call(__HYPERVISOR_set_gdt, 0xffff82d040000000, 16,
				 0, 0), EFAULT_);
	/* the list runs off the end of what is mapped */
	REQUIRE_EQ(attacker_call(__HYPERVISOR_set_gdt,
				 CHILD_VA(CHILD_PAGES) - 8, 1024, 0, 0),
		   EFAULT_);
	REQUIRE(unchanged());
}

static void test_counts(void)
{
	REQUIRE_EQ(set_gdt(0), 0);
	REQUIRE(attacker_may_write(old));
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(bad_page_at_each_place),
	TEST(one_page_often),
	TEST(sizes),
	TEST(counts),
	TESTS_END
};
