// SPDX-License-Identifier: BSD-2-Clause
/*
 * Message-signalled interrupts. The BAR that the guest names for an MSI-X
 * table is compared with the device's own, and the entry number with the
 * table's size, before anything is mapped.
 */
#include "x86/msi.h"

#include "core/refusal.h"
#include "dev/pci.h"
#include "mm/paging.h"
#include "x86/asm.h"
#include "xen/errno.h"

#define PCI_ID 0x00
#define PCI_STATUS 0x06
#define PCI_BAR0 0x10
#define PCI_CAPABILITIES 0x34
#define STATUS_CAPABILITIES 0x10
#define CAPABILITY_MSI 0x05
#define CAPABILITY_MSIX 0x11
#define CAPABILITIES_MAX 48

/* MSI: offsets from the capability */
#define MSI_CONTROL 2
#define MSI_ADDRESS 4
#define MSI_ADDRESS_HIGH 8
#define MSI_64BIT 0x80
#define MSI_MASKABLE 0x100

/* MSI-X */
#define MSIX_CONTROL 2
#define MSIX_TABLE 4
#define MSIX_SIZE_MASK 0x7ff
#define MSIX_ENTRY_SIZE 16
#define ENTRY_ADDRESS 0
#define ENTRY_ADDRESS_HIGH 4
#define ENTRY_DATA 8
#define ENTRY_CONTROL 12

#define MESSAGE_BASE 0xfee00000u

static uint32_t config(const struct msi_source *s, unsigned reg, unsigned size)
{
	return pci_config_read(pci_address(s->bus, s->devfn, reg), size);
}

static void set_config(const struct msi_source *s, unsigned reg, unsigned size,
	uint32_t value)
{
	pci_config_write(pci_address(s->bus, s->devfn, reg), size, value);
}

static uint16_t find_capability(const struct msi_source *s, uint8_t id)
{
	unsigned at;

	if (config(s, PCI_ID, 2) == 0xffff ||
		!(config(s, PCI_STATUS, 2) & STATUS_CAPABILITIES))
		return 0;
	at = config(s, PCI_CAPABILITIES, 1) & 0xfc;
	for (unsigned i = 0; at >= 0x40 && i < CAPABILITIES_MAX; i++) {
		if (config(s, at, 1) == id)
			return (uint16_t)at;
		at = config(s, at + 1, 1) & 0xfc;
	}
	return 0;
}

/* The address in a memory BAR; 0: not one, or none given. */
static uint64_t bar_address(const struct msi_source *s, unsigned bar)
{
	const unsigned reg = PCI_BAR0 + 4 * bar;
	const uint32_t low = config(s, reg, 4);
	uint64_t address = low & ~15u;

	if (bar > 5 || (low & 1))
		return 0;
	if ((low & 6) == 4 && bar < 5)
		address |= (uint64_t)config(s, reg + 4, 4) << 32;
	return address;
}

static int open_msix(struct msi_source *s)
{
	uint32_t table;
	uint64_t base;

	s->capability = find_capability(s, CAPABILITY_MSIX);
	if (!s->capability)
		return reject(-ENODEV, "the device has no MSI-X");
	if (s->entry >
		(config(s, s->capability + MSIX_CONTROL, 2) & MSIX_SIZE_MASK))
		return reject(-EINVAL, "entry %u: beyond its table", s->entry);
	table = config(s, s->capability + MSIX_TABLE, 4);
	base = bar_address(s, table & 7);
	if (!base || base != s->table_base)
		return reject(-EINVAL, "no table at %lx", s->table_base);
	s->slot = paging_map_mmio(
		base + (table & ~7u) + s->entry * MSIX_ENTRY_SIZE,
		MSIX_ENTRY_SIZE, PAGING_UNCACHED);
	return s->slot ? 0 : reject(-ENOMEM, "no addresses to map it at");
}

int msi_open(struct msi_source *s)
{
	s->slot = NULL;
	if (s->segment) /* not reachable by ports */
		return reject(-ENODEV, "segment %u", s->segment);
	if (s->msix)
		return open_msix(s);
	s->capability = find_capability(s, CAPABILITY_MSI);
	return s->capability ? 0 : reject(-ENODEV, "the device has no MSI");
}

void msi_close(struct msi_source *s)
{
	if (s->slot)
		paging_unmap_mmio(s->slot, MSIX_ENTRY_SIZE);
	s->slot = NULL;
}

void msi_program(const struct msi_source *s, uint8_t vector, uint32_t apic_id)
{
	const uint32_t address = MESSAGE_BASE | apic_id << 12;
	unsigned data = MSI_ADDRESS + 4;

	if (s->msix) {
		char *const slot = s->slot;
		const uint32_t control = mmio_read32(slot + ENTRY_CONTROL);

		/* An entry must be masked while it changes (PCI 3.0, 6.8.2). */
		mmio_write32(slot + ENTRY_CONTROL, control | 1);
		mmio_write32(slot + ENTRY_ADDRESS, address);
		mmio_write32(slot + ENTRY_ADDRESS_HIGH, 0);
		mmio_write32(slot + ENTRY_DATA, vector);
		mmio_write32(slot + ENTRY_CONTROL, control);
		return;
	}
	set_config(s, s->capability + MSI_ADDRESS, 4, address);
	if (config(s, s->capability + MSI_CONTROL, 2) & MSI_64BIT) {
		set_config(s, s->capability + MSI_ADDRESS_HIGH, 4, 0);
		data = MSI_ADDRESS + 8;
	}
	set_config(s, s->capability + data, 2, vector);
}

void msi_mask(const struct msi_source *s, bool masked)
{
	uint32_t control, bits;
	unsigned mask;

	if (s->msix) {
		mmio_write32((char *)s->slot + ENTRY_CONTROL, masked);
		return;
	}
	control = config(s, s->capability + MSI_CONTROL, 2);
	if (!(control & MSI_MASKABLE))
		return;
	mask = s->capability + (control & MSI_64BIT ? 16 : 12);
	bits = config(s, mask, 4);
	set_config(s, mask, 4, masked ? bits | 1 : bits & ~1u);
}
