// SPDX-License-Identifier: BSD-2-Clause
/*
 * The walk is over all that a root maps: 512 slots, large pages, whatever
 * their addresses. An entry's rights are those of all levels together.
 */

#include "mm/paging.h"

/* rights: PTE_RW, PTE_US and PTE_NX as all levels give them. */
static bool allowed(
	const struct wx *wx, paddr_t pa, uint64_t size, uint64_t rights)
{
	const bool writable = rights & PTE_RW;

	if (!(rights & PTE_NX))
		return !writable && pa >= wx->text && pa + size <= wx->text_end;
	return !writable || pa + size <= wx->text || pa >= wx->const_end;
}

/* NOLINTNEXTLINE(misc-no-recursion): there are four levels */
static void walk(struct wx *wx, paddr_t table, unsigned level, uint64_t va,
	uint64_t above)
{
	const unsigned shift = 12 + 9 * (level - 1);
	const uint64_t size = 1ull << shift;
	const uint64_t *const entry = direct(table);

	for (unsigned i = 0; i < PAGE_SIZE / 8; i++, va += size) {
		const uint64_t pte = entry[i];
		const uint64_t rights = (pte & above & (PTE_RW | PTE_US)) |
			((pte | above) & PTE_NX);

		if (!(pte & PTE_P))
			continue;
		if (level > 1 && !(pte & PTE_PSE)) {
			walk(wx, pte & PTE_ADDR, level - 1, va, rights);
			continue;
		}
		if (!allowed(wx, pte & PTE_ADDR & ~(size - 1), size, rights))
			wx->bad = (uint64_t)((int64_t)(va << 16) >> 16);
		if (rights & PTE_US)
			continue;
		wx->pages += size / PAGE_SIZE;
		if (!(rights & PTE_NX))
			wx->executable += size / PAGE_SIZE;
	}
}

void wx_check(struct wx *wx, paddr_t root)
{
	wx->pages = wx->executable = wx->bad = 0;
	walk(wx, root, 4, 0, PTE_RW | PTE_US);
}
