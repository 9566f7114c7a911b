/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One vCPU of the calling domain, hypercall 24: (VCPUOP_*, vcpu, argument).
 * A vCPU number that the domain does not have gives -ENOENT, by which Linux
 * counts them.
 */
#pragma once

#include "xen.h"

#define VCPUOP_initialise			0	/* vcpu_guest_context */
#define VCPUOP_up				1
#define VCPUOP_down				2
#define VCPUOP_is_up				3	/* result 0 or 1 */
#define VCPUOP_get_runstate_info		4	/* vcpu_runstate_info */
#define VCPUOP_register_runstate_memory_area	5
#define VCPUOP_set_periodic_timer		6
#define VCPUOP_stop_periodic_timer		7
#define VCPUOP_set_singleshot_timer		8
#define VCPUOP_stop_singleshot_timer		9
#define VCPUOP_register_vcpu_info		10
#define VCPUOP_send_nmi				11
#define VCPUOP_get_physid			12
#define VCPUOP_register_vcpu_time_memory_area	13

#define RUNSTATE_running	0
#define RUNSTATE_runnable	1	/* waits for a processor */
#define RUNSTATE_blocked	2	/* waits for an event */
#define RUNSTATE_offline	3	/* down, paused or shut down */

/* In state_entry_time while a registered record is being written. */
#define XEN_RUNSTATE_UPDATE	(UINT64_C(1) << 63)

struct vcpu_runstate_info {
	int32_t state;				/* 0x00 RUNSTATE_* */
	uint64_t state_entry_time;		/* 0x08 system time */
	uint64_t time[4];			/* 0x10 ns, by state */
};

/* The record's virtual address, valid in the kernel's page tables. */
struct vcpu_register_runstate_memory_area {
	union {
		XEN_GUEST_PTR(struct vcpu_runstate_info) h;	/* 0x00 */
		XEN_GUEST_PTR(struct vcpu_runstate_info) v;	/* 0x00 */
		uint64_t p;					/* 0x00 */
	} addr;
};

struct vcpu_set_periodic_timer {
	uint64_t period_ns;			/* 0x00 at least 1 ms */
};

/* flags: -ETIME instead of an immediate event if the time has passed. */
#define VCPU_SSHOTTMR_future	(1u << 0)

struct vcpu_set_singleshot_timer {
	uint64_t timeout_abs_ns;		/* 0x00 system time */
	uint32_t flags;				/* 0x08 */
};

/* Move this vCPU's vcpu_info from the shared page to the guest's memory. */
struct vcpu_register_vcpu_info {
	uint64_t mfn;				/* 0x00 machine frame */
	uint32_t offset;			/* 0x08 in that page */
	uint32_t rsvd;				/* 0x0c */
};

/* A second copy of vcpu_time_info, for user space; address 0: none. */
struct vcpu_register_time_memory_area {
	union {
		XEN_GUEST_PTR(struct vcpu_time_info) h;	/* 0x00 */
		XEN_GUEST_PTR(struct vcpu_time_info) v;	/* 0x00 */
		uint64_t p;				/* 0x00 */
	} addr;
};
