/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves that an unprivileged domain cannot hurt anybody: a child makes tens
 * of thousands of random hypercalls (lib/hostile.c). It may crash itself, and
 * is then built anew. Dom0's memory and M2P stay as they are, dom0 keeps
 * running, and in the end not a page is lost. `seed=N seconds=N` on the command
 * line choose others.
 */
#include "tests/guests/lib/child.h"
#include "tests/guests/lib/hostile.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define MS 1000000UL
#define NR_CANARIES 64

static struct child child;
static uint64_t *canaries[NR_CANARIES];
static uint64_t frames[NR_CANARIES];
static unsigned int children, multicalls;

static int64_t random_multicall(void)
{
	hostile_prepare(&child);
	multicalls++;
	return child_call(&child, __HYPERVISOR_multicall, CHILD_ROOM,
			  HOSTILE_CALLS, 0, 0);
}

/* Still there and answering? */
static bool is_well(void)
{
	return child_call(&child, __HYPERVISOR_xen_version, 0, 0, 0, 0) ==
	       (4 << 16 | 17);
}

static void make_canaries(void)
{
	for (int i = 0; i < NR_CANARIES; i++) {
		canaries[i] = page_alloc();
		for (int j = 0; j < 512; j++)
			canaries[i][j] = i * 1000 + j;
		frames[i] = pv_frame(canaries[i]);
	}
	frames[0] = foreign_frame();
	hostile_init(frames, NR_CANARIES);
}

static bool canaries_live(void)
{
	for (int i = 0; i < NR_CANARIES; i++) {
		if (PV_M2P[pv_frame(canaries[i])] != pv_pfn(canaries[i]))
			return false;
		for (int j = 0; j < 512; j++)
			if (canaries[i][j] != (uint64_t)i * 1000 + j)
				return false;
	}
	return true;
}

/* One child's life: until it no longer answers, or long enough. */
static bool one_child(uint64_t with_seed)
{
	hostile_seed(with_seed);
	children++;
	if (child_start(&child))
		return false;
	for (int i = 0; i < 60; i++)
		if (random_multicall() == CHILD_SILENT || !is_well())
			break;
	return child_end(&child);
}

static void test_random_calls(void)
{
	make_canaries();
	child_patience = 1000 * MS;
	/* the first child makes the hypervisor's pools grow */
	REQUIRE(one_child(1));
	const uint64_t before = settled_free_pages();
	const uint64_t first = test_option("seed", 2);
	const uint64_t end = now() + test_option("seconds", 5) * 1000 * MS;

	for (uint64_t s = first; now() < end; s++) {
		if (!one_child(s * 0x9e3779b97f4a7c15)) {
			test_fail(__LINE__, "child of seed %lu did not go", s);
			return;
		}
		if (!canaries_live()) {
			test_fail(__LINE__, "seed %lu changed dom0's memory",
				  s);
			return;
		}
	}
	print("# %u children, %u calls\n", children,
		multicalls * HOSTILE_CALLS);
	REQUIRE(multicalls > 10);
	/* the hypervisor's pools may keep a few pages, not one a child */
	const uint64_t least = before - 4 - children / 8;
	const uint64_t after = free_pages_again(least);

	print("# free pages: %lu before, %lu after\n", before, after);
	REQUIRE(after >= least);
}

const struct test tests[] = {
	TEST(random_calls),
	TESTS_END
};
