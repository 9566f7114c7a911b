// SPDX-License-Identifier: BSD-2-Clause
/*
 * Virtual CPUs: creation, the register context that guests and tools load
 * and read, going up, destruction.
 *
 * A context is checked completely before anything changes. Page-table roots
 * and descriptor tables may take several calls (-ERESTART); the vCPU is not
 * `initialised`, and cannot run, until all is in place.
 */
#include "core/vcpu.h"

#include "core/domain.h"
#include "core/refusal.h"
#include "core/sched.h"
#include "core/schedop.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/mmu.h"
#include "pv/debugreg.h"
#include "pv/pvclock.h"
#include "pv/segment.h"
#include "pv/vcpuop.h"
#include "x86/clock.h"
#include "x86/cpu.h"
#include "x86/fpu.h"
#include "x86/msr.h"
#include "xen/errno.h"

#define CR0_ALWAYS 0x80050033ull /* PG AM WP NE ET MP PE */
#define CR4_GUEST (CR4_TSD | CR4_DE | CR4_FSGSBASE | CR4_OSXSAVE)
#define CR4_ALWAYS 0x660ull      /* PAE MCE OSFXSR OSXMMEXCPT */
#define MXCSR_OFFSET 24
#define DR6_DEFAULT 0xffff0ff0ull
#define DR7_DEFAULT 0x400ull
#define PERIOD_DEFAULT_NS 10000000ull

/* What a context does not say; on one that does not run. */
static void set_power_on_state(struct vcpu *v)
{
	v->kernel_mode = true;
	v->down = true;
	v->iopl = 0;
	v->io_bitmap = v->io_bitmap_ports = 0;
	v->exit_work = v->exit_work_late = 0;
	v->nmi_masked = v->failsafe_pending = false;
	v->blocked = v->polling = false;
	v->runstate_va = v->time_va = 0;
	v->tsc_aux = 0;
	v->dr[6] = DR6_DEFAULT;
	v->dr[7] = DR7_DEFAULT;
	v->period = PERIOD_DEFAULT_NS;
	v->event = v->failsafe = v->syscall = (struct callback){0};
	v->syscall32 = v->sysenter = v->nmi = (struct callback){0};
}

struct vcpu *vcpu_create(struct domain *d, unsigned id)
{
	struct vcpu *const v = heap_alloc(sizeof(*v));

	if (!v || id >= d->max_vcpus || d->vcpu[id])
		goto fail;
	v->domain = d;
	v->id = (uint16_t)id;
	v->info = &d->shared->vcpu_info[id];
	v->info->evtchn_upcall_mask = 1;
	v->kernel_l4 = v->user_l4 = v->info_frame = MFN_NONE;
	set_power_on_state(v);
	timer_init(&v->poll_timer, schedop_poll_timeout, v);
	timer_init(&v->singleshot, vcpuop_singleshot, v);
	timer_init(&v->periodic, vcpuop_periodic, v);
	v->traps = heap_alloc(256 * sizeof(*v->traps));
	if (!v->traps || fpu_vcpu_create(v) || sched_add(v))
		goto fail;
	pvclock_update(v);
	store_release(&d->vcpu[id], v);
	return v;

fail:
	if (v && v->domain)
		vcpu_free(v);
	else
		heap_free(v);
	return NULL;
}

void vcpu_free(struct vcpu *v)
{
	sched_remove(v);
	fpu_vcpu_destroy(v);
	heap_free(v->traps);
	heap_free(v);
}

/* Loading a context */

static bool context_sane(const struct vcpu_guest_context *c)
{
	if (!is_canonical(c->user_regs.rip) || !is_canonical(c->kernel_sp) ||
		!is_canonical(c->event_callback_eip) ||
		!is_canonical(c->failsafe_callback_eip) ||
		!is_canonical(c->syscall_callback_eip))
		return false;
	if (!is_canonical(c->fs_base) || !is_canonical(c->gs_base_kernel) ||
		!is_canonical(c->gs_base_user))
		return false;
	for (unsigned i = 0; i < 256; i++)
		if (!is_canonical(c->trap_ctxt[i].address))
			return false;
	if (c->gdt_ents > FIRST_RESERVED_GDT_ENTRY ||
		(c->ldt_ents &&
			!segment_may_ldt(c->ldt_base, c->ldt_ents)))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (!debugreg_may_watch(c->debugreg[i]))
			return false;
	return true;
}

static mfn_t root_of(uint64_t cr3)
{
	return cr3 ? MFN(xen_cr3_to_pfn(cr3)) : MFN_NONE;
}

