/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves what a kernel finds when it is entered: registers, start_info and its
 * flags, the initial layout (image, start_info, page tables, stack, at least
 * 512 KiB behind it), read-only page-table pages, the p2m list in its own
 * slot, an M2P that is right for every page, and a pristine shared_info.
 */
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

static void test_registers(void)
{
	uint16_t cs, ss, ds, es, fs, gs;

	asm("mov %%cs, %0" : "=r"(cs));
	asm("mov %%ss, %0" : "=r"(ss));
	asm("mov %%ds, %0" : "=r"(ds));
	asm("mov %%es, %0" : "=r"(es));
	asm("mov %%fs, %0" : "=r"(fs));
	asm("mov %%gs, %0" : "=r"(gs));
	REQUIRE_EQ(cs, FLAT_KERNEL_CS);
	REQUIRE_EQ(ss, FLAT_KERNEL_SS);
	REQUIRE_EQ(ds, 0);
	REQUIRE_EQ(es, 0);
	REQUIRE_EQ(fs, 0);
	REQUIRE_EQ(gs, 0);
	for (int i = 1; i <= 5; i++)
		REQUIRE_EQ(pv_entry_regs[i], 0);
	/* the real IF is on, reserved bit 1, nothing else */
	REQUIRE_EQ(pv_entry_regs[6], 0x202);
}

static void test_start_info(void)
{
	static const char magic[] = "xen-3.0-x86_64";

	/* a `p` may follow; Linux looks at no more than this either */
	for (unsigned int i = 0; i < sizeof(magic) - 1; i++)
		REQUIRE_EQ(pv_info->magic[i], magic[i]);
	REQUIRE_EQ(pv_info->nr_pages, 128 << 8);
	REQUIRE_EQ(pv_info->flags & (SIF_PRIVILEGED | SIF_INITDOMAIN |
				     SIF_MULTIBOOT_MOD | SIF_MOD_START_PFN),
		   SIF_PRIVILEGED | SIF_INITDOMAIN);
	REQUIRE_EQ(pv_info->shared_info % PV_PAGE, 0);
	REQUIRE(pv_info->shared_info != 0);
	REQUIRE_EQ(pv_info->store_mfn, 0);
	REQUIRE_EQ(pv_info->store_evtchn, 0);
	REQUIRE_EQ(pv_info->mod_start, 0);
	REQUIRE_EQ(pv_info->mod_len, 0);
	REQUIRE(pv_info->nr_pt_frames >= 4);
}

static void test_vga_info(void)
{
	const uint64_t off = pv_info->console.dom0.info_off;

	if (!pv_info->console.dom0.info_size)
		return;
	REQUIRE_EQ(off, 1168);
	REQUIRE(pv_info->console.dom0.info_size >= 8);
	const struct dom0_vga_console_info *vga = (void *)
		((char *)pv_info + off);

	REQUIRE(vga->video_type == XEN_VGATYPE_TEXT_MODE_3 ||
		vga->video_type == XEN_VGATYPE_VESA_LFB ||
		vga->video_type == XEN_VGATYPE_EFI_LFB);
}

static void test_command_line(void)
{
	static const char want[] = "guest-arguments 1 2";
	unsigned int i = 0;

	while (i < sizeof(want) && pv_info->cmd_line[i] == want[i])
		i++;
	REQUIRE(i == sizeof(want));
}

static void test_layout(void)
{
	const uint64_t image_end = pv_pfn(pv_image_end);
	const uint64_t info = pv_pfn(pv_info);
	const uint64_t tables = pv_pfn((void *)pv_info->pt_base);
	const uint64_t stack_top = pv_entry_regs[0];

	REQUIRE(info >= image_end);
	REQUIRE_EQ((uint64_t)pv_info % PV_PAGE, 0);
	REQUIRE(tables > info);
	REQUIRE(stack_top > pv_info->pt_base);
	REQUIRE(pv_pfn((void *)(stack_top - 1)) >=
		tables + pv_info->nr_pt_frames);
	/* everything from PFN 0 to 512 KiB behind the stack is mapped */
	const uint64_t end = stack_top + 0x80000;

	for (uint64_t va = PV_VIRT_BASE; va < end; va += PV_PAGE) {
		const uint64_t *pte = pt_entry(NULL, (void *)va, 1);

		if (va == (uint64_t)pv_shared)
			continue;	/* replaced by pv_start() */
		REQUIRE(pte && (*pte & PTE_P));
		REQUIRE_EQ(*pte & PTE_FRAME,
			   pv_frame((void *)va) * PV_PAGE);
	}
}

