// SPDX-License-Identifier: BSD-2-Clause
/*
 * platform_op (ABI surface 8.2): the wall clock, firmware information, power
 * off and processors, for dom0. What is not here is answered with -ENOSYS,
 * and Linux does without.
 */
#include "core/refusal.h"
#include "xen/platform.h"

#include "boot/acpi.h"
#include "boot/boot.h"
#include "core/shutdown.h"
#include "core/subop.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/guestmem.h"
#include "mm/paging.h"
#include "pv/hypercall.h"
#include "pv/pvclock.h"
#include "x86/asm.h"
#include "x86/clock.h"
#include "x86/smp.h"

#define NS_PER_SEC 1000000000u

/* Fields of the EFI system table, 64-bit (UEFI 2.10, section 4.3). */
#define EFI_REVISION 8
#define EFI_VENDOR 24
#define EFI_VENDOR_REVISION 32
#define EFI_RUNTIME 88
#define EFI_NR_TABLES 104
#define EFI_TABLES 112
#define EFI_TABLE_SIZE 120
#define EFI_VENDOR_MAX 200

/* BIOS data area: state of the shift keys. */
#define BDA_KBD_FLAGS 0x417

#define SLP_EN 0x2000u
#define ACPI_SPACE_IO 1

static int64_t settime(struct xen_platform_op *op)
{
	const bool narrow = op->cmd == XENPF_settime32;
	const struct xenpf_settime64 *const t = &op->u.settime64;

	if (narrow) {
		const struct xenpf_settime32 *const n = &op->u.settime32;

		if (n->nsecs >= NS_PER_SEC)
			return reject(-EINVAL, "%u ns in a second", n->nsecs);
		pvclock_set_wall(n->secs, n->nsecs, n->system_time);
		return 0;
	}
	if (t->nsecs >= NS_PER_SEC || t->mbz)
		return reject(-EINVAL, "%u ns, or the padding", t->nsecs);
	pvclock_set_wall(t->secs, t->nsecs, t->system_time);
	return 0;
}

/* Bytes of the firmware's tables, which may lie outside of memory. */
static int read_physical(void *to, paddr_t from, size_t size)
{
	void *const va = paging_map_mmio(from, size, PAGING_READ_ONLY);

	if (!va)
		return reject(-ENOMEM, "no addresses to map it at");
	memcpy(to, va, size);
	paging_unmap_mmio(va, size);
	return 0;
}

static uint64_t field64(const uint8_t *table, unsigned offset)
{
	uint64_t value;

	memcpy(&value, table + offset, sizeof(value));
	return value;
}

static int64_t efi_vendor(union xenpf_efi_info *info, const uint8_t *table)
{
	uint16_t name[EFI_VENDOR_MAX / 2];
	size_t size = info->vendor.bufsz;
	unsigned i = 0;

	if (read_physical(name, field64(table, EFI_VENDOR), sizeof(name)))
		return -ENOMEM;
	while (i < EFI_VENDOR_MAX / 2 - 1 && name[i])
		i++;
	name[i++] = 0;
	if (size > i * sizeof(name[0]))
		size = i * sizeof(name[0]);
	memcpy(&info->vendor.revision, table + EFI_VENDOR_REVISION,
		sizeof(info->vendor.revision));
	return copy_to_guest(info->vendor.name, name, size) ? -EFAULT : 0;
}

static int64_t efi_info(struct xenpf_firmware_info *fw)
{
	union xenpf_efi_info *const info = &fw->u.efi_info;
	uint8_t table[EFI_TABLE_SIZE], runtime[16];

	if (!boot_info.efi_system_table || !boot_info.efi64)
		return reject(-ENOSYS, "not booted by 64-bit EFI");
	if (read_physical(table, boot_info.efi_system_table, sizeof(table)))
		return -ENOMEM;
	switch (fw->index) {
	case XEN_FW_EFI_VERSION:
		memcpy(&info->version, table + EFI_REVISION, 4);
		return 0;
	case XEN_FW_EFI_CONFIG_TABLE:
		info->cfg.nent = (uint32_t)field64(table, EFI_NR_TABLES);
		info->cfg.addr = field64(table, EFI_TABLES);
		return 0;
	case XEN_FW_EFI_VENDOR:
		return efi_vendor(info, table);
	case XEN_FW_EFI_RT_VERSION:
		if (read_physical(runtime, field64(table, EFI_RUNTIME),
			    sizeof(runtime)))
			return -ENOMEM;
		memcpy(&info->version, runtime + EFI_REVISION, 4);
		return 0;
	default:
		return reject(-ENOSYS, "there is no EFI item %u", fw->index);
	}
}

