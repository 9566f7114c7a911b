/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: to read and write dom0's memory. Way: dom0's frames, tables and root,
 * by every road that ends in a page-table entry or in the frame itself: live
 * entries, entries of tables yet to be validated, update_va_mapping, trapped
 * stores to its own tables, upper levels, roots, in dom0's name, and by
 * clear, copy, grant copy and as vcpu_info. Instead: no road lets it through,
 * and dom0's page and tables are as they were.
 *
 * Class: page types, the owner of a frame unchecked in one path. The same on
 * Xen.
 */
#include <xen/grant_table.h>
#include <xen/vcpu.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static uint64_t *page, frame;	/* dom0's */
static uint64_t spare;		/* the attacker's next table */

static void test_start(void)
{
	page = page_alloc();
	page[0] = 0x5ec2e7;
	frame = pv_frame(page);
	REQUIRE(attacker_start());
	spare = attacker_table(0);
}

static bool intact(void)
{
	return page[0] == 0x5ec2e7 && page[511] == 0 &&
	       attacker_peek(attacker.mfn[CHILD_L1], 40) == 0;
}

static void test_live_entry(void)
{
	const uint64_t entry = attacker_entry(attacker.mfn[CHILD_L1], 40);
	static const uint32_t names[] = {
		DOMID_SELF, 0, DOMID_IO, DOMID_XEN, DOMID_INVALID, 99,
		1UL << 16 | DOMID_SELF, (DOMID_IO + 1UL) << 16 | DOMID_SELF,
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (int cmd = 0; cmd < 4; cmd++) {
			REQUIRE(refused(attacker_update_for(entry | cmd,
				frame * PV_PAGE | PTE_RO, names[i])) ||
				cmd == MMU_MACHPHYS_UPDATE);
			REQUIRE(refused(attacker_update_for(entry | cmd,
				frame * PV_PAGE | PTE_KERNEL, names[i])) ||
				cmd == MMU_MACHPHYS_UPDATE);
		}
	/* dom0's own page and table as the place to write to */
	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++) {
		REQUIRE(refused(attacker_update_for(frame * PV_PAGE, 1,
						    names[i])));
		REQUIRE(refused(attacker_update_for(machine_address(
			pt_entry(NULL, page, 1)), 0, names[i])));
	}
	REQUIRE(intact());
}

static void test_by_address(void)
{
	REQUIRE(refused(attacker_map(40, frame * PV_PAGE | PTE_RO)));
	REQUIRE(refused(attacker_map(40, frame * PV_PAGE | PTE_KERNEL)));
	REQUIRE(refused(attacker_call(
		__HYPERVISOR_update_va_mapping_otherdomain, CHILD_VA(40),
		frame * PV_PAGE | PTE_RO, 0, 0)));
	/* a store to its table, emulated if it likes that */
	REQUIRE_EQ(attacker_call(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
				 VMASST_TYPE_writable_pagetables, 0, 0), 0);
	REQUIRE(!attacker_stores(CHILD_VA(CHILD_L1) + 40 * 8,
				 frame * PV_PAGE | PTE_RO));
	REQUIRE_EQ(attacker_call(__HYPERVISOR_vm_assist, VMASST_CMD_disable,
				 VMASST_TYPE_writable_pagetables, 0, 0), 0);
	REQUIRE(intact());
}

static void test_new_tables(void)
{
	REQUIRE_EQ(attacker_update(attacker_entry(spare, 300),
				   frame * PV_PAGE | PTE_RO), 0);
	for (unsigned int i = 0; i < 4; i++)
		REQUIRE(refused(attacker_ext(MMUEXT_PIN_L1_TABLE + i, spare,
					     0)));
	REQUIRE(refused(attacker_update(attacker_entry(attacker.mfn[CHILD_L2],
		7), spare * PV_PAGE | PTE_KERNEL)));
	REQUIRE(attacker_may_write(spare));
	REQUIRE(intact());
}

/* dom0's live tables below its own, its root as its own. */
static void test_upper_levels(void)
{
	for (int level = 1; level <= 3; level++) {
		const uint64_t table = machine_address(pt_entry(NULL, page,
			level)) & PTE_FRAME;
		const int in = level == 1 ? CHILD_L2 : level == 2 ? CHILD_L3 :
								    CHILD_L4;

		REQUIRE(refused(attacker_update(attacker_entry(
			attacker.mfn[in], 7), table | PTE_KERNEL)));
		REQUIRE_EQ(attacker_peek(attacker.mfn[in], 7), 0);
		REQUIRE_EQ(attacker_update(attacker_entry(spare, 300),
					   table | PTE_KERNEL), 0);
		REQUIRE(refused(attacker_ext(MMUEXT_PIN_L1_TABLE + level,
					     spare, 0)));
	}
	const uint64_t root = pv_frame(pt_root());

	REQUIRE(refused(attacker_ext(MMUEXT_NEW_BASEPTR, root, 0)));
	REQUIRE(refused(attacker_ext(MMUEXT_NEW_USER_BASEPTR, root, 0)));
	REQUIRE_EQ(attacker_update(attacker_entry(spare, 300), 0), 0);
}

static void test_the_frame_itself(void)
{
	struct gnttab_copy copy = {
		.source = { .u.gmfn = frame, .domid = DOMID_SELF },
		.dest = { .u.gmfn = attacker.mfn[CHILD_DATA],
			  .domid = DOMID_SELF },
		.len = 64, .status = 99,
	};
	struct vcpu_register_vcpu_info info = { .mfn = frame };

	REQUIRE(refused(attacker_ext(MMUEXT_CLEAR_PAGE, frame, 0)));
	REQUIRE(refused(attacker_ext(MMUEXT_COPY_PAGE, frame,
				     attacker.mfn[CHILD_DATA])));
	REQUIRE(refused(attacker_ext(MMUEXT_COPY_PAGE,
				     attacker.mfn[CHILD_DATA], frame)));
	REQUIRE_EQ(attacker_with(__HYPERVISOR_grant_table_op, GNTTABOP_copy,
				 &copy, sizeof(copy)), 0);
	REQUIRE(copy.status < 0);
	copy.source.domid = 0;
	REQUIRE_EQ(attacker_with(__HYPERVISOR_grant_table_op, GNTTABOP_copy,
				 &copy, sizeof(copy)), 0);
	REQUIRE(copy.status < 0);
	REQUIRE_EQ(attacker.data[0], 0);
	memcpy(attacker.mailbox->room, &info, sizeof(info));
	REQUIRE(refused(attacker_call(__HYPERVISOR_vcpu_op,
				      VCPUOP_register_vcpu_info, 0, CHILD_ROOM,
				      0)));
	REQUIRE(intact());
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
	/* nobody holds our page */
	REQUIRE_EQ(pt_protect(page, false), 0);
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L4_TABLE, frame), EINVAL_);
	REQUIRE_EQ(pt_protect(page, true), 0);
	page[0] = 0;
	REQUIRE_EQ(pt_protect(page, false), 0);
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, frame), 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, frame), 0);
}

const struct test tests[] = {
	TEST(start),
	TEST(live_entry),
	TEST(by_address),
	TEST(new_tables),
	TEST(upper_levels),
	TEST(the_frame_itself),
	TEST(counts),
	TESTS_END
};
