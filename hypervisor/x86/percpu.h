/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One window of PERCPU_SIZE bytes per CPU, at PERCPU_WINDOW(number):
 *
 *   0x0000  struct cpu (2 pages)
 *   0x2000  IDT, the same page for all, read-only
 *   0x3000  not mapped
 *   0x4000  #DF stack, 0x5000 NMI, 0x6000 #MC, 0x7000 #DB stack
 *   0x8000  not mapped: what a stack overflow meets
 *   0xc000  main stack, 16 KiB; its top holds the guest's struct regs
 *
 * All stacks lie in the window, so that any of them finds struct cpu by
 * clearing the low bits of the stack pointer; the guest's GS stays in place
 * while the hypervisor runs.
 */
#pragma once

#define CPU_IDT 0x2000
#define CPU_STACK_DF 0x5000 /* tops: stacks grow down from here */
#define CPU_STACK_NMI 0x6000
#define CPU_STACK_MC 0x7000
#define CPU_STACK_DB 0x8000
#define CPU_STACK 0x10000
#define CPU_STACK_BOTTOM 0xc000

/* Offsets that entry.S uses. */
#define CPU_GUEST_RSP 0x00
#define CPU_CURRENT 0x08
#define CPU_SOFTIRQ 0x10
#define CPU_CR3 0x18
#define CPU_GUEST_CR3 0x20
#define CPU_GUEST_RIP 0x28
#define CPU_GUEST_RFLAGS 0x30
#define CPU_TLB_TIME 0x38
#define CPU_ROOTS 0x40

#ifndef __ASSEMBLY__
#include "mm/addr.h"
#include "x86/regs.h"

struct vcpu;
struct sched_cpu;
struct timer_heap;

/* Softirq bits: work done on the way back to a guest, or when idle. */
enum {
	SOFTIRQ_SCHEDULE = 1 << 0, /* choose who runs next */
	SOFTIRQ_TIMER = 1 << 1, /* run expired timers */
	SOFTIRQ_WORK = 1 << 2, /* run queued work items (core/softirq.c) */
};

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t iomap;
} __attribute__((packed));

/* A root for isolated entry: the slots of a guest's root, little of ours. */
struct view {
	paddr_t cr3; /* 0: there is none */
	paddr_t root; /* whose slots it has */
	uint64_t generation; /* of all roots, when they were copied */
};

struct cpu {
	uint64_t guest_rsp; /* scratch of entry.S, as guest_rip */
	struct vcpu *vcpu; /* who runs here; the idle vCPU if nobody */
	uint32_t softirq; /* pending SOFTIRQ_ bits; atomic */
	uint32_t number; /* ours, 0 is the boot CPU */
	uint64_t cr3;    /* what CR3 holds while we run: of root[] */
	paddr_t guest_cr3; /* while a guest runs, if entry is isolated */
	uint64_t guest_rip, guest_rflags;
	uint64_t tlb_time; /* flush clock at the last full flush here */
	uint64_t root[3];  /* CR3 for each of TLB_ (mm/tlb.h), as the next load
			   * wants it */
	uint32_t apic_id;
	uint32_t acpi_id;
	bool idle; /* halted or about to be: an IPI is needed to wake it */

	/* TLB (mm/tlb.c) */
	uint32_t flush_asked; /* flushes other CPUs asked for; atomic */
	uint32_t flush_done; /* of these, how many are done */
	uint32_t flush_global; /* global entries too; atomic */
	bool guest_root; /* CR3 is a guest's, or about to be; else idle_cr3 */
	struct view view[2]; /* a guest's user space and its kernel */

	/* State that is loaded now and may belong to somebody else (lazy) */
	struct vcpu *loaded; /* whose segments and FPU state */
	uint64_t xcr0;
	uint64_t cr4;

	/* What the descriptor window shows (pv/segment.c) */
	uint8_t gdt_pages;
	uint16_t ldt_mapped;

	/* Locks held, by rank (debug) */
	uint32_t lock_ranks;

	struct sched_cpu *sched; /* core/sched.c */
	struct timer_heap *timers; /* core/timer.c */
	struct vcpu *idle_vcpu;

	struct tss tss;
};

#ifndef UNIT_TEST
static inline struct cpu *this_cpu(void)
{
	uint64_t rsp;

	__asm__("mov %%rsp, %0" : "=r"(rsp));
	return (struct cpu *)(rsp & ~(uint64_t)(PERCPU_SIZE - 1));
}

static inline struct cpu *cpu_of(unsigned number)
{
	return (struct cpu *)PERCPU_WINDOW(number);
}

/* The guest's registers, as saved at the last entry to the hypervisor. */
static inline struct regs *guest_regs(void)
{
	return (struct regs *)((uint64_t)this_cpu() + CPU_STACK - REGS_SIZE);
}
#else
struct cpu *this_cpu(void);
struct cpu *cpu_of(unsigned number);
struct regs *guest_regs(void);
#endif

static_assert(offsetof(struct cpu, vcpu) == CPU_CURRENT, "cpu");
static_assert(offsetof(struct cpu, softirq) == CPU_SOFTIRQ, "cpu");
static_assert(offsetof(struct cpu, cr3) == CPU_CR3, "cpu");
static_assert(offsetof(struct cpu, guest_cr3) == CPU_GUEST_CR3, "cpu");
static_assert(offsetof(struct cpu, guest_rip) == CPU_GUEST_RIP, "cpu");
static_assert(offsetof(struct cpu, guest_rflags) == CPU_GUEST_RFLAGS, "cpu");
static_assert(offsetof(struct cpu, tlb_time) == CPU_TLB_TIME, "cpu");
static_assert(offsetof(struct cpu, root) == CPU_ROOTS, "cpu");

#define current (this_cpu()->vcpu)

static_assert(sizeof(struct cpu) <= CPU_IDT, "struct cpu is two pages");

/* Sets of CPUs. */
typedef struct {
	uint64_t bits;
} cpumask_t;

extern cpumask_t cpus_online; /* x86/smp.c */
extern unsigned nr_cpus; /* CPUs online are 0 .. nr_cpus - 1 */

#define for_each_cpu(cpu, mask)                                            \
	for (uint64_t left_ = (mask).bits;                                 \
		left_ && ((cpu) = (unsigned)__builtin_ctzll(left_), true);  \
		left_ &= left_ - 1)
#endif
