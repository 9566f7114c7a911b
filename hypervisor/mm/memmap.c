/* SPDX-License-Identifier: BSD-2-Clause */
/* See memmap.h. */
#include "mm/memmap.h"

#include "boot/boot.h"
#include "x86/apic.h"
#include "x86/ioapic.h"

static struct xen_e820_entry map[BOOT_RANGES_MAX + IOAPICS_MAX + 1];
static unsigned nr_map;

static void add(uint64_t start, uint64_t end, uint32_t type)
{
	unsigned i = nr_map++;

	for (; i && map[i - 1].addr > start; i--)
		map[i] = map[i - 1];
	map[i] = (struct xen_e820_entry){
		.addr = start, .size = end - start, .type = type
	};
}

/* A register page that the firmware's map may not mention. */
static void reserve(uint64_t start)
{
	for (unsigned i = 0; i < nr_map; i++)
		if (map[i].addr <= start &&
			start < map[i].addr + map[i].size)
			return;
	add(start, start + PAGE_SIZE, XEN_E820_RESERVED);
}

void memmap_init(void)
{
	for (unsigned i = 0; i < boot_info.nr_ranges; i++)
		add(boot_info.range[i].start, boot_info.range[i].end,
			boot_info.range[i].type);
	reserve(apic_address());
	for (unsigned i = 0; i < ioapic_count(); i++)
		reserve(ioapic_address(i));
}

bool memmap_machine(unsigned i, struct xen_e820_entry *entry)
{
	if (i >= nr_map)
		return false;
	*entry = map[i];
	return true;
}
