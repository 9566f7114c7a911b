/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: the hypervisor to read or write its own memory for a guest, as the
 * buffer of a call. Way: the address of a page in the hypervisor's map of all
 * memory, of dom0's page and of a page table of its own, for results and for
 * requests; lists that begin elsewhere and get there, or wrap around the end
 * of the address space. Instead: -EFAULT, nothing written, nothing learnt.
 *
 * Class: memory ops and hypercall arguments, ranges (XSA-29, 212). The same
 * on Xen, in its own map; but where no operation is asked for, it does not look
 * where their count would go.
 */
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/version.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static uint64_t *page, map_base;

static void test_start(void)
{
	page = page_alloc();
	page[0] = 0x5ec2e7;
	map_base = on_xen() ? 0xffff830000000000 : 0xffff808000000000;
	REQUIRE(attacker_start());
}

static uint64_t alias(uint64_t mfn)
{
	return map_base + mfn * PV_PAGE;
}

static bool intact(void)
{
	uint64_t rest = 0;

	for (int i = 1; i < 512; i++)
		rest |= page[i];
	for (int i = 200; i < 512; i++)
		rest |= attacker_peek(attacker.mfn[CHILD_L1], i);
	return page[0] == 0x5ec2e7 && !rest;
}

static void test_results(void)
{
	const uint64_t to[] = {
		alias(pv_frame(page)) + 8, alias(attacker.mfn[CHILD_DATA]),
		alias(attacker.mfn[CHILD_L1]) + 2048,
	};
	static const int cmds[] = {
		XENVER_extraversion, XENVER_compile_info, XENVER_capabilities,
		XENVER_changeset, XENVER_platform_parameters,
		XENVER_guest_handle,
	};

	memset(attacker.data, 0, PV_PAGE);
	for (unsigned int i = 0; i < sizeof(to) / sizeof(*to); i++) {
		for (unsigned int c = 0; c < sizeof(cmds) / 4; c++)
			REQUIRE_EQ(attacker_call(__HYPERVISOR_xen_version,
						 cmds[c], to[i], 0, 0),
				   EFAULT_);
		/* Xen does not look where a count of nothing would go */
		REQUIRE(attacker_call(__HYPERVISOR_mmuext_op, CHILD_ROOM, 0,
				      to[i], DOMID_SELF) == EFAULT_ ||
			on_xen());
		struct gnttab_setup_table setup = {
			.dom = DOMID_SELF, .nr_frames = 1,
			.frame_list = (void *)to[i],
		};

		REQUIRE(attacker_with(__HYPERVISOR_grant_table_op,
				      GNTTABOP_setup_table, &setup,
				      sizeof(setup)) || setup.status < 0);
		struct xen_machphys_mfn_list list = {
			.max_extents = 4, .extent_start = (void *)to[i],
		};

		REQUIRE_EQ(attacker_with(__HYPERVISOR_memory_op,
			XENMEM_machphys_mfn_list, &list, sizeof(list)),
			EFAULT_);
		REQUIRE(intact());
		for (int j = 0; j < 512; j++)
			REQUIRE_EQ(attacker.data[j], 0);
	}
}

/* Requests that it has put there itself: it can write to its data page. */
static void test_requests(void)
{
	const uint64_t at = alias(attacker.mfn[CHILD_DATA]);
	const struct mmu_update update = {
		.ptr = attacker_entry(attacker.mfn[CHILD_L1], 100), .val = 8,
	};

	memcpy(attacker.data, &update, sizeof(update));
	REQUIRE_EQ(attacker_call(__HYPERVISOR_mmu_update, at, 1, 0,
				 DOMID_SELF), EFAULT_);
	REQUIRE_EQ(attacker_peek(attacker.mfn[CHILD_L1], 100), 0);
	memset(attacker.data, 0, PV_PAGE);
	REQUIRE_EQ(attacker_call(__HYPERVISOR_multicall, at, 1, 0, 0),
		   EFAULT_);
	REQUIRE_EQ(attacker_call(__HYPERVISOR_mmuext_op, at, 1, 0, DOMID_SELF),
		   EFAULT_);
	REQUIRE_EQ(attacker_call(__HYPERVISOR_set_trap_table, at, 0, 0, 0),
		   EFAULT_);
	REQUIRE_EQ(attacker_call(__HYPERVISOR_set_gdt, at, 16, 0, 0),
		   EFAULT_);
	for (int cmd = 0; cmd < 7; cmd++)
		REQUIRE(attacker_call(__HYPERVISOR_grant_table_op, cmd, at, 1,
				      0) < 0);
	REQUIRE(intact());
}

/* A list that starts in its own page and leaves it, or wraps to address 0. */
static void test_long_lists(void)
{
	static const uint64_t starts[] = {
		~0UL - 7, ~0UL - 15, ~0UL - 31, 0xffff7ffffffffff0,
		0xffff87fffffffff0, 0xffff87fffffffff8, 0x00007ffffffffff0,
	};

	for (unsigned int i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		REQUIRE_EQ(attacker_call(__HYPERVISOR_mmu_update, starts[i],
					 0x7fffffff, 0, DOMID_SELF), EFAULT_);
		REQUIRE_EQ(attacker_call(__HYPERVISOR_multicall, starts[i], 2,
					 0, 0), EFAULT_);
		REQUIRE_EQ(attacker_call(__HYPERVISOR_xen_version,
					 XENVER_capabilities, starts[i], 0,
					 0), EFAULT_);
	}
	/* 256 requests that do nothing, then the end of what is mapped */
	for (int i = 0; i < 512; i += 2) {
		attacker.data[i] = attacker_entry(attacker.mfn[CHILD_L1], 100);
		attacker.data[i + 1] = 0;
	}
	REQUIRE_EQ(attacker_map(CHILD_SPARE, 0), 0);
	REQUIRE_EQ(attacker_call(__HYPERVISOR_mmu_update,
				 CHILD_VA(CHILD_DATA), 0x7fffffff, 0,
				 DOMID_SELF), EFAULT_);
	REQUIRE(intact());
}

static void test_counts(void)
{
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(results),
	TEST(requests),
	TEST(long_lists),
	TEST(counts),
	TESTS_END
};
