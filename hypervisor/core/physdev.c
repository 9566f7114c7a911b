// SPDX-License-Identifier: BSD-2-Clause
/*
 * physdev_op (ABI surface 5.5): IOPL and port bitmaps for every domain; for
 * dom0 its interrupts, as face of x86/irq.c, and what it tells us of PCI,
 * which we accept and do not need.
 */
#include "core/domain.h"
#include "core/refusal.h"
#include "core/subop.h"
#include "core/vcpu.h"
#include "lib/rangeset.h"
#include "pv/hypercall.h"
#include "x86/ioapic.h"
#include "x86/irq.h"
#include "xen/physdev.h"

#define PORTS 0x10000u

/* Every domain */

static int64_t set_iopl(struct domain *, void *arg)
{
	const struct physdev_set_iopl *const op = arg;

	if (op->iopl > 3)
		return reject(-EINVAL, "IOPL %u", op->iopl);
	current->iopl = (uint8_t)op->iopl;
	return 0;
}

static int64_t set_iobitmap(struct domain *, void *arg)
{
	const struct physdev_set_iobitmap *const op = arg;

	if (op->nr_ports > PORTS)
		return reject(-EINVAL, "%u ports, above 65536", op->nr_ports);
	current->io_bitmap = op->bitmap.va;
	current->io_bitmap_ports = op->nr_ports;
	return 0;
}

static bool may_use(const struct domain *d, uint32_t pirq)
{
	return pirq < PIRQS_MAX && rangeset_contains(d->irqs, pirq, pirq);
}

static int64_t irq_status(struct domain *d, void *arg)
{
	struct physdev_irq_status_query *const op = arg;

	if (!may_use(d, op->irq))
		return reject(-EINVAL, "PIRQ %u: not permitted", op->irq);
	/* A level interrupt needs it, and its line may be shared. */
	op->flags = irq_needs_eoi(d, op->irq)
			    ? XENIRQSTAT_needs_eoi | XENIRQSTAT_shared
			    : 0;
	return 0;
}

static int64_t eoi(struct domain *d, void *arg)
{
	const struct physdev_eoi *const op = arg;

	return may_use(d, op->irq) ? irq_eoi(d, op->irq) : reject(-EINVAL,
		"PIRQ %u: not permitted", op->irq);
}

/* dom0: interrupts */

static int64_t apic_read(struct domain *, void *arg)
{
	struct physdev_apic *const op = arg;

	return ioapic_guest_read(op->apic_physbase, op->reg, &op->value);
}

static int64_t apic_write(struct domain *, void *arg)
{
	const struct physdev_apic *const op = arg;

	return ioapic_guest_write(op->apic_physbase, op->reg, op->value);
}

/* Vectors are ours alone: dom0 only wants to hear a number. */
static int64_t alloc_irq_vector(struct domain *, void *arg)
{
	struct physdev_irq *const op = arg;

	if (op->irq >= ioapic_nr_gsis())
		return reject(-EINVAL, "there is no GSI %u", op->irq);
	op->vector = op->irq;
	return 0;
}

static int64_t setup_gsi(struct domain *, void *arg)
{
	const struct physdev_setup_gsi *const op = arg;

	if (op->gsi < 0 || op->triggering > 1 || op->polarity > 1)
		return reject(-EINVAL, "GSI %d or its trigger", op->gsi);
	return irq_setup_gsi((unsigned)op->gsi, op->triggering, op->polarity);
}

static int map_by_type(
	struct domain *d, const struct physdev_map_pirq *op, int *pirq)
{
	struct msi_source source = {
		.bus = (uint8_t)op->bus,
		.devfn = (uint8_t)op->devfn,
		.msix = op->table_base != 0,
		.entry = (uint16_t)op->entry_nr,
		.table_base = op->table_base,
	};

