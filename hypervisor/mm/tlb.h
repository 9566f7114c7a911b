/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB flushes. A flush of other CPUs returns when they have done it; it must
 * not be called with interrupts off or a RANK_IRQ lock held.
 */
#pragma once

#include "mm/paging.h"
#include "x86/asm.h"
#include "x86/atomic.h"
#include "x86/percpu.h"

/* Guest entries (everything but the hypervisor's global ones). */
void tlb_flush_local(void);
void tlb_flush_page_local(uint64_t va);
void tlb_flush(cpumask_t cpus);
void tlb_flush_page(cpumask_t cpus, uint64_t va);
/* Global entries too, on every CPU: after our own tables changed. */
void tlb_flush_everything(void);
/* In the IPI's handler, and while waiting with interrupts off. */
void tlb_answer_requests(void);

/*
 * CR3's for a CPU (struct cpu's root[]), by the number under which the TLB
 * keeps what it finds with them: its PCID. A view of a root (tlb.c) has its own
 * number. No CPU without PCID minds these bits. TLB_KEEP: what the TLB has
 * under that number is good for that root.
 */
#define TLB_IDLE 0
#define TLB_USER 1
#define TLB_KERNEL 2
#define TLB_VIEW 4
#define TLB_KEEP (1ull << 63)

/* TLB_KEEP if PCID is used. */
extern uint64_t tlb_keep;

/* The clock of full flushes, for frames that change their type. Read whenever
 * a mapping goes. */
extern uint64_t tlb_clock;

/* Changes of entries in guests' roots so far: counted when they are made. */
extern uint64_t tlb_roots;

static inline void tlb_root_changed(void)
{
	atomic_add(&tlb_roots, 1);
}

static inline uint16_t tlb_stamp(void)
{
	return (uint16_t)read_once(&tlb_clock);
}

void tlb_choose_view(struct cpu *cpu);

/* A guest's root on this CPU, to be loaded with a flush. */
static inline void tlb_set_root(unsigned number, mfn_t root)
{
	this_cpu()->root[number] =
		(mfn_none(root) ? idle_cr3 : mfn_paddr(root)) | number;
}

/* Whatever is loaded next begins with a flush of its number. */
static inline void tlb_keep_nothing(struct cpu *cpu)
{
	if (!tlb_keep)
		return;
	for (unsigned i = 0; i < 3; i++)
		cpu->root[i] &= ~TLB_KEEP;
	for (unsigned i = 0; i < 2; i++)
		cpu->view[i].cr3 &= ~TLB_KEEP;
	cpu->guest_cr3 &= ~TLB_KEEP;
}

/*
 * Load CR3 for a number; `time` of the clock, if all that is under other ones
 * is gone or has lost its TLB_KEEP. Another CPU's request may come in between:
 * its handler flushes the number that cpu->cr3 has, so that comes first.
 */
static inline void tlb_load_number(unsigned number, bool all, uint64_t time)
{
	struct cpu *const cpu = this_cpu();

	write_once(&cpu->cr3, cpu->root[number]);
	write_cr3(read_once(&cpu->root[number]));
	cpu->root[number] |= tlb_keep;
	cpu->cr3 |= tlb_keep;
	if (number != TLB_IDLE && cpu->view[0].cr3)
		tlb_choose_view(cpu);
	if (all)
		cpu->tlb_time = time;
}

static inline void tlb_load_at(unsigned number, uint64_t time)
{
	tlb_keep_nothing(this_cpu());
	tlb_load_number(number, true, time);
}

/* The guest goes on in its other mode. */
static inline void tlb_enter(unsigned number)
{
	tlb_load_number(number, !tlb_keep, read_once(&tlb_clock));
}

/* Flush all CPUs that have not done so since the stamp was taken. */
void tlb_flush_since(uint16_t stamp);
