// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/domain.c, vcpu.c and pv/vcpuop.c: creation that fails half-way, ids,
 * references, destruction that gives everything back, shutdown and resume,
 * vCPU contexts, vcpu_op.
 */
#include <stdlib.h>
#include <string.h>

#include "core/event.h"
#include "core/sched.h"
#include "machine.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "pv/hypercall.h"
#include "suite.h"
#include "x86/msr.h"
#include "xen/errno.h"
#include "xen/sched.h"
#include "xen/vcpu.h"

static struct domain *d0;

static const struct domain_config guest_config = {
	.max_vcpus = 2,
	.max_grant_frames = -1,
	.max_maptrack_frames = -1,
};

static void start(void)
{
	machine_reset(1);
	d0 = machine_domain(0, 1);
	machine_settle();
}

static int create(uint16_t id, struct domain **d)
{
	return domain_create(id, &guest_config, d);
}

/* Nothing of d runs, and what ran there is dom0. */
static void stop(struct domain *d)
{
	domain_pause(d);
	machine_settle();
}

static void destroyed_completely(void)
{
	unsigned before;
	struct domain *d;

	start();
	/* The id table's page is there from d0 on. */
	before = machine_allocations;
	for (uint16_t round = 0; round < 50; round++) {
		CHECK_EQUAL(create(domain_free_id(), &d), 0);
		CHECK(vcpu_create(d, 0) && vcpu_create(d, 1));
		for (unsigned i = 0; i < 100; i++)
			machine_page(d);
		machine_destroy(d);
		CHECK_EQUAL(machine_allocations, before);
	}
	CHECK_EQUAL(domain_free_id(), 51);
}

static void creation_fails_cleanly(void)
{
	unsigned before, failures = 0;
	struct domain *d;
	int rc = -ENOMEM;

	start();
	before = machine_allocations;
	for (unsigned after = 0; rc; after++) {
		machine_alloc_fails_after = after;
		rc = create(5, &d);
		if (rc) {
			CHECK_EQUAL(rc, -ENOMEM);
			machine_settle();
			CHECK_EQUAL(machine_allocations, before);
			CHECK(domain_of_id(5) == NULL);
			failures++;
		}
	}
	CHECK(failures > 5);
}

static void vcpu_creation_fails_cleanly(void)
{
	unsigned before, failures = 0;
	struct vcpu *v = NULL;
	struct domain *d;

	start();
	CHECK_EQUAL(create(5, &d), 0);
	before = machine_allocations;
	for (unsigned after = 0; !v; after++) {
		machine_alloc_fails_after = after;
		v = vcpu_create(d, 0);
		if (!v) {
			CHECK_EQUAL(machine_allocations, before);
			failures++;
		}
	}
	CHECK(failures >= 2);
	machine_alloc_fails_after = ~0u;
	CHECK(vcpu_create(d, 0) == NULL); /* it is there */
	CHECK(vcpu_create(d, 2) == NULL); /* beyond its number */
}

static void ids(void)
{
	struct domain *d, *e;

	start();
	CHECK_EQUAL(create(7, &d), 0);
	CHECK_EQUAL(create(7, &e), -EEXIST);
	CHECK_EQUAL(create(DOMID_FIRST_RESERVED, &e), -EINVAL);
	CHECK_EQUAL(create(3000, &e), 0);
	CHECK(domain_get(8) == NULL && domain_get(DOMID_SELF) == NULL);
	CHECK(domain_get(7) == d);
	domain_put(d);
	e = domain_next(8);
	CHECK_EQUAL(e->id, 3000);
	domain_put(e);
	CHECK(domain_next(3001) == NULL);
	machine_enter(d0->vcpu[0]);
	CHECK(domain_get_or_self(DOMID_SELF) == d0);
}

/* Who holds a reference keeps the structure and the id, nothing else. */
static void referenced_after_death(void)
{
	struct domain *d;
	mfn_t mfn;

	start();
	CHECK_EQUAL(create(1, &d), 0);
	mfn = machine_page(d);
	CHECK(frame_get(mfn, d)); /* as a foreign mapping does */
	machine_destroy(d);
	CHECK(domain_of_id(1) == d);
	CHECK_EQUAL(d->dying, DOMAIN_DEAD);
	CHECK_EQUAL(d->nr_pages, 1);
	CHECK_EQUAL(domain_destroy(d), 0);
	frame_put(mfn);
	machine_settle();
	CHECK(domain_of_id(1) == NULL);
}

