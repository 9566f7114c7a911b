/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt lines, I/O ports and PCI devices of a domain that drives
 * hardware, hypercall 33: (PHYSDEVOP_*, pointer to its structure).
 *
 * A pirq is the domain's name for an interrupt; GSIs have equal numbers in
 * dom0. set_iopl and set_iobitmap work for every domain.
 */
#pragma once

#include "xen.h"

#define PHYSDEVOP_irq_status_query	5
#define PHYSDEVOP_set_iopl		6
#define PHYSDEVOP_set_iobitmap		7
#define PHYSDEVOP_apic_read		8	/* physdev_apic */
#define PHYSDEVOP_apic_write		9	/* physdev_apic */
#define PHYSDEVOP_alloc_irq_vector	10	/* physdev_irq */
#define PHYSDEVOP_free_irq_vector	11	/* physdev_irq */
#define PHYSDEVOP_eoi			12
#define PHYSDEVOP_map_pirq		13
#define PHYSDEVOP_unmap_pirq		14
#define PHYSDEVOP_manage_pci_add	15	/* physdev_manage_pci */
#define PHYSDEVOP_manage_pci_remove	16	/* physdev_manage_pci */
#define PHYSDEVOP_manage_pci_add_ext	20
#define PHYSDEVOP_setup_gsi		21
#define PHYSDEVOP_pci_mmcfg_reserved	24
#define PHYSDEVOP_pci_device_add	25
#define PHYSDEVOP_pci_device_remove	26	/* physdev_pci_device */
#define PHYSDEVOP_prepare_msix		30	/* physdev_pci_device */
#define PHYSDEVOP_release_msix		31	/* physdev_pci_device */

struct physdev_eoi {
	uint32_t irq;				/* 0x00 pirq */
};

#define XENIRQSTAT_needs_eoi	(1u << 0)
#define XENIRQSTAT_shared	(1u << 1)

struct physdev_irq_status_query {
	uint32_t irq;				/* 0x00 in: pirq */
	uint32_t flags;				/* 0x04 out: XENIRQSTAT_* */
};

struct physdev_set_iopl {
	uint32_t iopl;				/* 0x00 0 to 3, this vCPU's */
};

/* A set bit forbids the port to user mode; read when a port is used. */
struct physdev_set_iobitmap {
	XEN_GUEST_PTR(uint8_t) bitmap;		/* 0x00 NULL: none */
	uint32_t nr_ports;			/* 0x08 further ones: no */
};

/* A register of an IO-APIC. */
struct physdev_apic {
	uint64_t apic_physbase;			/* 0x00 in: which one */
	uint32_t reg;				/* 0x08 in */
	uint32_t value;				/* 0x0c */
};

struct physdev_irq {
	uint32_t irq;				/* 0x00 in */
	uint32_t vector;			/* 0x04 out: as irq */
};

#define MAP_PIRQ_TYPE_MSI	0
#define MAP_PIRQ_TYPE_GSI	1
#define MAP_PIRQ_TYPE_MSI_SEG	3	/* bus has the segment in bits 16-31 */
#define MAP_PIRQ_TYPE_MULTI_MSI	4	/* entry_nr of them */

struct physdev_map_pirq {
	domid_t domid;				/* 0x00 */
	int32_t type;				/* 0x04 MAP_PIRQ_TYPE_* */
	int32_t index;				/* 0x08 GSI */
	int32_t pirq;				/* 0x0c below 0: choose; out */
	int32_t bus;				/* 0x10 MSI */
	int32_t devfn;				/* 0x14 MSI */
	int32_t entry_nr;			/* 0x18 MSI-X entry */
	uint64_t table_base;			/* 0x20 MSI-X table, or 0 */
};

struct physdev_unmap_pirq {
	domid_t domid;				/* 0x00 */
	int32_t pirq;				/* 0x04 */
};

struct physdev_setup_gsi {
	int32_t gsi;				/* 0x00 */
	uint8_t triggering;			/* 0x04 0 edge, 1 level */
	uint8_t polarity;			/* 0x05 0 high, 1 low */
};

