/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: to see or replace what is mapped in level-4 slots 256 to 271, which
 * are the hypervisor's. Way: load and store there; write these slots of live,
 * pinned and unvalidated tables, by every command; move its own tables there;
 * read what the hypervisor has put into a table of its, after the table was
 * let go. Instead: only the machine-to-physical table can be read, nothing
 * written; the slots stay what they are.
 *
 * Class: page types, the hypervisor's own mappings. The same on Xen,
 * but that a root which is let go keeps Xen's entries: no table of a lower
 * level can be made of it then.
 */
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define SLOT(i) (0xffff000000000000UL | (uint64_t)(i) << 39)

static void test_start(void)
{
	REQUIRE(attacker_start());
}

static void test_addresses(void)
{
	static const uint64_t offsets[] = {
		0, 0x1000, 0x200000, 0x40000000, 0x40020000,
		0x5040000000, 0x5040200000, 0x6000000000, 0x7ffffff000,
	};
	uint64_t value;

	for (int slot = 257; slot < 272; slot++)
		for (unsigned int i = 0; i < sizeof(offsets) / 8; i++) {
			const uint64_t va = SLOT(slot) + offsets[i];

			REQUIRE(!attacker_loads(va, &value));
			REQUIRE(!attacker_stores(va, 0));
		}
	/* dom0's idea of its own page, which the attacker may know */
	REQUIRE(attacker_loads((uint64_t)&PV_M2P[pv_frame(pv_info)], &value));
	REQUIRE_EQ(value, pv_pfn(pv_info));
	REQUIRE(!attacker_stores((uint64_t)&PV_M2P[pv_frame(pv_info)], 0));
	REQUIRE_EQ(PV_M2P[pv_frame(pv_info)], pv_pfn(pv_info));
	REQUIRE(!attacker_loads(SLOT(256) + 0x7ffffff000, &value));
}

static bool slots_refused(uint64_t l4, uint64_t pte)
{
	for (int slot = 256; slot < 272; slot++) {
		const uint64_t at = attacker_entry(l4, slot);
		const uint64_t before = attacker_peek(l4, slot);

		if (!refused(attacker_update(at, pte)) ||
		    !refused(attacker_update(at | 2, pte)) ||
		    !refused(attacker_update(at | 3, before)) ||
		    !refused(attacker_update(at, 0)) ||
		    !refused(attacker_update(at, before ^ PTE_RW)) ||
		    !refused(attacker_update(at, before ^ PTE_NX)) ||
		    attacker_peek(l4, slot) != before)
			return false;
	}
	return true;
}

static void test_live_slots(void)
{
	REQUIRE(slots_refused(attacker.mfn[CHILD_L4],
			      attacker.mfn[CHILD_L3] * PV_PAGE | PTE_KERNEL));
}

/* A second root that brings its own ideas, loaded. */
static void test_brought_along(void)
{
	const uint64_t l3 = attacker.mfn[CHILD_L3] * PV_PAGE | PTE_KERNEL;
	const uint64_t l4 = attacker_table(l3);
	uint64_t value;

	for (int slot = 256; slot < 272; slot++)
		REQUIRE_EQ(attacker_update(attacker_entry(l4, slot), l3), 0);
	REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L4_TABLE, l4, 0), 0);
	for (int slot = 256; slot < 272; slot++)
		REQUIRE(attacker_peek(l4, slot) != l3);
	REQUIRE(slots_refused(l4, l3));
	REQUIRE_EQ(attacker_ext(MMUEXT_NEW_BASEPTR, l4, 0), 0);
	for (int slot = 257; slot < 272; slot++)
		REQUIRE(!attacker_loads(SLOT(slot) + CHILD_BASE, &value));
	REQUIRE_EQ(attacker_ext(MMUEXT_NEW_BASEPTR, attacker.mfn[CHILD_L4],
				0), 0);
	REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, l4, 0), 0);
	/* let go: entries of ours left in it would be no good in lower levels */
	const bool ours = attacker_peek(l4, 260) & PTE_P;

	REQUIRE(on_xen() || !ours);
	if (ours)
		REQUIRE(refused(attacker_ext(MMUEXT_PIN_L1_TABLE, l4, 0)) &&
			refused(attacker_ext(MMUEXT_PIN_L3_TABLE, l4, 0)));
	REQUIRE(attacker_may_write(l4));
}

static void test_neighbours_are_its(void)
{
	const uint64_t l3 = attacker_table(0);
	const uint64_t l4 = attacker.mfn[CHILD_L4];

	REQUIRE_EQ(attacker_update(attacker_entry(l4, 255),
				   l3 * PV_PAGE | PTE_KERNEL), 0);
	REQUIRE_EQ(attacker_update(attacker_entry(l4, 272),
				   l3 * PV_PAGE | PTE_KERNEL), 0);
	REQUIRE_EQ(attacker_update(attacker_entry(l4, 255), 0), 0);
	REQUIRE(!attacker_may_write(l3));
	REQUIRE_EQ(attacker_update(attacker_entry(l4, 272), 0), 0);
	REQUIRE(attacker_may_write(l3));
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(addresses),
	TEST(live_slots),
	TEST(brought_along),
	TEST(neighbours_are_its),
	TEST(counts),
	TESTS_END
};
