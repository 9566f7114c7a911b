/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest ABI's centre: hypercall numbers, virtual interrupts, domain ids,
 * page-table operations, and the pages a guest shares with the hypervisor.
 *
 * Hypercall arguments: number in RAX, arguments in RDI RSI RDX R10 R8,
 * result in RAX, 0 or positive, or -XEN_Exxx (errno.h).
 * Plain numbers are usable in assembly.
 */
#pragma once

#include "xen-x86_64.h"

/* Hypercall numbers; others are answered with -ENOSYS. */
#define __HYPERVISOR_set_trap_table		0
#define __HYPERVISOR_mmu_update			1
#define __HYPERVISOR_set_gdt			2
#define __HYPERVISOR_stack_switch		3
#define __HYPERVISOR_set_callbacks		4
#define __HYPERVISOR_fpu_taskswitch		5
#define __HYPERVISOR_platform_op		7
#define __HYPERVISOR_set_debugreg		8
#define __HYPERVISOR_get_debugreg		9
#define __HYPERVISOR_update_descriptor		10
#define __HYPERVISOR_memory_op			12
#define __HYPERVISOR_multicall			13
#define __HYPERVISOR_update_va_mapping		14
#define __HYPERVISOR_set_timer_op		15
#define __HYPERVISOR_xen_version		17
#define __HYPERVISOR_console_io			18
#define __HYPERVISOR_grant_table_op		20
#define __HYPERVISOR_vm_assist			21
#define __HYPERVISOR_update_va_mapping_otherdomain 22
#define __HYPERVISOR_iret			23
#define __HYPERVISOR_vcpu_op			24
#define __HYPERVISOR_set_segment_base		25
#define __HYPERVISOR_mmuext_op			26
#define __HYPERVISOR_xsm_op			27	/* for tests: -ENOSYS */
#define __HYPERVISOR_sched_op			29
#define __HYPERVISOR_callback_op		30
#define __HYPERVISOR_event_channel_op		32
#define __HYPERVISOR_physdev_op			33
#define __HYPERVISOR_sysctl			35
#define __HYPERVISOR_domctl			36

/* Virtual interrupts. V: one per vCPU; G: one per domain, for dom0. */
#define VIRQ_TIMER	0	/* V a timer of this vCPU has expired */
#define VIRQ_DEBUG	1	/* V print debug information */
#define VIRQ_CONSOLE	2	/* G console input is waiting */
#define VIRQ_DOM_EXC	3	/* G a domain shut down or died */
#define VIRQ_XENOPROF	7	/* V profiler sample */
#define VIRQ_CON_RING	8	/* G the log ring has new text */
#define VIRQ_XENPMU	13	/* V performance counter */
#define NR_VIRQS	24

/* Domain ids that name no ordinary domain. */
#define DOMID_FIRST_RESERVED	0x7ff0
#define DOMID_SELF		0x7ff0	/* the caller */
#define DOMID_IO		0x7ff1	/* owner of device memory */
#define DOMID_XEN		0x7ff2	/* owner of pages we share */
#define DOMID_INVALID		0x7ff4	/* nobody; createdomain: choose */

/* mmu_update: what to do, in the low bits of mmu_update.ptr. */
#define MMU_NORMAL_PT_UPDATE		0	/* set the entry at ptr */
#define MMU_MACHPHYS_UPDATE		1	/* m2p[ptr's frame] = val */
#define MMU_PT_UPDATE_PRESERVE_AD	2	/* as 0, keep A and D */
#define MMU_PT_UPDATE_NO_TRANSLATE	3	/* as 0 for PV */

