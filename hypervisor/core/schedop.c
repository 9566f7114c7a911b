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
#include "core/refusal.h"
#include "core/sched.h"
#include "core/subop.h"
#include "lib/log.h"
#include "mm/guestmem.h"
#include "mm/heap.h"
#include "pv/hypercall.h"
#include "x86/clock.h"
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
			return reject(-EINVAL, "there is no port %u", port);
		if (i == 0)
			*first = port;
		found |= event_port_pending(d, port);
	}
	return found;
}

static int64_t do_poll(struct domain *d, void *arg)
{
	const struct sched_poll *const poll = arg;
	struct vcpu *const v = current;
	uint32_t port = POLL_ANY;
	int rc;

	if (poll->nr_ports > POLL_PORTS_MAX)
		return reject(-EINVAL, "%u ports, above 128", poll->nr_ports);

	/* Sleep from here on, unless there is a reason not to: whatever comes
	 * after this finds us asleep and wakes us. */
	write_once(&v->poll_port, POLL_ANY);
	write_once(&v->polling, true);
	write_once(&v->blocked, true);
	atomic_or(&d->pollers, 1u << v->id);

	rc = any_pending(d, poll, &port);
	if (rc || vcpu_event_deliverable(v) || read_once(&v->exit_work)) {
		stop_polling(v);
		vcpu_unblock(v);
		return rc < 0 ? rc : 0;
	}
	if (poll->nr_ports == 1)
		write_once(&v->poll_port, port);
	if (poll->timeout)
		timer_set(&v->poll_timer, poll->timeout);
	else if (v->poll_timer.queued)
		timer_stop(&v->poll_timer);
	raise_softirq(SOFTIRQ_SCHEDULE);
	return 0;
}

/* The others */

static int64_t do_yield(struct domain *, void *)
{
	vcpu_yield();
	return 0;
}

static int64_t do_block(struct domain *, void *)
{
	write_once(&current->info->evtchn_upcall_mask, 0);
	vcpu_block();
	return 0;
}

static int64_t do_shutdown(struct domain *d, void *arg)
{
	const struct sched_shutdown *const op = arg;

	if (op->reason > SHUTDOWN_MAX)
		return reject(-EINVAL, "there is no reason %u", op->reason);
	if (op->reason == SHUTDOWN_crash)
		log_guest(LOG_WARN, "d%u: says that it has crashed", d->id);
	domain_shutdown(d, (uint8_t)op->reason);
	return 0;
}

/* For what the guest's next shutdown should look like. */
static int64_t do_shutdown_code(struct domain *d, void *arg)
{
	const struct sched_shutdown *const op = arg;

	if (op->reason > SHUTDOWN_MAX)
		return reject(-EINVAL, "there is no reason %u", op->reason);
	d->shutdown_code = (uint8_t)(op->reason + 1);
	return 0;
}

static int64_t do_remote_shutdown(struct domain *d, void *arg)
{
	const struct sched_remote_shutdown *const op = arg;

	if (op->reason > SHUTDOWN_MAX)
		return reject(-EINVAL, "there is no reason %u", op->reason);
	domain_shutdown(d, (uint8_t)op->reason);
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

static int64_t watchdog_new(struct watchdog *all, uint64_t when)
{
	for (unsigned i = 0; i < WATCHDOGS; i++) {
		if (atomic_xchg(&all[i].used, true))
			continue;
		timer_set(&all[i].timer, when);
		return i + 1;
	}
	return reject(-ENOSPC, "all watchdogs are in use");
}

/* id 0: a new one, its id (from 1) is the result. */
static int64_t do_watchdog(struct domain *d, void *arg)
{
	const struct sched_watchdog *const op = arg;
	struct watchdog *w = watchdogs_of(d);
	const uint64_t when = now() + op->timeout * 1000000000ull;

	if (!w)
		return -ENOMEM;
	if (op->id > WATCHDOGS)
		return reject(-EINVAL, "there is no watchdog %u", op->id);
	if (op->id == 0)
		return watchdog_new(w, when);
	w += op->id - 1;
	if (!read_once(&w->used))
		return reject(-EINVAL, "watchdog %u is not in use", op->id);
	if (op->timeout) {
		timer_set(&w->timer, when);
	} else {
		timer_stop(&w->timer);
		write_once(&w->used, false);
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
	static const struct subop ops[] = {
		[SCHEDOP_yield] = {.fn = do_yield},
		[SCHEDOP_block] = {.fn = do_block},
		[SCHEDOP_shutdown] = SUBOP(do_shutdown, sched_shutdown),
		[SCHEDOP_poll] = SUBOP(do_poll, sched_poll),
		[SCHEDOP_remote_shutdown] = SUBOP_ON(do_remote_shutdown,
			sched_remote_shutdown, domain_id, .dom0 = true),
		[SCHEDOP_shutdown_code] = SUBOP(
			do_shutdown_code, sched_shutdown),
		[SCHEDOP_watchdog] = SUBOP(do_watchdog, sched_watchdog),
	};

	return SUBOP_RUN(ops, (uint32_t)a->arg[0], (gva_t){a->arg[1]});
}
