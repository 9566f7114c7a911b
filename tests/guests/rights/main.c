/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves SHOJI_MMU_RIGHTS, other rights for a run of entries, which a CPUID
 * feature announces: it does what single updates do and keeps accessed and
 * dirty bits; nothing becomes writable by it that could not become so alone (a
 * page table, somebody else's frame); it changes nothing but entries that are
 * present in one level-1 table; what comes before a refused one has changed.
 */
#include <xen/memory.h>

#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/shoji.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

#define PAGES 4
#define AD (PTE_A | PTE_D)
#define ABSENT "there is no such extension"

static uint64_t *table, *page[PAGES];
static volatile uint64_t *va[PAGES];
static uint64_t *entry; /* of the first; the others follow it */

static bool announced(void)
{
	uint32_t a = SHOJI_CPUID_LEAF + 1, b, c = 0, d;

	asm volatile(XEN_CPUID : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return shoji_present() && (a & SHOJI_FEATURE_RIGHTS);
}

static int64_t run(const uint64_t *first, uint64_t nr, uint64_t rights)
{
	const struct mmu_update req = {
		machine_address(first) | SHOJI_MMU_RIGHTS,
		nr * PV_PAGE | rights,
	};

	return hv_mmu_update(&req, 1, NULL, DOMID_SELF);
}

/* A new table, its first entries with pages to write to. */
static bool set_up(void)
{
	uint64_t *l2e = pt_entry(NULL, va_alloc(), 2) + 8;
	uint64_t start = (uint64_t)va_alloc() & ~0x1fffffUL;

	start += 8 * 0x200000UL;
	if (!table) {
		table = table_alloc();
		if (pt_write(l2e, machine_address(table) | PTE_KERNEL))
			return false;
		entry = pt_entry(NULL, (void *)start, 1);
		for (int i = 0; i < PAGES; i++)
			page[i] = page_alloc();
	}
	for (int i = 0; i < PAGES; i++) {
		va[i] = (uint64_t *)(start + (uint64_t)i * PV_PAGE);
		if (pt_set((void *)va[i], machine_address(page[i]) | PTE_P |
				   PTE_RW | PTE_US))
			return false;
	}
	return true;
}

static void store(uint64_t where)
{
	*(volatile uint64_t *)where = 1;
}

static bool flush(void)
{
	return mmuext(MMUEXT_TLB_FLUSH_ALL, 0) == 0;
}

static void test_change(void)
{
	if (!announced())
		SKIP(ABSENT);
	REQUIRE(set_up());
	va[0][0] = 1; /* accessed and dirty */
	(void)va[1][0]; /* accessed */
	REQUIRE_EQ(run(entry, 3, PTE_NX), 0);
	REQUIRE(flush());
	for (int i = 0; i < PAGES; i++)
		REQUIRE_EQ(entry[i],
			   machine_address(page[i]) | PTE_P | PTE_US |
			   (i < 3 ? PTE_NX : PTE_RW) |
			   (i == 0 ? AD : i == 1 ? PTE_A : 0));
	REQUIRE_EQ(trap_try(store, (uint64_t)va[1]), TRAP_PF);
	REQUIRE_EQ(trap_try(store, (uint64_t)va[3]), NO_TRAP);
	/* Nobody may write any more: it may become a table, and back. */
	REQUIRE_EQ(pt_protect(page[1], false), 0);
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE,
			  machine_address(page[1]) / PV_PAGE), 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE,
			  machine_address(page[1]) / PV_PAGE), 0);
	REQUIRE_EQ(run(entry, 4, PTE_RW), 0);
	REQUIRE_EQ(trap_try(store, (uint64_t)va[1]), NO_TRAP);
	REQUIRE_EQ(entry[1], machine_address(page[1]) | PTE_P | PTE_US |
		   PTE_RW | AD);
	REQUIRE_EQ(pt_protect(page[1], true), 0);
}

/* The third of four may not: two have changed, one request less is done. */
static void stops_at_third(uint64_t pte, int64_t error)
{
	const struct mmu_update reqs[2] = {
		{ machine_address(&entry[3]) | SHOJI_MMU_RIGHTS,
		  PV_PAGE | PTE_NX },
		{ machine_address(entry) | SHOJI_MMU_RIGHTS,
		  4 * PV_PAGE | PTE_RW },
	};
	unsigned int done = 99;

	REQUIRE(set_up());
	REQUIRE_EQ(run(entry, 4, 0), 0);
	REQUIRE_EQ(pt_write(&entry[2], pte), 0);
	REQUIRE_EQ(hv_mmu_update(reqs, 2, &done, DOMID_SELF), error);
	REQUIRE_EQ(done, 1);
	REQUIRE_EQ(entry[1] & PTE_RW, PTE_RW);
	REQUIRE_EQ(entry[2], pte);
	REQUIRE_EQ(entry[3] & (PTE_RW | PTE_NX), PTE_NX);
}