/* mmuext_op.cmd */
#define MMUEXT_PIN_L1_TABLE		0
#define MMUEXT_PIN_L2_TABLE		1
#define MMUEXT_PIN_L3_TABLE		2
#define MMUEXT_PIN_L4_TABLE		3
#define MMUEXT_UNPIN_TABLE		4
#define MMUEXT_NEW_BASEPTR		5
#define MMUEXT_TLB_FLUSH_LOCAL		6
#define MMUEXT_INVLPG_LOCAL		7
#define MMUEXT_TLB_FLUSH_MULTI		8
#define MMUEXT_INVLPG_MULTI		9
#define MMUEXT_TLB_FLUSH_ALL		10
#define MMUEXT_INVLPG_ALL		11
#define MMUEXT_FLUSH_CACHE		12
#define MMUEXT_SET_LDT			13
#define MMUEXT_NEW_USER_BASEPTR		15
#define MMUEXT_CLEAR_PAGE		16
#define MMUEXT_COPY_PAGE		17
#define MMUEXT_FLUSH_CACHE_GLOBAL	18
#define MMUEXT_MARK_SUPER		19	/* refused */
#define MMUEXT_UNMARK_SUPER		20	/* refused */

/* update_va_mapping: flags. A vCPU bitmap's address may be or-ed in. */
#define UVMF_NONE		0
#define UVMF_TLB_FLUSH		1
#define UVMF_INVLPG		2
#define UVMF_FLUSHTYPE_MASK	3
#define UVMF_LOCAL		0
#define UVMF_ALL		4

/* console_io */
#define CONSOLEIO_write	0
#define CONSOLEIO_read	1

/* vm_assist */
#define VMASST_CMD_enable			0
#define VMASST_CMD_disable			1
#define VMASST_TYPE_4gb_segments		0	/* no effect */
#define VMASST_TYPE_writable_pagetables		2	/* emulate L1 stores */
#define VMASST_TYPE_pae_extended_cr3		3	/* no effect */
#define VMASST_TYPE_architectural_iopl		4	/* IOPL in RFLAGS */
#define VMASST_TYPE_runstate_update_flag	5	/* vcpu.h */

/* start_info.flags */
#define SIF_PRIVILEGED		(1 << 0)
#define SIF_INITDOMAIN		(1 << 1)	/* this is dom0 */
#define SIF_MULTIBOOT_MOD	(1 << 2)	/* mod_start: a module list */
#define SIF_MOD_START_PFN	(1 << 3)	/* mod_start: a PFN */
#define SIF_VIRT_P2M_4TOOLS	(1 << 4)	/* tools read the virtual p2m */

#define MAX_GUEST_CMDLINE	1024

/* dom0_vga_console_info.video_type */
#define XEN_VGATYPE_TEXT_MODE_3	0x03
#define XEN_VGATYPE_VESA_LFB	0x23
#define XEN_VGATYPE_EFI_LFB	0x70

/* vcpu_time_info.flags */
#define XEN_PVCLOCK_TSC_STABLE_BIT	(1 << 0)	/* same on all vCPUs */

#ifndef __ASSEMBLY__

typedef uint16_t domid_t;
typedef uint8_t xen_domain_handle_t[16];	/* a UUID */

struct mmu_update {
	uint64_t ptr;		/* 0x00 machine address | MMU_* */
	uint64_t val;		/* 0x08 new entry, or PFN */
};

struct mmuext_op {
	uint32_t cmd;			/* 0x00 MMUEXT_* */
	union {
		xen_pfn_t mfn;		/* 0x08 the table or page */
		uint64_t linear_addr;	/* 0x08 INVLPG_*, SET_LDT */
	} arg1;
	union {
		uint32_t nr_ents;	/* 0x10 SET_LDT */
		XEN_GUEST_PTR(const void) vcpumask; /* 0x10 *_MULTI */
		xen_pfn_t src_mfn;	/* 0x10 COPY_PAGE */
	} arg2;
};

struct multicall_entry {
	xen_ulong_t op;		/* 0x00 hypercall number */
	xen_ulong_t result;	/* 0x08 */
	xen_ulong_t args[6];	/* 0x10 */
};

/*
 * now = system_time + ((tsc - tsc_timestamp) << tsc_shift)
 *			* tsc_to_system_mul / 2^32,
 * read again while version is odd or has changed.
 */
struct vcpu_time_info {
	uint32_t version;		/* 0x00 odd while being written */
	uint32_t pad0;			/* 0x04 */
	uint64_t tsc_timestamp;		/* 0x08 TSC at system_time */
	uint64_t system_time;		/* 0x10 ns since the host started */
	uint32_t tsc_to_system_mul;	/* 0x18 ns per tick, 32.32 */
	int8_t tsc_shift;		/* 0x1c negative: shift right */
	uint8_t flags;			/* 0x1d XEN_PVCLOCK_* */
	uint8_t pad1[2];		/* 0x1e */
};

