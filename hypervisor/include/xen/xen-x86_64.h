/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the guest ABI says about this processor: base types, selectors, the
 * address window that belongs to the hypervisor, and the records that hold
 * a vCPU's registers.
 *
 * Every header of this folder builds on this one. It serves the hypervisor
 * (SHOJI_HYPERVISOR: guest pointers are opaque), hosted tools, freestanding
 * guests and, up to the first __ASSEMBLY__ guard, assembly.
 */
#pragma once

/* Selectors that are present in every vCPU's GDT. */
#define FLAT_RING3_CS32		0xe023
#define FLAT_RING3_CS64		0xe033
#define FLAT_RING3_DS64		0x0000
#define FLAT_RING3_SS64		0xe02b

#define FLAT_KERNEL_CS64	FLAT_RING3_CS64
#define FLAT_KERNEL_CS		FLAT_KERNEL_CS64
#define FLAT_KERNEL_SS64	FLAT_RING3_SS64
#define FLAT_KERNEL_SS		FLAT_KERNEL_SS64

#define FLAT_USER_CS64		FLAT_RING3_CS64
#define FLAT_USER_CS32		FLAT_RING3_CS32
#define FLAT_USER_CS		FLAT_USER_CS64
#define FLAT_USER_DS64		FLAT_RING3_DS64
#define FLAT_USER_SS64		FLAT_RING3_SS64
#define FLAT_USER_SS		FLAT_USER_SS64

/* GDT pages 0-13 are the guest's; page 14 and later are the hypervisor's. */
#define FIRST_RESERVED_GDT_PAGE		14
#define FIRST_RESERVED_GDT_BYTE		(FIRST_RESERVED_GDT_PAGE * 4096)
#define FIRST_RESERVED_GDT_ENTRY	(FIRST_RESERVED_GDT_BYTE / 8)

/* set_segment_base: which base. */
#define SEGBASE_FS		0
#define SEGBASE_GS_USER		1	/* the one SWAPGS would bring in */
#define SEGBASE_GS_KERNEL	2
#define SEGBASE_GS_USER_SEL	3	/* load a selector into user GS */

/* vcpu_guest_context.flags, and the flags word of an iret frame. */
#define VGCF_i387_valid			(1 << 0)
#define VGCF_in_kernel			(1 << 2)
#define VGCF_failsafe_disables_events	(1 << 3)
#define VGCF_syscall_disables_events	(1 << 4)
#define VGCF_online			(1 << 5)
#define VGCF_in_syscall			(1 << 8)	/* RCX, R11 are free */

/* vCPUs that have a vcpu_info slot in the shared page. */
#define XEN_LEGACY_MAX_VCPUS	32

/* The hypervisor's CPUID leaves: base, signature, and their meaning. */
#define XEN_CPUID_FIRST_LEAF	0x40000000
#define XEN_CPUID_LEAF(i)	(XEN_CPUID_FIRST_LEAF + (i))
#define XEN_CPUID_MAX_NUM_LEAVES	5
#define XEN_CPUID_SIGNATURE_EBX	0x566e6558	/* "XenV" */
#define XEN_CPUID_SIGNATURE_ECX	0x65584d4d	/* "MMXe" */
#define XEN_CPUID_SIGNATURE_EDX	0x4d4d566e	/* "nVMM" */
#define XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD	(1u << 0)

/* "ud2; .ascii "xen"" before an instruction asks for its emulation. */
#ifdef __ASSEMBLY__
#define XEN_EMULATE_PREFIX	.byte 0x0f,0x0b,0x78,0x65,0x6e ;
#define XEN_CPUID		XEN_EMULATE_PREFIX cpuid
#else
#define XEN_EMULATE_PREFIX	".byte 0x0f,0x0b,0x78,0x65,0x6e ; "
#define XEN_CPUID		XEN_EMULATE_PREFIX "cpuid"

#include <stdint.h>

#if !defined(static_assert) && !defined(__cplusplus)
#define static_assert _Static_assert
#endif

/*
 * A pointer in an ABI structure. For the hypervisor it is a number from a
 * guest, which only the guest-memory copy functions can follow.
 */
#ifdef SHOJI_HYPERVISOR
typedef struct { uint64_t va; } gva_t;
#define XEN_GUEST_PTR(type)	gva_t
#else
#define XEN_GUEST_PTR(type)	type *
#endif

typedef uint64_t xen_pfn_t;		/* a frame number, machine or pseudo */
typedef uint64_t xen_ulong_t;		/* a register's width */
typedef uint64_t xen_callback_t;	/* an entry point in the guest */

/* One entry of set_trap_table's list; address 0 ends the list. */
struct trap_info {
	uint8_t vector;		/* 0x00 exception vector, or 0x80 */
	uint8_t flags;		/* 0x01 bits 0-1 vDPL, bit 2 mask upcalls */
	uint16_t cs;		/* 0x02 handler's code selector */
	uint64_t address;	/* 0x08 handler */
};

/* What the iret hypercall finds at the guest's RSP. */
struct iret_context {
	uint64_t rax;		/* 0x00 */
	uint64_t r11;		/* 0x08 */
	uint64_t rcx;		/* 0x10 */
	uint64_t flags;		/* 0x18 VGCF_in_syscall or 0 */
	uint64_t rip;		/* 0x20 */
	uint64_t cs;		/* 0x28 RPL 3: go to user mode */
	uint64_t rflags;	/* 0x30 IF clear: keep upcalls masked */
	uint64_t rsp;		/* 0x38 */
	uint64_t ss;		/* 0x40 */
};

