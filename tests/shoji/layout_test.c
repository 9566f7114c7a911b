/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The domain builder on a machine that hands out frames in no order. The
 * result is looked at as the guest's kernel will see it: through its page
 * tables, from the L4 that was pinned and the registers that were set.
 */
#include "suite.h"
#include "machine.h"
#include "lib/build.h"
#include "lib/error.h"
#include "xen/grant_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096ull
#define KERNEL_START 0x1000000ull
#define TEXT 300000u /* bytes of kernel in the file */
#define BSS 123456u  /* and beyond */

static struct error error;
static uint8_t text[TEXT], initrd[100001];
static struct build build;

static void reset(bool modern, uint64_t virt_base, uint64_t mib)
{
	build_free(&build);
	machine_reset();
	error_clear(&error);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i * 7 >> 3;
	for (size_t i = 0; i < sizeof(initrd); i++)
		initrd[i] = i * 5 >> 2;
	build = (struct build){.initrd = initrd,
		.initrd_size = sizeof(initrd),
		.cmdline = "a=b",
		.nr_pages = mib << 8,
		.max_vcpus = 2};
	build.kernel = (struct pv_kernel){
		.segment[0] = {KERNEL_START + 0x123, TEXT + BSS, text, TEXT},
		.nr_segments = 1,
		.start = KERNEL_START + 0x123,
		.end = KERNEL_START + 0x123 + TEXT + BSS,
		.entry = virt_base + KERNEL_START + 0x200,
		.virt_base = virt_base,
		.hypercall_page = PV_KERNEL_NONE,
		.init_p2m = modern ? 0x8000000000 : PV_KERNEL_NONE,
		.unmapped_initrd = modern,
	};
}

static bool make(void)
{
	if (build_layout(&build, &error) ||
		build_domain(&build, 3, 7, &error)) {
		printf("%s\n", error.cause);
		return false;
	}
	return true;
}

static uint64_t entry_of(uint64_t table_mfn, unsigned index)
{
	uint64_t *table = machine_frame(table_mfn);
	const uint64_t entry = table[index];

	munmap(table, PAGE);
	return entry;
}

/* The L1 entry for an address, 0 if it is not mapped. */
static uint64_t lookup(uint64_t va)
{
	uint64_t entry = machine.context.ctrlreg[3] | 1;

	for (int shift = 39; shift >= 12 && entry & 1; shift -= 9)
		entry = entry_of(entry >> 12 & 0xfffffffff, va >> shift & 511);
	return entry;
}

static bool is_pfn(uint64_t entry, uint64_t pfn)
{
	return (entry & 5) == 5 && entry >> 12 == build.p2m[pfn];
}

/* Guest memory at a virtual address holds these bytes (NULL: zeroes). */
static bool holds(uint64_t va, const void *data, size_t size)
{
	const uint8_t *want = data;
	bool same = true;

	while (same && size) {
		const uint64_t entry = lookup(va);
		uint8_t *page = entry & 1 ? machine_frame(entry >> 12) : NULL;
		size_t part = PAGE - va % PAGE;

		if (!page)
			return false;
		part = part < size ? part : size;
		for (size_t i = 0; i < part; i++)
			same = same &&
			       page[va % PAGE + i] == (want ? want[i] : 0);
		munmap(page, PAGE);
		va += part;
		size -= part;
		want = want ? want + part : NULL;
	}
	return same;
}

static void check_linear_map(void)
{
	const struct build_layout *l = &build.layout;
	const uint64_t base = build.kernel.virt_base;
	uint64_t wrong = 0;

	for (uint64_t pfn = 0; pfn < l->nr_mapped; pfn++) {
		const uint64_t entry = lookup(base + pfn * PAGE);
		const bool table =
			pfn >= l->tables && pfn < l->tables + l->nr_tables;

		wrong += !is_pfn(entry, pfn) || !(entry & 2) != table;
	}
	CHECK(!wrong);
	CHECK(!(lookup(base + l->nr_mapped * PAGE) & 1));
	CHECK((base + l->nr_mapped * PAGE) % (4 << 20) == 0);
	CHECK((l->nr_mapped - l->stack - 1) * PAGE >= 512 << 10);
}