/* Memory that was on its way to a domain when it died goes back. */
static void memory_comes_too_late(void)
{
	unsigned before;
	struct domain *d;
	mfn_t mfn;

	start();
	before = machine_allocations;
	CHECK_EQUAL(create(1, &d), 0);
	domain_ref(d);
	machine_destroy(d);
	CHECK_EQUAL(frame_alloc(d, 0, 0, 5, &mfn), -ENOMEM);
	mfn = buddy_alloc(0, 0);
	m2p[mfn.n] = PFN_NONE;
	CHECK_EQUAL(frame_adopt(d, mfn, 0, 5), -EINVAL);
	CHECK_EQUAL(m2p[mfn.n], PFN_NONE);
	CHECK_EQUAL(d->nr_pages, 0);
	domain_put(d);
	machine_settle();
	CHECK_EQUAL(machine_allocations, before);
}

static void shutdown_and_resume(void)
{
	struct domain *d;
	struct vcpu *v;

	start();
	d = machine_domain(1, 2);
	machine_settle();
	domain_shutdown(d, SHUTDOWN_suspend);
	machine_settle();
	CHECK(d->shut_down);
	CHECK_EQUAL(d->shutdown_code, SHUTDOWN_suspend + 1);
	for_each_vcpu (d, v)
		CHECK(!v->running);
	domain_shutdown(d, SHUTDOWN_crash); /* too late */
	CHECK_EQUAL(d->shutdown_code, SHUTDOWN_suspend + 1);
	CHECK_EQUAL(d->pause_count, 1);
	domain_resume(d);
	domain_resume(d);
	CHECK_EQUAL(d->pause_count, 0);
	CHECK(vcpu_runnable(d->vcpu[0]));
	machine_settle();
	stop(d);
	machine_destroy(d);
	CHECK(domain_of_id(1) == NULL);
}

/* dom0 hears of it. */
static void death_is_announced(void)
{
	struct evtchn_bind_virq op = {.virq = VIRQ_DOM_EXC};
	struct hypercall_args a = {{EVTCHNOP_bind_virq, (uint64_t)&op}};
	struct domain *d;

	start();
	machine_enter(d0->vcpu[0]);
	CHECK_EQUAL(hypercall_event_channel_op(&a), 0);
	CHECK_EQUAL(create(1, &d), 0);
	CHECK_EQUAL(d0->shared->evtchn_pending[0], 0);
	domain_shutdown(d, SHUTDOWN_poweroff);
	CHECK_EQUAL(d0->shared->evtchn_pending[0], 1ull << op.port);
	d0->shared->evtchn_pending[0] = 0;
	machine_destroy(d);
	CHECK_EQUAL(d0->shared->evtchn_pending[0], 1ull << op.port);
}

/* vCPU contexts */

static struct vcpu_guest_context context(void)
{
	struct vcpu_guest_context c;

	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel | VGCF_online | VGCF_syscall_disables_events;
	c.user_regs.rip = 0xffffffff81000000;
	c.user_regs.rsp = 0xffffffff82000000;
	c.user_regs.rsi = 0x1234;
	c.user_regs.r15 = 0x5678;
	c.user_regs.cs = FLAT_KERNEL_CS;
	c.user_regs.ss = FLAT_KERNEL_SS;
	c.user_regs.rflags = 0x1202;
	c.ctrlreg[3] = 77 << 12;
	c.kernel_sp = 0xffffffff82000000;
	c.event_callback_eip = 0xffffffff81000100;
	c.gs_base_kernel = 0xffff888000000000;
	c.trap_ctxt[14] = (struct trap_info){14, 4, 0xe030, 0xffffffff81000200};
	c.vm_assist = ~0ull;
	return c;
}