/* From *A to *B, as both structures name them. */
#define COPY_GENERAL_REGISTERS(A, B)                                           \
	((B)->r15 = (A)->r15, (B)->r14 = (A)->r14, (B)->r13 = (A)->r13,        \
		(B)->r12 = (A)->r12, (B)->rbp = (A)->rbp, (B)->rbx = (A)->rbx, \
		(B)->r11 = (A)->r11, (B)->r10 = (A)->r10, (B)->r9 = (A)->r9,   \
		(B)->r8 = (A)->r8, (B)->rax = (A)->rax, (B)->rcx = (A)->rcx,   \
		(B)->rdx = (A)->rdx, (B)->rsi = (A)->rsi, (B)->rdi = (A)->rdi)

static void load_registers(struct vcpu *v, const struct cpu_user_regs *from)
{
	struct regs *const r = &v->regs;

	COPY_GENERAL_REGISTERS(from, r);
	r->error = 0;
	r->vector = 0;
	r->rip = from->rip;
	r->cs = from->cs | 3;
	r->rsp = from->rsp;
	r->ss = from->ss | 3;
	v->iopl = from->rflags >> 12 & 3;
	r->rflags = (from->rflags & ~(RFLAGS_IOPL | RFLAGS_NT | RFLAGS_VM |
					    RFLAGS_VIF | RFLAGS_VIP)) |
		    RFLAGS_IF | RFLAGS_RESERVED1;
	v->ds = from->ds;
	v->es = from->es;
	v->fs = from->fs;
	v->gs = from->gs;
}

static void load_entries(struct vcpu *v, const struct vcpu_guest_context *c)
{
	for (unsigned i = 0; i < 256; i++) {
		v->traps[i] = c->trap_ctxt[i];
		v->traps[i].vector = (uint8_t)i;
		v->traps[i].cs |= 3;
	}
	v->event = (struct callback){c->event_callback_eip, true};
	v->failsafe = (struct callback){c->failsafe_callback_eip,
		c->flags & VGCF_failsafe_disables_events};
	v->syscall = (struct callback){c->syscall_callback_eip,
		c->flags & VGCF_syscall_disables_events};
	v->kernel_sp = c->kernel_sp;
	v->kernel_ss = c->kernel_ss;
	v->fs_base = c->fs_base;
	v->gs_base_kernel = c->gs_base_kernel;
	v->gs_base_user = c->gs_base_user;
	v->ldt_base = c->ldt_ents ? c->ldt_base : 0;
	v->ldt_entries = (unsigned)c->ldt_ents;
}

static void load_control(struct vcpu *v, const struct vcpu_guest_context *c)
{
	v->kernel_mode = c->flags & VGCF_in_kernel;
	v->virtual_ts = c->ctrlreg[0] & CR0_TS;
	v->cr4 = c->ctrlreg[4] & CR4_GUEST;
	if (!cpu_has(CPU_FSGSBASE))
		v->cr4 &= ~(uint64_t)CR4_FSGSBASE; /* loading it would fault */
	for (unsigned i = 0; i < 4; i++)
		v->dr[i] = c->debugreg[i];
	v->dr[6] = (c->debugreg[6] & 0xe00f) | DR6_DEFAULT;
	v->dr[7] = (c->debugreg[7] & 0xffff00ff) | DR7_DEFAULT;
	/* A domain-wide choice travels with the first vCPU. */
	if (v->id == 0)
		v->domain->vm_assist = c->vm_assist & vcpuop_assists();
	vcpuop_show_iopl(v->domain);
}

/* x87 and SSE state; the rest starts clean (Intel SDM volume 1, 13.4.2). Bits
 * that MXCSR does not have would make FXRSTOR fault. */
static void load_fpu(struct vcpu *v, const void *fxsave)
{
	char *const area = fpu_area(v);
	const uint64_t valid = 3;

	memcpy(area, fxsave, 512);
	memset(area + MXCSR_OFFSET + 2, 0, 2);
	memcpy(area + 512, &valid, sizeof(valid));
}

int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	const mfn_t kernel = root_of(c->ctrlreg[3]);
	const mfn_t user = root_of(c->ctrlreg[1]);
	mfn_t gdt[FIRST_RESERVED_GDT_PAGE];
	int rc;

	if (!context_sane(c) || mfn_none(kernel))
		return reject(-EINVAL, "an address or root in the context");
	if (!(c->flags & VGCF_in_kernel) && mfn_none(user))
		return reject(-EINVAL, "user mode without a user root");
	if (v->initialised && (!mfn_equal(kernel, v->kernel_l4) ||
				      !mfn_equal(user, v->user_l4)))
		return reject(-EOPNOTSUPP, "it is up: its roots stay");

	for (unsigned i = 0; i < FIRST_RESERVED_GDT_PAGE; i++)
		gdt[i] = MFN(c->gdt_frames[i]);
	rc = segment_set_gdt(v, gdt, (unsigned)c->gdt_ents);
	if (!rc && !v->initialised)
		rc = mmu_set_roots(v, kernel, user);
	if (rc)
		return rc;

	load_registers(v, &c->user_regs);
	load_entries(v, c);
	load_control(v, c);
	if (c->flags & VGCF_i387_valid)
		load_fpu(v, c->fpu_ctxt.x);
	v->loaded_on = 0; /* what a CPU still has of it is old */
	store_release(&v->initialised, true);
	return 0;
}

