/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: a table of the wrong level below a level-3 entry, so that the CPU
 * takes entries for something that was never checked for it. Way: flip the
 * present entry between frames, with flags equal, one at a time different, and
 * behind an entry that is empty; then make the entry non-present and hope that
 * its references are forgotten or dropped twice. Instead: only a level-2 table
 * passes, and each flip leaves exactly one table in use.
 *
 * Class: page types, update of upper levels that skips validation (XSA-58,
 * XSA-182). The same on Xen.
 */
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static uint64_t l3, entry, a, b;	/* a, b: empty tables of level 2 */

static void test_start(void)
{
	REQUIRE(attacker_start());
	l3 = attacker.mfn[CHILD_L3];
	entry = attacker_entry(l3, 5);
	a = attacker_table(0);
	b = attacker_table(0);
}

static void test_wrong_levels(void)
{
	const uint64_t wrong[] = {
		attacker.mfn[CHILD_L1], attacker.mfn[CHILD_L4],
		attacker.mfn[CHILD_SPARE], attacker.mfn[CHILD_MAILBOX],
		attacker.mfn[CHILD_SHARED], pv_frame(pt_root()),
	};

	for (int present = 0; present < 2; present++) {
		REQUIRE_EQ(attacker_update(entry, present ?
					   a * PV_PAGE | PTE_KERNEL : 0), 0);
		const uint64_t before = attacker_peek(l3, 5);

		for (unsigned int i = 0; i < sizeof(wrong) / 8; i++) {
			const uint64_t frame = wrong[i] * PV_PAGE;

			for (unsigned int bit = 0; bit < 8; bit++)
				REQUIRE(refused(attacker_update(entry, frame |
					(PTE_KERNEL ^ (bit ? 1UL << bit : 0)) |
					PTE_P)));
			REQUIRE_EQ(attacker_peek(l3, 5), before);
		}
	}
}

/* 64 flips of two good tables: one has the type, the other is memory. */
static void test_many_flips(void)
{
	for (int i = 0; i < 64; i++) {
		const uint64_t in = i % 2 ? a : b, out = i % 2 ? b : a;

		REQUIRE_EQ(attacker_update(entry | (i & 2),
					   in * PV_PAGE | PTE_KERNEL), 0);
		REQUIRE_EQ(attacker_type(in), 2);
		REQUIRE(!attacker_may_write(in));
		REQUIRE_EQ(attacker_type(out), 0);
		REQUIRE(attacker_may_write(out));
	}
}

/* Not present, the frame's bits still there, many times. */
static void test_present_bit_alone(void)
{
	const uint64_t pte = a * PV_PAGE | PTE_KERNEL;

	for (int i = 0; i < 16; i++) {
		REQUIRE_EQ(attacker_update(entry, pte & ~PTE_P), 0);
		REQUIRE_EQ(attacker_update(entry, pte & ~PTE_P), 0);
		REQUIRE(attacker_may_write(a));
		REQUIRE_EQ(attacker_update(entry, pte), 0);
		REQUIRE_EQ(attacker_update(entry, pte), 0);
		REQUIRE(!attacker_may_write(a));
	}
	/* what is behind it was written meanwhile and is checked again */
	REQUIRE_EQ(attacker_update(entry, pte & ~PTE_P), 0);
	REQUIRE_EQ(attacker_update(attacker_entry(a, 7),
				   pv_frame(pv_info) * PV_PAGE | PTE_KERNEL),
		   0);
	REQUIRE(refused(attacker_update(entry, pte)));
	REQUIRE_EQ(attacker_update(attacker_entry(a, 7), 0), 0);
	REQUIRE_EQ(attacker_update(entry, pte), 0);
}

static void test_counts(void)
{
	REQUIRE_EQ(attacker_update(entry, 0), 0);
	REQUIRE(attacker_may_write(a) && attacker_may_write(b));
	REQUIRE(!attacker_may_write(l3));
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(wrong_levels),
	TEST(many_flips),
	TEST(present_bit_alone),
	TEST(counts),
	TESTS_END
};