static void check_frames_once(void)
{
	static uint8_t seen[MACHINE_FRAMES];
	uint64_t wrong = 0;

	memset(seen, 0, sizeof(seen));
	for (uint64_t pfn = 0; pfn < build.nr_pages; pfn++)
		wrong += seen[build.p2m[pfn]]++;
	CHECK(!wrong);
}

static void check_start_info(struct start_info *info)
{
	const struct build_layout *l = &build.layout;
	const uint64_t base = build.kernel.virt_base;
	const struct vcpu_guest_context *c = &machine.context;

	CHECK(machine.context_set && machine.pinned == build.p2m[l->tables]);
	CHECK(c->ctrlreg[3] == machine.pinned << 12);
	CHECK(c->user_regs.rip == build.kernel.entry);
	CHECK(c->user_regs.rsp == base + (l->stack + 1) * PAGE);
	CHECK(c->user_regs.cs == 0xe033 && c->user_regs.ss == 0xe02b);
	CHECK(c->user_regs.rflags == 0x200 && !c->user_regs.rdi);
	CHECK(holds(c->user_regs.rsi, "xen-3.0-x86_64", 15));
	memcpy(info, machine_frame(lookup(c->user_regs.rsi) >> 12),
		sizeof(*info));
	CHECK(info->nr_pages == build.nr_pages);
	CHECK(info->shared_info == MACHINE_SHARED_INFO * PAGE);
	CHECK(info->pt_base == base + l->tables * PAGE);
	CHECK(info->nr_pt_frames == l->nr_tables);
	CHECK(info->store_mfn == build.p2m[l->store]);
	CHECK(info->console.domU.mfn == build.p2m[l->console]);
	CHECK(info->store_evtchn == 1 && info->console.domU.evtchn == 2);
	CHECK(!strcmp((char *)info->cmd_line, "a=b"));
	CHECK(info->mod_len == sizeof(initrd));
}

static void check_contents(const struct start_info *info)
{
	const uint64_t kernel = build.kernel.virt_base + KERNEL_START + 0x123;
	const uint64_t p2m_size = build.nr_pages * 8;
	const uint64_t none = ~0ull;

	CHECK(holds(kernel, text, TEXT));
	CHECK(holds(kernel + TEXT, NULL, BSS));
	CHECK(holds(info->mfn_list, build.p2m, p2m_size));
	if (p2m_size % PAGE)
		CHECK(holds(info->mfn_list + p2m_size, &none, 8));
}

static void check_shared(void)
{
	const struct grant_entry_v1 *grants = machine_frame(MACHINE_GRANTS);
	const struct shared_info *shared = machine_frame(MACHINE_SHARED_INFO);

	CHECK(grants[0].flags == 1 && grants[0].domid == 0);
	CHECK(grants[0].frame == build.console_mfn);
	CHECK(grants[1].flags == 1 && grants[1].frame == build.store_mfn);
	CHECK(shared->vcpu_info[0].evtchn_upcall_mask == 1);
	CHECK(shared->vcpu_info[31].evtchn_upcall_mask == 1);
	CHECK(!shared->vcpu_info[0].evtchn_upcall_pending);
}

