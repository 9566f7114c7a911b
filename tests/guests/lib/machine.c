/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads XENMEM_machine_memory_map, and the M2P to tell whose a frame is. */
#include "tests/guests/lib/machine.h"

#include <xen/memory.h>

#include "tests/guests/lib/test.h"

#define E820_RAM 1

/* What an entry of the machine's map looks like. */
struct e820 {
	uint64_t addr;
	uint64_t size;
	uint32_t type;
} __attribute__((packed));

static struct e820 map[64];

static unsigned int read_map(void)
{
	struct xen_memory_map op = { .nr_entries = 64, .buffer = map };

	if (hv_memory_op(XENMEM_machine_memory_map, &op))
		os_panic("cannot read the machine's memory map");
	return op.nr_entries;
}

static bool is_ours(uint64_t mfn)
{
	const uint64_t pfn = PV_M2P[mfn];

	return pfn < pv_info->nr_pages && PV_P2M[pfn] == mfn;
}

uint64_t foreign_frame(void)
{
	const unsigned int nr = read_map();

	for (unsigned int i = nr; i--;) {
		if (map[i].type != E820_RAM || map[i].addr < 0x100000)
			continue;
		const uint64_t first = (map[i].addr + 4095) / PV_PAGE;

		for (uint64_t mfn = (map[i].addr + map[i].size) / PV_PAGE - 1;
		     mfn > first; mfn--)
			if (!is_ours(mfn))
				return mfn;
	}
	os_panic("all of the machine is ours");
}

uint64_t absent_frame(void)
{
	return 1UL << 34;	/* 64 TiB */
}
