// SPDX-License-Identifier: BSD-2-Clause
/*
 * sched_op (ABI surface 2.3): yield, block, poll, shutdown, watchdog.
 *
 * A poller sets its bit in d->pollers before it looks at its ports; whoever
 * raises a port looks at d->pollers afterwards. So one of them sees the other
 * and no wake-up is lost. A vCPU that polls several ports is woken by any
 * event of the domain and looks for itself: the call returns 0 in any case,
 * and guests poll in loops.
 */
#include "core/schedop.h"

#include "core/domain.h"
#include "core/event.h"
#include "core/sched.h"
#include "core/shutdown.h"
#include "lib/log.h"
#include "mm/guestmem.h"
#include "mm/heap.h"
#include "pv/hypercall.h"
#include "x86/clock.h"
#include "xen/errno.h"
#include "xen/event_channel.h"
#include "xen/sched.h"

#define POLL_PORTS_MAX 128
#define POLL_ANY 0 /* v->poll_port: several */
#define WATCHDOGS 2

struct watchdog {
	struct timer timer;
	struct domain *domain;
	bool used; /* d->events' lock is not needed: atomic */
};

/* Polling */

static void stop_polling(struct vcpu *v)
{
	atomic_and(&v->domain->pollers, ~(1u << v->id));
	write_once(&v->polling, false);
}

void schedop_wake_pollers(struct domain *d, unsigned port)
{
	uint32_t bits = read_once(&d->pollers);

	for (; bits; bits &= bits - 1) {
		struct vcpu *v = d->vcpu[__builtin_ctz(bits)];
		const uint32_t wanted = read_once(&v->poll_port);

		if (wanted != POLL_ANY && wanted != port)
			continue;
		stop_polling(v);
		vcpu_unblock(v);
	}
}

void schedop_poll_timeout(void *data)
{
	struct vcpu *const v = data;

	if (!read_once(&v->polling))
		return; /* of a poll that has ended */
	stop_polling(v);
	vcpu_unblock(v);
}

/* Some port of the list is pending already; < 0: a bad one. */
static int any_pending(
	struct domain *d, const struct sched_poll *poll, uint32_t *first)
{
	int found = 0;

	for (uint32_t i = 0; i < poll->nr_ports; i++) {
		evtchn_port_t port;

		if (get_guest(&port, poll->ports, i))
			return -EFAULT;
		if (port >= EVTCHN_2L_NR_CHANNELS)
			return -EINVAL;
		if (i == 0)
			*first = port;
		found |= event_port_pending(d, port);
	}
	return found;
}

static int64_t do_poll(gva_t arg)
{
	struct vcpu *const v = current;
	struct domain *const d = v->domain;
	struct sched_poll poll;
	uint32_t port = POLL_ANY;
	int rc;

	if (copy_from_guest(&poll, arg, sizeof(poll)))
		return -EFAULT;
	if (poll.nr_ports > POLL_PORTS_MAX)
		return -EINVAL;

	/* Sleep from here on, unless there is a reason not to: whatever comes
	 * after this finds us asleep and wakes us. */
	write_once(&v->poll_port, POLL_ANY);
	write_once(&v->polling, true);
	write_once(&v->blocked, true);
	atomic_or(&d->pollers, 1u << v->id);

	rc = any_pending(d, &poll, &port);
	if (rc || vcpu_event_deliverable(v) || read_once(&v->exit_work)) {
		stop_polling(v);
		vcpu_unblock(v);
		return rc < 0 ? rc : 0;
	}
	if (poll.nr_ports == 1)
		write_once(&v->poll_port, port);
	if (poll.timeout)
		timer_set(&v->poll_timer, poll.timeout);
	else if (v->poll_timer.queued)
		timer_stop(&v->poll_timer);
	raise_softirq(SOFTIRQ_SCHEDULE);
	return 0;
}

/* The others */

static int64_t do_yield(gva_t arg)
{
	(void)arg;
	vcpu_yield();
	return 0;
}

static int64_t do_block(gva_t arg)
{
	(void)arg;
	write_once(&current->info->evtchn_upcall_mask, 0);
	vcpu_block();
	return 0;
}

