/* SPDX-License-Identifier: BSD-2-Clause */
/* Scheduling of the calling domain, hypercall 29: (SCHEDOP_*, argument). */
#pragma once

#include "event_channel.h"

#define SCHEDOP_yield			0	/* let others run */
#define SCHEDOP_block			1	/* unmask and sleep */
#define SCHEDOP_shutdown		2	/* sched_shutdown */
#define SCHEDOP_poll			3	/* sched_poll */
#define SCHEDOP_remote_shutdown		4	/* sched_remote_shutdown */
#define SCHEDOP_shutdown_code		5	/* sched_shutdown: store only */
#define SCHEDOP_watchdog		6	/* sched_watchdog */

/* Why a domain stops. */
#define SHUTDOWN_poweroff	0
#define SHUTDOWN_reboot		1
#define SHUTDOWN_suspend	2	/* RDX: frame of start_info */
#define SHUTDOWN_crash		3
#define SHUTDOWN_watchdog	4
#define SHUTDOWN_soft_reset	5
#define SHUTDOWN_MAX		5

struct sched_shutdown {
	uint32_t reason;			/* 0x00 SHUTDOWN_* */
};

/* Sleep until a port is pending, masked or not, or until the timeout. */
struct sched_poll {
	XEN_GUEST_PTR(evtchn_port_t) ports;	/* 0x00 */
	uint32_t nr_ports;			/* 0x08 at most 128 */
	uint64_t timeout;			/* 0x10 system time, 0: none */
};

struct sched_remote_shutdown {
	domid_t domain_id;			/* 0x00 */
	uint32_t reason;			/* 0x04 SHUTDOWN_* */
};

/* id 0: make one, its id is the result; timeout 0: remove it. */
struct sched_watchdog {
	uint32_t id;				/* 0x00 */
	uint32_t timeout;			/* 0x04 seconds */
};

