/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames on guest stacks. A frame, from low to high addresses:
 *
 *	RCX R11 [error] RIP CS|mask<<32 RFLAGS RSP SS
 *
 * CS has RPL 0 if the guest kernel was interrupted, 3 for its user space,
 * though both run in ring 3; RFLAGS.IF is the negated upcall mask. If the
 * frame cannot be written the domain is crashed: it is its double fault.
 */
#include "pv/deliver.h"

#include "core/domain.h"
#include "core/vcpu.h"
#include "mm/guestmem.h"
#include "mm/tlb.h"
#include "pv/hypercall.h"
#include "pv/pvclock.h"
#include "pv/segment.h"
#include "x86/desc.h"

#define crash(v, text, ...)                                                    \
	domain_crash((v)->domain, "v%u " text, (v)->id, ##__VA_ARGS__)

/* In place, as what a system call goes through: it is half of its cost here. */
#define INLINE static inline __attribute__((always_inline))

/* The guest's kernel goes on; or its user space, which it must have. */
INLINE void enter_kernel(struct vcpu *v)
{
	v->kernel_mode = true;
	swapgs();
	tlb_enter(TLB_KERNEL);
	if (v->runstate_late)
		pvclock_write_records(v);
}

INLINE bool enter_user(struct vcpu *v)
{
	if (mfn_none(v->user_l4)) {
		crash(v, "returns to user space without a user page table");
		return false;
	}
	v->kernel_mode = false;
	swapgs();
	tlb_enter(TLB_USER);
	return true;
}

static uint64_t flags_for_guest(const struct vcpu *v, const struct regs *regs)
{
	uint64_t flags = regs->rflags & ~(uint64_t)(RFLAGS_IF | RFLAGS_IOPL);

	if (!v->info->evtchn_upcall_mask)
		flags |= RFLAGS_IF;
	if (v->frame_iopl)
		flags |= (uint64_t)v->iopl << 12;
	return flags;
}

/* Write a frame, whose lowest address is sp; false if that fails. */
INLINE bool write_frame(uint64_t *sp, const struct regs *regs, uint64_t cs,
	uint64_t flags, const uint64_t *extra, unsigned nr)
{
	if (guest_va_ours((gva_t){(uint64_t)sp}))
		return false;
	guest_open();
	guest_store(sp, regs->rcx, fault);
	guest_store(sp + 1, regs->r11, fault);
	for (unsigned i = 0; i < nr; i++)
		guest_store(sp + 2 + i, extra[i], fault);
	sp += 2 + nr;
	guest_store(sp, regs->rip, fault);
	guest_store(sp + 1, cs, fault);
	guest_store(sp + 2, flags, fault);
	guest_store(sp + 3, regs->rsp, fault);
	guest_store(sp + 4, regs->ss & 0xffff, fault);
	guest_close();
	return true;
fault:
	guest_close();
	return false;
}

/* To an entry point, with `nr` more words below RIP, lowest first. */
INLINE void bounce(struct vcpu *v, struct regs *regs, uint64_t rip,
	bool mask_events, const uint64_t *extra, unsigned nr)
{
	const bool from_kernel = v->kernel_mode;
	const uint64_t cs = (regs->cs & 0xfffc) | (from_kernel ? 0 : 3) |
			    (uint64_t)v->info->evtchn_upcall_mask << 32;
	uint64_t sp = from_kernel ? regs->rsp : v->kernel_sp;

	if (!from_kernel)
		enter_kernel(v);
	sp = (sp & ~15ull) - (7 + nr) * sizeof(sp);
	if (!write_frame((uint64_t *)sp, regs, cs, flags_for_guest(v, regs),
		    extra, nr)) {
		crash(v, "cannot take a frame for %#lx on its stack %#lx", rip,
			sp);
		return;
	}
	if (mask_events)
		write_once(&v->info->evtchn_upcall_mask, 1);
	regs->rip = rip;
	regs->rsp = sp;
	regs->cs = SEL_USER_CS64;
	regs->ss = SEL_USER_DS;
	regs->rflags = (regs->rflags & ~(uint64_t)(RFLAGS_TF | RFLAGS_NT |
						   RFLAGS_RF | RFLAGS_VM |
						   RFLAGS_AC | RFLAGS_IOPL)) |
		       RFLAGS_IF;
}

static void call_back(struct vcpu *v, struct regs *regs, struct callback to)
{
	bounce(v, regs, to.rip, to.mask_events, NULL, 0);
}

void deliver_trap(struct regs *regs, uint8_t vector, int32_t error)
{
	struct vcpu *const v = current;
	const struct trap_info *const trap = &v->traps[vector];
	const uint64_t code = (uint32_t)error;

	if (!trap->address) {
		crash(v, "has no handler for exception %u, error %#x at %#lx",
			vector, error < 0 ? 0 : error, regs->rip);
		return;
	}
	if (error >= 0)
		bounce(v, regs, trap->address, trap->flags & 4, &code, 1);
	else
		bounce(v, regs, trap->address, trap->flags & 4, NULL, 0);
}

void deliver_page_fault(struct regs *regs, uint64_t address, uint32_t error)
{
	struct vcpu *const v = current;

	/* Ring 3 for the CPU, but which half of the guest? */
	error &= ~4u;
	if (!v->kernel_mode)
		error |= 4;
	v->cr2 = address;
	v->info->arch.cr2 = address;
	deliver_trap(regs, TRAP_PAGE_FAULT, (int32_t)error);
}

void deliver_event(struct regs *regs)
{
	struct vcpu *const v = current;

	if (!v->event.rip) {
		crash(v, "is to take an event but has no event callback");
		return;
	}
	v->perf[SHOJI_PERF_UPCALL]++;
	call_back(v, regs, v->event);
}

void deliver_nmi(struct regs *regs)
{
	struct vcpu *const v = current;

	v->nmi_masked = true;
	if (v->nmi.rip)
		call_back(v, regs, v->nmi);
	else
		deliver_trap(regs, TRAP_NMI, NO_ERROR_CODE);
}

void deliver_failsafe(
	struct regs *regs, uint16_t ds, uint16_t es, uint16_t fs, uint16_t gs)
{
	struct vcpu *const v = current;
	const uint64_t selectors[] = {ds, es, fs, gs};

	if (!v->failsafe.rip) {
		crash(v, "has no failsafe callback for a bad selector");
		return;
	}
	bounce(v, regs, v->failsafe.rip, v->failsafe.mask_events, selectors, 4);
}

/* System calls of guest user space */

/* RIP is behind the instruction. */
void guest_syscall(struct regs *regs)
{
	struct vcpu *const v = current;
	const struct callback to =
		regs->cs == SEL_USER_CS64 ? v->syscall : v->syscall32;

	irq_enable();
	v->perf[SHOJI_PERF_SYSCALL]++;
	/* The kernel has no 32-bit code of its own that would do this. */
	if (v->kernel_mode || !to.rip) {
		regs->rip -= 2;
		deliver_trap(regs, TRAP_INVALID_OP, NO_ERROR_CODE);
		return;
	}
	call_back(v, regs, to);
	regs->rflags &= ~(uint64_t)RFLAGS_DF;
}

void guest_sysenter(struct regs *regs)
{
	struct vcpu *const v = current;

	irq_enable();
	if (!v->sysenter.rip || v->kernel_mode) {
		deliver_trap(regs, TRAP_GENERAL, 0);
		return;
	}
	v->perf[SHOJI_PERF_SYSCALL]++;
	call_back(v, regs, v->sysenter);
}

/* iret(): the frame at RSP (ABI surface 3.3). */
struct iret_frame {
	uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

int64_t hypercall_iret(struct hypercall_args *)
{
	struct regs *const regs = guest_regs();
	struct vcpu *const v = current;
	struct iret_frame f;

	if (get_guest(&f, (gva_t){regs->rsp}, 0)) {
		crash(v, "has no frame for iret at %#lx", regs->rsp);
		return 0;
	}
	if ((f.cs & 3) == 3 && !enter_user(v))
		return 0;
	if (v->frame_iopl)
		v->iopl = f.rflags >> 12 & 3;
	regs->rip = f.rip;
	regs->cs = (f.cs & 0xffff) | 3;
	regs->rflags = (f.rflags & ~(uint64_t)(RFLAGS_IOPL | RFLAGS_VM |
					       RFLAGS_VIF | RFLAGS_VIP)) |
		       RFLAGS_IF | RFLAGS_RESERVED1;
	regs->rsp = f.rsp;
	regs->ss = (f.ss & 0xffff) | 3;
	regs->r11 = f.r11;
	regs->rcx = f.rcx;
	write_once(&v->info->evtchn_upcall_mask, !(f.rflags & RFLAGS_IF));
	v->nmi_masked = false;
	if (v->exit_work_late) {
		atomic_or(&v->exit_work, v->exit_work_late);
		v->exit_work_late = 0;
	}
	return (int64_t)f.rax;
}
