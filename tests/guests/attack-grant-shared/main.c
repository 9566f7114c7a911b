/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: a page of the hypervisor's that has been freed but is still mapped.
 * Way: a domain grants its own grant table and shared_info page, dom0 maps
 * them, and the domain dies; it also gives them back, exchanges them, makes
 * tables of them, and uses them as the two ends of a copy. Instead: such pages
 * are never the guest's to give; what dom0 has mapped keeps its contents until
 * dom0 lets go, and the domain is gone only then.
 *
 * Class: grant tables, lifetime of the table's own pages (XSA-255, 384, 486).
 * The same on Xen, but for what decrease_reservation counts.
 */
#include <xen/grant_table.h>
#include <xen/memory.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/hostile.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static struct grant_entry_v1 *table;
static uint64_t frame[2];	/* of the table and of the shared page */

static void test_start(void)
{
	struct gnttab_setup_table op = { .nr_frames = 1, .frame_list = frame };

	REQUIRE(attacker_start());
	op.dom = attacker.id;
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_setup_table, &op, 1), 0);
	REQUIRE_EQ(op.status, GNTST_okay);
	frame[1] = attacker.mfn[CHILD_SHARED];
	table = attacker_grants();
	REQUIRE_EQ(attacker_map(CHILD_SHARED, 0), 0);
}

static void test_not_its_to_give(void)
{
	const uint64_t pages = attacker_pages();

	for (int i = 0; i < 2; i++) {
		uint64_t *list = (uint64_t *)(attacker.mailbox->room + 512);
		struct xen_memory_reservation less = {
			.extent_start = (void *)(CHILD_ROOM + 512),
			.nr_extents = 1, .domid = DOMID_SELF,
		};
		struct xen_memory_exchange swap = { .in = less, .out = less };

		list[0] = frame[i];
		const int64_t rc = attacker_with(__HYPERVISOR_memory_op,
			XENMEM_decrease_reservation, &less, sizeof(less));

		/* Xen says 1, but does not take it */
		REQUIRE(rc == 0 || (on_xen() && rc == 1));
		REQUIRE(attacker_with(__HYPERVISOR_memory_op, XENMEM_exchange,
				      &swap, sizeof(swap)) < 0);
		for (unsigned int cmd = MMUEXT_PIN_L1_TABLE;
		     cmd <= MMUEXT_UNPIN_TABLE; cmd++)
			REQUIRE(refused(attacker_ext(cmd, frame[i], 0)));
		memcpy(attacker.mailbox->room, &frame[i], 8);
		REQUIRE(refused(attacker_call(__HYPERVISOR_set_gdt, CHILD_ROOM,
					      16, 0, 0)));
	}
	REQUIRE_EQ(attacker_pages(), pages);
}

/* The entry that is in use lies in the page that is copied over. */
static void test_copy_onto_itself(void)
{
	struct gnttab_copy op = {
		.source = { .u.gmfn = attacker.mfn[CHILD_DATA],
			    .domid = DOMID_SELF },
		.dest = { .u.ref = 20, .domid = DOMID_SELF },
		.len = 4096, .flags = GNTCOPY_dest_gref, .status = 99,
	};

	table[20] = (struct grant_entry_v1){
		.flags = GTF_permit_access, .domid = attacker.id,
		.frame = frame[0],
	};
	memset(attacker.data, 0, PV_PAGE);
	REQUIRE_EQ(attacker_with(__HYPERVISOR_grant_table_op, GNTTABOP_copy,
				 &op, sizeof(op)), 0);
	print("# copy over the table: status %d\n", op.status);
	REQUIRE_EQ(table[20].flags & (GTF_reading | GTF_writing), 0);
	memset(table, 0, PV_PAGE);
}

/* It dies; dom0 still has both pages. */
static void test_dies_while_mapped(void)
{
	const uint64_t before = settled_free_pages();
	struct gnttab_map_grant_ref op[2];
	volatile uint64_t *va[2];
	struct xen_domctl_getdomaininfo info;

	for (int i = 0; i < 2; i++) {
		table[21 + i] = (struct grant_entry_v1){
			.flags = GTF_permit_access, .domid = 0,
			.frame = frame[i],
		};
		va[i] = va_alloc();
		op[i] = (struct gnttab_map_grant_ref){
			.host_addr = (uint64_t)va[i],
			.flags = GNTMAP_host_map | GNTMAP_readonly,
			.ref = 21 + i, .dom = attacker.id, .status = 99,
		};
		REQUIRE_EQ(hv_grant_table_op(GNTTABOP_map_grant_ref, &op[i],
					     1), 0);
		REQUIRE_EQ(op[i].status, GNTST_okay);
	}
	table[30].frame = 0xf00d;
	REQUIRE_EQ(pt_set(table, 0), 0);
	child_unmap(&attacker);
	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_destroydomain, attacker.id), 0);
	rest(20000000);
	REQUIRE(domain_info(attacker.id, &info));
	REQUIRE(info.flags & XEN_DOMINF_dying);
	for (int i = 0; i < 32; i++)
		memset(page_alloc(), 0x5a, PV_PAGE);
	REQUIRE_EQ(((struct grant_entry_v1 *)va[0])[30].frame, 0xf00d);
	REQUIRE(va[1][0] != 0x5a5a5a5a5a5a5a5a);
	for (int i = 0; i < 2; i++) {
		struct gnttab_unmap_grant_ref un = {
			.host_addr = (uint64_t)va[i], .handle = op[i].handle,
		};

		REQUIRE_EQ(hv_grant_table_op(GNTTABOP_unmap_grant_ref, &un,
					     1), 0);
		REQUIRE_EQ(un.status, GNTST_okay);
	}
	REQUIRE(domain_goes(attacker.id));
	REQUIRE(free_pages_again(before) >= before);
}

const struct test tests[] = {
	TEST(start),
	TEST(not_its_to_give),
	TEST(copy_onto_itself),
	TEST(dies_while_mapped),
	TESTS_END
};
