/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: arithmetic on sizes to wrap, so that a check sees little and the work
 * is huge, or never ends (XSA-29, 31, 158). Way: every memory call of an
 * unprivileged domain with extent orders up to 2^32, counts up to 2^64, their
 * product wrapping to zero, start positions forged in the command word, lists
 * of nothing. Instead: a short count or an error, at once; the domain's pages
 * and the machine's free memory are as before.
 *
 * Class: memory ops, orders and ranges. The same on Xen.
 */
#include <xen/memory.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define LIST (CHILD_ROOM + 512)

static const uint32_t orders[] = {
	4, 9, 10, 13, 25, 32, 52, 63, 64, 128, 0x80000000, 0xffffffff,
};
static const uint64_t counts[] = {
	1, 0xffffffff, 1UL << 32, 1UL << 45, 1UL << 58, 1UL << 61, ~0UL,
};
#define NR_ORDERS (sizeof(orders) / sizeof(*orders))
#define NR_COUNTS (sizeof(counts) / sizeof(*counts))

static uint64_t pages, machine;

static void test_start(void)
{
	REQUIRE(attacker_start());
	/* one page of room, for sizes that wrap to one page */
	for (int i = 0; i < 7; i++)
		attacker_page();
	pages = attacker_pages();
	machine = free_pages();
}

static bool unchanged(void)
{
	return attacker_pages() == pages && free_pages() == machine;
}

static void fill_list(uint64_t value)
{
	uint64_t *list = (uint64_t *)(attacker.mailbox->room + 512);

	for (int i = 0; i < 64; i++)
		list[i] = value;
}

/* Not one of these can do anything: 0 extents, or an error. */
static void test_reservations(void)
{
	static const unsigned int cmds[] = {
		XENMEM_increase_reservation, XENMEM_populate_physmap,
		XENMEM_decrease_reservation,
	};

	fill_list(pv_frame(pv_info));
	for (unsigned int o = 0; o < NR_ORDERS; o++)
		for (unsigned int c = 0; c < NR_COUNTS; c++)
			for (int i = 0; i < 3; i++) {
				struct xen_memory_reservation op = {
					.extent_start = (void *)LIST,
					.nr_extents = counts[c],
					.extent_order = orders[o],
					.domid = DOMID_SELF,
				};

				REQUIRE(attacker_with(__HYPERVISOR_memory_op,
					cmds[i], &op, sizeof(op)) <= 0);
			}
	REQUIRE(unchanged());
	REQUIRE_EQ(PV_M2P[pv_frame(pv_info)], pv_pfn(pv_info));
	/* from here on it has all that it may have */
	attacker_page();
	pages = attacker_pages();
	machine = free_pages();
}

/* As if a call were being continued. */
static void test_forged_starts(void)
{
	static const uint64_t starts[] = {
		1, 2, 64, 0xffffffff, 1UL << 45, 1UL << 57, ~0UL >> 6,
	};

	for (unsigned int s = 0; s < 7; s++)
		for (unsigned int c = 0; c < NR_COUNTS; c++) {
			struct xen_memory_reservation op = {
				.extent_start = (void *)LIST,
				.nr_extents = counts[c], .domid = DOMID_SELF,
			};
			const int64_t rc = attacker_with(
				__HYPERVISOR_memory_op, starts[s] <<
				MEMOP_EXTENT_SHIFT | XENMEM_populate_physmap,
				&op, sizeof(op));

			/* the count includes what is said to be done */
			REQUIRE(rc <= (int64_t)starts[s]);
		}
	REQUIRE(unchanged());
}

/* The exchange of n for m pages, where both are the same modulo 2^64. */
static void test_exchange(void)
{
	fill_list(attacker.mfn[CHILD_DATA]);
	for (unsigned int o = 0; o < NR_ORDERS; o++)
		for (unsigned int c = 0; c < NR_COUNTS; c++) {
			struct xen_memory_exchange op = {
				.in = { .extent_start = (void *)LIST,
					.nr_extents = counts[c],
					.extent_order = orders[o],
					.domid = DOMID_SELF },
				.out = { .extent_start = (void *)LIST,
					 .nr_extents = counts[c] <<
						(orders[o] & 63),
					 .domid = DOMID_SELF },
			};

			REQUIRE(attacker_with(__HYPERVISOR_memory_op,
				XENMEM_exchange, &op, sizeof(op)) <= 0);
			op.out.extent_order = orders[NR_ORDERS - 1 - o];
			op.nr_exchanged = 0;
			REQUIRE(attacker_with(__HYPERVISOR_memory_op,
				XENMEM_exchange, &op, sizeof(op)) <= 0);
		}
	REQUIRE(unchanged());
}

/* An address limit that leaves no memory, or has the wrong bits. */
static void test_flags(void)
{
	for (uint32_t flags = 1; flags; flags <<= 1) {
		struct xen_memory_reservation op = {
			.extent_start = (void *)LIST, .nr_extents = 1,
			.mem_flags = flags, .domid = DOMID_SELF,
		};

		fill_list(100);
		REQUIRE(attacker_with(__HYPERVISOR_memory_op,
				      XENMEM_populate_physmap, &op,
				      sizeof(op)) <= 0);
	}
	REQUIRE(unchanged());
}

static int64_t one(unsigned int cmd, unsigned int order)
{
	struct xen_memory_reservation op = {
		.extent_start = (void *)LIST, .nr_extents = 1,
		.extent_order = order, .domid = DOMID_SELF,
	};

	return attacker_with(__HYPERVISOR_memory_op, cmd, &op, sizeof(op));
}

/* With room for all of it: too much in one piece, which nothing interrupts. */
static void test_too_much_at_once(void)
{
	struct xen_domctl op = { .u.max_mem.max_memkb = 64 << 10 };

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_max_mem, attacker.id), 0);
	for (unsigned int order = 10; order < 14; order++) {
		fill_list(0x1000);
		REQUIRE_EQ(one(XENMEM_populate_physmap, order), 0);
		REQUIRE_EQ(one(XENMEM_increase_reservation, order), 0);
	}
	REQUIRE(unchanged());
	fill_list(0x1000);
	REQUIRE_EQ(one(XENMEM_populate_physmap, 9), 1);
	REQUIRE_EQ(attacker_pages(), pages + 512);
	REQUIRE_EQ(one(XENMEM_decrease_reservation, 10), 0);
	REQUIRE_EQ(attacker_pages(), pages + 512);
	REQUIRE_EQ(one(XENMEM_decrease_reservation, 9), 1);
	REQUIRE_EQ(attacker_pages(), pages);
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(reservations),
	TEST(forged_starts),
	TEST(exchange),
	TEST(flags),
	TEST(too_much_at_once),
	TEST(counts),
	TESTS_END
};