struct vcpu_info {
	uint8_t evtchn_upcall_pending;	/* 0x00 set by us, cleared by guest */
	uint8_t evtchn_upcall_mask;	/* 0x01 the virtual "cli" */
	xen_ulong_t evtchn_pending_sel;	/* 0x08 words that have news */
	struct arch_vcpu_info arch;	/* 0x10 */
	struct vcpu_time_info time;	/* 0x20 */
};

struct shared_info {
	struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS]; /* 0x000 */
	xen_ulong_t evtchn_pending[64];	/* 0x800 bit per port */
	xen_ulong_t evtchn_mask[64];	/* 0xa00 bit per port */
	uint32_t wc_version;		/* 0xc00 odd while being written */
	uint32_t wc_sec;		/* 0xc04 UNIX time at system time 0 */
	uint32_t wc_nsec;		/* 0xc08 */
	uint32_t wc_sec_hi;		/* 0xc0c its upper half */
	struct arch_shared_info arch;	/* 0xc10 */
};

/* What a PV kernel's RSI points to when it starts. */
struct start_info {
	char magic[32];			/* 0x000 "xen-3.0-x86_64" */
	uint64_t nr_pages;		/* 0x020 */
	uint64_t shared_info;		/* 0x028 machine address */
	uint32_t flags;			/* 0x030 SIF_* */
	xen_pfn_t store_mfn;		/* 0x038 xenstore ring, machine frame */
	uint32_t store_evtchn;		/* 0x040 */
	union {
		struct {
			xen_pfn_t mfn;		/* 0x048 console ring */
			uint32_t evtchn;	/* 0x050 */
		} domU;
		struct {
			uint32_t info_off;	/* 0x048 in this page */
			uint32_t info_size;	/* 0x04c 0: no screen */
		} dom0;
	} console;
	uint64_t pt_base;		/* 0x058 L4, virtual address */
	uint64_t nr_pt_frames;		/* 0x060 */
	uint64_t mfn_list;		/* 0x068 p2m, virtual address */
	uint64_t mod_start;		/* 0x070 initrd: address, or PFN */
	uint64_t mod_len;		/* 0x078 bytes */
	int8_t cmd_line[MAX_GUEST_CMDLINE]; /* 0x080 */
	uint64_t first_p2m_pfn;		/* 0x480 list and its tables */
	uint64_t nr_p2m_frames;		/* 0x488 */
};

/* dom0's screen; dom0 knows by info_size which tail fields exist. */
struct dom0_vga_console_info {
	uint8_t video_type;			/* 0x00 XEN_VGATYPE_* */
	union {
		struct {
			uint16_t font_height;	/* 0x04 */
			uint16_t cursor_x;	/* 0x06 */
			uint16_t cursor_y;	/* 0x08 */
			uint16_t rows;		/* 0x0a */
			uint16_t columns;	/* 0x0c */
		} text_mode_3;
		struct {
			uint16_t width;		/* 0x04 pixels */
			uint16_t height;	/* 0x06 pixels */
			uint16_t bytes_per_line; /* 0x08 */
			uint16_t bits_per_pixel; /* 0x0a */
			uint32_t lfb_base;	/* 0x0c address, low half */
			uint32_t lfb_size;	/* 0x10 in 64 KiB */
			uint8_t red_pos;	/* 0x14 */
			uint8_t red_size;	/* 0x15 */
			uint8_t green_pos;	/* 0x16 */
			uint8_t green_size;	/* 0x17 */
			uint8_t blue_pos;	/* 0x18 */
			uint8_t blue_size;	/* 0x19 */
			uint8_t rsvd_pos;	/* 0x1a */
			uint8_t rsvd_size;	/* 0x1b */
			uint32_t gbl_caps;	/* 0x1c */
			uint16_t mode_attrs;	/* 0x20 */
			uint16_t pad;		/* 0x22 */
			uint32_t ext_lfb_base;	/* 0x24 address, high half */
		} vesa_lfb;
	} u;
};

#endif /* !__ASSEMBLY__ */
