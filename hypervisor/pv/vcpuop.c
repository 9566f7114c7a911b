// SPDX-License-Identifier: BSD-2-Clause
/*
 * vcpu_op (ABI surface 7), set_timer_op and vm_assist.
 */
#include "pv/vcpuop.h"

#include "core/domain.h"
#include "core/event.h"
#include "core/eventport.h"
#include "core/refusal.h"
#include "core/sched.h"
#include "core/vcpu.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "mm/heap.h"
#include "pv/hypercall.h"
#include "pv/pvclock.h"
#include "x86/clock.h"
#include "xen/sched.h"

#define PERIOD_MIN_NS 1000000ull
#define PERIOD_MAX_NS 0x7fffffffffffffffull
/* A timeout this far away is an overflow of the guest's arithmetic (it would
 * sleep for days): it gets an early event, which does no harm. */
#define TIMEOUT_ABSURD_NS (1ull << 50)
#define TIMEOUT_CLAMP_NS 100000000ull

#define ASSISTS                                                                \
	(1ull << VMASST_TYPE_4gb_segments |                                    \
		1ull << VMASST_TYPE_writable_pagetables |                      \
		1ull << VMASST_TYPE_pae_extended_cr3 |                         \
		1ull << VMASST_TYPE_architectural_iopl |                       \
		1ull << VMASST_TYPE_runstate_update_flag)

/* Timers */

void vcpuop_singleshot(void *data)
{
	event_send_virq(data, VIRQ_TIMER);
}

void vcpuop_periodic(void *data)
{
	struct vcpu *const v = data;
	const uint64_t period = read_once(&v->period);
	uint64_t t = now();

	if (!period || read_once(&v->down))
		return;
	event_send_virq(v, VIRQ_TIMER);
	if (t < v->periodic.expires)
		t = v->periodic.expires; /* timers may fire a little early */
	/* On the grid of its first tick; ticks that were missed are lost. */
	timer_set(&v->periodic,
		v->periodic.expires +
			((t - v->periodic.expires) / period + 1) * period);
}

static int64_t set_periodic(struct vcpu *v, gva_t arg)
{
	struct vcpu_set_periodic_timer op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.period_ns < PERIOD_MIN_NS || op.period_ns > PERIOD_MAX_NS)
		return reject(-EINVAL, "a period of %lu ns", op.period_ns);
	write_once(&v->period, op.period_ns);
	if (!read_once(&v->down))
		timer_set(&v->periodic, now() + op.period_ns);
	return 0;
}

static int64_t stop_periodic(struct vcpu *v, gva_t)
{
	write_once(&v->period, 0);
	timer_stop(&v->periodic);
	return 0;
}

/* An event at an absolute time; now, if that has passed. */
static void set_timeout(struct vcpu *v, uint64_t when)
{
	if (when <= now()) {
		timer_stop(&v->singleshot);
		event_send_virq(v, VIRQ_TIMER);
	} else {
		timer_set(&v->singleshot, when);
	}
}

static int64_t set_singleshot(struct vcpu *v, gva_t arg)
{
	struct vcpu_set_singleshot_timer op;

	if (v != current)
		return reject(-EINVAL, "only for the caller's own vCPU");
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if ((op.flags & VCPU_SSHOTTMR_future) && op.timeout_abs_ns < now())
		return reject(-ETIME, "the time has passed");
	set_timeout(v, op.timeout_abs_ns);
	return 0;
}

static int64_t stop_singleshot(struct vcpu *v, gva_t)
{
	if (v != current)
		return reject(-EINVAL, "only for the caller's own vCPU");
	timer_stop(&v->singleshot);
	return 0;
}

/* set_timer_op(absolute ns, 0 stops): the old form of the one-shot timer. */
int64_t hypercall_set_timer_op(struct hypercall_args *a)
{
	const uint64_t t = now();
	uint64_t when = a->arg[0];

	if (when == 0) {
		timer_stop(&current->singleshot);
		return 0;
	}
	if (when > t && when - t > TIMEOUT_ABSURD_NS)
		when = t + TIMEOUT_CLAMP_NS;
	set_timeout(current, when);
	return 0;
}

/* Up and down */

static int64_t initialise(struct vcpu *v, gva_t arg)
{
	struct vcpu_guest_context *c;
	int rc = -EEXIST;

	if (read_once(&v->initialised))
		return reject(-EEXIST, "the vCPU is initialised already");
	c = heap_alloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (copy_from_guest(c, arg, sizeof(*c))) {
		rc = -EFAULT;
	} else if (!atomic_xchg(&v->loading, true)) {
		/* Only one of the domain's vCPUs loads it at a time. */
		if (!v->initialised)
			rc = vcpu_set_context(v, c);
		store_release(&v->loading, false);
	} else {
		reject(rc, "another vCPU initialises it");
	}
	heap_free(c);
	return rc;
}

static int64_t up(struct vcpu *v, gva_t)
{
	if (!load_acquire(&v->initialised))
		return reject(-EINVAL, "the vCPU is not initialised");
	if (v->down)
		vcpu_up(v);
	return 0;
}

static int64_t down(struct vcpu *v, gva_t)
{
	struct domain *const d = v->domain;
	struct vcpu *other;

	if (atomic_xchg(&v->down, true))
		return 0;
	timer_stop(&v->periodic);
	vcpu_sleep(v);
	for_each_vcpu (d, other)
		if (!read_once(&other->down))
			return 0;
	domain_shutdown(d, SHUTDOWN_poweroff);
	return 0;
}

static int64_t is_up(struct vcpu *v, gva_t)
{
	return !read_once(&v->down);
}

/* Records */