static int64_t do_shutdown(gva_t arg)
{
	struct domain *const d = current->domain;
	struct sched_shutdown op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.reason > SHUTDOWN_MAX)
		return -EINVAL;
	if (op.reason == SHUTDOWN_crash)
		log_guest(LOG_WARN, "d%u: says that it has crashed", d->id);
	domain_shutdown(d, (uint8_t)op.reason);
	return 0;
}

/* For what the guest's next shutdown should look like. */
static int64_t do_shutdown_code(gva_t arg)
{
	struct sched_shutdown op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.reason > SHUTDOWN_MAX)
		return -EINVAL;
	current->domain->shutdown_code = (uint8_t)op.reason;
	return 0;
}

static int64_t do_remote_shutdown(gva_t arg)
{
	struct sched_remote_shutdown op;
	struct domain *d;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.reason > SHUTDOWN_MAX)
		return -EINVAL;
	if (!current->domain->privileged)
		return -EPERM;
	d = domain_get(op.domain_id);
	if (!d)
		return -ESRCH;
	domain_shutdown(d, (uint8_t)op.reason);
	domain_put(d);
	return 0;
}

/* Watchdogs */

static void watchdog_fired(void *data)
{
	struct watchdog *const w = data;

	log_warn("d%u: watchdog expired", w->domain->id);
	domain_shutdown(w->domain, SHUTDOWN_watchdog);
}

static struct watchdog *watchdogs_of(struct domain *d)
{
	struct watchdog *all = load_acquire(&d->watchdogs), *none = NULL;

	if (all)
		return all;
	all = heap_alloc(WATCHDOGS * sizeof(*all));
	if (!all)
		return NULL;
	for (unsigned i = 0; i < WATCHDOGS; i++) {
		timer_init(&all[i].timer, watchdog_fired, &all[i]);
		all[i].domain = d;
	}
	if (!atomic_cas(&d->watchdogs, &none, all)) {
		heap_free(all);
		all = none;
	}
	return all;
}

/* id 0: a new one, its id (from 1) is the result. */
static int64_t do_watchdog(gva_t arg)
{
	struct domain *const d = current->domain;
	struct sched_watchdog op;
	struct watchdog *all;
	uint64_t when;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.id > WATCHDOGS)
		return -EINVAL;
	all = watchdogs_of(d);
	if (!all)
		return -ENOMEM;
	when = now() + op.timeout * 1000000000ull;
	if (op.id == 0) {
		if (!op.timeout)
			return -EINVAL;
		for (unsigned i = 0; i < WATCHDOGS; i++) {
			if (atomic_xchg(&all[i].used, true))
				continue;
			timer_set(&all[i].timer, when);
			return i + 1;
		}
		return -ENOSPC;
	}
	if (!read_once(&all[op.id - 1].used))
		return -EINVAL;
	if (op.timeout) {
		timer_set(&all[op.id - 1].timer, when);
	} else {
		timer_stop(&all[op.id - 1].timer);
		write_once(&all[op.id - 1].used, false);
	}
	return 0;
}

void schedop_stop(struct domain *d)
{
	for (unsigned i = 0; d->watchdogs && i < WATCHDOGS; i++)
		timer_stop_sync(&d->watchdogs[i].timer);
}

void schedop_free(struct domain *d)
{
	heap_free(d->watchdogs);
}

int64_t hypercall_sched_op(struct hypercall_args *a)
{
	static int64_t (*const ops[])(gva_t) = {
		[SCHEDOP_yield] = do_yield,
		[SCHEDOP_block] = do_block,
		[SCHEDOP_shutdown] = do_shutdown,
		[SCHEDOP_poll] = do_poll,
		[SCHEDOP_remote_shutdown] = do_remote_shutdown,
		[SCHEDOP_shutdown_code] = do_shutdown_code,
		[SCHEDOP_watchdog] = do_watchdog,
	};
	const uint32_t cmd = (uint32_t)a->arg[0];

	if (cmd >= sizeof(ops) / sizeof(ops[0]))
		return -ENOSYS; /* pin_override among them */
	return ops[cmd]((gva_t){a->arg[1]});
}
