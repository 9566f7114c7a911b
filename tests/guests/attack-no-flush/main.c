/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: to write a page table through a translation that a CPU still holds.
 * Way: one vCPU stores without pause to a page; the other takes the mapping
 * away without any flush (cleared, made read-only, replaced, its table dropped
 * from above) and at once makes the page a table of each level or a GDT; or
 * it unmaps the grant through which the first one writes. Instead: when the
 * call has returned not one store lands in the page any more.
 *
 * Class: page types and grants, type change without flush (XSA-286, 401). On
 * Xen, in QEMU, a few stores were seen to land late once in 300 times, so there
 * only the end counts: the writer gets its fault.
 *
 * Machine: 2 2
 */
#include <xen/grant_table.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

#define MS 1000000UL
#define SLOT 3			/* stores go here: bits of no present entry */

enum way { CLEAR, READ_ONLY, REPLACE, DROP_TABLE, UNMAP_GRANT, NR_WAYS };
enum kind { L1, L2, L3, L4, GDT, NR_KINDS };

static uint64_t *page, *other, *l1, *l2e;
static volatile uint64_t *va;	/* by entry 0 of l1 */
static volatile uint64_t storing, done, round, rounds_done, rc, seen, later;
static enum way way;
static enum kind kind;
static uint32_t handle;

static void store(uint64_t arg)
{
	(void)arg;
	for (uint64_t i = 1; !done; i++) {
		va[SLOT] = i << 1;
		storing = i;
	}
}

static int64_t lose(void)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = (uint64_t)va, .handle = handle,
	};

	switch (way) {
	case CLEAR:
		return pt_write(&l1[0], 0);
	case READ_ONLY:
		return pt_write(&l1[0], machine_address(page) | PTE_RO);
	case REPLACE:
		return pt_write(&l1[0], machine_address(other) | PTE_RO);
	case DROP_TABLE:
		return pt_write(l2e, 0);
	default:
		return hv_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1) ?:
		       op.status;
	}
}

static int64_t take(void)
{
	const uint64_t mfn = pv_frame(page);

	return kind == GDT ? hv_set_gdt(&mfn, 512) :
			     mmuext(MMUEXT_PIN_L1_TABLE + kind, mfn);
}

static int64_t let_go(void)
{
	return kind == GDT ? hv_set_gdt(NULL, 0) :
			     mmuext(MMUEXT_UNPIN_TABLE, pv_frame(page));
}

/* vCPU 1 */
static void taker(uint64_t arg)
{
	(void)arg;
	for (uint64_t n = 1;; n++) {
		while (round != n)
			asm volatile("pause");
		while (storing < 1000)
			asm volatile("pause");
		rc = lose();
		if (!rc)
			rc = take();
		seen = page[SLOT];
		for (const uint64_t end = now() + 2 * MS; now() < end;)
			asm volatile("pause");
		later = page[SLOT];
		if (!rc)
			rc = let_go();
		done = 1;
		__atomic_store_n(&rounds_done, n, __ATOMIC_RELEASE);
	}
}

/* A page nobody else has writable, mapped at va. */
static bool prepare(uint32_t ref)
{
	if (pt_protect(page, true))
		return false;
	memset(page, 0, PV_PAGE);
	if (pt_protect(page, false) ||
	    pt_write(l2e, machine_address(l1) | PTE_KERNEL))
		return false;
	storing = done = 0;
	if (way != UNMAP_GRANT)
		return pt_set((void *)va, machine_address(page) |
			      PTE_KERNEL) == 0;
	struct gnttab_map_grant_ref op = {
		.host_addr = (uint64_t)va, .flags = GNTMAP_host_map,
		.ref = ref, .dom = 0, .status = 99,
	};

	if (pt_set((void *)va, 0) ||
	    hv_grant_table_op(GNTTABOP_map_grant_ref, &op, 1) || op.status)
		return false;
	handle = op.handle;
	return true;
}

static void test_start(void)
{
	void *area = va_alloc();

	REQUIRE_EQ(grant_init(), 0);
	page = page_alloc();
	other = page_alloc();
	l1 = table_alloc();
	l2e = pt_entry(NULL, area, 2) + 8;
	va = (void *)(((uint64_t)area & ~0x1fffffUL) + (8UL << 21));
	REQUIRE_EQ(smp_start(1, taker, 0), 0);
}

static void all_kinds(enum way which)
{
	const uint32_t ref = grant_give(0, pv_frame(page), false);

	way = which;
	for (int i = 0; i < 2 * NR_KINDS; i++) {
		kind = i % NR_KINDS;
		REQUIRE(prepare(ref));
		round = round + 1;
		const int trap = trap_try(store, 0);

		REQUIRE(smp_wait(&rounds_done, round));
		REQUIRE_EQ(rc, 0);
		REQUIRE(seen != 0);
		REQUIRE(later == seen || on_xen());
		REQUIRE_EQ(trap, TRAP_PF);
	}
	REQUIRE(grant_end(ref));
}

static void test_cleared(void)
{
	all_kinds(CLEAR);
}

static void test_made_read_only(void)
{
	all_kinds(READ_ONLY);
}

static void test_replaced(void)
{
	all_kinds(REPLACE);
}

static void test_table_dropped(void)
{
	all_kinds(DROP_TABLE);
}

static void test_grant_unmapped(void)
{
	all_kinds(UNMAP_GRANT);
}

const struct test tests[] = {
	TEST(start),
	TEST(cleared),
	TEST(made_read_only),
	TEST(replaced),
	TEST(table_dropped),
	TEST(grant_unmapped),
	TESTS_END
};