/* Reading it */

static void store_registers(const struct vcpu *v, struct cpu_user_regs *to)
{
	const struct regs *const r = &v->regs;

	COPY_GENERAL_REGISTERS(r, to);
	to->rip = r->rip;
	to->cs = (uint16_t)r->cs;
	to->rsp = r->rsp;
	to->ss = (uint16_t)r->ss;
	to->rflags = (r->rflags & ~(uint64_t)RFLAGS_IOPL) | (uint64_t)v->iopl
								    << 12;
	to->saved_upcall_mask = read_once(&v->info->evtchn_upcall_mask);
	to->ds = v->ds;
	to->es = v->es;
	to->fs = v->fs;
	to->gs = v->gs;
}

void vcpu_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
	memset(c, 0, sizeof(*c));
	c->flags =
		VGCF_i387_valid | (v->kernel_mode ? VGCF_in_kernel : 0) |
		(v->failsafe.mask_events ? VGCF_failsafe_disables_events : 0) |
		(v->syscall.mask_events ? VGCF_syscall_disables_events : 0) |
		(v->down ? 0 : VGCF_online);
	memcpy(c->fpu_ctxt.x, fpu_area(v), sizeof(c->fpu_ctxt.x));
	store_registers(v, &c->user_regs);
	memcpy(c->trap_ctxt, v->traps, sizeof(c->trap_ctxt));
	c->ldt_base = v->ldt_base;
	c->ldt_ents = v->ldt_entries;
	for (unsigned i = 0; i * 512 < v->gdt_entries; i++)
		c->gdt_frames[i] = v->gdt_frames[i].n;
	c->gdt_ents = v->gdt_entries;
	c->kernel_ss = v->kernel_ss | 3;
	c->kernel_sp = v->kernel_sp;
	c->ctrlreg[0] = CR0_ALWAYS | (v->virtual_ts ? CR0_TS : 0);
	if (!mfn_none(v->user_l4))
		c->ctrlreg[1] = xen_pfn_to_cr3(v->user_l4.n);
	c->ctrlreg[2] = v->cr2;
	if (!mfn_none(v->kernel_l4))
		c->ctrlreg[3] = xen_pfn_to_cr3(v->kernel_l4.n);
	c->ctrlreg[4] = CR4_ALWAYS | v->cr4;
	memcpy(c->debugreg, v->dr, sizeof(c->debugreg));
	c->event_callback_eip = v->event.rip;
	c->failsafe_callback_eip = v->failsafe.rip;
	c->syscall_callback_eip = v->syscall.rip;
	c->vm_assist = v->domain->vm_assist;
	c->fs_base = v->fs_base;
	c->gs_base_kernel = v->gs_base_kernel;
	c->gs_base_user = v->gs_base_user;
}

/* Up, reset, end */

void vcpu_up(struct vcpu *v)
{
	write_once(&v->down, false);
	if (v->period)
		timer_set(&v->periodic, now() + v->period);
	vcpu_wake(v);
}

static void stop_timers(struct vcpu *v)
{
	timer_stop_sync(&v->poll_timer);
	timer_stop_sync(&v->singleshot);
	timer_stop_sync(&v->periodic);
}

/* Leave the guest's page for the slot in the shared one. */
static void drop_info(struct vcpu *v)
{
	if (mfn_none(v->info_frame))
		return;
	v->info = &v->domain->shared->vcpu_info[v->id];
	frame_put_writable(v->info_frame);
	frame_put(v->info_frame);
	v->info_frame = MFN_NONE;
}

/* References that the vCPU holds, but for its roots. */
static void drop_tables(struct vcpu *v)
{
	segment_set_gdt(v, NULL, 0);
	segment_flush_ldt(v);
	v->ldt_base = 0;
	v->ldt_entries = 0;
	drop_info(v);
}

void vcpu_destroy(struct vcpu *v)
{
	stop_timers(v);
	drop_tables(v);
	/* A walk keeps its owner until its vCPU comes back: not any more. */
	if (v->walk.owner) {
		domain_put(v->walk.owner);
		v->walk.owner = NULL;
	}
}

int vcpu_reset(struct vcpu *v)
{
	int rc;

	ASSERT(!v->running);
	write_once(&v->initialised, false);
	write_once(&v->down, true);
	rc = mmu_set_roots(v, MFN_NONE, MFN_NONE);
	if (rc)
		return rc;
	stop_timers(v);
	drop_tables(v);
	fpu_vcpu_reset(v);
	memset(v->traps, 0, 256 * sizeof(*v->traps));
	set_power_on_state(v);
	return 0;
}
