/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Context switch. What belongs to a vCPU's page tables leaves the CPU before
 * sched_saved() says that another CPU may run it; its segments and FPU state
 * are in memory by then too, but are not loaded again if the same vCPU comes
 * back to a CPU that nobody else has used (v->loaded_on).
 */
#include "x86/context.h"

#include "core/domain.h"
#include "core/sched.h"
#include "core/vcpu.h"
#include "lib/assert.h"
#include "mm/mmu.h"
#include "mm/paging.h"
#include "mm/tlb.h"
#include "pv/debugreg.h"
#include "pv/deliver.h"
#include "pv/segment.h"
#include "x86/cpu.h"
#include "x86/fpu.h"
#include "x86/harden.h"
#include "x86/msr.h"
#include "x86/traps.h"

void context_load_cr4(const struct vcpu *v)
{
	struct cpu *const cpu = this_cpu();
	/* OSXSAVE is on whatever they say. */
	const uint64_t cr4 =
		cpu_cr4 | (v->cr4 & (CR4_TSD | CR4_DE | CR4_FSGSBASE));

	if (cr4 == cpu->cr4)
		return;
	write_cr4(cr4);
	cpu->cr4 = cr4;
}

static void save(struct vcpu *v)
{
	v->regs = *guest_regs();
	segment_save(v);
	fpu_save(v);
	debugreg_unload(v);
	v->loaded_on = this_cpu()->number + 1;
}

/* Leave prev's page tables for next's, or for nobody's. */
static void switch_root(struct cpu *cpu, struct vcpu *prev, struct vcpu *next)
{
	const uint64_t self = 1ull << cpu->number;

	if (!vcpu_is_idle(next)) {
		atomic_or(&next->domain->dirty_cpus.bits, self);
		write_once(&cpu->guest_root, true);
		mmu_load_root(next);
	} else {
		tlb_load_at(TLB_IDLE, read_once(&tlb_clock));
		write_once(&cpu->guest_root, false);
	}
	if (!vcpu_is_idle(prev) && prev->domain != next->domain)
		atomic_and(&prev->domain->dirty_cpus.bits, ~self);
}

/* What may still be in the CPU from v's last time here. */
static void load_lazily(struct cpu *cpu, struct vcpu *v)
{
	const bool here = cpu->loaded == v && v->loaded_on == cpu->number + 1;

	if (here) {
		fpu_set_ts(v, v->virtual_ts);
	} else {
		harden_switch();
		fpu_load(v);
		v->failsafe_pending = !segment_load(v);
		cpu->loaded = v;
	}
	v->loaded_on = 0;
}

static void load(struct cpu *cpu, struct vcpu *v)
{
	*guest_regs() = v->regs;
	context_load_cr4(v);
	load_lazily(cpu, v);
	debugreg_load(v);
	if (cpu_has(CPU_RDTSCP))
		wrmsr(MSR_TSC_AUX, v->tsc_aux);
}

_Noreturn void context_switch(struct vcpu *prev, struct vcpu *next)
{
	struct cpu *const cpu = this_cpu();

	ASSERT(!irq_enabled() && prev != next);
	next->perf[SHOJI_PERF_SWITCH]++;
	if (!vcpu_is_idle(prev))
		save(prev);
	switch_root(cpu, prev, next);
	cpu->vcpu = next;
	sched_saved(prev);
	if (vcpu_is_idle(next)) {
		sched_loaded(next);
		switch_to_idle();
	}
	load(cpu, next);
	sched_loaded(next);
	if (next->failsafe_pending) {
		next->failsafe_pending = false;
		deliver_failsafe(guest_regs(), next->ds, next->es, next->fs,
			next->gs);
	}
	return_to_guest();
}
