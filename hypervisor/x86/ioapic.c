// SPDX-License-Identifier: BSD-2-Clause
/*
 * IO-APICs. The redirection entries that we wrote are kept, so that masking
 * is one write. All functions here want the interrupt lock (x86/irq.c) held,
 * but for the guest accesses, which take it.
 */
#include "x86/ioapic.h"

#include "boot/acpi.h"
#include "core/refusal.h"
#include "lib/log.h"
#include "mm/paging.h"
#include "x86/asm.h"
#include "x86/irq.h"
#include "x86/spinlock.h"
#include "xen/errno.h"

#define REG_SELECT 0x00
#define REG_WINDOW 0x10
#define IOAPIC_VERSION 1
#define IOAPIC_ARBITRATION 2
#define IOAPIC_ENTRY 0x10 /* low word of pin 0's entry; then high, then pin 1 */
#define ENTRY_LOW_ACTIVE (1u << 13)
#define ENTRY_LEVEL (1u << 15)
#define ENTRY_MASKED (1u << 16)
#define PINS_MAX 240

static struct ioapic {
	char *base;
	uint64_t address;
	unsigned first, nr; /* GSIs */
} chips[IOAPICS_MAX];
static unsigned nr_chips, nr_gsis;
static uint32_t entries[GSIS_MAX]; /* low words, by GSI */

static uint32_t read(const struct ioapic *chip, unsigned reg)
{
	mmio_write32(chip->base + REG_SELECT, reg);
	return mmio_read32(chip->base + REG_WINDOW);
}

static void write(const struct ioapic *chip, unsigned reg, uint32_t value)
{
	mmio_write32(chip->base + REG_SELECT, reg);
	mmio_write32(chip->base + REG_WINDOW, value);
}

static void write_low(const struct ioapic *chip, unsigned gsi)
{
	write(chip, IOAPIC_ENTRY + 2 * (gsi - chip->first), entries[gsi]);
}

static const struct ioapic *chip_of(unsigned gsi)
{
	for (unsigned i = 0; i < nr_chips; i++)
		if (gsi - chips[i].first < chips[i].nr)
			return &chips[i];
	return NULL;
}

static void add_chip(uint64_t address, unsigned first)
{
	struct ioapic *const chip = &chips[nr_chips];

	chip->base = paging_map_mmio(address, PAGE_SIZE, PAGING_UNCACHED);
	if (!chip->base)
		return;
	chip->address = address;
	chip->first = first;
	chip->nr = (read(chip, IOAPIC_VERSION) >> 16 & 0xff) + 1;
	if (chip->nr > PINS_MAX || first + chip->nr > GSIS_MAX) {
		log_warn("ioapic: at %lx with GSIs from %u is ignored: at "
			 "most %u are supported", address, first, GSIS_MAX);
		return;
	}
	if (first + chip->nr > nr_gsis)
		nr_gsis = first + chip->nr;
	nr_chips++;
	for (unsigned gsi = first; gsi < first + chip->nr; gsi++) {
		entries[gsi] = ENTRY_MASKED;
		write_low(chip, gsi);
	}
}

void ioapic_init(void)
{
	for (unsigned i = 0; i < acpi_info.nr_ioapics; i++)
		add_chip(acpi_info.ioapic[i].address,
			acpi_info.ioapic[i].gsi_base);
	if (!nr_chips)
		log_warn("ioapic: none; devices can only use messages");
}

unsigned ioapic_nr_gsis(void)
{
	return nr_gsis;
}

bool ioapic_gsi_valid(unsigned gsi)
{
	return chip_of(gsi) != NULL;
}

void ioapic_set(unsigned gsi, uint8_t vector, uint32_t apic_id, bool level,
	bool active_low)
{
	const struct ioapic *const chip = chip_of(gsi);

	entries[gsi] = (entries[gsi] & ENTRY_MASKED) | vector |
		(level ? ENTRY_LEVEL : 0) |
		(active_low ? ENTRY_LOW_ACTIVE : 0);
	write(chip, IOAPIC_ENTRY + 2 * (gsi - chip->first) + 1,
		apic_id << 24);
	write_low(chip, gsi);
}

void ioapic_mask(unsigned gsi, bool masked)
{
	entries[gsi] &= ~ENTRY_MASKED;
	entries[gsi] |= masked ? ENTRY_MASKED : 0;
	write_low(chip_of(gsi), gsi);
}

static const struct ioapic *chip_at(uint64_t address)
{
	for (unsigned i = 0; i < nr_chips; i++)
		if (chips[i].address == address)
			return &chips[i];
	return NULL;
}

int ioapic_guest_read(uint64_t chip_address, uint32_t reg, uint32_t *value)
{
	const struct ioapic *const chip = chip_at(chip_address);
	uint64_t flags;

	if (!chip || reg >= IOAPIC_ENTRY + 2 * chip->nr ||
		(reg > IOAPIC_ARBITRATION && reg < IOAPIC_ENTRY))
		return reject(-EINVAL, "no IO-APIC, or no such register");
	flags = spin_lock_irq(&irq_lock);
	*value = read(chip, reg);
	spin_unlock_irq(&irq_lock, flags);
	return 0;
}

int ioapic_guest_write(uint64_t chip_address, uint32_t reg, uint32_t)
{
	const struct ioapic *const chip = chip_at(chip_address);

	if (!chip || reg < IOAPIC_ENTRY || reg >= IOAPIC_ENTRY + 2 * chip->nr)
		return reject(-EINVAL, "no IO-APIC, or no such register");
	return 0;
}

unsigned ioapic_count(void)
{
	return nr_chips;
}

uint64_t ioapic_address(unsigned n)
{
	return chips[n].address;
}