/* As Debian's kernels ask for it: initrd and p2m outside of the map. */
static void test_modern(void)
{
	const struct build_layout *l = &build.layout;
	struct start_info info;
	uint8_t *page;

	reset(true, 0xffffffff80000000, 65);
	machine.zeroes = true;
	CHECK(make());
	if (suite_failed())
		return;
	check_frames_once();
	check_linear_map();
	check_start_info(&info);
	check_contents(&info);
	check_shared();
	CHECK(info.flags == (SIF_MOD_START_PFN | SIF_VIRT_P2M_4TOOLS));
	CHECK(info.mod_start == l->initrd && l->initrd >= l->nr_mapped);
	page = machine_frame(build.p2m[l->initrd + 24]);
	CHECK(!memcmp(page, initrd + 24 * PAGE, sizeof(initrd) - 24 * PAGE));
	CHECK(info.mfn_list == 0x8000000000);
	CHECK(info.first_p2m_pfn == l->p2m);
	CHECK(info.nr_p2m_frames == l->nr_p2m + l->nr_p2m_tables);
	CHECK(l->p2m + info.nr_p2m_frames <= build.nr_pages);
	CHECK(!machine.hypercall_mfn);
	/* Linux reuses the first three tables as L4, L3 and L2 */
	CHECK(entry_of(machine.pinned, 511) >> 12 == build.p2m[l->tables + 1]);
	CHECK(entry_of(build.p2m[l->tables + 1], 510) >> 12 ==
		build.p2m[l->tables + 2]);
}

/* As grub and Mini-OS: everything in one linear map from address 0. */
static void test_linear(void)
{
	const struct build_layout *l = &build.layout;
	struct start_info info;

	reset(false, 0, 64);
	build.kernel.hypercall_page = KERNEL_START + 2 * PAGE;
	machine.no_big_extents = true;
	machine.no_resource = true;
	CHECK(make());
	if (suite_failed())
		return;
	check_frames_once();
	check_linear_map();
	check_start_info(&info);
	check_contents(&info);
	check_shared();
	CHECK(info.flags == SIF_VIRT_P2M_4TOOLS);
	CHECK(holds(info.mod_start, initrd, sizeof(initrd)));
	CHECK(info.mfn_list == l->p2m * PAGE && !info.nr_p2m_frames);
	CHECK(machine.hypercall_mfn == build.p2m[KERNEL_START / PAGE + 2]);
}

static void test_no_initrd(void)
{
	struct start_info info;

	reset(true, 0xffffffff80000000, 64);
	build.initrd = NULL;
	build.initrd_size = 0;
	CHECK(make());
	if (suite_failed())
		return;
	memcpy(&info, machine_frame(build.p2m[build.layout.start_info]),
		sizeof(info));
	CHECK(!info.mod_start && !info.mod_len);
	CHECK(info.flags == SIF_VIRT_P2M_4TOOLS);
	check_linear_map();
}

/* The tables map themselves: the count must come out right at any size. */
static void test_sizes(void)
{
	for (uint64_t end = KERNEL_START; end < 600 << 20; end += 1234567) {
		const struct build_layout *l = &build.layout;

		reset(true, 0xffffffff80000000, 1024);
		build.kernel.end = end;
		CHECK(!build_layout(&build, &error));
		CHECK(l->nr_tables == build_count_tables(0xffffffff80000000,
					      l->nr_mapped, true));
		CHECK(l->stack == l->tables + l->nr_tables);
		CHECK(l->stack < l->nr_mapped && l->nr_needed <= 1024 << 8);
	}
}

static void test_too_small(void)
{
	reset(true, 0xffffffff80000000, 16);
	CHECK(build_layout(&build, &error) == -ENOMEM);
	CHECK(strstr(error.cause, "16 MiB"));
	reset(true, 0xffffffff80000000, 64);
	machine.free_frames = 40 << 8;
	CHECK(!build_layout(&build, &error));
	CHECK(build_domain(&build, 3, 7, &error) == -ENOMEM);
	CHECK(strstr(error.cause, "40 of 64 MiB"));
	CHECK(!machine.pinned);
}

int main(void)
{
	RUN(modern);
	RUN(linear);
	RUN(no_initrd);
	RUN(sizes);
	RUN(too_small);
	build_free(&build);
	return suite_end();
}