struct cpu_user_regs {
	uint64_t r15;			/* 0x00 */
	uint64_t r14;			/* 0x08 */
	uint64_t r13;			/* 0x10 */
	uint64_t r12;			/* 0x18 */
	uint64_t rbp;			/* 0x20 */
	uint64_t rbx;			/* 0x28 */
	uint64_t r11;			/* 0x30 */
	uint64_t r10;			/* 0x38 */
	uint64_t r9;			/* 0x40 */
	uint64_t r8;			/* 0x48 */
	uint64_t rax;			/* 0x50 */
	uint64_t rcx;			/* 0x58 */
	uint64_t rdx;			/* 0x60 */
	uint64_t rsi;			/* 0x68 */
	uint64_t rdi;			/* 0x70 */
	uint32_t error_code;		/* 0x78 private to the hypervisor */
	uint32_t entry_vector;		/* 0x7c private to the hypervisor */
	uint64_t rip;			/* 0x80 */
	uint16_t cs;			/* 0x88 */
	uint16_t _pad0[1];		/* 0x8a */
	uint8_t saved_upcall_mask;	/* 0x8c */
	uint8_t _pad1[3];		/* 0x8d */
	uint64_t rflags;		/* 0x90 IF is the inverse upcall mask */
	uint64_t rsp;			/* 0x98 */
	uint16_t ss, _pad2[3];		/* 0xa0 */
	uint16_t es, _pad3[3];		/* 0xa8 */
	uint16_t ds, _pad4[3];		/* 0xb0 */
	uint16_t fs, _pad5[3];		/* 0xb8 */
	uint16_t gs, _pad6[3];		/* 0xc0 */
};

/* All of a vCPU, as VCPUOP_initialise and the domctls exchange it. */
struct vcpu_guest_context {
	struct { char x[512]; } fpu_ctxt;	/* 0x0000 FXSAVE image */
	uint64_t flags;				/* 0x0200 VGCF_* */
	struct cpu_user_regs user_regs;		/* 0x0208 */
	struct trap_info trap_ctxt[256];	/* 0x02d0 by vector */
	uint64_t ldt_base;			/* 0x12d0 virtual address */
	uint64_t ldt_ents;			/* 0x12d8 */
	uint64_t gdt_frames[16];		/* 0x12e0 machine frames */
	uint64_t gdt_ents;			/* 0x1360 */
	uint64_t kernel_ss;			/* 0x1368 */
	uint64_t kernel_sp;			/* 0x1370 as of stack_switch */
	uint64_t ctrlreg[8];			/* 0x1378 [3], [1]: roots */
	uint64_t debugreg[8];			/* 0x13b8 */
	uint64_t event_callback_eip;		/* 0x13f8 */
	uint64_t failsafe_callback_eip;		/* 0x1400 */
	uint64_t syscall_callback_eip;		/* 0x1408 */
	uint64_t vm_assist;			/* 0x1410 bit per VMASST_TYPE */
	uint64_t fs_base;			/* 0x1418 */
	uint64_t gs_base_kernel;		/* 0x1420 */
	uint64_t gs_base_user;			/* 0x1428 */
};

/* ctrlreg[1] and [3] hold a root table's frame like CR3 does. */
#define xen_pfn_to_cr3(pfn)	((uint64_t)(pfn) << 12)
#define xen_cr3_to_pfn(cr3)	((uint64_t)(cr3) >> 12)

struct arch_vcpu_info {
	uint64_t cr2;		/* 0x00 address of the last page fault */
	uint64_t pad;		/* 0x08 */
};

/* The tail of the shared page: where tools find the guest's p2m. */
struct arch_shared_info {
	uint64_t max_pfn;			/* 0x00 PFNs in the p2m */
	xen_pfn_t pfn_to_mfn_frame_list_list;	/* 0x08 root, or ~0 */
	uint64_t nmi_reason;			/* 0x10 bits as port 0x61's */
	uint64_t p2m_cr3;			/* 0x18 root that maps it */
	uint64_t p2m_vaddr;			/* 0x20 its virtual address */
	uint64_t p2m_generation;		/* 0x28 odd while it changes */
};

/* createdomain's and getdomaininfo's processor part; all 0 for PV. */
struct xen_arch_domainconfig {
	uint32_t emulation_flags;	/* 0x00 devices, none for PV */
	uint32_t misc_flags;		/* 0x04 XEN_X86_MSR_RELAXED */
};

#define XEN_X86_MSR_RELAXED	(1u << 0)	/* unknown MSRs read as 0 */
#define XEN_X86_MISC_FLAGS_MAX	XEN_X86_MSR_RELAXED

/* A CPUID policy travels as an array of these. */
typedef struct xen_cpuid_leaf {
	uint32_t leaf;		/* 0x00 EAX in */
	uint32_t subleaf;	/* 0x04 ECX in, or XEN_CPUID_NO_SUBLEAF */
	uint32_t a;		/* 0x08 EAX out */
	uint32_t b;		/* 0x0c EBX out */
	uint32_t c;		/* 0x10 ECX out */
	uint32_t d;		/* 0x14 EDX out */
} xen_cpuid_leaf_t;

#define XEN_CPUID_NO_SUBLEAF	0xffffffffu

/* An MSR policy travels as an array of these. */
typedef struct xen_msr_entry {
	uint32_t idx;		/* 0x00 MSR number */
	uint32_t flags;		/* 0x04 must be 0 */
	uint64_t val;		/* 0x08 */
} xen_msr_entry_t;

#endif /* !__ASSEMBLY__ */
