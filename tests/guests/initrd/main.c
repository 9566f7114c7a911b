/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves how an initrd arrives at a kernel that asks for it unmapped (note
 * MOD_START_PFN): its first PFN and exact length in start_info, flagged, in
 * consecutive pages of the domain that the initial layout does not map, with
 * the content the loader was given (this file) and zeros behind it.
 *
 * Module: tests/guests/initrd/main.c
 */
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

extern const char file[], file_end[];

static void test_announced(void)
{
	REQUIRE(pv_info->flags & SIF_MOD_START_PFN);
	REQUIRE_EQ(pv_info->flags & SIF_MULTIBOOT_MOD, 0);
	REQUIRE_EQ(pv_info->mod_len, file_end - file);
	const uint64_t nr = (pv_info->mod_len + PV_PAGE - 1) / PV_PAGE;

	REQUIRE(pv_info->mod_start + nr <= pv_info->nr_pages);
	/* not among the p2m's frames, nor the first that are mapped */
	REQUIRE(pv_info->mod_start + nr <= pv_info->first_p2m_pfn ||
		pv_info->mod_start >= pv_info->first_p2m_pfn +
				      pv_info->nr_p2m_frames);
	REQUIRE(pv_info->mod_start > pv_pfn((void *)(pv_entry_regs[0] - 1)));
	for (uint64_t i = 0; i < nr; i++) {
		const uint64_t pfn = pv_info->mod_start + i;
		const uint64_t *pte = pt_entry(NULL, pv_address(pfn), 1);

		REQUIRE(!pte || !(*pte & PTE_P));
		REQUIRE_EQ(PV_M2P[PV_P2M[pfn]], pfn);
	}
}

static void test_content(void)
{
	const uint64_t len = pv_info->mod_len;
	const char *va = va_alloc();

	for (uint64_t at = 0; at < len; at += PV_PAGE) {
		const uint64_t mfn = PV_P2M[pv_info->mod_start + at / PV_PAGE];
		const uint64_t part = len - at < PV_PAGE ? len - at : PV_PAGE;

		REQUIRE_EQ(pt_set(va, mfn * PV_PAGE | PTE_KERNEL), 0);
		REQUIRE_EQ(memcmp(va, file + at, part), 0);
	}
	REQUIRE_EQ(pt_set(va, 0), 0);
}

/* They are ordinary pages: Linux frees them when it has unpacked them. */
static void test_pages_are_ours(void)
{
	uint64_t *va = va_alloc();
	const uint64_t mfn = PV_P2M[pv_info->mod_start];

	REQUIRE_EQ(pt_set(va, mfn * PV_PAGE | PTE_KERNEL), 0);
	memset(va, 0, PV_PAGE);
	REQUIRE_EQ(pt_set(va, mfn * PV_PAGE | PTE_RO), 0);
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, mfn), 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn), 0);
	REQUIRE_EQ(pt_set(va, 0), 0);
}

const struct test tests[] = {
	TEST(announced),
	TEST(content),
	TEST(pages_are_ours),
	TESTS_END
};
