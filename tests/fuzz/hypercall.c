// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every hypercall with every argument, from dom0 and from two guests without
 * privilege, against the real dispatch and nearly all of the hypervisor's
 * files; only what touches hardware is made up (hvmachine.c). The input is a
 * list of steps: who does it, whether and when a timer interrupts it, and a
 * hypercall, a multicall, an exception, a store of the guest, some time.
 *
 * After each step: the counts of all frames are those that the audit finds, no
 * lock is held, what another guest did not grant to the caller is as it was,
 * the registers of the guest are such that ring 3 cannot be left with them, and
 * an error has left its reason. In the end all domains die, and all memory is
 * back.
 */
#include "tests/fuzz/hypercall.h"

#include <setjmp.h>

#include "core/domain.h"
#include "core/event.h"
#include "core/granttab.h"
#include "core/softirq.h"
#include "core/vcpu.h"
#include "machine.h"
#include "mm/audit.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "pv/deliver.h"
#include "pv/hypercall.h"
#include "tests/fuzz/hvmachine.h"
#include "x86/apic.h"
#include "x86/asm.h"
#include "x86/desc.h"
#include "x86/irq.h"
#include "x86/traps.h"

#define STEPS_MAX 48
#define RESTARTS_MAX 2000
#define MULTICALL_MAX 6

enum {
	STEP_HYPERCALL,
	STEP_MULTICALL = 8,
	STEP_EXCEPTION = 11,
	STEP_STORE = 13,
	STEP_TIME = 15,
	STEP_INTERRUPT,
	STEP_KINDS
};

static jmp_buf ended;
static char before[HW_FRAMES][PAGE_SIZE];

void hw_ended(void)
{
	longjmp(ended, 1);
}

/* Checks */

static void tell(struct audit *a, const char *line)
{
	(void)a;
	fprintf(stderr, "audit: %s\n", line);
}

static void check_counts(void)
{
	static struct audit_count counts[HW_FRAMES];
	struct audit a = {.count = counts, .room = HW_FRAMES, .tell = tell};

	audit(&a);
	CHECK(!a.wrong);
}

/* What the guest goes on with: whatever it asked for, its own ring, with
 * interrupts, and no say over ports. */
static void check_registers(const struct regs *regs)
{
	CHECK((regs->cs & 3) == 3 && (regs->ss & 3) == 3);
	CHECK(regs->rflags & RFLAGS_IF);
	CHECK(!(regs->rflags &
		(RFLAGS_IOPL | RFLAGS_VM | RFLAGS_VIF | RFLAGS_VIP)));
}

/* What d shares, or did so until now: each frame's word is set. */
static void note_grants(const struct domain *d, bool *shared)
{
	const struct grant_table *const t = d->grants;

	for (unsigned i = 0; i < t->nr_frames; i++)
		for (unsigned n = 0; n < GRANTS_PER_FRAME; n++) {
			const struct grant_entry_v1 *const e =
				(const struct grant_entry_v1 *)t->frame[i] + n;

			if ((e->flags & GTF_type_mask) && e->frame < HW_FRAMES)
				shared[e->frame] = true;
			if (t->use[i][n].writers)
				shared[t->use[i][n].frame] = true;
		}
}

/* And where the hypervisor itself writes, because d asked it to. */
static void note_shared(struct domain *d, bool *shared)
{
	struct vcpu *v;

	note_grants(d, shared);
	for_each_vcpu (d, v)
		if (!mfn_none(v->info_frame))
			shared[v->info_frame.n] = true;
}

/* The frames whose contents are no business of the caller. */
static void find_private(const struct domain *caller, bool *private)
{
	bool shared[HW_FRAMES] = {0};
	bool living[GUESTS] = {0};

	for (uint16_t i = 0; i < GUESTS; i++) {
		struct domain *const d = domain_of_id(i);

		if (!d || d == caller || d->dying)
			continue;
		living[i] = true;
		note_shared(d, shared);
	}
	for (uint64_t i = 0; i < HW_FRAMES; i++)
	private[i] = frames[i].owner < GUESTS && living[frames[i].owner] &&
		     !shared[i] && !(frames[i].refs & FR_SHARED);
}

