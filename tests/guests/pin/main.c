/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves page types and pinning: tables of all four levels pin and unpin,
 * once each; a frame has one type at a time; a pinned table is never writable
 * and is plain memory again as soon as it is unpinned; a tree of tables can be
 * loaded, left, and is released whole; bad tables are refused and leave nothing
 * behind.
 */
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

static const unsigned int pin_cmd[5] = {
	[1] = MMUEXT_PIN_L1_TABLE, [2] = MMUEXT_PIN_L2_TABLE,
	[3] = MMUEXT_PIN_L3_TABLE, [4] = MMUEXT_PIN_L4_TABLE,
};

static int64_t pin(int level, const void *table)
{
	return mmuext(pin_cmd[level], pv_frame(table));
}

static int64_t unpin(const void *table)
{
	return mmuext(MMUEXT_UNPIN_TABLE, pv_frame(table));
}

static bool refused(int64_t rc)
{
	return rc == EINVAL_ || rc == EBUSY_ || rc == EPERM_;
}

static void test_each_level(void)
{
	for (int level = 1; level <= 4; level++) {
		uint64_t *table = table_alloc();

		REQUIRE_EQ(pin(level, table), 0);
		REQUIRE_EQ(pin(level, table), EINVAL_);
		REQUIRE_EQ(unpin(table), 0);
		REQUIRE_EQ(unpin(table), EINVAL_);
		REQUIRE_EQ(pt_protect(table, true), 0);
		table[0] = 1;
		page_free(table);
	}
}

static void test_writable_page(void)
{
	uint64_t *page = page_alloc();

	for (int level = 1; level <= 4; level++)
		REQUIRE(refused(pin(level, page)));
	page_free(page);
}

static void write_to(uint64_t va)
{
	*(volatile uint64_t *)va = 0x5555;
}

static void test_never_writable(void)
{
	uint64_t *table = table_alloc();

	/* an L2: stores to an L1 may be emulated */
	REQUIRE_EQ(pin(2, table), 0);
	REQUIRE(refused(pt_protect(table, true)));
	REQUIRE_EQ(trap_try(write_to, (uint64_t)table), TRAP_PF);
	REQUIRE_EQ(table[0], 0);
	REQUIRE_EQ(unpin(table), 0);
	REQUIRE_EQ(pt_protect(table, true), 0);
	REQUIRE_EQ(trap_try(write_to, (uint64_t)table), NO_TRAP);
	page_free(table);
}

static void test_one_type(void)
{
	for (int level = 1; level <= 4; level++) {
		uint64_t *table = table_alloc();

		REQUIRE_EQ(pin(level, table), 0);
		for (int other = 1; other <= 4; other++)
			REQUIRE(refused(pin(other, table)));
		REQUIRE_EQ(unpin(table), 0);
		/* every type is possible again (an L4 keeps our slots) */
		for (int i = 256; i < 272; i++)
			REQUIRE_EQ(pt_write(&table[i], 0), 0);
		const int next = level % 4 + 1;

		REQUIRE_EQ(pin(next, table), 0);
		REQUIRE_EQ(unpin(table), 0);
		REQUIRE_EQ(pt_protect(table, true), 0);
		page_free(table);
	}
}

static void test_bad_frames(void)
{
	for (int level = 1; level <= 4; level++) {
		REQUIRE_EQ(mmuext(pin_cmd[level], foreign_frame()), EINVAL_);
		REQUIRE_EQ(mmuext(pin_cmd[level], absent_frame()), EINVAL_);
	}
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, foreign_frame()), EINVAL_);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(page_alloc())),
		   EINVAL_);
}

/* Fills entry 3 of a table while it is plain memory, then pins. */
static int64_t pin_with(int level, uint64_t entry, uint64_t **table)
{
	*table = page_alloc();
	(*table)[3] = entry;
	if (pt_protect(*table, false))
		return -1000;
	return pin(level, *table);
}

static void test_bad_contents(void)
{
	uint64_t *page = page_alloc(), *table;
	const uint64_t foreign = foreign_frame() * PV_PAGE;

	for (int level = 1; level <= 4; level++) {
		REQUIRE(refused(pin_with(level, foreign | PTE_KERNEL,
					 &table)));
		REQUIRE_EQ(pt_protect(table, true), 0);
	}
	for (int level = 2; level <= 4; level++) {
		/* a writable page as a table */
		REQUIRE(refused(pin_with(level, machine_address(page) |
					 PTE_KERNEL, &table)));
		REQUIRE_EQ(pt_protect(table, true), 0);
		/* a large page */
		REQUIRE(refused(pin_with(level, PTE_KERNEL | 0x80, &table)));
		REQUIRE_EQ(pt_protect(table, true), 0);
	}
	/* itself, writable */
	table = page_alloc();
	table[9] = machine_address(table) | PTE_KERNEL;
	REQUIRE_EQ(pt_protect(table, false), 0);
	REQUIRE(refused(pin(1, table)));
	REQUIRE_EQ(pt_protect(table, true), 0);
}

/* A pinned L1 maps a page writable: that page cannot become a table. */
static void test_mapped_by_pinned(void)
{
	uint64_t *page = page_alloc(), *table;

	REQUIRE_EQ(pin_with(1, machine_address(page) | PTE_KERNEL, &table), 0);
	REQUIRE_EQ(pt_protect(page, false), 0);
	REQUIRE(refused(pin(1, page)));
	REQUIRE_EQ(pt_write(&table[3], machine_address(page) | PTE_RO), 0);
	REQUIRE_EQ(pin(1, page), 0);
	REQUIRE(refused(pt_write(&table[3], machine_address(page) |
				 PTE_KERNEL)));
	REQUIRE_EQ(unpin(page), 0);
	REQUIRE_EQ(unpin(table), 0);
	REQUIRE_EQ(pt_protect(page, true), 0);
	REQUIRE_EQ(pt_protect(table, true), 0);
}

