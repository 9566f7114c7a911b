/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: a page in use taken away from under its use, and given to somebody
 * else. Way: exchange of tables, pinned tables, the GDT, mapped pages, the
 * shared page, granted pages, dom0's pages, and of one free page named twice,
 * first and last in a list of good ones. Instead: all or nothing, and here
 * nothing: every page, the good ones too, is as before.
 *
 * Class: memory ops, freeing before every check is done. The same on Xen.
 */
#include <xen/memory.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define NR 4

static uint64_t good[3], pinned, gdt;

static void test_start(void)
{
	REQUIRE(attacker_start());
	for (int i = 0; i < 3; i++)
		good[i] = attacker_table(0);
	pinned = attacker_table(0);
	gdt = attacker_table(0);
	REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L3_TABLE, pinned, 0), 0);
	memcpy(attacker.mailbox->room, &gdt, 8);
	REQUIRE_EQ(attacker_call(__HYPERVISOR_set_gdt, CHILD_ROOM, 16, 0, 0),
		   0);
}

/* in: four pages; out: four single ones, or one of four. */
static int64_t swap(const uint64_t *list, unsigned int order, uint64_t *done)
{
	uint64_t *in = (uint64_t *)(attacker.mailbox->room + 512);
	struct xen_memory_exchange op = {
		.in = { .extent_start = (void *)(CHILD_ROOM + 512),
			.nr_extents = NR, .domid = DOMID_SELF },
		.out = { .extent_start = (void *)(CHILD_ROOM + 1024),
			 .nr_extents = NR >> order, .extent_order = order,
			 .domid = DOMID_SELF },
	};

	for (int i = 0; i < NR; i++) {
		in[i] = list[i];
		in[64 + i] = 80 + i;
	}
	const int64_t rc = attacker_with(__HYPERVISOR_memory_op,
					 XENMEM_exchange, &op, sizeof(op));

	*done = op.nr_exchanged;
	return rc;
}

static bool good_are_there(void)
{
	for (int i = 0; i < 3; i++)
		if (!attacker_may_write(good[i]))
			return false;
	return attacker_type(pinned) == 3 && !attacker_may_write(gdt);
}

/* As one chunk: the bad one at each place. */
static void test_pages_in_use(void)
{
	const uint64_t pages = attacker_pages();
	const uint64_t bad[] = {
		attacker.mfn[CHILD_L4], attacker.mfn[CHILD_L1],
		attacker.mfn[CHILD_DATA], attacker.mfn[CHILD_SPARE],
		attacker.mfn[CHILD_SHARED], pinned, gdt, good[0],
		pv_frame(pv_info), pv_frame(pt_root()), 0xb8, 1UL << 34, ~0UL,
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (int place = 0; place < NR; place++) {
			uint64_t list[NR], done = 99;

			for (int j = 0; j < 3; j++)
				list[j + (j >= place)] = good[j];
			list[place] = bad[i];
			REQUIRE(swap(list, 2, &done) < 0);
			REQUIRE_EQ(done, 0);
			REQUIRE(good_are_there());
		}
	REQUIRE_EQ(attacker_pages(), pages);
}

/* Page by page: those in front are exchanged, and said to be. */
static void test_stops_at_the_bad_one(void)
{
	const uint64_t pages = attacker_pages();
	const uint64_t list[NR] = {
		good[0], good[1], attacker.mfn[CHILD_L2], good[2],
	};
	const uint64_t *out = (uint64_t *)(attacker.mailbox->room + 1024);
	uint64_t done;

	REQUIRE(swap(list, 0, &done) < 0);
	REQUIRE_EQ(done, 2);
	REQUIRE_EQ(attacker_pages(), pages);
	good[0] = out[0];
	good[1] = out[1];
	REQUIRE(good_are_there());
	REQUIRE_EQ(attacker_type(attacker.mfn[CHILD_L2]), 2);
	REQUIRE(attacker_map(50, list[0] * PV_PAGE | PTE_RO) != 0 ||
		list[0] == good[0] || list[0] == good[1]);
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(pages_in_use),
	TEST(stops_at_the_bad_one),
	TEST(counts),
	TESTS_END
};
