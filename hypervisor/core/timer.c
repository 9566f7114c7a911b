// SPDX-License-Identifier: BSD-2-Clause
/*
 * Timers: a pairing heap per CPU, made of the timers themselves, so that
 * arming needs no memory. The heap, and the `cpu`, `queued` and link fields
 * of its timers, change under its lock (RANK_TIMER). A timer sits in at most
 * one heap, that of the CPU it was last armed on.
 *
 * Heap order: no timer expires before its parent. `child` is a timer's first
 * child, `next` its next sibling; `prev` is the previous sibling, or the
 * parent for a first child.
 */
#include "core/timer.h"

#include "core/softirq.h"
#include "lib/assert.h"
#include "mm/heap.h"
#include "x86/asm.h"
#include "x86/clock.h"
#include "x86/spinlock.h"

struct timer_heap {
	struct spinlock lock; /* RANK_TIMER */
	struct timer *root;
	struct timer *running; /* whose callback runs now */
	uint64_t programmed;   /* what the hardware waits for, ~0 nothing */
};

/* Later than this (nine years) is never: guests choose such times, and as a TSC
 * value they would overflow. */
#define FAR_NS (1ull << 58)

/* Fire what expires so soon that programming the hardware costs more. */
#define SLACK_NS 2000

static struct timer *meld(struct timer *a, struct timer *b)
{
	if (!a)
		return b;
	if (!b)
		return a;
	if (b->expires < a->expires) {
		struct timer *t = a;

		a = b;
		b = t;
	}
	b->prev = a;
	b->next = a->child;
	if (a->child)
		a->child->prev = b;
	a->child = b;
	a->next = NULL;
	a->prev = NULL;
	return a;
}

/* Melds a list of siblings: pairs from the left, then all from the right. */
static struct timer *meld_siblings(struct timer *first)
{
	struct timer *pairs = NULL, *root = NULL;

	while (first) {
		struct timer *a = first, *b = a->next;

		first = b ? b->next : NULL;
		a->next = NULL;
		if (b)
			b->next = NULL;
		a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct timer *a = pairs;

		pairs = a->next;
		a->next = NULL;
		root = meld(root, a);
	}
	if (root)
		root->prev = NULL;
	return root;
}

static void heap_insert(struct timer_heap *heap, struct timer *t)
	REQUIRES(heap->lock)
{
	t->child = t->next = t->prev = NULL;
	t->queued = true;
	heap->root = meld(heap->root, t);
}

static void heap_remove(struct timer_heap *heap, struct timer *t)
	REQUIRES(heap->lock)
{
	struct timer *children = meld_siblings(t->child);

	if (heap->root == t) {
		heap->root = children;
	} else {
		if (t->prev->child == t)
			t->prev->child = t->next;
		else
			t->prev->next = t->next;
		if (t->next)
			t->next->prev = t->prev;
		heap->root = meld(heap->root, children);
	}
	t->child = t->next = t->prev = NULL;
	t->queued = false;
}

/* The hardware of this CPU follows the earliest timer. */
static void program(struct timer_heap *heap) REQUIRES(heap->lock)
{
	const uint64_t first = heap->root ? heap->root->expires : ~0ull;

	if (heap->programmed <= first)
		return; /* it comes early enough and looks again */
	heap->programmed = first;
	timer_hw_set(first);
}

/* Locks the heap that the timer is in, or was last in. */
static struct timer_heap *lock_heap(struct timer *t, uint64_t *flags) UNCHECKED
{
	for (;;) {
		const uint32_t cpu = read_once(&t->cpu);
		struct timer_heap *heap = cpu_of(cpu)->timers;

		*flags = spin_lock_irq(&heap->lock);
		if (t->cpu == cpu)
			return heap;
		spin_unlock_irq(&heap->lock, *flags);
	}
}

void timer_init_cpu(struct cpu *cpu)
{
	struct timer_heap *heap = heap_alloc(sizeof(*heap));

	ASSERT(heap);
	spin_init(&heap->lock, RANK_TIMER);
	heap->programmed = ~0ull;
	cpu->timers = heap;
}

void timer_init(struct timer *t, void (*fn)(void *), void *data)
{
	*t = (struct timer){.fn = fn, .data = data};
	t->cpu = this_cpu()->number;
}

void timer_set(struct timer *t, uint64_t expires) UNCHECKED
{
	uint64_t flags;
	struct timer_heap *heap = lock_heap(t, &flags);
	const uint64_t here = this_cpu()->number;

	if (t->queued)
		heap_remove(heap, t);
	if (t->cpu != here) {
		t->cpu = (uint32_t)here;
		spin_unlock_irq(&heap->lock, flags);
		heap = lock_heap(t, &flags);
		if (t->cpu != this_cpu()->number || t->queued) {
			/* Armed elsewhere meanwhile: that one was later. */
			spin_unlock_irq(&heap->lock, flags);
			return;
		}
	}
	t->expires = expires < FAR_NS ? expires : ~0ull;
	heap_insert(heap, t);
	program(heap);
	spin_unlock_irq(&heap->lock, flags);
}

void timer_stop(struct timer *t) UNCHECKED
{
	uint64_t flags;
	struct timer_heap *heap = lock_heap(t, &flags);

	/* The hardware may now come for nothing once; cheaper than setting. */
	if (t->queued)
		heap_remove(heap, t);
	spin_unlock_irq(&heap->lock, flags);
}

void timer_stop_sync(struct timer *t)
{
	bool busy;

	do {
		uint64_t flags;

		timer_stop(t);
		busy = false;
		for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
			struct timer_heap *heap = cpu_of(cpu)->timers;

			if (!heap)
				continue;
			flags = spin_lock_irq(&heap->lock);
			busy |= heap->running == t || t->queued;
			spin_unlock_irq(&heap->lock, flags);
		}
		if (busy)
			cpu_relax();
	} while (busy);
}

/* An expired timer, out of the heap; or NULL, with the hardware set. */
static struct timer *next_expired(struct timer_heap *heap)
{
	uint64_t flags = spin_lock_irq(&heap->lock);
	struct timer *t = heap->root;

	heap->running = NULL;
	if (t && t->expires <= now() + SLACK_NS) {
		heap_remove(heap, t);
		heap->running = t;
	} else {
		/* What was programmed has passed or may have: set anew. */
		heap->programmed = ~0ull;
		program(heap);
		t = NULL;
	}
	spin_unlock_irq(&heap->lock, flags);
	return t;
}

void timer_softirq(void)
{
	struct timer_heap *heap = this_cpu()->timers;
	struct timer *t;

	while ((t = next_expired(heap)) != NULL)
		t->fn(t->data);
}