static int64_t get_runstate(struct vcpu *v, gva_t arg)
{
	struct vcpu_runstate_info state;

	sched_runstate(v, &state);
	return copy_to_guest(arg, &state, sizeof(state));
}

/* The address is one of the kernel's, which all its vCPUs share: it can be
 * tried now for another vCPU too. */
static int64_t register_runstate(struct vcpu *v, gva_t arg)
{
	struct vcpu_register_runstate_memory_area op;
	int64_t rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (gva_null(op.addr.v)) {
		v->runstate_va = 0;
		return 0;
	}
	rc = get_runstate(v, op.addr.v);
	if (!rc)
		v->runstate_va = op.addr.v.va;
	return rc;
}

static int64_t register_time(struct vcpu *v, gva_t arg)
{
	struct vcpu_register_time_memory_area op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (!gva_null(op.addr.v) &&
		copy_to_guest(op.addr.v, (const void *)&v->info->time,
			sizeof(struct vcpu_time_info)))
		return -EFAULT;
	v->time_late = false;
	v->time_va = op.addr.v.va;
	return 0;
}

static int64_t register_info(struct vcpu *v, gva_t arg)
{
	struct vcpu_register_vcpu_info op;
	struct vcpu_info *to;
	uint64_t flags;
	mfn_t mfn;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.offset > PAGE_SIZE - sizeof(*to) || op.offset % sizeof(uint64_t))
		return reject(-ENXIO, "offset %#x: no place there", op.offset);
	if (v != current && (!read_once(&v->down) || read_once(&v->running)))
		return reject(-EINVAL, "the vCPU is up");
	if (!mfn_none(v->info_frame) || atomic_xchg(&v->loading, true))
		return reject(-EINVAL, "it has a place already");
	mfn = MFN(op.mfn);
	if (!mfn_none(v->info_frame) || !frame_get(mfn, v->domain))
		goto fail;
	if (frame_get_writable(mfn)) {
		frame_put(mfn);
		goto fail;
	}

	to = (void *)((char *)mfn_direct(mfn) + op.offset);
	/* With the lock none of our own events goes to the old place. Another
	 * domain's may: have the guest look at everything. */
	flags = spin_lock_irq(&v->domain->events->lock);
	memmove(to, v->info, sizeof(*to)); /* may be the same page */
	v->info_frame = mfn;
	write_once(&v->info, to);
	memory_barrier();
	atomic_xchg(&to->evtchn_pending_sel, ~0ull);
	write_once(&to->evtchn_upcall_pending, 1);
	spin_unlock_irq(&v->domain->events->lock, flags);
	pvclock_update(v);
	store_release(&v->loading, false);
	return 0;

fail:
	store_release(&v->loading, false);
	return -EINVAL;
}

/* NMI */

void vcpu_send_nmi(struct vcpu *v)
{
	if (atomic_or(&v->exit_work, EXIT_NMI) & EXIT_NMI)
		return;
	vcpu_unblock(v);
	vcpu_kick(v);
}

static int64_t send_nmi(struct vcpu *v, gva_t)
{
	vcpu_send_nmi(v);
	return 0;
}

int64_t hypercall_vcpu_op(struct hypercall_args *a)
{
	static int64_t (*const ops[])(struct vcpu *, gva_t) = {
		[VCPUOP_initialise] = initialise,
		[VCPUOP_up] = up,
		[VCPUOP_down] = down,
		[VCPUOP_is_up] = is_up,
		[VCPUOP_get_runstate_info] = get_runstate,
		[VCPUOP_register_runstate_memory_area] = register_runstate,
		[VCPUOP_set_periodic_timer] = set_periodic,
		[VCPUOP_stop_periodic_timer] = stop_periodic,
		[VCPUOP_set_singleshot_timer] = set_singleshot,
		[VCPUOP_stop_singleshot_timer] = stop_singleshot,
		[VCPUOP_register_vcpu_info] = register_info,
		[VCPUOP_send_nmi] = send_nmi,
		[VCPUOP_register_vcpu_time_memory_area] = register_time,
	};
	const struct domain *const d = current->domain;
	const uint32_t cmd = (uint32_t)a->arg[0];
	const uint32_t id = (uint32_t)a->arg[1];

	if (id >= d->max_vcpus || !d->vcpu[id])
		return reject(-ENOENT, "there is no such vCPU");
	if (cmd == VCPUOP_get_physid)
		return reject(-EINVAL, "no vCPU is pinned for good");
	if (cmd >= sizeof(ops) / sizeof(ops[0]) || !ops[cmd])
		return reject(-ENOSYS, "there is no operation %u", cmd);
	return ops[cmd](d->vcpu[id], (gva_t){a->arg[2]});
}

/* vm_assist */

void vcpuop_show_iopl(struct domain *d)
{
	struct vcpu *v;

	for_each_vcpu (d, v)
		v->frame_iopl =
			d->vm_assist >> VMASST_TYPE_architectural_iopl & 1;
}

uint64_t vcpuop_assists(void)
{
	return ASSISTS;
}

int64_t hypercall_vm_assist(struct hypercall_args *a)
{
	struct domain *const d = current->domain;
	const uint32_t type = (uint32_t)a->arg[1];

	if (type >= 64 || !(ASSISTS >> type & 1))
		return reject(-EINVAL, "there is no assist %u", type);
	if ((uint32_t)a->arg[0] == VMASST_CMD_enable)
		atomic_or(&d->vm_assist, 1ull << type);
	else if ((uint32_t)a->arg[0] == VMASST_CMD_disable)
		atomic_and(&d->vm_assist, ~(1ull << type));
	else
		return reject(-ENOSYS, "neither enable nor disable");
	vcpuop_show_iopl(d);
	return 0;
}
