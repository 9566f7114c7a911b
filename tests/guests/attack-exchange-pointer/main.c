/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: frame numbers written over the hypervisor. Way: memory exchange with a
 * list of results that lies in the hypervisor, in the M2P, in a read-only page
 * table, at the end of the address space, or starts harmlessly and gets there
 * by a forged nr_exchanged (XSA-212); lists of input there; the structure
 * itself. Instead: an error, nothing written; the attacker's pages are
 * as many as before, and dom0 and its tables are untouched.
 *
 * Class: memory ops, pointers checked at one end. The same on Xen.
 */
#include <xen/memory.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define IN (CHILD_ROOM + 512)
#define OUT (CHILD_ROOM + 1024)

static uint64_t pages;

static void test_start(void)
{
	REQUIRE(attacker_start());
	pages = attacker_pages();
}

static struct xen_memory_exchange swap(uint64_t in, uint64_t out, uint64_t nr)
{
	return (struct xen_memory_exchange){
		.in = { .extent_start = (void *)in, .nr_extents = nr,
			.domid = DOMID_SELF },
		.out = { .extent_start = (void *)out, .nr_extents = nr,
			 .domid = DOMID_SELF },
	};
}

static int64_t run(struct xen_memory_exchange *op)
{
	return attacker_with(__HYPERVISOR_memory_op, XENMEM_exchange, op,
			     sizeof(*op));
}

/* Of the machine's table: what a result would be written over. */
static bool m2p_intact(void)
{
	return PV_M2P[pv_frame(pv_info)] == pv_pfn(pv_info) &&
	       PV_M2P[pv_frame(pt_root())] == pv_pfn(pt_root());
}

static const uint64_t bad[] = {
	0xffff808000100000, 0xffff878000000000, 0xffff830000100000,
	0xffff800000000000, 0xffff804000000000, 0xffff87fffffffff8,
	0xffff7ffffffffff8, 0x0000800000000000, 0x00007ffffffffffc,
	0xfffffffffffffff8, 0xfffffffffffffffc, 0x1000,
};

static void test_results(void)
{
	uint64_t *in = (uint64_t *)(attacker.mailbox->room + 512);

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad) + 2; i++) {
		struct xen_memory_exchange op = swap(IN,
			i < 12 ? bad[i] : i == 12 ? CHILD_VA(CHILD_L1) + 2048 :
			(uint64_t)&PV_M2P[pv_frame(pv_info)], 1);

		in[0] = attacker.mfn[CHILD_DATA];	/* mapped: stays */
		REQUIRE(run(&op) < 0);
		REQUIRE_EQ(op.nr_exchanged, 0);
		REQUIRE_EQ(attacker_pages(), pages);
	}
	REQUIRE_EQ(attacker_peek(attacker.mfn[CHILD_L1], 256), 0);
	REQUIRE(m2p_intact());
}

/* With a page that could go: one is still there afterwards. */
static void test_results_for_good_pages(void)
{
	uint64_t *in = (uint64_t *)(attacker.mailbox->room + 512);

	for (unsigned int i = 0; i < 6; i++) {
		struct xen_memory_exchange op = swap(IN, i == 5 ?
			(uint64_t)&PV_M2P[pv_frame(pv_info)] : bad[i], 1);

		in[0] = attacker_page();
		pages++;
		REQUIRE(run(&op) < 0);
		REQUIRE_EQ(attacker_pages(), pages);
		REQUIRE(m2p_intact());
	}
}

/* The list starts in its own page; the count says where it goes on. */
static void test_forged_progress(void)
{
	uint64_t *in = (uint64_t *)(attacker.mailbox->room + 512);
	const uint64_t targets[] = {
		0xffff808000100000, (uint64_t)&PV_M2P[pv_frame(pv_info)],
		0xffff830000100000, CHILD_VA(CHILD_L1) + 2048,
	};

	in[0] = attacker_page();
	pages++;
	for (unsigned int i = 0; i < 4; i++) {
		const uint64_t n = (targets[i] - OUT) / 8;
		/* where the input list must start to be read at IN */
		const uint64_t start = IN - n * 8;
		struct xen_memory_exchange op = swap(start, OUT, n + 1);

		op.nr_exchanged = n;
		REQUIRE(run(&op) < 0);
		/* the counts at the edges of 64 bits */
		op = swap(IN, OUT, ~0UL);
		op.nr_exchanged = ~0UL - 1;
		REQUIRE(run(&op) < 0);
		op = swap(IN, OUT, 1);
		op.nr_exchanged = 2;
		REQUIRE(run(&op) < 0);
		op = swap(IN, OUT, 1UL << 61);
		op.nr_exchanged = (1UL << 61) - 1;
		REQUIRE(run(&op) < 0);
		REQUIRE_EQ(attacker_pages(), pages);
		REQUIRE(m2p_intact());
	}
	REQUIRE_EQ(attacker_peek(attacker.mfn[CHILD_L1], 256), 0);
}

static void test_input_and_structure(void)
{
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct xen_memory_exchange op = swap(bad[i], OUT, 1);

		REQUIRE(run(&op) < 0);
		REQUIRE_EQ(attacker_call(__HYPERVISOR_memory_op,
			XENMEM_exchange, bad[i], 0, 0), EFAULT_);
	}
	/* progress cannot be noted: nothing that matters is lost */
	REQUIRE(attacker_call(__HYPERVISOR_memory_op, XENMEM_exchange,
			      CHILD_VA(CHILD_L1) + 2048, 0, 0) <= 0);
	REQUIRE_EQ(attacker_pages(), pages);
	REQUIRE(m2p_intact());
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(results),
	TEST(results_for_good_pages),
	TEST(forged_progress),
	TEST(input_and_structure),
	TEST(counts),
	TESTS_END
};
