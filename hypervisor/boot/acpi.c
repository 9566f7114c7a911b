// SPDX-License-Identifier: BSD-2-Clause
/*
 * Parsers of single ACPI tables. A table is looked at only within its checked
 * length, entries only within the table; numbers that make no sense are left
 * out. Finding the tables is acpi_find.c's work.
 */
#include "boot/acpi.h"

#include "boot/acpi_table.h"
#include "lib/log.h"
#include "lib/string.h"

/* MADT entries: type, length, then */
enum { MADT_CPU = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_APIC_ADDRESS = 5,
	MADT_X2APIC = 9 };

#define MADT_ENTRIES 44 /* offset of the first entry */
#define MADT_CPU_ENABLED 1
#define ISA_IRQS 16

uint64_t acpi_field(const void *table, unsigned offset, unsigned bytes)
{
	const uint8_t *const at = (const uint8_t *)table + offset;
	uint64_t value = 0;

	for (unsigned i = bytes; i-- > 0;)
		value = value << 8 | at[i];
	return value;
}

static void add_cpu(struct acpi_info *info, uint32_t apic_id, uint32_t acpi_id)
{
	for (unsigned i = 0; i < info->nr_cpus; i++)
		if (info->cpu[i].apic_id == apic_id)
			return; /* listed as APIC and as x2APIC */
	if (info->nr_cpus == CPUS_MAX) {
		info->nr_cpus_ignored++;
		return;
	}
	info->cpu[info->nr_cpus].apic_id = apic_id;
	info->cpu[info->nr_cpus++].acpi_id = acpi_id;
}

static void add_ioapic(struct acpi_info *info, const uint8_t *e)
{
	if (info->nr_ioapics == ACPI_IOAPICS_MAX)
		return;
	info->ioapic[info->nr_ioapics].address = acpi_field(e, 4, 4);
	info->ioapic[info->nr_ioapics++].gsi_base =
		(uint32_t)acpi_field(e, 8, 4);
}

/* Flags: bits 0-1 polarity (3: low), bits 2-3 trigger (3: level); 0 is the
 * bus's habit, which for ISA is edge and high. */
static void add_override(struct acpi_info *info, const uint8_t *e)
{
	const unsigned flags = (unsigned)acpi_field(e, 8, 2);
	const unsigned i = info->nr_overrides;

	if (i == ACPI_OVERRIDES_MAX || e[3] >= ISA_IRQS)
		return;
	info->override[i].irq = e[3];
	info->override[i].gsi = (uint32_t)acpi_field(e, 4, 4);
	info->override[i].active_low = (flags & 3) == 3;
	info->override[i].level = (flags >> 2 & 3) == 3;
	info->nr_overrides++;
}

static void madt_entry(struct acpi_info *info, const uint8_t *e)
{
	if (e[0] == MADT_CPU && e[1] >= 8) {
		if (acpi_field(e, 4, 4) & MADT_CPU_ENABLED)
			add_cpu(info, e[3], e[2]);
	} else if (e[0] == MADT_X2APIC && e[1] >= 16) {
		if (acpi_field(e, 8, 4) & MADT_CPU_ENABLED)
			add_cpu(info, (uint32_t)acpi_field(e, 4, 4),
				(uint32_t)acpi_field(e, 12, 4));
	} else if (e[0] == MADT_IOAPIC && e[1] >= 12) {
		add_ioapic(info, e);
	} else if (e[0] == MADT_OVERRIDE && e[1] >= 10) {
		add_override(info, e);
	} else if (e[0] == MADT_APIC_ADDRESS && e[1] >= 12) {
		info->local_apic = acpi_field(e, 4, 8);
	}
}

static bool parse_madt(const uint8_t *t, size_t size, struct acpi_info *info)
{
	if (size < MADT_ENTRIES)
		return false;
	info->local_apic = acpi_field(t, 36, 4);
	for (size_t at = MADT_ENTRIES; size - at >= 2; at += t[at + 1]) {
		if (t[at + 1] < 2 || t[at + 1] > size - at)
			return false;
		madt_entry(info, t + at);
	}
	return true;
}

/* A generic address: space, width, offset, access size, address */
static struct acpi_address address_at(const uint8_t *t, unsigned offset)
{
	return (struct acpi_address){
		.space = t[offset],
		.bits = t[offset + 1],
		.address = acpi_field(t, offset + 4, 8),
	};
}

/* The extended form of a register block, if there and in use, else the old
 * 32-bit port number. */
static struct acpi_address block(const uint8_t *t, size_t size,
	unsigned extended, unsigned old, uint8_t bits)
{
	struct acpi_address a = { .space = 0xff };

	if (size >= extended + 12)
		a = address_at(t, extended);
	if (size < extended + 12 || !a.address) {
		a.address = acpi_field(t, old, 4);
		a.space = a.address ? 1 : 0xff;
		a.bits = bits;
	}
	return a;
}

static bool parse_fadt(const uint8_t *t, size_t size, struct acpi_info *info)
{
	uint32_t flags;

	if (size < 116)
		return false;
	flags = (uint32_t)acpi_field(t, 112, 4);
	info->pm1a_control = block(t, size, 172, 64, 16);
	info->pm1b_control = block(t, size, 184, 68, 16);
	info->pm_timer = block(t, size, 208, 76, 32);
	info->pm_timer.bits = flags & 1u << 8 ? 32 : 24;
	if ((flags & 1u << 10) && size >= 129) {
		info->reset = address_at(t, 116);
		info->reset_value = t[128];
	}
	return true;
}

bool acpi_checksum_good(const void *table, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += ((const uint8_t *)table)[i];
	return !sum;
}

bool acpi_parse_table(const void *table, size_t size, struct acpi_info *info)
{
	const char *const name = table;
	bool good;

	if (size < ACPI_HEADER || acpi_field(table, 4, 4) > size)
		return false;
	size = acpi_field(table, 4, 4);
	if (size < ACPI_HEADER)
		return false;
	if (memcmp(name, "APIC", 4) && memcmp(name, "FACP", 4))
		return true;
	if (!acpi_checksum_good(table, size)) {
		log_warn("acpi: table %.4s has a bad checksum", name);
		return false;
	}
	good = *name == 'A' ? parse_madt(table, size, info) :
			      parse_fadt(table, size, info);
	if (!good)
		log_warn("acpi: table %.4s is damaged", name);
	return good;
}
