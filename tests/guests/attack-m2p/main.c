/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: to rewrite the machine-to-physical table, which every guest reads,
 * for frames of others, or to make the hypervisor believe what it says. Way:
 * MACHPHYS_UPDATE for frames not its own; stores; the table's frames mapped,
 * granted, named as DOMID_XEN's; lies about its own frames followed by calls
 * on them. Instead: only its own entries change, and the lies change nothing.
 *
 * Class: page types, a table shared by all. The same on Xen, which lets
 * everybody set entries of frames that are no memory (DOMID_IO).
 */
#include <xen/grant_table.h>
#include <xen/memory.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define UPDATE(mfn) ((mfn) * PV_PAGE | MMU_MACHPHYS_UPDATE)

static uint64_t pieces[512];
static unsigned int nr_pieces;

static void test_start(void)
{
	struct xen_machphys_mfn_list op = {
		.max_extents = 512, .extent_start = pieces,
	};

	REQUIRE_EQ(hv_memory_op(XENMEM_machphys_mfn_list, &op), 0);
	nr_pieces = op.nr_extents;
	REQUIRE(nr_pieces > 0);
	REQUIRE(attacker_start());
}

static void test_entries_of_others(void)
{
	static const uint32_t names[] = {
		DOMID_SELF, 0, DOMID_XEN, DOMID_IO, DOMID_INVALID,
	};
	const uint64_t frames[] = {
		pv_frame(pv_info), pv_frame(pt_root()), foreign_frame(),
		pieces[0], 0, 0xb8, 0xfee00, absent_frame(), ~0UL >> 12,
	};
	const uint64_t before = PV_M2P[pv_frame(pv_info)];

	for (unsigned int i = 0; i < sizeof(frames) / sizeof(*frames); i++)
		for (unsigned int j = 0; j < 5; j++)
			REQUIRE(refused(attacker_update_for(UPDATE(frames[i]),
							    0x666, names[j])) ||
				(on_xen() && names[j] == DOMID_IO));
	REQUIRE_EQ(PV_M2P[pv_frame(pv_info)], before);
}

static void test_the_table_itself(void)
{
	const uint64_t entry = attacker_entry(attacker.mfn[CHILD_L1], 40);

	for (unsigned int i = 0; i < nr_pieces && i < 4; i++) {
		const uint64_t frame = pieces[i] * PV_PAGE;

		REQUIRE(refused(attacker_update(entry, frame | PTE_RO)));
		REQUIRE(refused(attacker_update_for(entry, frame | PTE_RO,
						    DOMID_XEN)));
		REQUIRE(refused(attacker_update_for(entry, frame | PTE_KERNEL,
						    DOMID_IO)));
		REQUIRE(refused(attacker_update(frame, 0x666)));
		REQUIRE(refused(attacker_update_for(frame, 0x666,
			(DOMID_XEN + 1UL) << 16 | DOMID_SELF)));
		REQUIRE(refused(attacker_ext(MMUEXT_CLEAR_PAGE, pieces[i],
					     0)));
	}
	/* a result of a call, put where all can read */
	uint64_t slot = (uint64_t)&PV_M2P[attacker.mfn[CHILD_DATA]];

	REQUIRE_EQ(attacker_call(__HYPERVISOR_xen_version, 1, slot, 0, 0),
		   EFAULT_);
	REQUIRE(!attacker_stores(slot, 0x666));
}

/* Granted as if it were its own. */
static void test_granted(void)
{
	struct grant_entry_v1 *table = attacker_grants();
	void *va = va_alloc();

	table[9] = (struct grant_entry_v1){
		.flags = GTF_permit_access, .domid = 0, .frame = pieces[0],
	};
	for (int readonly = 0; readonly < 2; readonly++) {
		struct gnttab_map_grant_ref map = {
			.host_addr = (uint64_t)va, .ref = 9,
			.dom = attacker.id, .status = 99,
			.flags = GNTMAP_host_map |
				 (readonly ? GNTMAP_readonly : 0),
		};

		REQUIRE_EQ(hv_grant_table_op(GNTTABOP_map_grant_ref, &map, 1),
			   0);
		REQUIRE(map.status < 0);
	}
	REQUIRE_EQ(table[9].flags, GTF_permit_access);
}

/* Its own entries say what it likes; nobody acts on them. */
static void test_lies(void)
{
	const uint64_t mfn = attacker_table(0);
	const uint64_t lies[] = {
		0, 0x666, pv_pfn(pv_info), ~0UL, ~0UL >> 1, 1UL << 52,
		PV_M2P[attacker.mfn[CHILD_L4]], 0x55555555,
	};

	for (unsigned int i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		REQUIRE_EQ(attacker_update(UPDATE(mfn), lies[i]), 0);
		REQUIRE_EQ(attacker_update(UPDATE(attacker.mfn[CHILD_L2]),
					   lies[i]), 0);
		REQUIRE_EQ(attacker_ext(MMUEXT_PIN_L1_TABLE, mfn, 0), 0);
		REQUIRE(!attacker_may_write(mfn));
		REQUIRE(!attacker_may_write(attacker.mfn[CHILD_L2]));
		REQUIRE_EQ(attacker_ext(MMUEXT_UNPIN_TABLE, mfn, 0), 0);
		REQUIRE(attacker_may_write(mfn));
	}
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(entries_of_others),
	TEST(the_table_itself),
	TEST(granted),
	TEST(lies),
	TEST(counts),
	TESTS_END
};
