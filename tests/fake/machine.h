/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine for unit tests: CPUs that take turns in one thread, a clock that
 * the test moves, memory that is an array, page tables that are a list.
 * Everything of the hypervisor below core/ that the tests do not link is
 * here, under its own names. Guest addresses are addresses of the test.
 */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/domain.h"
#include "core/vcpu.h"
#include "x86/percpu.h"

/* A fresh machine; what an earlier test left is forgotten. */
void machine_reset(unsigned cpus);
/* Bases of segments are zero again (selectors.c). */
void fake_selectors_reset(void);
/* Which CPU executes what the test calls from here on. */
void machine_on_cpu(unsigned cpu);
extern uint64_t machine_now; /* ns */
/* Move the clock, interrupting CPUs whose timer is due; run nothing. */
void machine_advance(uint64_t to);
/* The earliest deadline of all CPUs' timers, ~0 if there is none. */
uint64_t machine_deadline(void);
/* Run what is pending on all CPUs until nothing is. */
void machine_settle(void);
/* Softirqs of one CPU; true if it switched to another vCPU. */
bool machine_run_cpu(unsigned cpu);

/* Make v current on this CPU, without the scheduler. */
void machine_enter(struct vcpu *v);

/* Interrupts for other CPUs that were sent, a bit each. */
extern uint64_t machine_ipis;

/* A domain with vCPUs that may run; *machine_domain(0, ..) is dom0. */
struct domain *machine_domain(uint16_t id, unsigned vcpus);
/* All work items and destructions until they are done. */
void machine_destroy(struct domain *d);

/* Memory */
#define MACHINE_PAGES 4096u
bool machine_may_allocate(void);           /* for allocators */
extern bool machine_preempt;               /* what preempt_needed() says */
extern bool (*machine_preempts)(void);     /* if set, this says it */
extern unsigned machine_allocations;       /* live heap objects and pages */
extern unsigned machine_alloc_fails_after; /* ~0: never */
extern bool machine_writes_fail;           /* guest memory cannot be written */
extern uint64_t machine_fault_at; /* a guest page that is not there, 0 none */
/* Page-table entries that grants made: NULL if there is none at va. */
struct machine_pte {
	uint64_t va;
	mfn_t mfn;
	bool writable;
	uint64_t flags;
};
struct machine_pte *machine_pte(uint64_t va);
extern unsigned machine_flushes;
/* A page of d's, by its frame number. */
mfn_t machine_page(struct domain *d);

/* The last line logged, for tests of what is said. */
extern char machine_log[256];
extern int machine_shutdown_reason; /* -1: the machine runs */
