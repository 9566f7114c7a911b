/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages come from behind the initial layout, first those that are already
 * mapped. When few are left the linear map grows by 2 MiB at a time;
 * so simple guests use no page-table calls at all.
 */
#include "tests/guests/lib/memory.h"

#include "tests/guests/lib/test.h"

#define GROW_RESERVE 16	/* mapped pages kept back for page tables */

static uint64_t *root;
static uint64_t next_pfn;	/* next mapped page to hand out */
static uint64_t end_pfn;	/* end of the mapped pages */
static uint64_t top_pfn;	/* unmapped pages are handed out from here */
static void *free_pages;
static uint64_t next_va = PV_VIRT_BASE + 0x30000000;

uint64_t *pt_root(void)
{
	return root;
}

uint64_t *pt_table(uint64_t mfn)
{
	return pv_address(PV_M2P[mfn]);
}

uint64_t *pt_entry(uint64_t *l4, const void *va, int level)
{
	uint64_t *table = l4 ? l4 : root;

	for (int i = 4;; i--) {
		uint64_t *entry = table + ((uint64_t)va >> (3 + 9 * i) & 511);

		if (i == level)
			return entry;
		if (!(*entry & PTE_P))
			return NULL;
		table = pt_table((*entry & PTE_FRAME) / PV_PAGE);
	}
}

uint64_t machine_address(const void *va)
{
	return pv_frame(va) * PV_PAGE + (uint64_t)va % PV_PAGE;
}

int64_t pt_write(uint64_t *entry, uint64_t value)
{
	const struct mmu_update req = {
		.ptr = machine_address(entry), .val = value,
	};

	return hv_mmu_update(&req, 1, NULL, DOMID_SELF);
}

int64_t pt_set(const void *va, uint64_t pte)
{
	return hv_update_va_mapping((uint64_t)va, pte,
				    UVMF_INVLPG | UVMF_ALL);
}

int64_t pt_protect(const void *va, bool writable)
{
	return pt_set(va, pv_frame(va) * PV_PAGE |
			  (writable ? PTE_KERNEL : PTE_RO));
}

int64_t mmuext(unsigned int cmd, uint64_t mfn)
{
	const struct mmuext_op op = { .cmd = cmd, .arg1.mfn = mfn };

	return hv_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

int64_t pt_set_root(uint64_t *l4)
{
	const int64_t rc = mmuext(MMUEXT_NEW_BASEPTR, pv_frame(l4));

	if (!rc)
		root = l4;
	return rc;
}

static bool mapped(uint64_t pfn)
{
	const uint64_t *entry = pt_entry(NULL, pv_address(pfn), 1);

	return entry && (*entry & PTE_P);
}

void memory_init(void)
{
	root = (uint64_t *)pv_info->pt_base;
	const uint64_t tables = pv_pfn(root) + pv_info->nr_pt_frames;
	const uint64_t stack = pv_pfn((void *)(pv_entry_regs[0] - 1)) + 1;

	next_pfn = tables > stack ? tables : stack;
	for (end_pfn = next_pfn; mapped(end_pfn); end_pfn++)
		;
	top_pfn = pv_info->nr_pages;
}

static bool is_p2m(uint64_t pfn)
{
	return pfn - pv_info->first_p2m_pfn < pv_info->nr_p2m_frames;
}

static void *mapped_page(void)
{
	if (next_pfn == end_pfn)
		os_panic("out of mapped pages");
	uint64_t *page = pv_address(next_pfn++);

	for (unsigned int i = 0; i < 512; i++)
		page[i] = 0;
	return page;
}

/* An L1 for va, which need not be in the linear map; entries unset. */
static uint64_t *new_l1(const void *va)
{
	uint64_t *l1 = mapped_page();
	uint64_t *l2e = pt_entry(NULL, va, 2);

	if (!l2e || pt_protect(l1, false) ||
	    pt_write(l2e, machine_address(l1) | PTE_KERNEL))
		os_panic("cannot add a page table for %p", va);
	return l1;
}

static void grow(void)
{
	static struct mmu_update reqs[512];
	unsigned int n = 0;

	if (!pt_entry(NULL, pv_address(end_pfn), 1))
		new_l1(pv_address(end_pfn));
	do {
		const uint64_t pfn = end_pfn++;

		if (is_p2m(pfn))
			continue;
		reqs[n].ptr = machine_address(pt_entry(NULL, pv_address(pfn),
						       1));
		reqs[n++].val = PV_P2M[pfn] * PV_PAGE | PTE_KERNEL;
	} while (end_pfn % 512 && end_pfn < top_pfn);
	if (hv_mmu_update(reqs, n, NULL, DOMID_SELF))
		os_panic("cannot grow the linear map");
}

void *page_alloc(void)
{
	if (free_pages) {
		uint64_t *page = free_pages;

		free_pages = *(void **)page;
		page[0] = 0;
		return page;
	}
	if (end_pfn - next_pfn < GROW_RESERVE && end_pfn < top_pfn)
		grow();
	while (is_p2m(next_pfn))
		next_pfn++;
	return mapped_page();
}

void page_free(void *page)
{
	for (unsigned int i = 0; i < 512; i++)
		((uint64_t *)page)[i] = 0;
	*(void **)page = free_pages;
	free_pages = page;
}

uint64_t pfn_alloc(void)
{
	do
		top_pfn--;
	while (is_p2m(top_pfn));
	return top_pfn;
}

void *va_alloc(void)
{
	void *va = (void *)next_va;

	next_va += PV_PAGE;
	if (!pt_entry(NULL, va, 1))
		new_l1(va);
	return va;
}

uint64_t *table_alloc(void)
{
	uint64_t *table = page_alloc();

	if (pt_protect(table, false))
		os_panic("cannot make a page read-only");
	return table;
}
