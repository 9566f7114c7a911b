// SPDX-License-Identifier: BSD-2-Clause
/*
 * Soft interrupts: per-CPU bits that say what to do before the CPU returns to
 * a guest or halts, and the queue of work items. The scheduler comes last,
 * because it may not return.
 */
#include "core/softirq.h"

#include "core/sched.h"
#include "x86/asm.h"
#include "x86/smp.h"
#include "x86/spinlock.h"

static struct spinlock work_lock = SPINLOCK(RANK_CONSOLE);
static struct list work_items GUARDED_BY(work_lock);

void softirq_init(void)
{
	list_init(&work_items);
}

void raise_softirq_on(unsigned cpu, uint32_t bits)
{
	const uint32_t old = atomic_or(&cpu_of(cpu)->softirq, bits);

	/* Bits that were pending have been announced already. */
	if ((old & bits) != bits && cpu != this_cpu()->number)
		smp_send_event_check(cpu);
}

void work_queue(struct work *w)
{
	const uint64_t flags = spin_lock_irq(&work_lock);

	if (!w->queued) {
		w->queued = true;
		list_add_tail(&work_items, &w->node);
	}
	spin_unlock_irq(&work_lock, flags);
	raise_softirq(SOFTIRQ_WORK);
}

static struct work *next_work(void)
{
	const uint64_t flags = spin_lock_irq(&work_lock);
	struct work *w = NULL;

	if (!list_empty(&work_items)) {
		w = list_first(&work_items, struct work, node);
		list_remove(&w->node);
		w->queued = false;
	}
	spin_unlock_irq(&work_lock, flags);
	return w;
}

static void work_softirq(void)
{
	struct work *w = next_work();

	if (!w)
		return;
	w->fn(w->data);
	/* The others on the next round: timers come in between. */
	raise_softirq(SOFTIRQ_WORK);
}

void softirq_run(void)
{
	struct cpu *cpu = this_cpu();

	for (;;) {
		const uint32_t bits = atomic_xchg(&cpu->softirq, 0);

		if (!bits)
			return;
		irq_enable();
		if (bits & SOFTIRQ_TIMER)
			timer_softirq();
		if (bits & SOFTIRQ_WORK)
			work_softirq();
		irq_disable();
		if (bits & SOFTIRQ_SCHEDULE)
			schedule();
	}
}
