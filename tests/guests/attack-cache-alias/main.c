/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: two mappings of one page that disagree about caching, so that what
 * the hypervisor validated in the cache is not what the CPU walks in memory.
 * Way: a guest without devices sets PWT, PCD and PAT in entries of its own
 * pages and tables, by every road, and asks for the caches to be flushed.
 * Instead: its memory is write-back, whatever it asks.
 *
 * Class: page types, non-coherent mappings (XSA-402). On Xen as well.
 */
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define PWT 0x08UL
#define PCD 0x10UL
#define PAT 0x80UL

static uint64_t page, l1, entry;

static void test_start(void)
{
	REQUIRE(attacker_start());
	page = attacker.mfn[CHILD_DATA] * PV_PAGE;
	l1 = attacker_table(0);
	entry = attacker_entry(attacker.mfn[CHILD_L1], 40);
}

/* Every combination but none. */
static uint64_t cache_bits(int i)
{
	return (i & 1 ? PWT : 0) | (i & 2 ? PCD : 0) | (i & 4 ? PAT : 0);
}

static void test_new_mapping(void)
{
	for (int i = 1; i < 8; i++) {
		const uint64_t pte = page | cache_bits(i);

		REQUIRE(refused(attacker_update(entry, pte | PTE_KERNEL)));
		REQUIRE(refused(attacker_update(entry, pte | PTE_RO)));
		REQUIRE(refused(attacker_update(entry | 2, pte | PTE_RO)));
		REQUIRE(refused(attacker_map(40, pte | PTE_KERNEL)));
		REQUIRE_EQ(attacker_peek(attacker.mfn[CHILD_L1], 40), 0);
	}
}

static void test_live_mapping(void)
{
	REQUIRE_EQ(attacker_update(entry, page | PTE_KERNEL), 0);
	const uint64_t before = attacker_peek(attacker.mfn[CHILD_L1], 40);

	for (int i = 1; i < 8; i++) {
		REQUIRE(refused(attacker_update(entry, before |
						cache_bits(i))));
		REQUIRE(refused(attacker_update(entry | 2, before |
						cache_bits(i))));
		REQUIRE(refused(attacker_update(entry, (before & ~PTE_RW) |
						cache_bits(i))));
		REQUIRE_EQ(attacker_peek(attacker.mfn[CHILD_L1], 40), before);
	}
	REQUIRE_EQ(attacker_update(entry, 0), 0);
}

/* A table of its seen uncached, and its own entries in an unchecked table. */
static void test_tables(void)
{
	for (int i = 1; i < 8; i++) {
		for (int table = CHILD_L4; table <= CHILD_L1; table++)
			REQUIRE(refused(attacker_update(entry,
				attacker.mfn[table] * PV_PAGE | PTE_RO |
				cache_bits(i))));
		REQUIRE_EQ(attacker_update(attacker_entry(l1, 3), page |
					   PTE_KERNEL | cache_bits(i)), 0);
		REQUIRE(refused(attacker_ext(MMUEXT_PIN_L1_TABLE, l1, 0)));
	}
	REQUIRE_EQ(attacker_update(attacker_entry(l1, 3), 0), 0);
	REQUIRE(attacker_may_write(l1));
}

static void test_emulated_store(void)
{
	REQUIRE_EQ(attacker_call(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
				 VMASST_TYPE_writable_pagetables, 0, 0), 0);
	for (int i = 1; i < 8; i++) {
		REQUIRE(!attacker_stores(CHILD_VA(CHILD_L1) + 40 * 8,
					 page | PTE_KERNEL | cache_bits(i)));
		REQUIRE_EQ(attacker_peek(attacker.mfn[CHILD_L1], 40), 0);
	}
	/* without the bits it is a store like others */
	REQUIRE(attacker_stores(CHILD_VA(CHILD_L1) + 40 * 8,
				page | PTE_KERNEL));
	REQUIRE(attacker_stores(CHILD_VA(CHILD_L1) + 40 * 8, 0));
}

static void test_cache_flushes(void)
{
	REQUIRE(refused(attacker_ext(MMUEXT_FLUSH_CACHE, 0, 0)));
	REQUIRE(refused(attacker_ext(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0)));
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(new_mapping),
	TEST(live_mapping),
	TEST(tables),
	TEST(emulated_store),
	TEST(cache_flushes),
	TEST(counts),
	TESTS_END
};
