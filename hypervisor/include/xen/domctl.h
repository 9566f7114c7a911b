/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control of one domain, hypercall 36: a pointer to struct xen_domctl, which
 * is copied back on success. For dom0's tools only. The format is that of
 * interface version 0x15; another version is refused with -EACCES, so that
 * a mismatched tool says so instead of guessing.
 */
#pragma once

#include "event_channel.h"
#include "grant_table.h"
#include "memory.h"
#include "xen.h"

#define XEN_DOMCTL_INTERFACE_VERSION	0x00000015

/* xen_domctl.cmd, and the member of u it uses. */
#define XEN_DOMCTL_createdomain		1
#define XEN_DOMCTL_destroydomain	2	/* - */
#define XEN_DOMCTL_pausedomain		3	/* - */
#define XEN_DOMCTL_unpausedomain	4	/* - */
#define XEN_DOMCTL_getdomaininfo	5
#define XEN_DOMCTL_setvcpuaffinity	9	/* vcpuaffinity */
#define XEN_DOMCTL_shadow_op		10
#define XEN_DOMCTL_max_mem		11
#define XEN_DOMCTL_setvcpucontext	12	/* vcpucontext */
#define XEN_DOMCTL_getvcpucontext	13	/* vcpucontext */
#define XEN_DOMCTL_getvcpuinfo		14
#define XEN_DOMCTL_max_vcpus		15
#define XEN_DOMCTL_scheduler_op		16
#define XEN_DOMCTL_irq_permission	19
#define XEN_DOMCTL_iomem_permission	20
#define XEN_DOMCTL_ioport_permission	21
#define XEN_DOMCTL_hypercall_init	22
#define XEN_DOMCTL_getvcpuaffinity	25	/* vcpuaffinity */
#define XEN_DOMCTL_resumedomain		27	/* - */
#define XEN_DOMCTL_sendtrigger		28
#define XEN_DOMCTL_set_address_size	35	/* address_size */
#define XEN_DOMCTL_get_address_size	36	/* address_size */
#define XEN_DOMCTL_set_ext_vcpucontext	42	/* ext_vcpucontext */
#define XEN_DOMCTL_get_ext_vcpucontext	43	/* ext_vcpucontext */
#define XEN_DOMCTL_gettscinfo		59	/* tsc_info */
#define XEN_DOMCTL_settscinfo		60	/* tsc_info */
#define XEN_DOMCTL_getpageframeinfo3	61
#define XEN_DOMCTL_setvcpuextstate	62	/* vcpuextstate */
#define XEN_DOMCTL_getvcpuextstate	63	/* vcpuextstate */
#define XEN_DOMCTL_setnodeaffinity	68	/* nodeaffinity */
#define XEN_DOMCTL_getnodeaffinity	69	/* nodeaffinity */
#define XEN_DOMCTL_get_vcpu_msrs	72	/* vcpu_msrs */
#define XEN_DOMCTL_set_vcpu_msrs	73	/* vcpu_msrs */
#define XEN_DOMCTL_get_cpu_policy	82	/* cpu_policy */
#define XEN_DOMCTL_set_cpu_policy	83	/* cpu_policy */

/* A bitmap in the caller's memory: nr_bits rounded up to bytes. */
struct xenctl_bitmap {
	XEN_GUEST_PTR(uint8_t) bitmap;	/* 0x00 */
	uint32_t nr_bits;		/* 0x08 */
};

/* xen_domctl_createdomain.flags */
#define XEN_DOMCTL_CDF_xs_domain	(1u << 4)

#define XEN_DOMCTL_GRANT_version_mask	0xf
#define XEN_DOMCTL_GRANT_version(v)	((v) & XEN_DOMCTL_GRANT_version_mask)

/* xen_domctl.domain: the id, or 0 or DOMID_INVALID: choose; out: the id. */
struct xen_domctl_createdomain {
	uint32_t ssidref;			/* 0x00 security label */
	xen_domain_handle_t handle;		/* 0x04 */
	uint32_t flags;				/* 0x14 XEN_DOMCTL_CDF_* */
	uint32_t iommu_opts;			/* 0x18 0 */
	uint32_t max_vcpus;			/* 0x1c at least 1 */
	uint32_t max_evtchn_port;		/* 0x20 */
	int32_t max_grant_frames;		/* 0x24 below 0: default */
	int32_t max_maptrack_frames;		/* 0x28 below 0: default */
	uint32_t grant_opts;			/* 0x2c highest version */
	uint32_t vmtrace_size;			/* 0x30 must be 0 */
	uint32_t cpupool_id;			/* 0x34 */
	struct xen_arch_domainconfig arch;	/* 0x38 */
};

