/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine as dom0's kernel manages it, hypercall 7: a pointer to struct
 * xen_platform_op. Another interface version is refused with -EACCES,
 * another caller than dom0 with -EPERM, an unknown command with -ENOSYS.
 */
#pragma once

#include "xen.h"

#define XENPF_INTERFACE_VERSION	0x03000001

/* xen_platform_op.cmd; others are answered with -ENOSYS. */
#define XENPF_settime32			17
#define XENPF_firmware_info		50
#define XENPF_enter_acpi_sleep		51
#define XENPF_get_cpuinfo		55	/* pcpu_info */
#define XENPF_settime64			62

/* The wall clock was secs.nsecs when the system time was system_time. */
struct xenpf_settime32 {
	uint32_t secs;				/* 0x00 */
	uint32_t nsecs;				/* 0x04 */
	uint64_t system_time;			/* 0x08 ns */
};

struct xenpf_settime64 {
	uint64_t secs;				/* 0x00 */
	uint32_t nsecs;				/* 0x08 */
	uint32_t mbz;				/* 0x0c must be 0 */
	uint64_t system_time;			/* 0x10 ns */
};

/* firmware_info.type */
#define XEN_FW_DISK_INFO		1	/* index: which disk */
#define XEN_FW_DISK_MBR_SIGNATURE	2	/* index: which disk */
#define XEN_FW_VBEDDC_INFO		3
#define XEN_FW_EFI_INFO			4	/* index: XEN_FW_EFI_* */
#define XEN_FW_KBD_SHIFT_FLAGS		5

#define XEN_FW_EFI_VERSION		0
#define XEN_FW_EFI_CONFIG_TABLE		1
#define XEN_FW_EFI_VENDOR		2
#define XEN_FW_EFI_RT_VERSION		4

struct xenpf_firmware_info {
	uint32_t type;					/* 0x00 in */
	uint32_t index;					/* 0x04 in */
	union {
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
			uint64_t room[4]; /* other answers' */
		} efi_info;
		uint8_t kbd_shift_flags;		/* 0x08 */
	} u;
};

#define XENPF_ACPI_SLEEP_EXTENDED	0x00000001	/* hardware-reduced */

struct xenpf_enter_acpi_sleep {
	uint16_t val_a;				/* 0x00 for PM1a control */
	uint16_t val_b;				/* 0x02 for PM1b control */
	uint32_t sleep_state;			/* 0x04 the n of Sn */
	uint32_t flags;				/* 0x08 */
};

#define XEN_PCPU_FLAGS_ONLINE	1
#define XEN_PCPU_FLAGS_INVALID	2	/* no such processor */

struct xenpf_pcpuinfo {
	uint32_t xen_cpuid;			/* 0x00 in: number */
	uint32_t max_present;			/* 0x04 out: highest number */
	uint32_t flags;				/* 0x08 out: XEN_PCPU_FLAGS_* */
	uint32_t apic_id;			/* 0x0c out */
	uint32_t acpi_id;			/* 0x10 out */
};

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
