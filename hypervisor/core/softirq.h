/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work put off until the CPU is about to go back to a guest, or is idle:
 * SOFTIRQ_ bits (x86/percpu.h) in struct cpu, and work items, which run once
 * with interrupts on and no lock held.
 */
#pragma once

#include "lib/list.h"
#include "x86/atomic.h"
#include "x86/percpu.h"

struct work {
	struct list_node node; /* in the queue; its lock, RANK_CONSOLE */
	void (*fn)(void *data);
	void *data;
	bool queued;
};

void softirq_init(void); /* once, before the first raise */

static inline void raise_softirq(uint32_t bits)
{
	atomic_or(&this_cpu()->softirq, bits);
}

/* The same on another CPU, which is told by an IPI. */
void raise_softirq_on(unsigned cpu, uint32_t bits);

/* On the way to a guest, and in the idle loop: run all that is pending.
 * Called with interrupts off; they are on while handlers run and off again on
 * return, when nothing is pending. May end in context_switch() instead of
 * returning, so no caller may hold a lock or need its stack frame. */
void softirq_run(void);

/* Run w->fn(w->data) soon, on this CPU; any context. No-op while queued. */
void work_queue(struct work *w);