/* xen_domctl_getdomaininfo.flags; the shutdown reason is in bits 16-23. */
#define XEN_DOMINF_dying	(1u << 0)
#define XEN_DOMINF_shutdown	(1u << 2)
#define XEN_DOMINF_paused	(1u << 3)	/* by the tools */
#define XEN_DOMINF_blocked	(1u << 4)	/* all vCPUs wait for events */
#define XEN_DOMINF_running	(1u << 5)	/* a vCPU is on a processor */
#define XEN_DOMINF_shutdownmask		255
#define XEN_DOMINF_shutdownshift	16

#define XEN_INVALID_MAX_VCPU_ID	(~0u)

/* Answers for the first domain with an id not below the one asked for. */
struct xen_domctl_getdomaininfo {
	domid_t domain;				/* 0x00 */
	uint16_t pad1;				/* 0x02 */
	uint32_t flags;				/* 0x04 XEN_DOMINF_* */
	uint64_t tot_pages;			/* 0x08 owned now */
	uint64_t max_pages;			/* 0x10 limit */
	uint64_t outstanding_pages;		/* 0x18 claimed, not yet had */
	uint64_t shr_pages;			/* 0x20 0 */
	uint64_t paged_pages;			/* 0x28 0 */
	uint64_t shared_info_frame;		/* 0x30 machine frame */
	uint64_t cpu_time;			/* 0x38 ns, all vCPUs */
	uint32_t nr_online_vcpus;		/* 0x40 */
	uint32_t max_vcpu_id;			/* 0x44 */
	uint32_t ssidref;			/* 0x48 */
	xen_domain_handle_t handle;		/* 0x4c */
	uint32_t cpupool;			/* 0x5c */
	uint8_t gpaddr_bits;			/* 0x60 */
	uint8_t pad2[7];			/* 0x61 */
	struct xen_arch_domainconfig arch_config; /* 0x68 */
};

/* getpageframeinfo3: a frame's type, in the upper bits of its list entry. */
#define XEN_DOMCTL_PFINFO_NOTAB		(0x0u << 28)
#define XEN_DOMCTL_PFINFO_L1TAB		(0x1u << 28)
#define XEN_DOMCTL_PFINFO_L2TAB		(0x2u << 28)
#define XEN_DOMCTL_PFINFO_L3TAB		(0x3u << 28)
#define XEN_DOMCTL_PFINFO_L4TAB		(0x4u << 28)
#define XEN_DOMCTL_PFINFO_LPINTAB	(0x1u << 31)	/* and pinned */
#define XEN_DOMCTL_PFINFO_XTAB		(0xfu << 28)	/* not a page */

struct xen_domctl_getpageframeinfo3 {
	uint64_t num;				/* 0x00 */
	XEN_GUEST_PTR(xen_pfn_t) array;		/* 0x08 in: MFNs; out: types */
};

/* xen_domctl_shadow_op.op */
#define XEN_DOMCTL_SHADOW_OP_OFF		0
#define XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION	30
#define XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION	31

struct xen_domctl_shadow_op_stats {
	uint32_t fault_count;			/* 0x00 */
	uint32_t dirty_count;			/* 0x04 */
};

struct xen_domctl_shadow_op {
	uint32_t op;				/* 0x00 in */
	uint32_t mode;				/* 0x04 in: OP_ENABLE */
	uint32_t mb;				/* 0x08 *_ALLOCATION, MiB */
	XEN_GUEST_PTR(uint8_t) dirty_bitmap;	/* 0x10 CLEAN, PEEK */
	uint64_t pages;				/* 0x18 its size; out: done */
	struct xen_domctl_shadow_op_stats stats; /* 0x20 out */
};

struct xen_domctl_max_mem {
	uint64_t max_memkb;			/* 0x00 in */
};

