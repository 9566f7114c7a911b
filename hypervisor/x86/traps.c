/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions. From a guest: first what the guest must not notice (the lazy
 * LDT, trapped page-table writes, privileged instructions), else the guest's
 * own handler. From the hypervisor: an access to guest memory that failed, a
 * return to the guest that the CPU refused, or a fault of ours, which is the
 * end.
 */
#include "x86/traps.h"

#include "core/domain.h"
#include "core/event.h"
#include "core/sched.h"
#include "core/vcpu.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/guestcopy.h"
#include "pv/deliver.h"
#include "pv/emulate.h"
#include "pv/segment.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/desc.h"
#include "x86/harden.h"
#include "x86/msr.h"
#include "x86/smp.h"

/* From a guest */

/* A descriptor that the CPU did not find in our LDT window: map its page, or
 * report the fault where the guest has its LDT. */
static bool ldt_fault(struct regs *regs, uint64_t address)
{
	uint64_t guest_address;

	if (!segment_ldt_address(current, address, &guest_address))
		return false;
	if (!segment_fault_ldt(current, address))
		deliver_page_fault(regs, guest_address, regs->error & ~2u);
	return true;
}

static void guest_page_fault(struct regs *regs)
{
	const uint64_t address = read_cr2();
	struct vcpu *const v = current;

	v->perf[SHOJI_PERF_PAGE_FAULT]++;
	irq_enable();
	if (address >= HV_BASE && address < HV_END) {
		if (ldt_fault(regs, address))
			return;
		/* The guest may not learn what is there: never present. */
		if (address >= M2P_RO_END)
			regs->error &= ~1u;
	} else if ((regs->error & 3) == 3 && v->kernel_mode &&
		emulate_pt_write(regs, address)) {
		v->perf[SHOJI_PERF_PT_WRITE]++;
		return;
	}
	deliver_page_fault(regs, address, regs->error);
}

/* INT n with a vector whose gate is not for ring 3: error code n * 8 + 2. */
static bool software_interrupt(struct regs *regs)
{
	struct vcpu *const v = current;
	const uint8_t vector = (uint8_t)(regs->error >> 3);
	const struct trap_info *const trap = &v->traps[vector];

	if ((regs->error & 7) != 2)
		return false;
	if (!trap->address || (!v->kernel_mode && (trap->flags & 3) < 3))
		return false;
	regs->rip += 2;
	deliver_trap(regs, vector, NO_ERROR_CODE);
	return true;
}

static void guest_general_protection(struct regs *regs)
{
	irq_enable();
	if (regs->error == 0) {
		if (emulate_privileged(regs)) {
			current->perf[SHOJI_PERF_INSTRUCTION]++;
			return;
		}
	} else if (software_interrupt(regs)) {
		return;
	}
	deliver_trap(regs, TRAP_GENERAL, regs->error);
}

static void guest_debug(struct regs *regs)
{
	const uint64_t dr6 = read_dr6();

	write_dr6(0xffff0ff0);
	/* What it accumulates: B0-B3, BS, BT. */
	current->dr[6] |= dr6 & 0xe00f;
	irq_enable();
	deliver_trap(regs, TRAP_DEBUG, NO_ERROR_CODE);
}

static void guest_nmi(void)
{
	smp_check_stop();
	/* A real one: dom0's to explain. */
	if (hardware_domain && hardware_domain->vcpu[0]) {
		hardware_domain->shared->arch.nmi_reason |= 1;
		atomic_or(&hardware_domain->vcpu[0]->exit_work, EXIT_NMI);
		vcpu_kick(hardware_domain->vcpu[0]);
	}
}

static void guest_int80(struct regs *regs)
{
	const struct trap_info *const trap = &current->traps[TRAP_INT80];

	irq_enable();
	if (trap->address && (current->kernel_mode || (trap->flags & 3) == 3)) {
		deliver_trap(regs, TRAP_INT80, NO_ERROR_CODE);
		return;
	}
	regs->rip -= 2;
	deliver_trap(regs, TRAP_GENERAL, TRAP_INT80 << 3 | 2);
}

void handle_guest_exception(struct regs *regs)
{
	if (regs->vector == TRAP_PAGE_FAULT) {
		guest_page_fault(regs);
		return;
	}
	current->perf[SHOJI_PERF_EXCEPTION]++;
	switch (regs->vector) {
	case TRAP_GENERAL:
		guest_general_protection(regs);
		return;
	case TRAP_INVALID_OP:
		guest_invalid_op(regs);
		return;
	case TRAP_NO_DEVICE:
		irq_enable();
		if (current->virtual_ts)
			deliver_trap(regs, TRAP_NO_DEVICE, NO_ERROR_CODE);
		else
			clts();
		return;
	case TRAP_DEBUG:
		guest_debug(regs);
		return;
	case TRAP_NMI:
		guest_nmi();
		return;
	case TRAP_MACHINE_CHECK:
		panic("machine check, MCG_STATUS %#lx", rdmsr(MSR_MCG_STATUS));
	case TRAP_INT80:
		guest_int80(regs);
		return;
	default:
		irq_enable();
		deliver_trap(regs, (uint8_t)regs->vector, regs->error);
	}
}

