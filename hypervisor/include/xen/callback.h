/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry points of a guest kernel, hypercall 30: (CALLBACKOP_*, argument).
 * event, failsafe and nmi are the domain's or the calling vCPU's alike; the
 * system-call ones are set on each vCPU.
 */
#pragma once

#include "xen.h"

#define CALLBACKOP_register		0
#define CALLBACKOP_unregister		1

#define CALLBACKTYPE_event			0	/* an upcall */
#define CALLBACKTYPE_failsafe			1	/* bad selectors */
#define CALLBACKTYPE_syscall			2	/* 64-bit SYSCALL */
#define CALLBACKTYPE_nmi			4
#define CALLBACKTYPE_sysenter			5	/* 32-bit user, Intel */
#define CALLBACKTYPE_syscall32			7	/* 32-bit user, AMD */

/* Enter with upcalls masked; implied for event. */
#define CALLBACKF_mask_events	(1u << 0)

struct callback_register {
	uint16_t type;				/* 0x00 CALLBACKTYPE_* */
	uint16_t flags;				/* 0x02 CALLBACKF_* */
	xen_callback_t address;			/* 0x08 */
};

struct callback_unregister {
	uint16_t type;				/* 0x00 CALLBACKTYPE_* */
	uint16_t _unused;			/* 0x02 */
};