struct xen_domctl_vcpucontext {
	uint32_t vcpu;				/* 0x00 in */
	XEN_GUEST_PTR(struct vcpu_guest_context) ctxt; /* 0x08 NULL: reset */
};

struct xen_domctl_getvcpuinfo {
	uint32_t vcpu;				/* 0x00 in */
	uint8_t online;				/* 0x04 out */
	uint8_t blocked;			/* 0x05 out */
	uint8_t running;			/* 0x06 out */
	uint64_t cpu_time;			/* 0x08 out: ns */
	uint32_t cpu;				/* 0x10 out: where it is */
};

struct xen_domctl_nodeaffinity {
	struct xenctl_bitmap nodemap;		/* 0x00 */
};

/* xen_domctl_vcpuaffinity.flags: which of the two maps count. */
#define XEN_VCPUAFFINITY_HARD	(1u << 0)
#define XEN_VCPUAFFINITY_SOFT	(1u << 1)

struct xen_domctl_vcpuaffinity {
	uint32_t vcpu;				/* 0x00 in */
	uint32_t flags;				/* 0x04 in */
	struct xenctl_bitmap cpumap_hard;	/* 0x08 out: in effect */
	struct xenctl_bitmap cpumap_soft;	/* 0x18 out: in effect */
};

struct xen_domctl_max_vcpus {
	uint32_t max;				/* 0x00 in: as at creation */
};

/* Schedulers; Shoji's own answers to the parameters of both credit ones. */
#define XEN_SCHEDULER_CREDIT	5
#define XEN_SCHEDULER_CREDIT2	6

struct xen_domctl_sched_credit {
	uint16_t weight;			/* 0x00 256 is usual */
	uint16_t cap;				/* 0x02 percent, 0: none */
};

struct xen_domctl_sched_credit2 {
	uint16_t weight;			/* 0x00 256 is usual */
	uint16_t cap;				/* 0x02 percent, 0: none */
};

#define XEN_DOMCTL_SCHEDOP_putinfo	0
#define XEN_DOMCTL_SCHEDOP_getinfo	1

struct xen_domctl_scheduler_op {
	uint32_t sched_id;			/* 0x00 as sysctl sched_id */
	uint32_t cmd;				/* 0x04 SCHEDOP_* */
	union {
		struct xen_domctl_sched_credit credit;	 /* 0x08 */
		struct xen_domctl_sched_credit2 credit2; /* 0x08 */
		uint64_t room[2];	/* other schedulers' records */
	} u;
};

struct xen_domctl_irq_permission {
	uint32_t pirq;				/* 0x00 */
	uint8_t allow_access;			/* 0x04 */
	uint8_t pad[3];				/* 0x05 */
};

struct xen_domctl_iomem_permission {
	uint64_t first_mfn;			/* 0x00 */
	uint64_t nr_mfns;			/* 0x08 */
	uint8_t allow_access;			/* 0x10 */
};

struct xen_domctl_ioport_permission {
	uint32_t first_port;			/* 0x00 */
	uint32_t nr_ports;			/* 0x04 */
	uint8_t allow_access;			/* 0x08 */
};

struct xen_domctl_hypercall_init {
	uint64_t gmfn;				/* 0x00 page for the stubs */
};

struct xen_domctl_address_size {
	uint32_t size;				/* 0x00 64 */
};

#define XEN_DOMCTL_SENDTRIGGER_NMI	0

struct xen_domctl_sendtrigger {
	uint32_t trigger;			/* 0x00 SENDTRIGGER_* */
	uint32_t vcpu;				/* 0x04 */
};

/* Machine-check registers a vCPU sees; all 0 while it sees no banks. */
struct hvm_vmce_vcpu {
	uint64_t caps;				/* 0x00 MCG_CAP */
	uint64_t mci_ctl2_bank0;		/* 0x08 */
	uint64_t mci_ctl2_bank1;		/* 0x10 */
	uint64_t mcg_ext_ctl;			/* 0x18 */
};