	switch (op->type) {
	case MAP_PIRQ_TYPE_GSI:
		if (op->index < 0)
			return reject(-EINVAL, "GSI %d", op->index);
		return irq_map_gsi(d, (unsigned)op->index, pirq);
	case MAP_PIRQ_TYPE_MSI_SEG:
		source.segment = (uint16_t)((uint32_t)op->bus >> 16);
		return irq_map_msi(d, &source, pirq);
	case MAP_PIRQ_TYPE_MSI:
		return irq_map_msi(d, &source, pirq);
	case MAP_PIRQ_TYPE_MULTI_MSI:
		/* Drivers do with one. */
		return reject(-EOPNOTSUPP, "several MSIs of one device");
	default:
		return reject(-EINVAL, "there is no type %d", op->type);
	}
}

static int64_t map_pirq(struct domain *d, void *arg)
{
	struct physdev_map_pirq *const op = arg;
	int pirq = op->pirq < 0 ? -1 : op->pirq;
	int rc;

	if (op->pirq >= PIRQS_MAX)
		return reject(-EINVAL, "PIRQ %d: above the limit", op->pirq);
	rc = map_by_type(d, op, &pirq);
	/* Another domain's, for a device that it was given. */
	if (!rc && d != current->domain &&
		rangeset_add(d->irqs, (unsigned)pirq, (unsigned)pirq))
		rc = reject(-ENOSPC, "too many ranges of PIRQs");
	if (!rc)
		op->pirq = pirq;
	return rc;
}

static int64_t unmap_pirq(struct domain *d, void *arg)
{
	const struct physdev_unmap_pirq *const op = arg;

	if (op->pirq < 0 || op->pirq >= PIRQS_MAX)
		return reject(-EINVAL, "PIRQ %d: above the limit", op->pirq);
	return irq_unmap(d, (unsigned)op->pirq);
}

/* dom0: PCI. Devices are found by their numbers when an interrupt is mapped;
 * that they come, go, or lie in MMCONFIG space is nothing to remember. */
static int64_t accept(struct domain *, void *)
{
	return 0;
}

#define ACCEPT {.fn = accept, .dom0 = true}

int64_t hypercall_physdev_op(struct hypercall_args *a)
{
	static const struct subop ops[] = {
		[PHYSDEVOP_irq_status_query] = SUBOP(
			irq_status, physdev_irq_status_query, .back = true),
		[PHYSDEVOP_set_iopl] = SUBOP(set_iopl, physdev_set_iopl),
		[PHYSDEVOP_set_iobitmap] = SUBOP(
			set_iobitmap, physdev_set_iobitmap),
		[PHYSDEVOP_apic_read] = SUBOP(apic_read, physdev_apic,
			.back = true, .dom0 = true),
		[PHYSDEVOP_apic_write] = SUBOP(
			apic_write, physdev_apic, .dom0 = true),
		[PHYSDEVOP_alloc_irq_vector] = SUBOP(alloc_irq_vector,
			physdev_irq, .back = true, .dom0 = true),
		[PHYSDEVOP_free_irq_vector] = ACCEPT,
		[PHYSDEVOP_eoi] = SUBOP(eoi, physdev_eoi),
		[PHYSDEVOP_map_pirq] = SUBOP_ON(map_pirq, physdev_map_pirq,
			domid, .back = true, .dom0 = true),
		[PHYSDEVOP_unmap_pirq] = SUBOP_ON(unmap_pirq,
			physdev_unmap_pirq, domid, .dom0 = true),
		[PHYSDEVOP_manage_pci_add] = ACCEPT,
		[PHYSDEVOP_manage_pci_remove] = ACCEPT,
		[PHYSDEVOP_manage_pci_add_ext] = ACCEPT,
		[PHYSDEVOP_setup_gsi] = SUBOP(
			setup_gsi, physdev_setup_gsi, .dom0 = true),
		[PHYSDEVOP_pci_mmcfg_reserved] = ACCEPT,
		[PHYSDEVOP_pci_device_add] = ACCEPT,
		[PHYSDEVOP_pci_device_remove] = ACCEPT,
		[PHYSDEVOP_prepare_msix] = ACCEPT,
		[PHYSDEVOP_release_msix] = ACCEPT,
	};

	return SUBOP_RUN(ops, (uint32_t)a->arg[0], (gva_t){a->arg[1]});
}