void guest_exit_work(struct regs *regs)
{
	struct vcpu *const v = current;

	if (read_once(&this_cpu()->softirq)) {
		softirq_run();
	} else if ((v->exit_work & EXIT_NMI) && !v->nmi_masked) {
		atomic_and(&v->exit_work, ~EXIT_NMI);
		deliver_nmi(regs);
	} else if (vcpu_event_deliverable(v)) {
		deliver_event(regs);
	} else if (v->exit_work & EXIT_NMI) {
		/* Masked until iret, which sets the bit again. */
		v->exit_work_late |= EXIT_NMI;
		atomic_and(&v->exit_work, ~EXIT_NMI);
	} else if (v->exit_work & EXIT_CRASHED) {
		/* It is not runnable any more: let somebody else run. */
		raise_softirq(SOFTIRQ_SCHEDULE);
	}
}

/* From the hypervisor */

/* IRETQ to the guest refused: build the frame again as it was, with the
 * registers that the nested frame saved, and deliver the exception as if it
 * had happened at the destination. */
static _Noreturn void iret_refused(struct regs *nested, uint64_t address)
{
	struct regs *const regs = guest_regs();
	const uint8_t vector = (uint8_t)nested->vector;

	memmove(regs, nested, offsetof(struct regs, vector));
	irq_enable();
	if (vector != TRAP_PAGE_FAULT || !ldt_fault(regs, address))
		deliver_trap(regs, vector, regs->error);
	return_to_guest();
}

extern const char entry_iret[];

void handle_own_exception(struct regs *regs)
{
	const uint64_t rip = regs->rip, fixup = guest_access_fixup(rip);

	if (regs->vector == TRAP_NMI) {
		guest_nmi();
		return;
	}
	if (regs->vector == TRAP_DEBUG) {
		/* A guest's breakpoint on data that we copy for it, or its
		 * single step into the system-call stub: not ours to see. */
		write_dr6(0xffff0ff0);
		regs->rflags &= ~(uint64_t)RFLAGS_TF;
		return;
	}
	if (fixup) {
		const uint64_t address = read_cr2();

		/* With interrupts off we may not wait for the lock: the
		 * selector becomes null, and the guest tries again. */
		if (regs->vector == TRAP_PAGE_FAULT &&
			(regs->rflags & RFLAGS_IF) &&
			segment_fault_ldt(current, address))
			return;
		regs->rip = fixup;
		return;
	}
	if (rip == (uint64_t)entry_iret) {
		const uint64_t address = read_cr2();

		iret_refused(regs, address);
	}
	if (regs->vector == TRAP_INVALID_OP)
		panic_regs(regs, "invalid instruction in the hypervisor");
	panic_regs(regs, "exception %u in the hypervisor, error %#x, cr2 %#lx",
		regs->vector, regs->error < 0 ? 0 : regs->error, read_cr2());
}

_Noreturn void handle_double_fault(struct regs *regs)
{
	panic_regs(regs, "double fault: stack overflow?");
}

/* System-call registers */

extern const char stub_syscall64[][32], stub_syscall32[][32],
	stub_isolated64[][32];
extern const char entry_sysenter[];

void syscall_init_cpu(void)
{
	const unsigned cpu = this_cpu()->number;

	wrmsr(MSR_STAR,
		(uint64_t)SEL_USER_CS32 << 48 | (uint64_t)SEL_HV_CS << 32);
	wrmsr(MSR_LSTAR, (uint64_t)(entry_isolated ? stub_isolated64[cpu] :
						     stub_syscall64[cpu]));
	wrmsr(MSR_CSTAR, (uint64_t)stub_syscall32[cpu]);
	wrmsr(MSR_FMASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL |
			RFLAGS_NT | RFLAGS_RF | RFLAGS_AC);
	if (cpu_info.intel) {
		wrmsr(MSR_SYSENTER_CS, SEL_HV_CS);
		wrmsr(MSR_SYSENTER_ESP, (uint64_t)this_cpu() + CPU_STACK);
		wrmsr(MSR_SYSENTER_EIP, (uint64_t)entry_sysenter);
	}
}
