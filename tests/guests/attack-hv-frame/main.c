/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: the hypervisor's memory: its code, its frame table, its page tables.
 * Way: no guessing, all of them: an unprivileged domain tries to map every third
 * frame of the machine and some of what lies behind; and dom0 every frame of
 * RAM that is not its own, as its own. Instead: nothing but its own
 * pages and its grant table, for either of them.
 *
 * Class: page types, frames that belong to nobody a guest may name. The same on
 * Xen.
 */
#include <xen/grant_table.h>
#include <xen/memory.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define BATCH 64		/* of 64 bytes in its data page */

static struct xen_e820_entry map[64];
static unsigned int nr_map;
static uint64_t grants[64], its_grants[64];	/* frames of the tables */

/* The grant table's pages are the hypervisor's, but shown to the domain. */
static bool find_grants(uint16_t dom, uint64_t *list)
{
	struct gnttab_query_size size = { .dom = dom };

	if (hv_grant_table_op(GNTTABOP_query_size, &size, 1) || size.status ||
	    size.nr_frames > 64)
		return false;
	struct gnttab_setup_table table = {
		.dom = dom, .nr_frames = size.nr_frames, .frame_list = list,
	};

	return !hv_grant_table_op(GNTTABOP_setup_table, &table, 1) &&
	       !table.status;
}

static bool among(uint64_t mfn, const uint64_t *list, int nr)
{
	while (nr--)
		if (list[nr] == mfn)
			return true;
	return false;
}

static void test_start(void)
{
	struct xen_memory_map op = { .nr_entries = 64, .buffer = map };

	REQUIRE_EQ(hv_memory_op(XENMEM_machine_memory_map, &op), 0);
	nr_map = op.nr_entries;
	REQUIRE(attacker_start());
	REQUIRE(find_grants(0, grants));
	REQUIRE(find_grants(attacker.id, its_grants));
}

static bool is_its(uint64_t mfn)
{
	return among(mfn, attacker.mfn, CHILD_PAGES) ||
	       (mfn && among(mfn, its_grants, 64));
}

/* How many of the frames it can map; the last of them is *which. */
static unsigned int maps(uint64_t first, uint64_t step, uint64_t *which)
{
	struct multicall_entry *calls = (void *)attacker.data;
	unsigned int n = 0;

	for (unsigned int i = 0; i < BATCH; i++) {
		const uint64_t mfn = first + i * step;

		calls[i] = (struct multicall_entry){
			.op = __HYPERVISOR_update_va_mapping, .args = {
				CHILD_VA(400), is_its(mfn) ? ~0UL :
				mfn * PV_PAGE | PTE_RO, 0 },
		};
	}
	if (attacker_call(__HYPERVISOR_multicall, CHILD_VA(CHILD_DATA), BATCH,
			  0, 0))
		return 99;
	for (unsigned int i = 0; i < BATCH; i++)
		if (calls[i].result == 0) {
			*which = first + i * step;
			n++;
		}
	return n;
}

/* The attacker's map of the machine: 512 MiB and a bit. */
static void test_all_memory(void)
{
	uint64_t which = 0;

	for (uint64_t mfn = 0; mfn < 0x20400; mfn += BATCH * 3)
		if (maps(mfn, 3, &which)) {
			test_fail(__LINE__, "it maps frame %lx", which);
			return;
		}
}

/* Holes, devices, the ROM; then beyond what the machine can have. */
static void test_behind_memory(void)
{
	uint64_t which = 0;

	for (uint64_t mfn = 0x20400; mfn < 0x100000; mfn += BATCH * 167)
		REQUIRE_EQ(maps(mfn, 167, &which), 0);
	REQUIRE_EQ(maps(0xfec00, 1, &which), 0);
	REQUIRE_EQ(maps(0xfed00, 1, &which), 0);
	REQUIRE_EQ(maps(0xfee00, 1, &which), 0);
	REQUIRE_EQ(maps(0xfffc0, 1, &which), 0);
	for (int bit = 20; bit < 40; bit++)
		REQUIRE_EQ(maps(1UL << bit, 0x111, &which), 0);
}

static bool is_ours(uint64_t mfn)
{
	const uint64_t pfn = PV_M2P[mfn];

	return pfn < pv_info->nr_pages && PV_P2M[pfn] == mfn;
}

/* The same for dom0, whose word is no more than a domain's for this. */
static void test_dom0(void)
{
	void *va = va_alloc();
	unsigned int tried = 0;

	for (unsigned int i = 0; i < nr_map; i++) {
		const uint64_t end = (map[i].addr + map[i].size) / PV_PAGE;

		if (map[i].type != XEN_E820_RAM || map[i].addr < 0x100000)
			continue;
		for (uint64_t mfn = (map[i].addr + 4095) / PV_PAGE; mfn < end;
		     mfn++) {
			if (is_ours(mfn) || among(mfn, grants, 64) ||
			    mfn == pv_info->shared_info / PV_PAGE)
				continue;
			tried++;
			if (hv_update_va_mapping((uint64_t)va, mfn * PV_PAGE |
						 PTE_RO, 0) == 0) {
				test_fail(__LINE__, "dom0 maps %lx", mfn);
				return;
			}
		}
	}
	print("# %u frames tried by dom0\n", tried);
	REQUIRE(tried > 10000);
	REQUIRE_EQ(*pt_entry(NULL, va, 1), 0);
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(all_memory),
	TEST(behind_memory),
	TEST(dom0),
	TEST(counts),
	TESTS_END
};