static void context_round_trip(void)
{
	struct vcpu_guest_context c = context(), back;
	struct domain *d;
	struct vcpu *v;

	start();
	CHECK_EQUAL(create(1, &d), 0);
	v = vcpu_create(d, 0);
	/* What the CPU does not take when it is loaded. */
	c.ctrlreg[4] = ~0ull;
	c.flags |= VGCF_i387_valid;
	memset(c.fpu_ctxt.x, 0xff, sizeof(c.fpu_ctxt.x));
	CHECK_EQUAL(vcpu_set_context(v, &c), 0);
	CHECK_EQUAL(v->cr4, CR4_TSD | CR4_DE | CR4_OSXSAVE);
	CHECK(v->initialised && v->kernel_mode);
	CHECK_EQUAL(v->iopl, 1); /* of the flags it was given */
	CHECK_EQUAL(v->regs.rflags, 0x202);
	CHECK_EQUAL(v->kernel_l4.n, 77);
	CHECK(mfn_none(v->user_l4));
	vcpu_get_context(v, &back);
	CHECK_EQUAL(back.user_regs.rip, c.user_regs.rip);
	CHECK_EQUAL(back.user_regs.rsi, 0x1234);
	CHECK_EQUAL(back.user_regs.r15, 0x5678);
	CHECK_EQUAL(back.user_regs.rflags, 0x1202);
	CHECK_EQUAL(back.user_regs.cs & 3, 3);
	CHECK_EQUAL(back.ctrlreg[3], c.ctrlreg[3]);
	CHECK_EQUAL(back.ctrlreg[1], 0);
	CHECK_EQUAL(back.trap_ctxt[14].address, c.trap_ctxt[14].address);
	CHECK_EQUAL(back.trap_ctxt[14].cs, 0xe033);
	CHECK_EQUAL(back.event_callback_eip, c.event_callback_eip);
	CHECK_EQUAL(back.gs_base_kernel, c.gs_base_kernel);
	CHECK_EQUAL(*(uint32_t *)&back.fpu_ctxt.x[24], 0xffff); /* MXCSR */
	CHECK_EQUAL(back.flags & VGCF_syscall_disables_events,
		VGCF_syscall_disables_events);
	CHECK(!(back.vm_assist >> 63));
	CHECK(!(back.flags & VGCF_online)); /* still down */
}

static void context_refused(void)
{
	static const uint64_t bad = 0x0000900000000000;
	struct vcpu_guest_context c = context();
	struct domain *d;
	struct vcpu *v;

	start();
	CHECK_EQUAL(create(1, &d), 0);
	v = vcpu_create(d, 0);
#define REFUSED(field, value)                                                  \
	do {                                                                   \
		c = context();                                                 \
		c.field = (value);                                             \
		CHECK_EQUAL(vcpu_set_context(v, &c), -EINVAL);                 \
		CHECK(!v->initialised && mfn_none(v->kernel_l4));              \
	} while (0)
	REFUSED(user_regs.rip, bad);
	REFUSED(kernel_sp, bad);
	REFUSED(event_callback_eip, bad);
	REFUSED(fs_base, bad);
	REFUSED(gs_base_user, bad);
	REFUSED(trap_ctxt[3].address, bad);
	REFUSED(gdt_ents, 7169);
	REFUSED(ldt_ents, 8193);
	REFUSED(ctrlreg[3], 0);
	REFUSED(flags, 0); /* user mode without a user's root */
	REFUSED(debugreg[0], 0xffff800000000000);
#undef REFUSED
	c = context();
	CHECK_EQUAL(vcpu_set_context(v, &c), 0);
	c.ctrlreg[3] = 78 << 12;
	CHECK_EQUAL(vcpu_set_context(v, &c), -EOPNOTSUPP);
	CHECK_EQUAL(vcpu_reset(v), 0);
	CHECK_EQUAL(vcpu_set_context(v, &c), 0);
}

/* vcpu_op */

static int64_t vcpu_op(unsigned cmd, unsigned id, const void *arg)
{
	struct hypercall_args a = {{cmd, id, (uint64_t)arg}};

	return hypercall_vcpu_op(&a);
}

/* A guest whose first vCPU is current. */
static struct domain *guest(unsigned vcpus)
{
	struct domain *d;

