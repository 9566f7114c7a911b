/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: a table that is forgotten in the middle of its validation: half
 * counted, typed for ever, or free while it counts. Way: a tree of four levels,
 * shared twice in the middle, with one bad entry at each place in turn: first,
 * behind good ones, deep, shallow; it is pinned, put into a live entry, loaded
 * as root. Instead: it is refused as a whole, every table of it is plain memory
 * again at once, and without the bad entry it is taken and goes again.
 *
 * Class: page types, bookkeeping of partial validation (XSA-299, 309, 310). The
 * same refusals on Xen; but 4.17 keeps references of trees that were refused, so
 * that the attacker cannot die there, and leaves a table that is met again
 * within its own validation half typed: that part is tried on Shoji alone.
 */
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

enum { L4, L3, L2A, L2B, L1A, L1B, NR };

static uint64_t table[NR];

static bool put(int t, unsigned int index, uint64_t pte)
{
	return attacker_update(attacker_entry(table[t], index), pte) == 0;
}

static uint64_t to(int t)
{
	return table[t] * PV_PAGE | PTE_KERNEL;
}

static void test_start(void)
{
	REQUIRE(attacker_start());
	for (int t = 0; t < NR; t++)
		table[t] = attacker_table(0);
	REQUIRE(put(L1A, 0, attacker.mfn[CHILD_DATA] * PV_PAGE | PTE_KERNEL));
	REQUIRE(put(L1B, 9, attacker.mfn[CHILD_DATA] * PV_PAGE | PTE_RO));
	REQUIRE(put(L2A, 0, to(L1A)) && put(L2A, 3, to(L1A)) &&
		put(L2A, 4, to(L1B)));
	REQUIRE(put(L2B, 0, to(L1B)) && put(L2B, 1, to(L1A)));
	REQUIRE(put(L3, 0, to(L2A)) && put(L3, 1, to(L2B)) &&
		put(L3, 2, to(L2A)));
	/* its own code stays where it is: in slot 0 */
	REQUIRE(put(L4, 0, attacker.mfn[CHILD_L3] * PV_PAGE | PTE_KERNEL) &&
		put(L4, 1, to(L3)) && put(L4, 2, to(L3)) &&
		put(L4, 300, to(L3)));
}

static bool all_memory(void)
{
	for (int t = 0; t < NR; t++)
		if (attacker_type(table[t]) || !attacker_may_write(table[t]))
			return false;
	return attacker_type(attacker.mfn[CHILD_L3]) == 3;
}

static bool all_tables(void)
{
	static const unsigned int level[NR] = { 4, 3, 2, 2, 1, 1 };

	for (int t = 0; t < NR; t++)
		if (attacker_type(table[t]) != level[t] ||
		    attacker_may_write(table[t]))
			return false;
	return true;
}

/* Every table in turn names a bad frame, at each of some places. */
static void test_one_bad_entry(void)
{
	static const unsigned int places[] = { 5, 6, 255, 272, 511 };
	const uint64_t live = attacker_entry(attacker.mfn[CHILD_L4], 7);

	for (int t = 0; t < NR; t++)
		for (unsigned int i = 0; i < sizeof(places) / 4; i++) {
			REQUIRE(put(t, places[i], pv_frame(pv_info) * PV_PAGE |
				    PTE_KERNEL));
			REQUIRE(refused(attacker_ext(MMUEXT_PIN_L4_TABLE,
						     table[L4], 0)));
			REQUIRE(refused(attacker_ext(MMUEXT_NEW_USER_BASEPTR,
						     table[L4], 0)));
			if (t > L4) {
				REQUIRE(refused(attacker_update(live,
								to(L3))));
				REQUIRE_EQ(attacker_peek(
					attacker.mfn[CHILD_L4], 7), 0);
			}
			REQUIRE(all_memory());
			REQUIRE(put(t, places[i], 0));
		}
}

/* The bad one is a table of the tree, at a level where it is none. */
static void test_itself_misplaced(void)
{
	for (int t = L3; t < NR && !on_xen(); t++)
		for (int what = L4; what <= t; what++) {
			if (t >= L1A && what != t)
				continue;
			if ((t == L2A || t == L2B) && what >= L2A)
				continue;	/* linear: attack-recursive */
			if (t == what && t < L1A)
				continue;
			REQUIRE(put(t, 400, to(what)));
			REQUIRE(refused(attacker_ext(MMUEXT_PIN_L4_TABLE,
						     table[L4], 0)));
			REQUIRE(all_memory());
			REQUIRE(put(t, 400, 0));
		}
}

static void test_without_it(void)
{
	for (int i = 0; i < 3; i++) {
		REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L4_TABLE, table[L4], 0), 0);
		REQUIRE(all_tables());
		/* one of three uses of a subtree goes */
		REQUIRE(put(L3, 0, 0));
		REQUIRE(all_tables());
		REQUIRE(put(L3, 0, to(L2A)));
		REQUIRE(put(L4, 300, 0) && put(L4, 300, to(L3)));
		REQUIRE(all_tables());
		REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, table[L4], 0), 0);
		for (int s = 256; s < 272; s++)
			REQUIRE(put(L4, s, 0));
		REQUIRE(all_memory());
	}
}

static void test_counts(void)
{
	/* and it dies with the tree pinned */
	REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L4_TABLE, table[L4], 0), 0);
	REQUIRE(attacker_gone() || on_xen());
}

const struct test tests[] = {
	TEST(start),
	TEST(one_bad_entry),
	TEST(itself_misplaced),
	TEST(without_it),
	TEST(counts),
	TESTS_END
};
