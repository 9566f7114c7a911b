/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One-shot timers. Every CPU has a heap of them (RANK_TIMER) and programs its
 * hardware for the earliest. A callback runs from SOFTIRQ_TIMER on the CPU
 * that armed it, interrupts on and no lock held; it may arm the timer again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cpu;

struct timer {
	void (*fn)(void *data);
	void *data;
	uint64_t expires;                  /* ns since boot */
	struct timer *child, *next, *prev; /* pairing heap; RANK_TIMER */
	uint32_t cpu; /* whose heap; changes under that heap's lock */
	bool queued;  /* RANK_TIMER */
};

/* For the boot CPU, then for each other one before it starts. */
void timer_init_cpu(struct cpu *cpu);

void timer_init(struct timer *timer, void (*fn)(void *), void *data);
/* (Re-)arm for an absolute time on this CPU; a past one fires at once. */
void timer_set(struct timer *timer, uint64_t expires);
/* Disarm, from any CPU. The callback may still be running elsewhere. */
void timer_stop(struct timer *timer);
/* Disarm and wait for a running callback; not from the callback itself, nor
 * with a lock that it takes. */
void timer_stop_sync(struct timer *timer);

void timer_softirq(void); /* SOFTIRQ_TIMER */
