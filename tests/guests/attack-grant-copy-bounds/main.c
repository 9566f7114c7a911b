/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: to read and write the memory behind a granted page. Way: a grant copy
 * whose offset and length pass the end of the page at either side, by one byte,
 * by wrapping 16 bits, with the other side well inside; in a batch behind good
 * ones; with references beyond the table. Instead: not one byte moves, and the
 * neighbours of both pages, which are dom0's, are as they were.
 *
 * Class: grant tables, bounds of copies (XSA-226 was their neighbour). The same
 * on Xen.
 */
#include <xen/grant_table.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static uint64_t *page[3];	/* neighbours in the machine; [1] is granted */
static uint32_t ref;

static bool find_neighbours(void)
{
	for (int i = 0; i < 512; i++) {
		uint64_t *next = page_alloc();

		page[0] = page[1];
		page[1] = page[2];
		page[2] = next;
		if (page[0] && pv_frame(page[0]) + 1 == pv_frame(page[1]) &&
		    pv_frame(page[1]) + 1 == pv_frame(next))
			return true;
	}
	return false;
}

static void test_start(void)
{
	REQUIRE_EQ(grant_init(), 0);
	REQUIRE(find_neighbours());
	for (int i = 0; i < 512; i++) {
		page[0][i] = 0xaaaa;
		page[1][i] = 0xbbbb;
		page[2][i] = 0xcccc;
	}
	REQUIRE(attacker_start());
	ref = grant_give(attacker.id, pv_frame(page[1]), false);
	memset(attacker.data, 0x11, PV_PAGE);
}

static bool intact(void)
{
	for (int i = 0; i < 512; i++)
		if (page[0][i] != 0xaaaa || page[1][i] != 0xbbbb ||
		    page[2][i] != 0xcccc ||
		    attacker.data[i] != 0x1111111111111111)
			return false;
	return grant_entry(ref)->flags == GTF_permit_access;
}

static struct gnttab_copy copy(bool read, unsigned int from, unsigned int to,
			       unsigned int len)
{
	struct gnttab_copy op = {
		.source = { .u.gmfn = attacker.mfn[CHILD_DATA],
			    .domid = DOMID_SELF, .offset = from },
		.dest = { .u.ref = ref, .domid = 0, .offset = to },
		.len = len, .flags = GNTCOPY_dest_gref, .status = 99,
	};

	if (read) {
		op.source.u.ref = ref;
		op.source.domid = 0;
		op.dest.u.gmfn = attacker.mfn[CHILD_DATA];
		op.dest.domid = DOMID_SELF;
		op.flags = GNTCOPY_source_gref;
	}
	return op;
}

static int run(struct gnttab_copy op)
{
	if (attacker_with(__HYPERVISOR_grant_table_op, GNTTABOP_copy, &op,
			  sizeof(op)))
		return 88;
	return op.status;
}

static const struct { uint16_t offset, len; } beyond[] = {
	{ 0, 4097 }, { 1, 4096 }, { 4095, 2 }, { 4096, 1 }, { 4097, 1 },
	{ 2048, 2049 }, { 0, 65535 }, { 65535, 1 }, { 65535, 2 },
	{ 61440, 4096 }, { 32768, 32768 }, { 65535, 65535 }, { 8, 65528 },
};
#define NR (sizeof(beyond) / sizeof(*beyond))

static void test_passes_the_end(void)
{
	for (unsigned int i = 0; i < NR; i++)
		for (int read = 0; read < 2; read++) {
			REQUIRE_EQ(run(copy(read, beyond[i].offset, 0,
					    beyond[i].len)),
				   GNTST_bad_copy_arg);
			REQUIRE_EQ(run(copy(read, 0, beyond[i].offset,
					    beyond[i].len)),
				   GNTST_bad_copy_arg);
			REQUIRE(intact());
		}
}

/* Exactly to the end is inside. */
static void test_to_the_end(void)
{
	REQUIRE_EQ(run(copy(false, 0, 4095, 1)), GNTST_okay);
	REQUIRE_EQ(page[1][511] >> 56, 0x11);
	page[1][511] = 0xbbbb;
	REQUIRE_EQ(run(copy(true, 4095, 0, 1)), GNTST_okay);
	REQUIRE_EQ(attacker.data[0] & 0xff, 0);
	attacker.data[0] = 0x1111111111111111;
	/* nothing to copy reads and writes nothing */
	REQUIRE_EQ(run(copy(false, 0, 4096, 0)), GNTST_okay);
	REQUIRE(intact());
}

static void test_in_a_batch(void)
{
	struct gnttab_copy ops[20];

	for (int i = 0; i < 20; i++)
		ops[i] = i % 2 ? copy(false, 0, 4090, 7) :
				 copy(false, 0, 0, 0);
	memcpy(attacker.mailbox->room, ops, sizeof(ops));
	REQUIRE_EQ(attacker_call(__HYPERVISOR_grant_table_op, GNTTABOP_copy,
				 CHILD_ROOM, 20, 0), 0);
	memcpy(ops, attacker.mailbox->room, sizeof(ops));
	for (int i = 0; i < 20; i++)
		REQUIRE_EQ(ops[i].status, i % 2 ? GNTST_bad_copy_arg :
						  GNTST_okay);
	REQUIRE(intact());
}

static void test_references(void)
{
	static const uint32_t bad[] = {
		512, 4096, 16384, 0x7fffffff, 0x80000000, 0xffffffff,
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct gnttab_copy op = copy(true, 0, 0, 8);

		op.source.u.ref = bad[i];
		REQUIRE(run(op) < 0);
		op = copy(false, 0, 0, 8);
		op.dest.u.ref = bad[i];
		REQUIRE(run(op) < 0);
		REQUIRE(intact());
	}
	/* it has granted nothing to itself by that number */
	struct gnttab_copy op = copy(true, 0, 0, 8);

	op.source.domid = DOMID_SELF;
	REQUIRE(run(op) < 0);
	REQUIRE(intact());
}

static void test_counts(void)
{
	REQUIRE(grant_end(ref));
	REQUIRE(dom0_page_is_free(page[1]));
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(passes_the_end),
	TEST(to_the_end),
	TEST(in_a_batch),
	TEST(references),
	TEST(counts),
	TESTS_END
};
