/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: its own page tables writable, through a level-4 entry. Way: change a
 * present entry so that it looks like a change of flags only, which a fast
 * path may let pass unchecked (XSA-182), while the frame changes too, or
 * forbidden flags appear. Instead: every change is refused and the entry stays
 * as it was; the flags that are the guest's own change freely.
 *
 * Class: page types, an unsafe fast path. On Xen a table may name itself
 * read-only; made writable it is refused there as well.
 */
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static uint64_t l4, l3, entry;	/* entry 1 of its L4 names the empty l3 */

static void test_start(void)
{
	REQUIRE(attacker_start());
	l4 = attacker.mfn[CHILD_L4];
	l3 = attacker_table(0);
	entry = attacker_entry(l4, 1);
	REQUIRE_EQ(attacker_update(entry, l3 * PV_PAGE | PTE_KERNEL), 0);
	REQUIRE_EQ(attacker_type(l3), 3);
}

static void test_own_flags(void)
{
	static const uint64_t flags[] = {
		PTE_P, PTE_P | PTE_NX, PTE_RO, PTE_KERNEL | 0xe00, PTE_KERNEL,
	};

	for (unsigned int i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		REQUIRE_EQ(attacker_update(entry, l3 * PV_PAGE | flags[i]), 0);
		REQUIRE_EQ(attacker_peek(l4, 1) & PTE_FRAME, l3 * PV_PAGE);
		REQUIRE_EQ(attacker_type(l3), 3);
	}
}

static void test_frame_changes_too(void)
{
	const uint64_t other[] = {
		l4, attacker.mfn[CHILD_L2], attacker.mfn[CHILD_L1],
		attacker.mfn[CHILD_SPARE], attacker.mfn[CHILD_SHARED],
		pv_frame(pt_root()), pv_frame(pv_info), 0, 1UL << 34,
	};
	const uint64_t before = attacker_peek(l4, 1);

	for (unsigned int i = 0; i < sizeof(other) / sizeof(*other); i++) {
		const uint64_t frame = other[i] * PV_PAGE;

		REQUIRE(refused(attacker_update(entry, frame | PTE_KERNEL)));
		REQUIRE(refused(attacker_update(entry | 2,
						frame | PTE_KERNEL)));
		REQUIRE(refused(attacker_update(entry | 3,
						frame | (before & 0xfff))));
		REQUIRE_EQ(attacker_peek(l4, 1), before);
	}
	REQUIRE_EQ(attacker_type(l3), 3);
}

static void test_forbidden_flags(void)
{
	const uint64_t before = attacker_peek(l4, 1);

	/* a page of 512 GiB; addresses beyond the machine's */
	REQUIRE(refused(attacker_update(entry, before | 0x80)));
	REQUIRE(refused(attacker_update(entry, before | 1UL << 51)));
	REQUIRE(refused(attacker_update(entry | 2, before | 0x80)));
	REQUIRE_EQ(attacker_peek(l4, 1), before);
}

/* Named read-only, if at all, then flipped. */
static void test_self_made_writable(void)
{
	const uint64_t slot = attacker_entry(l4, 2);
	const int64_t rc = attacker_update(slot, l4 * PV_PAGE | PTE_RO);

	REQUIRE(on_xen() || refused(rc));
	REQUIRE(refused(attacker_update(slot, l4 * PV_PAGE | PTE_KERNEL)));
	REQUIRE(refused(attacker_update(slot | 2, l4 * PV_PAGE | PTE_KERNEL)));
	REQUIRE_EQ(attacker_peek(l4, 2) & PTE_RW, 0);
	REQUIRE_EQ(attacker_update(slot, 0), 0);
}

static void test_counts(void)
{
	REQUIRE(!attacker_may_write(l3));
	REQUIRE_EQ(attacker_update(entry, 0), 0);
	REQUIRE_EQ(attacker_type(l3), 0);
	REQUIRE(attacker_may_write(l3));
	REQUIRE(!attacker_may_write(l4));
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(own_flags),
	TEST(frame_changes_too),
	TEST(forbidden_flags),
	TEST(self_made_writable),
	TEST(counts),
	TESTS_END
};
