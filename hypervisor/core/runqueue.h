/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler's queues, for sched.c. What is not said to take a lock wants
 * that of the CPU in question (RANK_SCHED).
 */
#pragma once

#include "core/sched.h"
#include "x86/atomic.h"
#include "x86/spinlock.h"

#define RUNQUEUE_GRAIN_NS 1000000ull /* no preemption for less */
#define NOBODY (~0ull)

struct sched_unit {
	struct list_node node; /* in a queue */
	struct vcpu *v;
	uint64_t vtime;       /* ns at SCHED_WEIGHT_DEFAULT */
	uint64_t since;       /* accounted up to here, while chosen */
	uint64_t turn;        /* start of its turn */
	cpumask_t hard, soft; /* where it may, and likes to, run */
	bool queued;
	bool yielded; /* lets the others go first, once */
};

struct sched_cpu {
	struct spinlock lock; /* RANK_SCHED */
	struct list queue;    /* of units, by vtime */
	struct vcpu *chosen;  /* who runs, or is being switched to */
	uint64_t head;        /* vtime of the queue's first, or NOBODY */
	uint64_t least;       /* minimum of chosen's and head, or NOBODY */
	struct timer slice;
};

extern uint64_t runqueue_idle; /* a bit per CPU with nothing to do; atomic */
extern uint64_t runqueue_unsliced; /* run without a slice timer; atomic */
extern uint32_t runqueue_waiting;  /* queued vCPUs of all CPUs; atomic */

static inline unsigned first_cpu(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

/* CPUs of a set that exist. */
uint64_t runqueue_usable(cpumask_t mask);
bool runqueue_allows(const struct vcpu *v, unsigned cpu);

/* The lock of v->cpu, interrupts off. */
struct sched_cpu *runqueue_lock(struct vcpu *v, uint64_t *flags);

void runqueue_set_state(struct vcpu *v, int state, uint64_t t);
/* The state of a vCPU that does not run. */
void runqueue_set_waiting(struct vcpu *v, uint64_t t);
/* Charge the chosen vCPU up to now. */
void runqueue_account(struct sched_unit *unit, uint64_t t);
/* head and least */
void runqueue_update(struct sched_cpu *sc) REQUIRES(sc->lock);
void runqueue_insert(struct sched_cpu *sc, struct sched_unit *unit)
	REQUIRES(sc->lock);
void runqueue_remove(struct sched_cpu *sc, struct sched_unit *unit)
	REQUIRES(sc->lock);
/* A queue far ahead of the machine goes back. */
void runqueue_limit_lead(struct sched_cpu *sc) REQUIRES(sc->lock);
/* Idle CPUs are told of those that wait here and may run there. */
void runqueue_offer(struct sched_cpu *sc) REQUIRES(sc->lock);
/* Bring v to where it belongs; gives up the lock of v->cpu. */
void runqueue_place(struct sched_cpu *sc, struct vcpu *v, uint64_t flags)
	RELEASE(sc->lock);
/* Take a vCPU over that comes before `best`; no lock held, interrupts off. */
void runqueue_balance(struct cpu *cpu, uint64_t best);