/* The parts of a vCPU that vcpu_guest_context has no room for. */
struct xen_domctl_ext_vcpucontext {
	uint32_t vcpu;				/* 0x00 in */
	uint32_t size;				/* 0x04 of this; get: out */
	uint64_t syscall32_callback_eip;	/* 0x08 */
	uint64_t sysenter_callback_eip;		/* 0x10 */
	uint16_t syscall32_callback_cs;		/* 0x18 */
	uint16_t sysenter_callback_cs;		/* 0x1a */
	uint8_t syscall32_disables_events;	/* 0x1c */
	uint8_t sysenter_disables_events;	/* 0x1d */
	union {
		uint64_t mcg_cap;		/* 0x20 same as vmce.caps */
		struct hvm_vmce_vcpu vmce;	/* 0x20 */
	};
};

struct xen_domctl_cpu_policy {
	uint32_t nr_leaves;			/* 0x00 in: room; out: used */
	uint32_t nr_msrs;			/* 0x04 in: room; out: used */
	XEN_GUEST_PTR(xen_cpuid_leaf_t) leaves;	/* 0x08 */
	XEN_GUEST_PTR(xen_msr_entry_t) msrs;	/* 0x10 */
	uint32_t err_leaf;			/* 0x18 set, out: what was */
	uint32_t err_subleaf;			/* 0x1c   refused, else ~0 */
	uint32_t err_msr;			/* 0x20 */
};

struct xen_domctl_tsc_info {
	uint32_t tsc_mode;			/* 0x00 0 auto 1 trap 2 not */
	uint32_t gtsc_khz;			/* 0x04 */
	uint32_t incarnation;			/* 0x08 times restored */
	uint32_t pad;				/* 0x0c */
	uint64_t elapsed_nsec;			/* 0x10 guest time so far */
};

/* The domain becomes the receiver of a global VIRQ. */
struct xen_domctl_set_virq_handler {
	uint32_t virq;				/* 0x00 */
};

/* Buffer: XCR0, XCR0 ever used, then the XSAVE area. */
struct xen_domctl_vcpuextstate {
	uint32_t vcpu;				/* 0x00 in */
	uint64_t xfeature_mask;			/* 0x08 out: what it may use */
	uint64_t size;				/* 0x10 get of 0: out */
	XEN_GUEST_PTR(uint64_t) buffer;		/* 0x18 */
};

struct xen_domctl_vcpu_msr {
	uint32_t index;				/* 0x00 */
	uint32_t reserved;			/* 0x04 must be 0 */
	uint64_t value;				/* 0x08 */
};

struct xen_domctl_vcpu_msrs {
	uint32_t vcpu;				/* 0x00 in */
	uint32_t msr_count;			/* 0x04 get of NULL: out */
	XEN_GUEST_PTR(struct xen_domctl_vcpu_msr) msrs; /* 0x08 */
};

struct xen_domctl {
	uint32_t cmd;				/* 0x00 XEN_DOMCTL_* */
	uint32_t interface_version;		/* 0x04 */
	domid_t domain;				/* 0x08 */
	uint16_t _pad[3];			/* 0x0a */
	union {					/* 0x10 */
		struct xen_domctl_createdomain createdomain;
		struct xen_domctl_getdomaininfo getdomaininfo;
		struct xen_domctl_getpageframeinfo3 getpageframeinfo3;
		struct xen_domctl_nodeaffinity nodeaffinity;
		struct xen_domctl_vcpuaffinity vcpuaffinity;
		struct xen_domctl_shadow_op shadow_op;
		struct xen_domctl_max_mem max_mem;
		struct xen_domctl_vcpucontext vcpucontext;
		struct xen_domctl_getvcpuinfo getvcpuinfo;
		struct xen_domctl_max_vcpus max_vcpus;
		struct xen_domctl_scheduler_op scheduler_op;
		struct xen_domctl_irq_permission irq_permission;
		struct xen_domctl_iomem_permission iomem_permission;
		struct xen_domctl_ioport_permission ioport_permission;
		struct xen_domctl_hypercall_init hypercall_init;
		struct xen_domctl_tsc_info tsc_info;
		struct xen_domctl_address_size address_size;
		struct xen_domctl_sendtrigger sendtrigger;
		struct xen_domctl_ext_vcpucontext ext_vcpucontext;
		struct xen_domctl_cpu_policy cpu_policy;
		struct xen_domctl_vcpuextstate vcpuextstate;
		struct xen_domctl_vcpu_msrs vcpu_msrs;
		struct xen_domctl_set_virq_handler set_virq_handler;
		uint8_t pad[128];
	} u;
};
