/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spin locks. Their ranks are the lock order: a CPU takes locks in rising
 * rank only, which debug builds check at every lock. Two kinds:
 *
 * - below RANK_IRQ: taken with interrupts on, never in an interrupt handler,
 *   so that a CPU which spins still answers TLB-flush requests; a holder may
 *   wait for other CPUs to flush;
 * - from RANK_IRQ up: taken with interrupts off (the _irq functions), also in
 *   interrupt handlers; a holder never waits for another CPU.
 *
 * Two locks of one rank (two domains' grants, two CPUs' run queues) are taken
 * lower address first, by spin_lock_pair().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum lock_rank {
	RANK_DOMAINS, /* the list of domains, their creation and death */
	RANK_GRANT, /* a domain's grant table and its map tracks */
	RANK_PT, /* a domain's page tables: types, entries, pins */
	RANK_PAGES, /* a domain's page counts */
	RANK_HEAP, /* free memory */
	RANK_IRQ, /* interrupt descriptors and the chips behind them */
	RANK_EVENT, /* a domain's event channels */
	RANK_SCHED, /* a CPU's run queue and its vCPUs' states */
	RANK_TIMER, /* a CPU's timer heap */
	RANK_CONSOLE, /* log ring and the devices it is shown on */
};

/*
 * Which locks a function takes, gives back or wants to be held, and what a
 * file's lock guards: clang's -Wthread-safety checks it (`make lint`). It
 * compares expressions, so that a lock goes by the same name where it is taken
 * and where it is wanted. UNCHECKED are the lock itself, and those who hold one
 * by another name: that of the CPU or heap which a function chose for them.
 * For a structure's fields C has no way to say it; their comments do.
 */
#ifdef __clang__
#define LOCK_RULE(rule) __attribute__((rule))
#else
#define LOCK_RULE(rule)
#endif
#define GUARDED_BY(lock) LOCK_RULE(guarded_by(lock))
#define REQUIRES(...) LOCK_RULE(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) LOCK_RULE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) LOCK_RULE(release_capability(__VA_ARGS__))
#define UNCHECKED LOCK_RULE(no_thread_safety_analysis)

struct LOCK_RULE(capability("lock")) spinlock {
	uint32_t next; /* ticket of the next comer */
	uint32_t serving; /* ticket that holds the lock */
	enum lock_rank rank;
};

#define SPINLOCK(r) { .rank = (r) }

void spin_init(struct spinlock *lock, enum lock_rank rank);
void spin_lock(struct spinlock *lock) ACQUIRE(*lock);
void spin_unlock(struct spinlock *lock) RELEASE(*lock);

/* Interrupts off, then lock; returns the flags that unlock puts back. */
uint64_t spin_lock_irq(struct spinlock *lock) ACQUIRE(*lock);
void spin_unlock_irq(struct spinlock *lock, uint64_t flags) RELEASE(*lock);

/* Two locks of one rank; a may equal b. */
void spin_lock_pair(struct spinlock *a, struct spinlock *b) ACQUIRE(*a, *b);
void spin_unlock_pair(struct spinlock *a, struct spinlock *b) RELEASE(*a, *b);
