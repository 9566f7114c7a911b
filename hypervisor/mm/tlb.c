/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB flushes and their clock. Guest translations are never global, so that
 * loading CR3 drops them; ours are.
 *
 * The clock advances with every flush that is asked for, and with every new
 * root of a guest kernel. A CPU notes, when it has flushed, the time at which
 * the flush began; so it does whenever it loads CR3, which happens with every
 * system call of a guest's user space, so that most CPUs need not be asked. A
 * frame that lost its last mapping notes the time then. A CPU may still hold a
 * translation of the frame only if its note is not later than the frame's. A
 * frame's note has the low 16 bits alone: a note older than that looks
 * younger, which costs a flush too many; and a CPU whose own note is older
 * than MAX_LAG is flushed whatever the frame says, so none is ever missed.
 *
 * With PCID the TLB keeps what it has of a guest's kernel and of its user space
 * apart, and a system call drops neither: TLB_KEEP. A flush drops what is of
 * the root loaded now; others lose their TLB_KEEP, so that their turns begin
 * with a flush. Only a flush of all is noted, then.
 *
 * With isolated entry (x86/entry.S) guests run on copies of their roots. The
 * same rules hold for these: a CPU that notes a flush has looked, after it
 * read the clock, whether its copy is older than the last change of any root;
 * who changes an entry counts that first, and then drops what the entry named.
 */
#include "mm/tlb.h"

#include "x86/msr.h"
#include "x86/smp.h"

uint64_t tlb_keep;
uint64_t tlb_clock = 1;
uint64_t tlb_roots;

#define MAX_LAG 0x7000u

/* Isolated entry: a root like ours for the guest's time. A copy is good for as
 * long as no root has changed. */
void tlb_choose_view(struct cpu *cpu)
{
	const uint64_t flags = irq_save();
	const uint64_t generation = read_once(&tlb_roots);
	const paddr_t root = cpu->cr3 & PTE_ADDR;
	const uint64_t *const from = direct(root);
	struct view *const w = &cpu->view[cpu->cr3 / TLB_KERNEL & 1];
	uint64_t *to;

	/* The way out to the guest sets TLB_KEEP here. */
	cpu->view[cpu->guest_cr3 / TLB_KERNEL & 1].cr3 |=
		cpu->guest_cr3 & TLB_KEEP;
	if (w->root != root || w->generation != generation) {
		to = direct(w->cr3 & PTE_ADDR);
		for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
			if (i < HV_SLOT_FIRST || i >= HV_SLOT_END)
				write_once(&to[i], read_once(&from[i]));
		w->root = root;
		w->generation = generation;
		w->cr3 &= ~TLB_KEEP;
	}
	cpu->guest_cr3 = w->cr3;
	irq_restore(flags);
}

void tlb_flush_local(void)
{
	tlb_load_at(this_cpu()->cr3 & 3, atomic_add(&tlb_clock, 1));
}

void tlb_flush_page_local(uint64_t va)
{
	struct cpu *const cpu = this_cpu();

	invlpg(va);
	tlb_keep_nothing(cpu);
	cpu->root[cpu->cr3 & 3] |= tlb_keep;
}

static void flush_global_local(void)
{
	const uint64_t cr4 = read_cr4();
	const uint64_t time = atomic_add(&tlb_clock, 1);

	if (!(cr4 & CR4_PGE)) {
		tlb_load_at(this_cpu()->cr3 & 3, time);
		return;
	}
	write_cr4(cr4 & ~CR4_PGE);
	write_cr4(cr4);
	this_cpu()->tlb_time = time;
}

void tlb_answer_requests(void)
{
	struct cpu *const cpu = this_cpu();
	const uint32_t asked = load_acquire(&cpu->flush_asked);

	if (asked == cpu->flush_done)
		return;
	if (atomic_xchg(&cpu->flush_global, 0))
		flush_global_local();
	else
		tlb_flush_local();
	store_release(&cpu->flush_done, asked);
}

/* Ask other CPUs to flush and wait until they have. Two CPUs that ask each
 * other answer in the interrupt, which is on here. */
static void ask(cpumask_t cpus, bool global)
{
	uint32_t ticket[CPUS_MAX];
	unsigned cpu;

	if (!cpus.bits)
		return;
	for_each_cpu(cpu, cpus) {
		if (global)
			write_once(&cpu_of(cpu)->flush_global, 1);
		ticket[cpu] = atomic_add(&cpu_of(cpu)->flush_asked, 1);
	}
	smp_send_flush(cpus);
	for_each_cpu(cpu, cpus)
		while ((int32_t)(load_acquire(&cpu_of(cpu)->flush_done) -
			       ticket[cpu]) < 0)
			cpu_relax();
}

static cpumask_t others(cpumask_t cpus, bool *here)
{
	const uint64_t self = 1ull << this_cpu()->number;

	*here = cpus.bits & self;
	return (cpumask_t){ cpus.bits & cpus_online.bits & ~self };
}

void tlb_flush(cpumask_t cpus)
{
	bool here;
	const cpumask_t rest = others(cpus, &here);

	if (here)
		tlb_flush_local();
	ask(rest, false);
}

void tlb_flush_page(cpumask_t cpus, uint64_t va)
{
	bool here;
	const cpumask_t rest = others(cpus, &here);

	if (here)
		tlb_flush_page_local(va);
	/* A whole flush there: cheaper to ask for than one page each. */
	ask(rest, false);
}

void tlb_flush_everything(void)
{
	bool here;
	const cpumask_t rest = others(cpus_online, &here);

	flush_global_local();
	ask(rest, true);
}

void tlb_flush_since(uint16_t stamp)
{
	const uint64_t time = read_once(&tlb_clock);
	const uint16_t age = (uint16_t)(time - stamp);
	cpumask_t late = { 0 };
	unsigned cpu;

	/* A CPU that we find without a guest's root reads what we changed when
	 * it loads one. */
	memory_barrier();
	for_each_cpu(cpu, cpus_online) {
		const uint64_t lag = time - read_once(&cpu_of(cpu)->tlb_time);

		if (!read_once(&cpu_of(cpu)->guest_root))
			continue;
		/* A flush that began after we looked is no lag at all. */
		if ((int64_t)lag >= 0 && (lag >= age || lag >= MAX_LAG))
			late.bits |= 1ull << cpu;
	}
	if (late.bits)
		tlb_flush(late);
}
