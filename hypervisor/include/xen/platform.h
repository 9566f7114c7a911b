/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine as dom0's kernel manages it, hypercall 7: a pointer to struct
 * xen_platform_op. Another interface version is refused with -EACCES,
 * another caller than dom0 with -EPERM, an unknown command with -ENOSYS.
 */
#pragma once

#include "xen.h"

#define XENPF_INTERFACE_VERSION	0x03000001

/* xen_platform_op.cmd; those marked "-" are answered with -ENOSYS. */
#define XENPF_settime32			17
#define XENPF_microcode_update		35	/* - */
#define XENPF_efi_runtime_call		49	/* - */
#define XENPF_firmware_info		50
#define XENPF_enter_acpi_sleep		51
#define XENPF_change_freq		52	/* - */
#define XENPF_getidletime		53	/* - */
#define XENPF_set_processor_pminfo	54	/* - */
#define XENPF_get_cpuinfo		55	/* pcpu_info */
#define XENPF_cpu_online		56	/* - */
#define XENPF_cpu_offline		57	/* - */
#define XENPF_cpu_hotadd		58	/* - */
#define XENPF_mem_hotadd		59	/* - */
#define XENPF_core_parking		60	/* - */
#define XENPF_resource_op		61	/* - */
#define XENPF_settime64			62
#define XENPF_settime			XENPF_settime64
#define XENPF_get_symbol		63	/* - */

/* The wall clock was secs.nsecs when the system time was system_time. */
struct xenpf_settime32 {
	uint32_t secs;				/* 0x00 */
	uint32_t nsecs;				/* 0x04 */
	uint64_t system_time;			/* 0x08 ns */
};
static_assert(sizeof(struct xenpf_settime32) == 16, "size");

struct xenpf_settime64 {
	uint64_t secs;				/* 0x00 */
	uint32_t nsecs;				/* 0x08 */
	uint32_t mbz;				/* 0x0c must be 0 */
	uint64_t system_time;			/* 0x10 ns */
};
static_assert(sizeof(struct xenpf_settime64) == 24, "size");

/* firmware_info.type */
#define XEN_FW_DISK_INFO		1	/* index: which disk */
#define XEN_FW_DISK_MBR_SIGNATURE	2	/* index: which disk */
#define XEN_FW_VBEDDC_INFO		3
#define XEN_FW_EFI_INFO			4	/* index: XEN_FW_EFI_* */
#define XEN_FW_KBD_SHIFT_FLAGS		5

#define XEN_FW_EFI_VERSION		0
#define XEN_FW_EFI_CONFIG_TABLE		1
#define XEN_FW_EFI_VENDOR		2
#define XEN_FW_EFI_MEM_INFO		3
#define XEN_FW_EFI_RT_VERSION		4
#define XEN_FW_EFI_PCI_ROM		5	/* - */
#define XEN_FW_EFI_APPLE_PROPERTIES	6	/* - */

struct xenpf_firmware_info {
	uint32_t type;					/* 0x00 in */
	uint32_t index;					/* 0x04 in */
	union {
		struct {
			uint8_t device;			/* 0x08 0x80 + n */
			uint8_t version;		/* 0x09 of EDD */
			uint16_t interface_support;	/* 0x0a */
			uint16_t legacy_max_cylinder;	/* 0x0c */
			uint8_t legacy_max_head;	/* 0x0e */
			uint8_t legacy_sectors_per_track; /* 0x0f */
			XEN_GUEST_PTR(void) edd_params;	/* 0x10 */
		} disk_info;
		struct {
			uint8_t device;			/* 0x08 0x80 + n */
			uint32_t mbr_signature;		/* 0x0c */
		} disk_mbr_signature;
		struct {
			uint8_t capabilities;		/* 0x08 */
			uint8_t edid_transfer_time;	/* 0x09 */
			XEN_GUEST_PTR(uint8_t) edid;	/* 0x10 128 bytes */
		} vbeddc_info;
		union xenpf_efi_info {
			uint32_t version;		/* 0x08 (RT_)VERSION */
			struct {
				uint64_t addr;		/* 0x08 */
				uint32_t nent;		/* 0x10 */
			} cfg;
			struct {
				uint32_t revision;	/* 0x08 */
				uint32_t bufsz;		/* 0x0c in, bytes */
				XEN_GUEST_PTR(void) name; /* 0x10 UCS-2 */
			} vendor;
			struct {
				uint64_t addr;		/* 0x08 in */
				uint64_t size;		/* 0x10 in */
				uint64_t attr;		/* 0x18 */
				uint32_t type;		/* 0x20 */
			} mem;
		} efi_info;
		uint8_t kbd_shift_flags;		/* 0x08 */
	} u;
};
static_assert(sizeof(struct xenpf_firmware_info) == 40, "size");

#define XENPF_ACPI_SLEEP_EXTENDED	0x00000001	/* hardware-reduced */

struct xenpf_enter_acpi_sleep {
	uint16_t val_a;				/* 0x00 for PM1a control */
	uint16_t val_b;				/* 0x02 for PM1b control */
	uint32_t sleep_state;			/* 0x04 the n of Sn */
	uint32_t flags;				/* 0x08 */
};
static_assert(sizeof(struct xenpf_enter_acpi_sleep) == 12, "size");

#define XEN_PCPU_FLAGS_ONLINE	1
#define XEN_PCPU_FLAGS_INVALID	2	/* no such processor */

struct xenpf_pcpuinfo {
	uint32_t xen_cpuid;			/* 0x00 in: number */
	uint32_t max_present;			/* 0x04 out: highest number */
	uint32_t flags;				/* 0x08 out: XEN_PCPU_FLAGS_* */
	uint32_t apic_id;			/* 0x0c out */
	uint32_t acpi_id;			/* 0x10 out */
};
static_assert(sizeof(struct xenpf_pcpuinfo) == 20, "size");

struct xen_platform_op {
	uint32_t cmd;				/* 0x00 XENPF_* */
	uint32_t interface_version;		/* 0x04 */
	union {					/* 0x08 */
		struct xenpf_settime64 settime;
		struct xenpf_settime32 settime32;
		struct xenpf_settime64 settime64;
		struct xenpf_firmware_info firmware_info;
		struct xenpf_enter_acpi_sleep enter_acpi_sleep;
		struct xenpf_pcpuinfo pcpu_info;
		uint8_t pad[128];
	} u;
};
static_assert(sizeof(struct xen_platform_op) == 136, "size");