static void test_page_table(void)
{
	if (!announced())
		SKIP(ABSENT);
	stops_at_third((machine_address(table) & PTE_FRAME) | PTE_RO, EBUSY_);
}

static void test_not_present(void)
{
	if (!announced())
		SKIP(ABSENT);
	stops_at_third(0, EINVAL_);
	stops_at_third(0xdeadbeef12345002, EINVAL_);
}

/* The machine-to-physical table, which everybody may read. */
static void test_foreign_frame(void)
{
	uint64_t mfn = 0;
	struct xen_machphys_mfn_list op = {
		.max_extents = 1, .extent_start = &mfn
	};
	struct mmu_update req;

	if (!announced())
		SKIP(ABSENT);
	REQUIRE(set_up());
	REQUIRE_EQ(hv_memory_op(XENMEM_machphys_mfn_list, &op), 0);
	req = (struct mmu_update){ machine_address(&entry[2]),
				   mfn * PV_PAGE | PTE_RO };
	REQUIRE_EQ(hv_mmu_update(&req, 1, NULL, DOMID_XEN), 0);
	REQUIRE_EQ(run(entry, 4, PTE_NX), 0);
	REQUIRE_EQ(entry[2] & (PTE_NX | PTE_RW), PTE_NX);
	REQUIRE_EQ(run(entry, 4, PTE_RW), EINVAL_);
	REQUIRE_EQ(entry[2] & (PTE_NX | PTE_RW), PTE_NX);
	/* not by its owner's name either */
	req = (struct mmu_update){
		machine_address(&entry[2]) | SHOJI_MMU_RIGHTS,
		PV_PAGE | PTE_RW,
	};
	REQUIRE_EQ(hv_mmu_update(&req, 1, NULL, DOMID_XEN), EACCES_);
	REQUIRE_EQ(pt_write(&entry[2], 0), 0);
}

static void test_bad_requests(void)
{
	uint64_t *data = page_alloc();

	if (!announced())
		SKIP(ABSENT);
	REQUIRE(set_up());
	for (int i = 0; i < PAGES; i++)
		data[i] = machine_address(page[i]) | PTE_RO;
	REQUIRE_EQ(run(data, 4, PTE_RW), EINVAL_); /* a page is no table */
	REQUIRE_EQ(data[0], machine_address(page[0]) | PTE_RO);
	REQUIRE_EQ(run(pt_entry(NULL, (void *)va[0], 2), 1, 0), EINVAL_);
	REQUIRE_EQ(run(entry, 0, 0), EINVAL_);
	REQUIRE_EQ(run(&entry[510], 3, 0), EINVAL_);
	REQUIRE_EQ(run(entry, 1ul << 40, 0), EINVAL_);
	for (int bit = 0; bit < 12; bit++)
		if (bit != 1)
			REQUIRE_EQ(run(entry, 1, 1ul << bit), EINVAL_);
	REQUIRE_EQ(entry[0] & (PTE_RW | PTE_NX), PTE_RW);
}

/* Up to the last entry; the next table is not touched. */
static void test_whole_table(void)
{
	if (!announced())
		SKIP(ABSENT);
	REQUIRE(set_up());
	for (int i = PAGES; i < 512; i++)
		REQUIRE_EQ(pt_write(&entry[i], machine_address(page[i % PAGES]) |
				    PTE_KERNEL), 0);
	REQUIRE_EQ(run(entry, 512, PTE_NX), 0);
	for (int i = 0; i < 512; i++)
		REQUIRE_EQ(entry[i] & (PTE_RW | PTE_NX), PTE_NX);
	REQUIRE_EQ(run(entry, 513, PTE_RW), EINVAL_);
	for (int i = 0; i < 512; i++)
		REQUIRE_EQ(pt_write(&entry[i], 0), 0);
}

const struct test tests[] = {
	TEST(change),
	TEST(page_table),
	TEST(not_present),
	TEST(foreign_frame),
	TEST(bad_requests),
	TEST(whole_table),
	TESTS_END
};