	start();
	stop(d0);
	d = machine_domain(1, vcpus);
	for (unsigned i = 1; i < vcpus; i++)
		d->vcpu[i]->initialised = !(d->vcpu[i]->down = true);
	machine_settle();
	CHECK(current == d->vcpu[0]);
	return d;
}

static void bring_up(void)
{
	struct vcpu_guest_context c = context();
	struct domain *d = guest(2);

	CHECK_EQUAL(vcpu_op(VCPUOP_is_up, 0, NULL), 1);
	CHECK_EQUAL(vcpu_op(VCPUOP_is_up, 1, NULL), 0);
	CHECK_EQUAL(vcpu_op(VCPUOP_is_up, 2, NULL), -ENOENT);
	CHECK_EQUAL(vcpu_op(VCPUOP_is_up, 8191, NULL), -ENOENT);
	CHECK_EQUAL(vcpu_op(99, 0, NULL), -ENOSYS);
	CHECK_EQUAL(vcpu_op(VCPUOP_up, 1, NULL), -EINVAL);
	CHECK_EQUAL(vcpu_op(VCPUOP_initialise, 1, NULL), -EFAULT);
	CHECK_EQUAL(vcpu_op(VCPUOP_initialise, 1, &c), 0);
	CHECK_EQUAL(vcpu_op(VCPUOP_initialise, 1, &c), -EEXIST);
	CHECK_EQUAL(vcpu_op(VCPUOP_up, 1, NULL), 0);
	CHECK_EQUAL(vcpu_op(VCPUOP_up, 1, NULL), 0);
	CHECK(vcpu_runnable(d->vcpu[1]));
	CHECK_EQUAL(vcpu_op(VCPUOP_down, 1, NULL), 0);
	CHECK(!vcpu_runnable(d->vcpu[1]) && !d->shut_down);
	/* The last one: that is the domain's end. */
	CHECK_EQUAL(vcpu_op(VCPUOP_down, 0, NULL), 0);
	CHECK(d->shut_down);
	CHECK_EQUAL(d->shutdown_code, SHUTDOWN_poweroff + 1);
}

static void info_moves(void)
{
	struct domain *d = guest(2);
	const mfn_t mfn = machine_page(d);
	struct vcpu_register_vcpu_info op = {.mfn = mfn.n, .offset = 64};
	struct vcpu *const v = d->vcpu[0];
	struct vcpu_info *const slot = v->info;
	struct vcpu_info *const to = (void *)((char *)mfn_direct(mfn) + 64);

	slot->evtchn_upcall_mask = 1;
	op.offset = 4096 - 63;
	CHECK_EQUAL(vcpu_op(VCPUOP_register_vcpu_info, 0, &op), -ENXIO);
	op = (struct vcpu_register_vcpu_info){.mfn = 4000};
	CHECK_EQUAL(vcpu_op(VCPUOP_register_vcpu_info, 0, &op), -EINVAL);
	op = (struct vcpu_register_vcpu_info){.mfn = mfn.n, .offset = 64};
	CHECK_EQUAL(vcpu_op(VCPUOP_register_vcpu_info, 0, &op), 0);
	CHECK(v->info == to);
	CHECK_EQUAL(to->evtchn_pending_sel, ~0ll);
	CHECK_EQUAL(to->evtchn_upcall_pending, 1);
	CHECK_EQUAL(to->evtchn_upcall_mask, 1);
	CHECK(to->time.tsc_to_system_mul && !(to->time.version & 1));
	CHECK_EQUAL(vcpu_op(VCPUOP_register_vcpu_info, 0, &op), -EINVAL);
	/* One that is not down is its own business. */
	d->vcpu[1]->down = false;
	op.offset = 128;
	CHECK_EQUAL(vcpu_op(VCPUOP_register_vcpu_info, 1, &op), -EINVAL);
	/* Its page is given back with the domain. */
	stop(d);
	machine_destroy(d);
	CHECK(domain_of_id(1) == NULL);
}

