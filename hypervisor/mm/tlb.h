/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB flushes. A flush of other CPUs returns when they have done it; it must
 * not be called with interrupts off or a RANK_IRQ lock held.
 */
#pragma once

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

/* The clock of full flushes, for frames that change their type. Read whenever
 * a mapping goes. */
extern uint32_t tlb_clock;

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

/* Load CR3, which is a flush too, asked for at `time` of the clock. */
static inline void tlb_load_at(paddr_t cr3, uint32_t time)
{
	struct cpu *const cpu = this_cpu();

	cpu->cr3 = cr3;
	write_cr3(cr3);
	if (cpu->view[0].cr3)
		tlb_choose_view(cpu);
	cpu->tlb_time = time;
}

static inline void tlb_load_root(paddr_t cr3)
{
	tlb_load_at(cr3, read_once(&tlb_clock));
}

/* Flush all CPUs that have not done so since the stamp was taken. */
void tlb_flush_since(uint16_t stamp);
