/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IO-APICs: from GSI to (chip, pin), redirection entries, and the register
 * reads and writes that dom0 asks for. The caller holds the interrupt lock
 * (x86/irq.h), but for the guest accesses and what is fixed after boot.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "xen/xen.h"

#define IOAPICS_MAX 16
#define GSIS_MAX 256 /* GSIs at and above are not used */

void ioapic_init(void); /* from ACPI; all pins masked */
unsigned ioapic_nr_gsis(void); /* highest GSI + 1 */
bool ioapic_gsi_valid(unsigned gsi);

/* Program a pin; it stays masked or unmasked as it was. */
void ioapic_set(unsigned gsi, uint8_t vector, uint32_t apic_id, bool level,
	bool active_low);
void ioapic_mask(unsigned gsi, bool masked);

/* physdev_op apic_read/apic_write: only the registers dom0 may see; writes
 * to redirection entries are swallowed. -EINVAL: no such chip or register. */
int ioapic_guest_read(uint64_t chip_address, uint32_t reg, uint32_t *value);
int ioapic_guest_write(uint64_t chip_address, uint32_t reg, uint32_t value);

/* Address of chip n (nr < ioapic_count()): guests must not map it. */
unsigned ioapic_count(void);
uint64_t ioapic_address(unsigned n);