static void remember(const struct domain *caller, bool *watched)
{
	find_private(caller, watched);
	for (uint64_t i = 0; i < HW_FRAMES; i++)
		if (watched[i])
			memcpy(before[i], mfn_direct(MFN(i)), PAGE_SIZE);
}

static void compare(const struct domain *caller, const bool *watched)
{
	bool still[HW_FRAMES];

	find_private(caller, still);
	for (uint64_t i = 0; i < HW_FRAMES; i++)
		if (watched[i] && still[i])
			CHECK(!memcmp(
				before[i], mfn_direct(MFN(i)), PAGE_SIZE));
}

/* Steps */

/* The way back to the guest, as entry.S goes it. */
static void leave(struct vcpu *v)
{
	struct regs *const regs = guest_regs();

	for (unsigned rounds = 0;; rounds++) {
		CHECK(rounds < 1000 && !this_cpu()->lock_ranks);
		v->regs = *regs;
		if (this_cpu()->softirq) {
			if (hw_softirqs())
				return;
		} else if (v->exit_work || vcpu_event_deliverable(v)) {
			guest_exit_work(regs);
		} else {
			break;
		}
	}
	check_registers(regs);
}

static void put_arguments(const struct multicall_entry *call, struct regs *regs)
{
	regs->rax = call->op;
	regs->rdi = call->args[0];
	regs->rsi = call->args[1];
	regs->rdx = call->args[2];
	regs->r10 = call->args[3];
	regs->r8 = call->args[4];
	regs->rip += 2;
	regs->rcx = regs->rip;
	regs->vector = VECTOR_SYSCALL;
}

/* Each error has said why (core/refusal.c). */
static void dispatch(struct regs *regs)
{
	const uint64_t last = NR_HYPERCALLS - 1, nr = (uint32_t)regs->rax;
	int64_t result;

	machine_log[0] = '\0';
	result = hypercall_table[nr < last ? nr : last](&regs->args);
	if (result < 0)
		hypercall_failed(regs, result);
	else
		regs->rax = (uint64_t)result;
	CHECK(!strstr(machine_log, "without a reason"));
}

/* A long one goes on until it is done, if `persist`; else the guest thinks
 * of something else. */
static void do_call(
	struct vcpu *v, const struct multicall_entry *call, bool persist)
{
	struct regs *const regs = guest_regs();
	const uint64_t rip = regs->rip;

	put_arguments(call, regs);
	if (!v->kernel_mode) {
		guest_syscall(regs);
		return leave(v);
	}
	dispatch(regs);
	leave(v);
	for (unsigned n = 0; persist && current == v && v->kernel_mode &&
			     regs->rip == rip && regs->rax == call->op;
		n++) {
		CHECK(n < RESTARTS_MAX);
		regs->rip += 2;
		dispatch(regs);
		leave(v);
	}
}

static void multicall(struct caller *c, struct vcpu *v, bool persist)
{
	struct multicall_entry list[MULTICALL_MAX];
	const unsigned nr = 1 + (unsigned)take(c->in, 1) % MULTICALL_MAX;
	const struct multicall_entry call = {.op = __HYPERVISOR_multicall,
		.args = {guest_va(PAGE_CALLS), nr}};

	for (unsigned i = 0; i < nr; i++)
		hypercalls_make(c, &list[i]);
	hw_guest_store(guest_va(PAGE_CALLS), list, nr * sizeof(list[0]));
	do_call(v, &call, persist);
}

