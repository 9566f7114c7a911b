/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: to write a page that was granted read-only. Way: flip the mapping's
 * entry to writable, by every command and by an emulated store; copy the entry
 * into a table that is validated later; map again without the read-only flag;
 * copy into it; use a read-only mapping as the place for results; pass it on to
 * a grant of its own. Instead: the page stays as its owner wrote it.
 *
 * Class: grant tables, rights of a mapping. The same on Xen.
 */
#include <xen/grant_table.h>
#include <xen/version.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define AT CHILD_VA(40)

static uint64_t *page;
static uint32_t ref, handle;

static void test_start(void)
{
	REQUIRE_EQ(grant_init(), 0);
	page = page_alloc();
	for (int i = 0; i < 512; i++)
		page[i] = i * 3;
	REQUIRE(attacker_start());
	ref = grant_give(attacker.id, pv_frame(page), true);
	REQUIRE_EQ(attacker_grant_map(AT, GNTMAP_host_map | GNTMAP_readonly,
				      ref, &handle), GNTST_okay);
}

static bool intact(void)
{
	for (int i = 0; i < 512; i++)
		if (page[i] != (uint64_t)i * 3)
			return false;
	return !attacker_stores(AT + 8, 99) && page[1] == 3 &&
	       !(attacker_peek(attacker.mfn[CHILD_L1], 40) & PTE_RW) &&
	       grant_entry(ref)->flags == (GTF_permit_access | GTF_readonly |
					   GTF_reading);
}

static void test_flip(void)
{
	const uint64_t entry = attacker_entry(attacker.mfn[CHILD_L1], 40);
	const uint64_t pte = attacker_peek(attacker.mfn[CHILD_L1], 40);

	for (int cmd = 0; cmd < 4; cmd += cmd ? 1 : 2) {
		REQUIRE(refused(attacker_update(entry | cmd, pte | PTE_RW)));
		REQUIRE(refused(attacker_update_for(entry | cmd, pte | PTE_RW,
						    0)));
	}
	REQUIRE(refused(attacker_map(40, pte | PTE_RW)));
	REQUIRE(refused(attacker_call(
		__HYPERVISOR_update_va_mapping_otherdomain, AT, pte | PTE_RW,
		0, 0)));
	REQUIRE(intact());
	REQUIRE_EQ(attacker_call(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
				 VMASST_TYPE_writable_pagetables, 0, 0), 0);
	REQUIRE(!attacker_stores(CHILD_VA(CHILD_L1) + 40 * 8, pte | PTE_RW));
	REQUIRE(intact());
}

/* A second mapping: beside it, and in a table that comes alive later. */
static void test_copied_entry(void)
{
	const uint64_t pte = attacker_peek(attacker.mfn[CHILD_L1], 40);
	const uint64_t table = attacker_table(pte | PTE_RW);

	REQUIRE(refused(attacker_map(41, pte | PTE_RW)));
	REQUIRE(refused(attacker_map(41, pte)));
	REQUIRE(refused(attacker_ext(MMUEXT_PIN_L1_TABLE, table, 0)));
	REQUIRE_EQ(attacker_update(attacker_entry(table, 0), pte), 0);
	REQUIRE(refused(attacker_ext(MMUEXT_PIN_L1_TABLE, table, 0)));
	REQUIRE(intact());
}

static void test_map_again(void)
{
	uint32_t second;

	REQUIRE(attacker_grant_map(CHILD_VA(41), GNTMAP_host_map, ref,
				   &second) < 0);
	REQUIRE(attacker_grant_map(AT, GNTMAP_host_map, ref, &second) < 0);
	REQUIRE(attacker_grant_map(attacker_entry(attacker.mfn[CHILD_L1], 40),
				   GNTMAP_host_map | GNTMAP_contains_pte, ref,
				   &second) < 0);
	REQUIRE(attacker_grant_map(0, GNTMAP_device_map, ref, &second) < 0);
	REQUIRE(intact());
}

static void test_copy_into(void)
{
	struct gnttab_copy op = {
		.source = { .u.gmfn = attacker.mfn[CHILD_DATA],
			    .domid = DOMID_SELF },
		.dest = { .u.ref = ref, .domid = 0 },
		.len = 64, .flags = GNTCOPY_dest_gref, .status = 99,
	};

	REQUIRE_EQ(attacker_with(__HYPERVISOR_grant_table_op, GNTTABOP_copy,
				 &op, sizeof(op)), 0);
	REQUIRE(op.status < 0);
	/* as its own frame */
	op.dest.u.gmfn = pv_frame(page);
	op.dest.domid = DOMID_SELF;
	op.flags = 0;
	REQUIRE_EQ(attacker_with(__HYPERVISOR_grant_table_op, GNTTABOP_copy,
				 &op, sizeof(op)), 0);
	REQUIRE(op.status < 0);
	REQUIRE(refused(attacker_ext(MMUEXT_CLEAR_PAGE, pv_frame(page), 0)));
	REQUIRE(refused(attacker_update(machine_address(page), 1)));
	REQUIRE_EQ(attacker_call(__HYPERVISOR_xen_version,
				 XENVER_extraversion, AT + 16, 0, 0), EFAULT_);
	REQUIRE(intact());
}

/* To dom0, in the attacker's name. */
static void test_passed_on(void)
{
	struct grant_entry_v1 *table = attacker_grants();
	struct gnttab_map_grant_ref op = {
		.host_addr = (uint64_t)va_alloc(), .ref = 12,
		.dom = attacker.id, .flags = GNTMAP_host_map, .status = 99,
	};

	table[12] = (struct grant_entry_v1){
		.flags = GTF_permit_access, .domid = 0,
		.frame = pv_frame(page),
	};
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_map_grant_ref, &op, 1), 0);
	REQUIRE(op.status < 0);
	op.flags |= GNTMAP_readonly;
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_map_grant_ref, &op, 1), 0);
	REQUIRE(op.status < 0);
	REQUIRE_EQ(table[12].flags, GTF_permit_access);
	REQUIRE(intact());
}

static void test_counts(void)
{
	REQUIRE_EQ(attacker_grant_unmap(AT, handle), GNTST_okay);
	REQUIRE(grant_end(ref));
	REQUIRE(dom0_page_is_free(page));
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(flip),
	TEST(copied_entry),
	TEST(map_again),
	TEST(copy_into),
	TEST(passed_on),
	TEST(counts),
	TESTS_END
};