static void timers(void)
{
	struct domain *d = guest(1);
	struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER};
	struct hypercall_args a = {{EVTCHNOP_bind_virq, (uint64_t)&bind}};
	struct vcpu_set_singleshot_timer op = {machine_now - 1, 0};
	struct vcpu_set_periodic_timer periodic = {999999};
	uint64_t *const pending = &d->shared->evtchn_pending[0];
	unsigned ticks = 0;

	CHECK_EQUAL(hypercall_event_channel_op(&a), 0);
	/* In the past: at once. */
	CHECK_EQUAL(vcpu_op(VCPUOP_set_singleshot_timer, 0, &op), 0);
	CHECK(atomic_xchg(pending, 0) != 0);
	op.flags = VCPU_SSHOTTMR_future;
	CHECK_EQUAL(vcpu_op(VCPUOP_set_singleshot_timer, 0, &op), -ETIME);
	CHECK_EQUAL(*pending, 0);
	op = (struct vcpu_set_singleshot_timer){machine_now + 5000000, 0};
	CHECK_EQUAL(vcpu_op(VCPUOP_set_singleshot_timer, 0, &op), 0);
	machine_advance(machine_now + 4000000);
	machine_settle();
	CHECK_EQUAL(*pending, 0);
	machine_advance(machine_now + 1000000);
	machine_settle();
	CHECK(atomic_xchg(pending, 0) != 0);
	CHECK_EQUAL(vcpu_op(VCPUOP_set_singleshot_timer, 0, &op), 0);
	CHECK(atomic_xchg(pending, 0) != 0);
	CHECK_EQUAL(vcpu_op(VCPUOP_set_periodic_timer, 0, &periodic), -EINVAL);
	periodic.period_ns = 3000000;
	CHECK_EQUAL(vcpu_op(VCPUOP_set_periodic_timer, 0, &periodic), 0);
	for (unsigned ms = 0; ms < 300; ms++) {
		machine_advance(machine_now + 1000000);
		machine_settle();
		ticks += atomic_xchg(pending, 0) != 0;
	}
	CHECK_EQUAL(ticks, 100);
	CHECK_EQUAL(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	machine_advance(machine_now + 10000000);
	machine_settle();
	CHECK_EQUAL(*pending, 0);
}

static void runstate_area(void)
{
	struct domain *d = guest(1);
	struct vcpu_runstate_info area = {0};
	struct vcpu_register_runstate_memory_area op = {
		.addr.p = (uint64_t)&area,
	};
	struct vcpu *const v = d->vcpu[0];

	CHECK_EQUAL(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &op), 0);
	CHECK_EQUAL(area.state, RUNSTATE_running);
	machine_advance(machine_now + 7000000);
	vcpu_block();
	machine_settle();
	/* Written on the way out: others see that it does not run. */
	CHECK_EQUAL(area.state, RUNSTATE_blocked);
	CHECK(area.time[RUNSTATE_running] >= 7000000);
	machine_advance(machine_now + 3000000);
	vcpu_mark_events_pending(v);
	machine_settle();
	CHECK_EQUAL(area.state, RUNSTATE_running);
	CHECK_EQUAL(area.time[RUNSTATE_blocked], 3000000);
	/* In user mode the address is not mapped: it waits. */
	v->kernel_mode = false;
	memset(&area, 0, sizeof(area));
	vcpu_yield();
	v->info->evtchn_upcall_pending = 0;
	vcpu_block();
	machine_settle();
	vcpu_mark_events_pending(v);
	machine_settle();
	CHECK_EQUAL(area.state_entry_time, 0);
	CHECK(v->runstate_late);
	op.addr.p = 8;
	CHECK_EQUAL(
		vcpu_op(VCPUOP_register_runstate_memory_area, 0, &op), -EFAULT);
}

SUITE({"destroyed_completely", destroyed_completely},
	{"creation_fails_cleanly", creation_fails_cleanly},
	{"vcpu_creation_fails_cleanly", vcpu_creation_fails_cleanly},
	{"ids", ids}, {"referenced_after_death", referenced_after_death},
	{"memory_comes_too_late", memory_comes_too_late},
	{"shutdown_and_resume", shutdown_and_resume},
	{"death_is_announced", death_is_announced},
	{"context_round_trip", context_round_trip},
	{"context_refused", context_refused}, {"bring_up", bring_up},
	{"info_moves", info_moves}, {"timers", timers},
	{"runstate_area", runstate_area})
