// SPDX-License-Identifier: BSD-2-Clause
/*
 * Ticket locks: whoever comes first is served first. While a CPU waits for a
 * lock below RANK_IRQ its interrupts are on, so that it answers TLB-flush
 * requests of the holder.
 *
 * Debug builds keep, per CPU, a bit for each rank held, and refuse a lock of
 * a rank that is not above all of them.
 */
#include "x86/spinlock.h"

#include "lib/assert.h"
#include "x86/asm.h"
#include "x86/atomic.h"
#include "x86/percpu.h"

static void rank_enter(const struct spinlock *lock, bool same)
{
	struct cpu *const cpu = this_cpu();

	if (!DEBUG)
		return;
	ASSERT(!(cpu->lock_ranks >> lock->rank >> (same ? 1 : 0)));
	cpu->lock_ranks |= 1u << lock->rank;
}

static void rank_leave(const struct spinlock *lock)
{
	if (DEBUG)
		this_cpu()->lock_ranks &= ~(1u << lock->rank);
}

static void acquire(struct spinlock *lock)
{
	const uint32_t ticket =
		__atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	while (load_acquire(&lock->serving) != ticket)
		cpu_relax();
}

static void release(struct spinlock *lock)
{
	store_release(&lock->serving, lock->serving + 1);
}

void spin_init(struct spinlock *lock, enum lock_rank rank)
{
	*lock = (struct spinlock)SPINLOCK(rank);
}

void spin_lock(struct spinlock *lock) UNCHECKED
{
	rank_enter(lock, false);
	acquire(lock);
}

void spin_unlock(struct spinlock *lock) UNCHECKED
{
	rank_leave(lock);
	release(lock);
}

uint64_t spin_lock_irq(struct spinlock *lock)
{
	const uint64_t flags = irq_save();

	spin_lock(lock);
	return flags;
}

void spin_unlock_irq(struct spinlock *lock, uint64_t flags)
{
	spin_unlock(lock);
	irq_restore(flags);
}

void spin_lock_pair(struct spinlock *a, struct spinlock *b) UNCHECKED
{
	if (a > b) {
		struct spinlock *const higher = a;

		a = b;
		b = higher;
	}
	spin_lock(a);
	if (a == b)
		return;
	rank_enter(b, true);
	acquire(b);
}

void spin_unlock_pair(struct spinlock *a, struct spinlock *b) UNCHECKED
{
	if (a != b)
		release(b);
	spin_unlock(a);
}
