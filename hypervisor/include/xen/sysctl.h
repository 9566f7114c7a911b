/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions and orders about the whole machine, hypercall 35: a pointer to
 * struct xen_sysctl, which is copied back on success. For dom0's tools only,
 * interface version 0x15; another version is refused with -EACCES.
 */
#pragma once

#include "domctl.h"
#include "xen.h"

#define XEN_SYSCTL_INTERFACE_VERSION	0x00000015

/* xen_sysctl.cmd */
#define XEN_SYSCTL_readconsole		1
#define XEN_SYSCTL_physinfo		3
#define XEN_SYSCTL_sched_id		4
#define XEN_SYSCTL_getdomaininfolist	6
#define XEN_SYSCTL_debug_keys		7
#define XEN_SYSCTL_getcpuinfo		8
#define XEN_SYSCTL_availheap		9
#define XEN_SYSCTL_cputopoinfo		16
#define XEN_SYSCTL_numainfo		17
#define XEN_SYSCTL_cpupool_op		18
#define XEN_SYSCTL_scheduler_op		19
#define XEN_SYSCTL_get_cpu_featureset	26
#define XEN_SYSCTL_get_cpu_policy	29

/* Text of the log ring. */
struct xen_sysctl_readconsole {
	uint8_t clear;				/* 0x00 in: forget it then */
	uint8_t incremental;			/* 0x01 in: start at index */
	uint8_t pad0;				/* 0x02 */
	uint8_t pad1;				/* 0x03 */
	uint32_t index;				/* 0x04 in; out: for the next */
	XEN_GUEST_PTR(char) buffer;		/* 0x08 */
	uint32_t count;				/* 0x10 in: room; out: bytes */
};

/* xen_sysctl_physinfo.capabilities: what kinds of guest can be made. */
#define XEN_SYSCTL_PHYSCAP_hvm		(1u << 0)
#define XEN_SYSCTL_PHYSCAP_pv		(1u << 1)
#define XEN_SYSCTL_PHYSCAP_directio	(1u << 2)
#define XEN_SYSCTL_PHYSCAP_hap		(1u << 3)
#define XEN_SYSCTL_PHYSCAP_shadow	(1u << 4)
#define XEN_SYSCTL_PHYSCAP_gnttab_v1	(1u << 8)
#define XEN_SYSCTL_PHYSCAP_gnttab_v2	(1u << 9)

struct xen_sysctl_physinfo {
	uint32_t threads_per_core;		/* 0x00 */
	uint32_t cores_per_socket;		/* 0x04 */
	uint32_t nr_cpus;			/* 0x08 running */
	uint32_t max_cpu_id;			/* 0x0c */
	uint32_t nr_nodes;			/* 0x10 */
	uint32_t max_node_id;			/* 0x14 */
	uint32_t cpu_khz;			/* 0x18 */
	uint32_t capabilities;			/* 0x1c XEN_SYSCTL_PHYSCAP_* */
	uint32_t arch_capabilities;		/* 0x20 0 */
	uint32_t pad;				/* 0x24 */
	uint64_t total_pages;			/* 0x28 all RAM */
	uint64_t free_pages;			/* 0x30 */
	uint64_t scrub_pages;			/* 0x38 free, not yet clean */
	uint64_t outstanding_pages;		/* 0x40 free, but claimed */
	uint64_t max_mfn;			/* 0x48 */
	uint32_t hw_cap[8];			/* 0x50 CPUID feature words */
};

struct xen_sysctl_sched_id {
	uint32_t sched_id;			/* 0x00 XEN_SCHEDULER_* */
};

struct xen_sysctl_getdomaininfolist {
	domid_t first_domain;			/* 0x00 in: lowest id */
	uint32_t max_domains;			/* 0x04 in: room */
	XEN_GUEST_PTR(struct xen_domctl_getdomaininfo) buffer; /* 0x08 */
	uint32_t num_domains;			/* 0x10 out */
};

struct xen_sysctl_debug_keys {
	XEN_GUEST_PTR(const char) keys;		/* 0x00 */
	uint32_t nr_keys;			/* 0x08 */
};

struct xen_sysctl_cpuinfo {
	uint64_t idletime;			/* 0x00 ns */
};

struct xen_sysctl_getcpuinfo {
	uint32_t max_cpus;			/* 0x00 in: room */
	XEN_GUEST_PTR(struct xen_sysctl_cpuinfo) info; /* 0x08 */
	uint32_t nr_cpus;			/* 0x10 out */
};

struct xen_sysctl_availheap {
	uint32_t min_bitwidth;			/* 0x00 in: 0: any */
	uint32_t max_bitwidth;			/* 0x04 in: 0: any */
	int32_t node;				/* 0x08 in: -1: all */
	uint64_t avail_bytes;			/* 0x10 out */
};

struct xen_sysctl_cputopo {
	uint32_t core;				/* 0x00 */
	uint32_t socket;			/* 0x04 */
	uint32_t node;				/* 0x08 */
};

