// SPDX-License-Identifier: BSD-2-Clause
/*
 * Finding the ACPI tables: the root pointer from the boot loader or by the
 * BIOS's signature, then the list of tables. Each table is mapped while it is
 * parsed. A table larger than TABLE_MAX, or the 65th, is not believed.
 */
#include "boot/acpi.h"

#include "boot/acpi_table.h"
#include "boot/boot.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/paging.h"

#define TABLE_MAX (1u << 20)
#define TABLES_MAX 64
#define RSDP_SIZE 20
#define BIOS_START 0xe0000
#define BIOS_SIZE 0x20000
#define EBDA_SEGMENT 0x40e

struct acpi_info acpi_info;

static bool rsdp_good(const void *p)
{
	return !memcmp(p, "RSD PTR ", 8) && acpi_checksum_good(p, RSDP_SIZE);
}

/* The root pointer in a piece of memory, at a multiple of 16; 0: not there. */
static paddr_t scan(paddr_t start, size_t size, uint8_t copy[36])
{
	const char *const at = paging_map_mmio(start, size, PAGING_READ_ONLY);
	paddr_t found = 0;

	if (!at)
		return 0;
	for (size_t i = 0; i + 36 <= size && !found; i += 16)
		if (rsdp_good(at + i)) {
			found = start + i;
			memcpy(copy, at + i, 36);
		}
	paging_unmap_mmio((void *)at, size);
	return found;
}

static bool find_root(uint8_t copy[36])
{
	uint16_t *segment;
	paddr_t ebda;

	if (boot_info.rsdp_copy_size >= RSDP_SIZE &&
		rsdp_good(boot_info.rsdp_copy)) {
		memcpy(copy, boot_info.rsdp_copy, 36);
		if (boot_info.rsdp_copy_size < 36)
			copy[15] = 0; /* revision: no XSDT */
		return true;
	}
	acpi_info.rsdp = scan(BIOS_START, BIOS_SIZE, copy);
	if (acpi_info.rsdp)
		return true;
	segment = paging_map_mmio(EBDA_SEGMENT, 2, PAGING_READ_ONLY);
	if (!segment)
		return false;
	ebda = (paddr_t)*segment << 4;
	paging_unmap_mmio(segment, 2);
	if (ebda >= 0x80000 && ebda < 0xa0000)
		acpi_info.rsdp = scan(ebda, 1024, copy);
	return acpi_info.rsdp != 0;
}

/* Map a whole table: its header first, for the length. */
static const void *map_table(paddr_t pa, size_t *size)
{
	const void *header = paging_map_mmio(pa, ACPI_HEADER, PAGING_READ_ONLY);

	if (!header)
		return NULL;
	*size = acpi_field(header, 4, 4);
	paging_unmap_mmio((void *)header, ACPI_HEADER);
	if (*size < ACPI_HEADER || *size > TABLE_MAX) {
		log_warn(
			"acpi: table at %lx of impossible size %zu", pa, *size);
		return NULL;
	}
	return paging_map_mmio(pa, *size, PAGING_READ_ONLY);
}

static void read_table(paddr_t pa)
{
	size_t size;
	const void *const table = pa ? map_table(pa, &size) : NULL;

	if (!table)
		return;
	acpi_parse_table(table, size, &acpi_info);
	paging_unmap_mmio((void *)table, size);
}

static void read_list(paddr_t pa, unsigned entry_size)
{
	size_t size;
	const char *const list = map_table(pa, &size);
	unsigned nr;

	if (!list)
		return;
	if (!acpi_checksum_good(list, size))
		log_warn("acpi: the list of tables has a bad checksum");
	nr = (unsigned)(size - ACPI_HEADER) / entry_size;
	if (nr > TABLES_MAX)
		nr = TABLES_MAX;
	for (unsigned i = 0; i < nr; i++)
		read_table(acpi_field(
			list, ACPI_HEADER + i * entry_size, entry_size));
	paging_unmap_mmio((void *)list, size);
}

void acpi_init(void)
{
	uint8_t root[36] = { 0 };

	acpi_info.local_apic = 0xfee00000;
	acpi_info.pm_timer.space = acpi_info.reset.space = 0xff;
	acpi_info.pm1a_control.space = acpi_info.pm1b_control.space = 0xff;
	if (!find_root(root)) {
		log_warn("acpi: no root pointer: one CPU, no device IRQs");
		return;
	}
	if (root[15] >= 2 && acpi_field(root, 24, 8))
		read_list(acpi_field(root, 24, 8), 8);
	else
		read_list(acpi_field(root, 16, 4), 4);
	log_info("acpi: %u CPUs, %u IO-APICs", acpi_info.nr_cpus,
		acpi_info.nr_ioapics);
	if (acpi_info.nr_cpus_ignored)
		log_warn("acpi: %u CPUs over %u are not used",
			acpi_info.nr_cpus_ignored, CPUS_MAX);
}

unsigned acpi_isa_gsi(unsigned irq, bool *level, bool *active_low)
{
	*level = *active_low = false;
	for (unsigned i = 0; i < acpi_info.nr_overrides; i++)
		if (acpi_info.override[i].irq == irq) {
			*level = acpi_info.override[i].level;
			*active_low = acpi_info.override[i].active_low;
			return acpi_info.override[i].gsi;
		}
	return irq;
}
