/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: the mapper's books wrong, as a granter that rewrites its grant entry
 * all the time, the hypervisor's bits in it included, while the other side maps
 * and copies: a frame that is counted for one page and taken for another, a
 * page table mapped writable, a call that never ends. Way: one vCPU writes the
 * entry in turn with good pages, a page table, a foreign frame, another
 * domain's name, nothing; the other maps, copies, unmaps. Instead: what is
 * mapped is what the call said, each mapping can be unmapped, no table is ever
 * writable, and no page has a count left.
 *
 * Class: grant tables, entries read more than once (XSA-218, 227, 255). The
 * same on Xen.
 *
 * Machine: 2 2
 */
#include <xen/grant_table.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"

static uint64_t *a, *b, *table, word[8];
static volatile uint64_t *entry, stop, stopped, turns;
static uint32_t ref;

static uint64_t make(uint16_t flags, uint16_t dom, uint64_t frame)
{
	return flags | (uint64_t)dom << 16 | frame << 32;
}

/* vCPU 1 */
static void granter(uint64_t arg)
{
	(void)arg;
	for (uint64_t i = 0; !stop; i++) {
		*entry = word[i % 8];
		turns++;
	}
	stopped = 1;
}

static void test_start(void)
{
	REQUIRE_EQ(grant_init(), 0);
	a = page_alloc();
	b = page_alloc();
	table = pt_entry(NULL, va_alloc(), 1);
	ref = grant_give(0, pv_frame(a), false);
	entry = (volatile uint64_t *)grant_entry(ref);
	const uint64_t table_mfn = machine_address(table) / PV_PAGE;

	word[0] = word[4] = make(GTF_permit_access, 0, pv_frame(a));
	word[1] = make(GTF_permit_access | GTF_readonly, 0, pv_frame(b));
	word[2] = make(GTF_permit_access, 0, table_mfn);
	word[3] = make(GTF_permit_access, 0, foreign_frame());
	word[5] = make(GTF_permit_access, 5, pv_frame(a));
	word[6] = make(GTF_permit_access | GTF_readonly, 0, table_mfn);
	word[7] = 0;
	REQUIRE_EQ(smp_start(1, granter, 0), 0);
	while (!turns)
		;
}

static unsigned int mapped, refusals, copied;

/* True if the mapping is of a page that was offered, with fit rights. */
static bool fit(const struct gnttab_map_grant_ref *op, uint64_t pte)
{
	const uint64_t mfn = (pte & PTE_FRAME) / PV_PAGE;

	if (op->dev_bus_addr != (pte & PTE_FRAME))
		return false;
	if (mfn == machine_address(table) / PV_PAGE)
		return !(pte & PTE_RW);
	return mfn == pv_frame(a) || mfn == pv_frame(b);
}

static void test_map(void)
{
	const uint64_t va = (uint64_t)va_alloc();
	const uint64_t end = now() + 400000000;
	const uint64_t late = end + PATIENCE;

	while ((mapped < 200 || refusals < 200) &&
	       (now() < end || (!(mapped && refusals) && now() < late))) {
		struct gnttab_map_grant_ref op = {
			.host_addr = va, .ref = ref, .dom = 0, .status = 99,
			.flags = GNTMAP_host_map |
				 (turns & 1 ? GNTMAP_readonly : 0),
		};

		REQUIRE_EQ(hv_grant_table_op(GNTTABOP_map_grant_ref, &op, 1),
			   0);
		if (op.status) {
			refusals++;
			continue;
		}
		mapped++;
		REQUIRE(fit(&op, *pt_entry(NULL, (void *)va, 1)));
		struct gnttab_unmap_grant_ref un = {
			.host_addr = va, .handle = op.handle, .status = 99,
		};

		REQUIRE_EQ(hv_grant_table_op(GNTTABOP_unmap_grant_ref, &un,
					     1), 0);
		REQUIRE_EQ(un.status, GNTST_okay);
	}
	print("# %u mapped, %u refused\n", mapped, refusals);
	REQUIRE(mapped > 0 && refusals > 0);
}

/* Into whatever it is: never into the table. */
static void test_copy(void)
{
	uint64_t *from = page_alloc();
	const uint64_t end = now() + 200000000;
	const uint64_t late = end + PATIENCE;

	memset(from, 0x5a, PV_PAGE);
	while (copied < 100 && (now() < end || (!copied && now() < late))) {
		struct gnttab_copy op = {
			.source = { .u.gmfn = pv_frame(from),
				    .domid = DOMID_SELF },
			.dest = { .u.ref = ref, .domid = 0,
				  .offset = (uint64_t)table % PV_PAGE },
			.len = 8, .flags = GNTCOPY_dest_gref, .status = 99,
		};

		REQUIRE_EQ(hv_grant_table_op(GNTTABOP_copy, &op, 1), 0);
		copied += op.status == GNTST_okay;
		REQUIRE_EQ(*table, 0);
	}
	print("# %u copied\n", copied);
	REQUIRE(copied > 0);
}

static void test_counts(void)
{
	stop = 1;
	REQUIRE(smp_wait(&stopped, 1));
	*entry = 0;
	REQUIRE(grant_end(ref));
	REQUIRE(dom0_page_is_free(a));
	REQUIRE(dom0_page_is_free(b));
	/* the table is one, and its own page nobody has writable */
	REQUIRE(mmuext(MMUEXT_PIN_L2_TABLE, machine_address(table) /
		       PV_PAGE) != 0);
	REQUIRE_EQ(*table, 0);
}

const struct test tests[] = {
	TEST(start),
	TEST(map),
	TEST(copy),
	TEST(counts),
	TESTS_END
};
