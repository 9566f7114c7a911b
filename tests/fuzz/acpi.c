// SPDX-License-Identifier: BSD-2-Clause
/*
 * ACPI tables as the firmware may have left them (boot/acpi_find.c, acpi.c).
 * The input: a byte of choices, the root pointer, then memory from MEMORY on.
 * What is mapped is a copy of just as many bytes, for the address sanitizer.
 * Checksums are put right on the way, or else no table would ever be read,
 * unless the first byte says to leave them.
 */
#include "boot/acpi.h"
#include "boot/boot.h"
#include "mm/paging.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY 0xe0000u /* where the BIOS's root pointer is looked for */
#define HEADER 36u
#define TABLE_LARGEST 8192u
#define CHECKSUM 9u /* offset in a table */

enum { BAD_CHECKSUMS = 1, NO_COPY = 2, SHORT_COPY = 4 };

struct boot_info boot_info;
static struct input memory;
static unsigned choices, nr_mapped;

static void make_sum(uint8_t *at, size_t size, size_t checksum)
{
	uint8_t sum = 0;

	at[checksum] = 0;
	for (size_t i = 0; i < size; i++)
		sum += at[i];
	at[checksum] = (uint8_t)-sum;
}

/* Memory that the input has not is zero. There is no room for the top of the
 * address space, nor for more than inputs are long. */
void *paging_map_mmio(paddr_t pa, size_t size, enum paging_kind kind)
{
	uint8_t *copy;

	CHECK(kind == PAGING_READ_ONLY && size);
	if (pa + size < pa || pa + size > 1ull << 40 ||
		(size > TABLE_LARGEST && pa != MEMORY))
		return NULL;
	copy = calloc(1, size);
	if (pa >= MEMORY && pa - MEMORY < memory.left) {
		const size_t there = memory.left - (pa - MEMORY);

		memcpy(copy, memory.at + (pa - MEMORY),
			there < size ? there : size);
	}
	if (size > HEADER && pa != MEMORY && !(choices & BAD_CHECKSUMS))
		make_sum(copy, size, CHECKSUM);
	nr_mapped++;
	return copy;
}

void paging_unmap_mmio(void *va, size_t size)
{
	/* All of it is still there. */
	CHECK(((uint8_t *)va)[0] + ((uint8_t *)va)[size - 1] >= 0);
	nr_mapped--;
	free(va);
}

static void check(const struct acpi_info *info)
{
	bool level, low;

	CHECK(info->nr_cpus <= CPUS_MAX);
	CHECK(info->nr_ioapics <= ACPI_IOAPICS_MAX);
	CHECK(info->nr_overrides <= ACPI_OVERRIDES_MAX);
	for (unsigned i = 0; i < info->nr_cpus; i++)
		for (unsigned k = 0; k < i; k++)
			CHECK(info->cpu[i].apic_id != info->cpu[k].apic_id);
	for (unsigned i = 0; i < info->nr_overrides; i++)
		CHECK(info->override[i].irq < 16);
	for (unsigned irq = 0; irq < 16; irq++)
		acpi_isa_gsi(irq, &level, &low);
	CHECK(!nr_mapped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memory = (struct input){ data, size };
	boot_info = (struct boot_info){ 0 };
	acpi_info = (struct acpi_info){ 0 };
	choices = (unsigned)take(&memory, 1);
	if (!(choices & NO_COPY)) {
		take_bytes(&memory, boot_info.rsdp_copy, 36);
		boot_info.rsdp_copy_size = choices & SHORT_COPY ? 20 : 36;
		if (!(choices & BAD_CHECKSUMS))
			make_sum(boot_info.rsdp_copy, 20, 8);
	}
	acpi_init();
	check(&acpi_info);
	return 0;
}