static int64_t firmware_info(struct xen_platform_op *op)
{
	struct xenpf_firmware_info *const fw = &op->u.firmware_info;

	switch (fw->type) {
	case XEN_FW_EFI_INFO:
		return efi_info(fw);
	case XEN_FW_KBD_SHIFT_FLAGS:
		if (boot_info.efi_system_table)
			return reject(-ESRCH, "not booted by a BIOS");
		fw->u.kbd_shift_flags = *(const uint8_t *)direct(BDA_KBD_FLAGS);
		return 0;
	case XEN_FW_DISK_INFO:
	case XEN_FW_DISK_MBR_SIGNATURE:
	case XEN_FW_VBEDDC_INFO:
		/* No BIOS calls: the list is empty. */
		return reject(-ESRCH, "item %u of type %u: none", fw->index,
			fw->type);
	default:
		return reject(-EINVAL, "no firmware item %u", fw->type);
	}
}

/* PM1 control, ACPI 6.4 section 4.8.3.2: sleep type first, then enable. */
static void write_pm1(const struct acpi_address *r, uint16_t value)
{
	if (r->space != ACPI_SPACE_IO || !r->address)
		return;
	outw((uint16_t)r->address, (uint16_t)(value & ~SLP_EN));
	outw((uint16_t)r->address, (uint16_t)(value | SLP_EN));
}

static int64_t enter_acpi_sleep(struct xen_platform_op *op)
{
	const struct xenpf_enter_acpi_sleep *const s = &op->u.enter_acpi_sleep;

	if (s->flags & ~(uint32_t)XENPF_ACPI_SLEEP_EXTENDED)
		return reject(-EINVAL, "unknown flags");
	if (s->sleep_state != 5 || (s->flags & XENPF_ACPI_SLEEP_EXTENDED) ||
		acpi_info.pm1a_control.space != ACPI_SPACE_IO)
		return reject(-EOPNOTSUPP, "only S5, and through ports");
	log_info("d0 powers off");
	smp_stop_others();
	write_pm1(&acpi_info.pm1a_control, s->val_a);
	write_pm1(&acpi_info.pm1b_control, s->val_b);
	clock_delay_us(2000000);
	log_error("the machine did not power off by ACPI; it is halted");
	machine_halt();
}

static int64_t get_cpuinfo(struct xen_platform_op *op)
{
	struct xenpf_pcpuinfo *const info = &op->u.pcpu_info;

	info->max_present = nr_cpus - 1;
	if (info->xen_cpuid >= nr_cpus) {
		info->flags = XEN_PCPU_FLAGS_INVALID;
		info->apic_id = info->acpi_id = 0;
		return 0;
	}
	info->flags = XEN_PCPU_FLAGS_ONLINE;
	info->apic_id = cpu_of(info->xen_cpuid)->apic_id;
	info->acpi_id = cpu_of(info->xen_cpuid)->acpi_id;
	return 0;
}

static int64_t run(void *arg, gva_t)
{
	struct xen_platform_op *const op = arg;

	switch (op->cmd) {
	case XENPF_settime32:
	case XENPF_settime64:
		return settime(op);
	case XENPF_firmware_info:
		return firmware_info(op);
	case XENPF_enter_acpi_sleep:
		return enter_acpi_sleep(op);
	case XENPF_get_cpuinfo:
		return get_cpuinfo(op);
	default:
		return reject(-ENOSYS, "there is no operation %u", op->cmd);
	}
}

int64_t hypercall_platform_op(struct hypercall_args *a)
{
	return subop_control((gva_t){a->arg[0]}, sizeof(struct xen_platform_op),
		XENPF_INTERFACE_VERSION, run);
}