struct xen_sysctl_cputopoinfo {
	uint32_t num_cpus;			/* 0x00 in: room; out: all */
	XEN_GUEST_PTR(struct xen_sysctl_cputopo) cputopo; /* 0x08 or NULL */
};

struct xen_sysctl_meminfo {
	uint64_t memsize;			/* 0x00 bytes */
	uint64_t memfree;			/* 0x08 bytes */
};

struct xen_sysctl_numainfo {
	uint32_t num_nodes;			/* 0x00 in: room; out: all */
	XEN_GUEST_PTR(struct xen_sysctl_meminfo) meminfo; /* 0x08 or NULL */
	XEN_GUEST_PTR(uint32_t) distance;	/* 0x10 nodes^2, or NULL */
};

/* There is one pool, number 0; it cannot be changed. */
#define XEN_SYSCTL_CPUPOOL_OP_INFO		3
#define XEN_SYSCTL_CPUPOOL_OP_FREEINFO		7

struct xen_sysctl_cpupool_op {
	uint32_t op;				/* 0x00 CPUPOOL_OP_* */
	uint32_t cpupool_id;			/* 0x04 INFO: or next after */
	uint32_t sched_id;			/* 0x08 out */
	uint32_t domid;				/* 0x0c MOVEDOMAIN */
	uint32_t cpu;				/* 0x10 ADDCPU, RMCPU */
	uint32_t n_dom;				/* 0x14 out */
	struct xenctl_bitmap cpumap;		/* 0x18 out */
};

struct xen_sysctl_credit_schedule {
	uint32_t tslice_ms;			/* 0x00 */
	uint32_t ratelimit_us;			/* 0x04 */
	uint32_t vcpu_migr_delay_us;		/* 0x08 */
};

struct xen_sysctl_credit2_schedule {
	uint32_t ratelimit_us;			/* 0x00 */
};

#define XEN_SYSCTL_SCHEDOP_getinfo	1

struct xen_sysctl_scheduler_op {
	uint32_t cpupool_id;			/* 0x00 0 */
	uint32_t sched_id;			/* 0x04 XEN_SCHEDULER_* */
	uint32_t cmd;				/* 0x08 SCHEDOP_* */
	union {
		struct xen_sysctl_credit_schedule sched_credit;	  /* 0x10 */
		struct xen_sysctl_credit2_schedule sched_credit2; /* 0x10 */
		uint64_t room[2];	/* other schedulers' records */
	} u;
};

/* Whose feature words. */
#define XEN_SYSCTL_cpu_featureset_raw		0
#define XEN_SYSCTL_cpu_featureset_host		1
#define XEN_SYSCTL_cpu_featureset_pv		2
#define XEN_SYSCTL_cpu_featureset_pv_max	4

struct xen_sysctl_cpu_featureset {
	uint32_t index;				/* 0x00 in */
	uint32_t nr_features;			/* 0x04 in: room; out: words */
	XEN_GUEST_PTR(uint32_t) features;	/* 0x08 or NULL */
};

/* Whose policy. */
#define XEN_SYSCTL_cpu_policy_raw		0
#define XEN_SYSCTL_cpu_policy_host		1
#define XEN_SYSCTL_cpu_policy_pv_max		2
#define XEN_SYSCTL_cpu_policy_pv_default	4
#define XEN_SYSCTL_cpu_policy_hvm_default	5

struct xen_sysctl_cpu_policy {
	uint32_t index;				/* 0x00 in */
	uint32_t nr_leaves;			/* 0x04 in: room; out: used */
	uint32_t nr_msrs;			/* 0x08 in: room; out: used */
	uint32_t _rsvd;				/* 0x0c must be 0 */
	XEN_GUEST_PTR(xen_cpuid_leaf_t) leaves;	/* 0x10 */
	XEN_GUEST_PTR(xen_msr_entry_t) msrs;	/* 0x18 */
};

struct xen_sysctl {
	uint32_t cmd;				/* 0x00 XEN_SYSCTL_* */
	uint32_t interface_version;		/* 0x04 */
	union {					/* 0x08 */
		struct xen_sysctl_readconsole readconsole;
		struct xen_sysctl_physinfo physinfo;
		struct xen_sysctl_cputopoinfo cputopoinfo;
		struct xen_sysctl_numainfo numainfo;
		struct xen_sysctl_sched_id sched_id;
		struct xen_sysctl_getdomaininfolist getdomaininfolist;
		struct xen_sysctl_debug_keys debug_keys;
		struct xen_sysctl_getcpuinfo getcpuinfo;
		struct xen_sysctl_availheap availheap;
		struct xen_sysctl_cpupool_op cpupool_op;
		struct xen_sysctl_scheduler_op scheduler_op;
		struct xen_sysctl_cpu_featureset cpu_featureset;
		struct xen_sysctl_cpu_policy cpu_policy;
		uint8_t pad[128];
	} u;
};
