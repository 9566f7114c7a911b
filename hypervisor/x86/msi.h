/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Message-signalled interrupts of PCI devices. Guests only switch the enable
 * bits in configuration space; message registers, mask bits and MSI-X table
 * entries are programmed here. The caller holds the interrupt lock (x86/irq.h)
 * for msi_program and msi_mask, and does not for the others.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What physdev_op map_pirq names. */
struct msi_source {
	uint16_t segment;
	uint8_t bus, devfn;
	bool msix; /* table_base != 0 */
	uint16_t entry; /* of the MSI-X table */
	uint64_t table_base; /* machine address of the BAR with the table */
	/* found by msi_open */
	uint16_t capability; /* offset in configuration space */
	void *slot; /* MSI-X: the mapped entry */
};

/* Finds the capability, maps the table entry. -ENODEV: no such device or
 * capability; -EINVAL: entry or table base is wrong; -ENOMEM. */
int msi_open(struct msi_source *source);
void msi_close(struct msi_source *source);
void msi_program(
	const struct msi_source *source, uint8_t vector, uint32_t apic_id);
void msi_mask(const struct msi_source *source, bool masked);
