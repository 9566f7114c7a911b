/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: dom0, which has mapped a grant, to be left with a mapping of a page
 * that has gone to somebody else. Way: the granter ends the grant, gives the
 * page back, exchanges it, makes it a table, clears its whole grant table, all
 * while dom0 has it mapped. Instead: the page stays what and where it is until
 * dom0 lets go; nobody gets its frame meanwhile, and then it is free at once.
 *
 * Class: grant tables, page references of mappings (XSA-224, 234). The same on
 * Xen.
 */
#include <xen/grant_table.h>
#include <xen/memory.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define REF 10

static struct grant_entry_v1 *table;
static volatile uint64_t *reader, *writer;

static struct gnttab_map_grant_ref map(volatile void *va, uint32_t flags)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = (uint64_t)va, .flags = GNTMAP_host_map | flags,
		.ref = REF, .dom = attacker.id, .status = 99,
	};

	if (hv_grant_table_op(GNTTABOP_map_grant_ref, &op, 1))
		op.status = 88;
	return op;
}

static int unmap(volatile void *va, uint32_t handle)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = (uint64_t)va, .handle = handle, .status = 99,
	};

	if (hv_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1))
		op.status = 88;
	return op.status;
}

static void grant(uint64_t mfn)
{
	table[REF] = (struct grant_entry_v1){
		.flags = GTF_permit_access, .domid = 0, .frame = mfn,
	};
}

static void test_start(void)
{
	REQUIRE(attacker_start());
	table = attacker_grants();
	reader = va_alloc();
	writer = va_alloc();
}

static int64_t exchange_away(uint64_t mfn)
{
	uint64_t *list = (uint64_t *)(attacker.mailbox->room + 512);
	struct xen_memory_exchange op = {
		.in = { .extent_start = (void *)(CHILD_ROOM + 512),
			.nr_extents = 1, .domid = DOMID_SELF },
		.out = { .extent_start = (void *)(CHILD_ROOM + 520),
			 .nr_extents = 1, .domid = DOMID_SELF },
	};

	list[0] = mfn;
	list[1] = 70;
	return attacker_with(__HYPERVISOR_memory_op, XENMEM_exchange, &op,
			     sizeof(op));
}

/* What dom0 has is a page of the granter's that it alone decides about. */
static void test_type_is_held(void)
{
	const uint64_t mfn = attacker_table(0);

	grant(mfn);
	const struct gnttab_map_grant_ref w = map(writer, 0);

	REQUIRE_EQ(w.status, GNTST_okay);
	for (int i = 0; i < 4; i++)
		REQUIRE(refused(attacker_ext(MMUEXT_PIN_L1_TABLE + i, mfn,
					     0)));
	REQUIRE(exchange_away(mfn) < 0);
	writer[5] = 0x54;		/* as an entry: not present */
	REQUIRE_EQ(unmap(writer, w.handle), GNTST_okay);
	REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L2_TABLE, mfn, 0), 0);
	REQUIRE_EQ(attacker_peek(mfn, 5), 0x54);
	/* and now it is a table, for dom0 as well */
	REQUIRE(map(writer, 0).status < 0);
	REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, mfn, 0), 0);
	table[REF].flags = 0;
}

/* It ends the grant by force, then gives the page away. */
static void test_given_back(void)
{
	const uint64_t mfn = attacker_page();
	const uint64_t pages = attacker_pages();

	grant(mfn);
	const struct gnttab_map_grant_ref w = map(writer, 0);
	const struct gnttab_map_grant_ref r = map(reader, GNTMAP_readonly);

	REQUIRE(w.status == GNTST_okay && r.status == GNTST_okay);
	writer[0] = 0x0a0a;
	memset(table, 0, PV_PAGE);
	const int64_t rc = attacker_give_back(mfn);

	REQUIRE(rc == 0 || rc == 1);
	for (int i = 0; i < 4; i++)
		REQUIRE(attacker_page() != mfn);
	for (int i = 0; i < 64; i++)
		REQUIRE(pv_frame(page_alloc()) != mfn);
	writer[1] = 0x0b0b;
	REQUIRE(reader[0] == 0x0a0a && reader[1] == 0x0b0b);
	REQUIRE_EQ(unmap(writer, w.handle), GNTST_okay);
	REQUIRE_EQ(reader[1], 0x0b0b);
	REQUIRE_EQ(unmap(reader, r.handle), GNTST_okay);
	/* given back: gone with the last use, and not twice */
	if (rc == 1)
		REQUIRE_EQ(attacker_pages(), pages + 4 - 1);
	REQUIRE_EQ(attacker_give_back(mfn), rc == 1 ? 0 : 1);
	REQUIRE(!attacker_may_write(mfn));
	REQUIRE_EQ(attacker_pages(), pages + 4 - 1);
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(type_is_held),
	TEST(given_back),
	TEST(counts),
	TESTS_END
};