/* An instruction faults; the bytes are at RIP, two registers from the input. */
static void exception(struct caller *c, struct vcpu *v)
{
	static const uint8_t vectors[] = {
		14, 13, 14, 13, 6, 7, 1, 3, 0, 0x80, 14, 17};
	struct regs *const regs = guest_regs();
	const unsigned k = (unsigned)take(c->in, 1);
	uint8_t bytes[15];

	take_bytes(c->in, bytes, sizeof(bytes));
	hw_guest_store(regs->rip, bytes, sizeof(bytes));
	regs->vector = vectors[k % sizeof(vectors)];
	regs->error = regs->vector == 14 ? 3 : 0;
	if (k >= 0x80)
		regs->error = (int32_t)take(c->in, 2);
	regs->rbx = hypercalls_value(c);
	regs->rcx = hw_fault_address = hypercalls_value(c);
	regs->rax = hypercalls_value(c);
	if (regs->vector != 14)
		regs->error &= ~7u | (regs->error & 2);
	handle_guest_exception(regs);
	leave(v);
}

static void store(struct caller *c)
{
	const uint64_t va = hypercalls_value(c) & ~7ull;
	const uint64_t value = hypercalls_value(c);

	hw_guest_store(va, &value, sizeof(value));
}

/* A device's. */
static void interrupt(struct caller *c, struct vcpu *v)
{
	struct regs regs = {
		.vector = VECTOR_DEVICE_FIRST + (uint32_t)take(c->in, 1) % 8};

	irq_disable();
	irq_dispatch(&regs);
	irq_enable();
	leave(v);
}

static void do_step(struct caller *c, unsigned kind, bool persist)
{
	struct vcpu *const v = current;
	struct multicall_entry call;

	if (kind == STEP_INTERRUPT) {
		interrupt(c, v);
	} else if (kind == STEP_TIME) {
		machine_advance(machine_now + take(c->in, 3) * 100);
	} else if (kind >= STEP_STORE) {
		store(c);
	} else if (kind >= STEP_EXCEPTION) {
		exception(c, v);
	} else if (kind >= STEP_MULTICALL) {
		multicall(c, v, persist);
	} else {
		hypercalls_make(c, &call);
		do_call(v, &call, persist);
	}
}

/* Bytes: the CPU, and so the vCPU; what; when an interrupt comes. */
static void step(struct input *in)
{
	static bool watched[HW_FRAMES];
	const unsigned cpu = (unsigned)take(in, 1) % HW_CPUS;
	const unsigned what = (unsigned)take(in, 1);
	const unsigned timer = (unsigned)take(in, 1);
	struct caller c = {in, 0};
	struct domain *d;

	machine_on_cpu(cpu);
	d = current->domain;
	if (!d) {
		machine_advance(machine_now + 1000000);
		hw_settle();
		return;
	}
	c.guest = d->id % GUESTS;
	if (!d->privileged)
		remember(d, watched);
	*guest_regs() = current->regs;
	if (current->kernel_mode)
		guest_regs()->rsp = GUEST_SP;
	hw_interrupt_after = timer < 0x80 ? 0 : (timer - 0x7f) * 3;
	do_step(&c, what % STEP_KINDS, what < 0xc0);
	hw_interrupt_after = 0;
	if (!d->privileged)
		compare(d, watched);
	hw_settle();
	check_counts();
}

static void destroy(struct domain *d)
{
	domain_pause(d);
	hw_settle();
	machine_on_cpu(HW_CPUS - 1);
	for (unsigned n = 0; domain_destroy(d); n++)
		CHECK(n < 100000);
}

/* The end of all: what is left is the hypervisor's own. Dom0 is the last, for
 * its vCPUs may have work to do on the others' tables. */
static void destroy_all(uint64_t free_before)
{
	struct domain *d;

	hardware_domain = NULL; /* nobody is told */
	machine_on_cpu(HW_CPUS - 1);
	for_each_domain (d, 1)
		destroy(d);
	d = domain_get(0);
	destroy(d);
	domain_put(d);
	hw_settle();
	CHECK(!domain_next(0));
	CHECK(buddy_free_pages() + domain_table_pages() == free_before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint64_t free_before;

	hw_power_on();
	free_before = buddy_free_pages();
	guests_create();
	check_counts();
	if (setjmp(ended))
		return 0;
	for (unsigned i = 0; i < STEPS_MAX && in.left; i++)
		step(&in);
	destroy_all(free_before);
	return 0;
}