static void test_shared_l1(void)
{
	uint64_t *l1 = table_alloc(), *a, *b;

	REQUIRE_EQ(pin_with(2, machine_address(l1) | PTE_KERNEL, &a), 0);
	REQUIRE_EQ(pin_with(2, machine_address(l1) | PTE_KERNEL, &b), 0);
	REQUIRE(refused(pt_protect(l1, true)));
	REQUIRE_EQ(unpin(a), 0);
	REQUIRE(refused(pt_protect(l1, true)));
	REQUIRE_EQ(unpin(b), 0);
	REQUIRE_EQ(pt_protect(l1, true), 0);
	REQUIRE_EQ(pt_protect(a, true), 0);
	REQUIRE_EQ(pt_protect(b, true), 0);
}

struct tree {
	uint64_t *l4, *l3, *l2, *l1;
};

/* L4 with the kernel's own upper slots, and one page at 4 GiB. */
static void build(struct tree *t, const void *page)
{
	t->l4 = page_alloc();
	t->l3 = page_alloc();
	t->l2 = page_alloc();
	t->l1 = page_alloc();
	for (int i = 0; i < 512; i++)
		t->l4[i] = i >= 256 && i < 272 ? 0 : pt_root()[i];
	t->l1[0] = machine_address(page) | PTE_KERNEL;
	t->l2[0] = machine_address(t->l1) | PTE_KERNEL;
	t->l3[4] = machine_address(t->l2) | PTE_KERNEL;
	t->l4[0] = machine_address(t->l3) | PTE_KERNEL;
}

static int64_t protect(struct tree *t, bool writable)
{
	int64_t rc = pt_protect(t->l1, writable);

	if (!rc)
		rc = pt_protect(t->l2, writable);
	if (!rc)
		rc = pt_protect(t->l3, writable);
	return rc ? rc : pt_protect(t->l4, writable);
}

static void test_tree(void)
{
	volatile uint64_t *const at = (void *)0x100000000;
	uint64_t *page = page_alloc(), *old = pt_root();
	struct tree t;

	page[0] = 0xfeed;
	build(&t, page);
	REQUIRE_EQ(protect(&t, false), 0);
	REQUIRE_EQ(pin(4, t.l4), 0);
	REQUIRE(refused(pt_protect(t.l1, true)));
	REQUIRE_EQ(pt_set_root(t.l4), 0);
	REQUIRE_EQ(at[0], 0xfeed);
	at[1] = 0xbeef;
	REQUIRE_EQ(page[1], 0xbeef);
	/* in use: unpinned, but still a table */
	REQUIRE_EQ(unpin(t.l4), 0);
	REQUIRE(refused(pt_protect(t.l4, true)));
	REQUIRE_EQ(at[1], 0xbeef);
	/* left: nothing of it remains */
	REQUIRE_EQ(pt_set_root(old), 0);
	REQUIRE_EQ(protect(&t, true), 0);
	REQUIRE_EQ(trap_try(write_to, (uint64_t)at), TRAP_PF);
}

/* Entries for the hypervisor's slots are ignored, whatever they hold. */
static void test_l4_slots_ignored(void)
{
	uint64_t *l4 = page_alloc(), *page = page_alloc();

	for (int i = 256; i < 272; i++)
		l4[i] = machine_address(page) | PTE_KERNEL;
	REQUIRE_EQ(pt_protect(l4, false), 0);
	REQUIRE_EQ(pin(4, l4), 0);
	for (int i = 256; i < 272; i++)
		REQUIRE((l4[i] & PTE_FRAME) != machine_address(page));
	REQUIRE_EQ(unpin(l4), 0);
	REQUIRE_EQ(pt_protect(l4, true), 0);
}

static void test_foreign_domain(void)
{
	const struct mmuext_op op = {
		.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = pv_frame(page_alloc()),
	};

	REQUIRE_EQ(hv_mmuext_op(&op, 1, NULL, 99), ESRCH_);
}

/* Like Linux does it: drop the boot tables, then use them as memory. */
static void test_boot_tables(void)
{
	uint64_t *old = pt_root(), *l4 = page_alloc();

	for (int i = 0; i < 512; i++)
		l4[i] = i >= 256 && i < 272 ? 0 : old[i];
	REQUIRE_EQ(pt_protect(l4, false), 0);
	REQUIRE_EQ(pin(4, l4), 0);
	REQUIRE_EQ(pt_set_root(l4), 0);
	REQUIRE_EQ(unpin(old), 0);
	REQUIRE_EQ(pt_protect(old, true), 0);
	old[0] = 1;
	REQUIRE_EQ(old[0], 1);
}

const struct test tests[] = {
	TEST(each_level),
	TEST(writable_page),
	TEST(never_writable),
	TEST(one_type),
	TEST(bad_frames),
	TEST(bad_contents),
	TEST(mapped_by_pinned),
	TEST(shared_l1),
	TEST(tree),
	TEST(l4_slots_ignored),
	TEST(foreign_domain),
	TEST(boot_tables),
	TESTS_END
};