static bool is_table(uint64_t pfn)
{
	const uint64_t first = pv_pfn((void *)pv_info->pt_base);

	return pfn - first < pv_info->nr_pt_frames;
}

static void test_tables_read_only(void)
{
	for (uint64_t pfn = 0; pfn < pv_pfn((void *)pv_info->pt_base) + 64;
	     pfn++) {
		const uint64_t *pte = pt_entry(NULL, pv_address(pfn), 1);

		REQUIRE(pte != NULL);
		REQUIRE_EQ(!(*pte & PTE_RW), is_table(pfn));
		REQUIRE(*pte & PTE_US);
	}
}

/* All the tables that map the linear map lie among the announced frames. */
static void test_tables_announced(void)
{
	for (int level = 2; level <= 4; level++) {
		const uint64_t entry = *pt_entry(NULL, pv_image, level);
		const uint64_t mfn = (entry & PTE_FRAME) / PV_PAGE;

		REQUIRE(entry & PTE_US);
		REQUIRE(is_table(PV_M2P[mfn]));
	}
}

static void test_p2m_and_m2p(void)
{
	for (uint64_t pfn = 0; pfn < pv_info->nr_pages; pfn++)
		REQUIRE_EQ(PV_M2P[PV_P2M[pfn]], pfn);
	REQUIRE_EQ(pv_info->mfn_list, PV_P2M_BASE);
	REQUIRE(pv_info->nr_p2m_frames >= pv_info->nr_pages / 512);
	REQUIRE(pv_info->first_p2m_pfn + pv_info->nr_p2m_frames <=
		pv_info->nr_pages);
}

static void poke(uint64_t address)
{
	*(volatile uint64_t *)address = *(volatile uint64_t *)address;
}

static void test_p2m_writable(void)
{
	REQUIRE_EQ(trap_try(poke, PV_P2M_BASE), NO_TRAP);
	const uint64_t last = PV_P2M_BASE +
		((pv_info->nr_pages * 8 + 4095) & ~4095UL) - 8;

	REQUIRE_EQ(trap_try(poke, last), NO_TRAP);
}

static void test_m2p_read_only(void)
{
	REQUIRE_EQ(trap_try(poke, (uint64_t)PV_M2P), TRAP_PF);
	REQUIRE_EQ(trap_last.error & 3, 3);
}

static void test_l4_pinned(void)
{
	const uint64_t mfn = pv_frame((void *)pv_info->pt_base);

	REQUIRE_EQ(mmuext(MMUEXT_PIN_L4_TABLE, mfn), EINVAL_);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn), 0);
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L4_TABLE, mfn), 0);
}

static void test_shared_info(void)
{
	for (int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++) {
		const volatile struct vcpu_info *v = &pv_shared->vcpu_info[i];

		REQUIRE_EQ(v->evtchn_upcall_mask, 1);
		if (i)
			REQUIRE_EQ(v->evtchn_upcall_pending, 0);
	}
	for (int i = 0; i < 64; i++)
		REQUIRE_EQ(pv_shared->evtchn_pending[i], 0);
	REQUIRE(pv_shared->vcpu_info[0].time.tsc_to_system_mul != 0);
	REQUIRE(!(pv_shared->vcpu_info[0].time.version & 1));
}

static void read_zero(uint64_t address)
{
	(void)*(volatile uint64_t *)address;
}

/* Only the M2P of the hypervisor's slots can be seen. */
static void test_hypervisor_hidden(void)
{
	static const uint64_t places[] = { HYPERVISOR_PLACES };

	for (unsigned int i = 0; i < sizeof(places) / 8; i++)
		REQUIRE_EQ(trap_try(read_zero, places[i]), TRAP_PF);
	REQUIRE_EQ(trap_try(read_zero, 0), TRAP_PF);
}

const struct test tests[] = {
	TEST(registers),
	TEST(start_info),
	TEST(vga_info),
	TEST(command_line),
	TEST(shared_info),
	TEST(layout),
	TEST(tables_read_only),
	TEST(tables_announced),
	TEST(p2m_and_m2p),
	TEST(p2m_writable),
	TEST(m2p_read_only),
	TEST(hypervisor_hidden),
	TEST(l4_pinned),
	TESTS_END
};
