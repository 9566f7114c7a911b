// SPDX-License-Identifier: BSD-2-Clause
/*
 * physdev_op (ABI surface 5.5): IOPL and port bitmaps for every domain; for
 * dom0 its interrupts, as face of x86/irq.c, and what it tells us of PCI,
 * which we accept and do not need.
 */
#include "core/domain.h"
#include "core/vcpu.h"
#include "lib/rangeset.h"
#include "mm/guestmem.h"
#include "pv/hypercall.h"
#include "x86/ioapic.h"
#include "x86/irq.h"
#include "xen/errno.h"
#include "xen/physdev.h"

#define PORTS 0x10000u

/* Every domain */

static int64_t set_iopl(gva_t arg)
{
	struct physdev_set_iopl op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.iopl > 3)
		return -EINVAL;
	current->iopl = (uint8_t)op.iopl;
	return 0;
}

static int64_t set_iobitmap(gva_t arg)
{
	struct physdev_set_iobitmap op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.nr_ports > PORTS)
		return -EINVAL;
	current->io_bitmap = op.bitmap.va;
	current->io_bitmap_ports = op.nr_ports;
	return 0;
}

static bool may_use(uint32_t pirq)
{
	return pirq < PIRQS_MAX &&
	       rangeset_contains(current->domain->irqs, pirq, pirq);
}

static int64_t irq_status(gva_t arg)
{
	struct physdev_irq_status_query op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (!may_use(op.irq))
		return -EINVAL;
	/* A level interrupt needs it, and its line may be shared. */
	op.flags = irq_needs_eoi(current->domain, op.irq)
			   ? XENIRQSTAT_needs_eoi | XENIRQSTAT_shared
			   : 0;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static int64_t eoi(gva_t arg)
{
	struct physdev_eoi op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return may_use(op.irq) ? irq_eoi(current->domain, op.irq) : -EINVAL;
}

/* dom0: interrupts */

static int64_t apic_read(gva_t arg)
{
	struct physdev_apic op;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	rc = ioapic_guest_read(op.apic_physbase, op.reg, &op.value);
	if (!rc && copy_to_guest(arg, &op, sizeof(op)))
		rc = -EFAULT;
	return rc;
}

static int64_t apic_write(gva_t arg)
{
	struct physdev_apic op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return ioapic_guest_write(op.apic_physbase, op.reg, op.value);
}

/* Vectors are ours alone: dom0 only wants to hear a number. */
static int64_t alloc_irq_vector(gva_t arg)
{
	struct physdev_irq op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.irq >= ioapic_nr_gsis())
		return -EINVAL;
	op.vector = op.irq;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static int64_t setup_gsi(gva_t arg)
{
	struct physdev_setup_gsi op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.gsi < 0 || op.triggering > 1 || op.polarity > 1)
		return -EINVAL;
	return irq_setup_gsi((unsigned)op.gsi, op.triggering, op.polarity);
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
			return -EINVAL;
		return irq_map_gsi(d, (unsigned)op->index, pirq);
	case MAP_PIRQ_TYPE_MSI_SEG:
		source.segment = (uint16_t)((uint32_t)op->bus >> 16);
		return irq_map_msi(d, &source, pirq);
	case MAP_PIRQ_TYPE_MSI:
		return irq_map_msi(d, &source, pirq);
	case MAP_PIRQ_TYPE_MULTI_MSI:
		return -EOPNOTSUPP; /* drivers do with one */
	default:
		return -EINVAL;
	}
}

static int64_t map_pirq(gva_t arg)
{
	struct physdev_map_pirq op;
	struct domain *d;
	int pirq, rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.pirq >= PIRQS_MAX)
		return -EINVAL;
	d = domain_get_or_self(op.domid);
	if (!d)
		return -ESRCH;
	pirq = op.pirq < 0 ? -1 : op.pirq;
	rc = map_by_type(d, &op, &pirq);
	/* Another domain's, for a device that it was given. */
	if (!rc && d != current->domain)
		rc = rangeset_add(d->irqs, (unsigned)pirq, (unsigned)pirq);
	if (!rc) {
		op.pirq = pirq;
		if (copy_to_guest(arg, &op, sizeof(op)))
			rc = -EFAULT;
	}
	domain_put(d);
	return rc;
}

static int64_t unmap_pirq(gva_t arg)
{
	struct physdev_unmap_pirq op;
	struct domain *d;
	int rc = -EINVAL;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	d = domain_get_or_self(op.domid);
	if (!d)
		return -ESRCH;
	if (op.pirq >= 0 && op.pirq < PIRQS_MAX)
		rc = irq_unmap(d, (unsigned)op.pirq);
	domain_put(d);
	return rc;
}

/* dom0: PCI. Devices are found by their numbers when an interrupt is mapped;
 * that they come, go, or lie in MMCONFIG space is nothing to remember. */
static int64_t accept(gva_t arg)
{
	(void)arg;
	return 0;
}

static const struct {
	int64_t (*fn)(gva_t arg);
	bool hardware; /* for dom0 only */
} ops[] = {
	[PHYSDEVOP_irq_status_query] = {irq_status, false},
	[PHYSDEVOP_set_iopl] = {set_iopl, false},
	[PHYSDEVOP_set_iobitmap] = {set_iobitmap, false},
	[PHYSDEVOP_apic_read] = {apic_read, true},
	[PHYSDEVOP_apic_write] = {apic_write, true},
	[PHYSDEVOP_alloc_irq_vector] = {alloc_irq_vector, true},
	[PHYSDEVOP_free_irq_vector] = {accept, true},
	[PHYSDEVOP_eoi] = {eoi, false},
	[PHYSDEVOP_map_pirq] = {map_pirq, true},
	[PHYSDEVOP_unmap_pirq] = {unmap_pirq, true},
	[PHYSDEVOP_manage_pci_add] = {accept, true},
	[PHYSDEVOP_manage_pci_remove] = {accept, true},
	[PHYSDEVOP_manage_pci_add_ext] = {accept, true},
	[PHYSDEVOP_setup_gsi] = {setup_gsi, true},
	[PHYSDEVOP_pci_mmcfg_reserved] = {accept, true},
	[PHYSDEVOP_pci_device_add] = {accept, true},
	[PHYSDEVOP_pci_device_remove] = {accept, true},
	[PHYSDEVOP_prepare_msix] = {accept, true},
	[PHYSDEVOP_release_msix] = {accept, true},
};

int64_t hypercall_physdev_op(struct hypercall_args *a)
{
	const uint32_t cmd = (uint32_t)a->arg[0];

	if (cmd >= sizeof(ops) / sizeof(ops[0]) || !ops[cmd].fn)
		return -ENOSYS;
	if (ops[cmd].hardware && !current->domain->hardware)
		return -EPERM;
	return ops[cmd].fn((gva_t){a->arg[1]});
}
