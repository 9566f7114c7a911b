/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: to write a descriptor that nobody has audited, for a gate or a
 * segment of ring 0. Way: a page that is its GDT is made writable, or written
 * around: by its own entries, in a table validated later, by clear, copy and
 * grant copy, by a grant that dom0 maps, as the place for a call's results;
 * and a page it can write made the GDT. Instead: all refused, the page keeps
 * its contents, and is memory again when the GDT is gone.
 *
 * Class: page types, descriptor frames. The same on Xen.
 */
#include <xen/grant_table.h>
#include <xen/version.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define FLAT_DATA 0x00cff3000000ffffUL	/* ring 3, writable */
#define GATE_64 0x0000ee0000080000UL	/* an interrupt gate, present */
#define TSS_64 0x0000890000000067UL
#define LDT_64 0x0000820000000fffUL

static uint64_t gdt;

static int64_t set_gdt(uint64_t mfn, unsigned int entries)
{
	memcpy(attacker.mailbox->room, &mfn, sizeof(mfn));
	return attacker_call(__HYPERVISOR_set_gdt, CHILD_ROOM, entries, 0, 0);
}

static void test_start(void)
{
	REQUIRE(attacker_start());
	gdt = attacker_table(0);
	/* the spare page is mapped writable, the shared one is ours too */
	REQUIRE(refused(set_gdt(attacker.mfn[CHILD_SPARE], 16)));
	REQUIRE(refused(set_gdt(attacker.mfn[CHILD_SHARED], 16)));
	REQUIRE_EQ(set_gdt(gdt, 512), 0);
	REQUIRE_EQ(attacker_call(__HYPERVISOR_update_descriptor,
				 attacker_entry(gdt, 20), FLAT_DATA, 0, 0), 0);
}

static bool intact(void)
{
	return attacker_peek(gdt, 20) == FLAT_DATA &&
	       attacker_peek(gdt, 0) == 0 && attacker_peek(gdt, 21) == 0 &&
	       attacker_peek(gdt, 511) == 0;
}

static void test_made_writable(void)
{
	const uint64_t pte = gdt * PV_PAGE;
	const uint64_t l1 = attacker_table(pte | PTE_KERNEL);

	REQUIRE(refused(attacker_map(20, pte | PTE_KERNEL)));
	REQUIRE_EQ(attacker_map(20, pte | PTE_RO), 0);
	REQUIRE(!attacker_stores(CHILD_VA(20), GATE_64));
	REQUIRE(refused(attacker_map(20, pte | PTE_KERNEL)));
	REQUIRE(refused(attacker_update(attacker_entry(
		attacker.mfn[CHILD_L1], 20) | 2, pte | PTE_KERNEL)));
	REQUIRE(refused(attacker_ext(MMUEXT_PIN_L1_TABLE, l1, 0)));
	REQUIRE(refused(attacker_ext(MMUEXT_PIN_L1_TABLE, gdt, 0)));
	REQUIRE(intact());
}

static void test_written_around(void)
{
	struct gnttab_copy copy = {
		.source = { .u.gmfn = attacker.mfn[CHILD_DATA],
			    .domid = DOMID_SELF },
		.dest = { .u.gmfn = gdt, .domid = DOMID_SELF, .offset = 8 },
		.len = 64, .status = 99,
	};

	attacker.data[0] = attacker.data[1] = GATE_64;
	REQUIRE(refused(attacker_update(attacker_entry(gdt, 21), GATE_64)));
	REQUIRE(refused(attacker_ext(MMUEXT_CLEAR_PAGE, gdt, 0)));
	REQUIRE(refused(attacker_ext(MMUEXT_COPY_PAGE, gdt,
				     attacker.mfn[CHILD_DATA])));
	REQUIRE_EQ(attacker_with(__HYPERVISOR_grant_table_op, GNTTABOP_copy,
				 &copy, sizeof(copy)), 0);
	REQUIRE(copy.status < 0);
	/* mapped read-only at page 20: a result that goes there */
	REQUIRE_EQ(attacker_call(__HYPERVISOR_xen_version,
				 XENVER_extraversion, CHILD_VA(20), 0, 0),
		   EFAULT_);
	REQUIRE_EQ(attacker_call(__HYPERVISOR_get_debugreg, 3, 0, 0, 0), 0);
	REQUIRE(intact());
}

static void test_bad_descriptors(void)
{
	static const uint64_t bad[] = {
		GATE_64, TSS_64, LDT_64, GATE_64 | 1UL << 40, TSS_64 | 0x60UL
			<< 40, 0x00008b0000000067UL, 0x0000850000080000UL,
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		REQUIRE(refused(attacker_call(__HYPERVISOR_update_descriptor,
			attacker_entry(gdt, 21), bad[i], 0, 0)));
	/* not aligned; somebody else's; ours */
	REQUIRE(refused(attacker_call(__HYPERVISOR_update_descriptor,
				      attacker_entry(gdt, 21) + 4, 0, 0, 0)));
	REQUIRE(refused(attacker_call(__HYPERVISOR_update_descriptor,
				      machine_address(pt_root()), 0, 0, 0)));
	/* of ring 0: taken, but for ring 3 */
	REQUIRE_EQ(attacker_call(__HYPERVISOR_update_descriptor,
				 attacker_entry(gdt, 20),
				 FLAT_DATA & ~(3UL << 45), 0, 0), 0);
	REQUIRE(intact());
}

/* In the page before it becomes the GDT. */
static void test_audit(void)
{
	const uint64_t page = attacker_table(0);

	REQUIRE_EQ(attacker_update(attacker_entry(page, 511), GATE_64), 0);
	REQUIRE(refused(set_gdt(page, 16)));
	REQUIRE(attacker_may_write(page));
	REQUIRE(intact());
}

static void test_counts(void)
{
	REQUIRE_EQ(attacker_map(20, 0), 0);
	REQUIRE(!attacker_may_write(gdt));
	REQUIRE_EQ(set_gdt(0, 0), 0);
	REQUIRE(attacker_may_write(gdt));
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(made_writable),
	TEST(written_around),
	TEST(bad_descriptors),
	TEST(audit),
	TEST(counts),
	TESTS_END
};
