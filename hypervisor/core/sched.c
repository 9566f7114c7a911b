// SPDX-License-Identifier: BSD-2-Clause
/*
 * The scheduler. Every CPU has a queue of vCPUs that could run, ordered by
 * virtual time: CPU time used, divided by the domain's weight. The vCPU with
 * the least runs.
 *
 * Virtual time is one axis for all CPUs. A CPU whose next choice lies far
 * behind the head of another queue takes that head, so shares are fair over
 * the machine; an idle CPU takes anything. A queue that runs ahead of the
 * others (its vCPUs are pinned) is shifted back as a whole, and a vCPU that
 * wakes gets a small head start over its queue: no vCPU is ever far behind or
 * ahead, so none can starve another. (runqueue.c)
 *
 * A turn lasts GRAIN_NS at least, whoever wakes meanwhile.
 *
 * RANK_SCHED, a CPU's lock, covers the queue and the vCPUs whose v->cpu it is:
 * blocked, running, runstate, sched. v->cpu changes under the lock of the old
 * CPU, while v neither runs nor is queued. Invariant: a vCPU is queued exactly
 * when it may run, is not a CPU's `chosen` one, and is allowed on v->cpu;
 * whoever breaks this for a moment (a steal, a switch) ends with
 * runqueue_place().
 *
 * v->running means that v's registers are on v->cpu; it outlives `chosen`
 * until context_switch() has saved them.
 */
#include "core/refusal.h"
#include "core/runqueue.h"

#include "core/domain.h"
#include "core/event.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "mm/heap.h"
#include "pv/pvclock.h"
#include "x86/asm.h"
#include "x86/clock.h"
#include "x86/context.h"
#include "x86/smp.h"
#include "xen/errno.h"

#define SLICE_NS 10000000ull /* a turn, while others wait */
#define GRAIN_NS RUNQUEUE_GRAIN_NS

static struct vcpu_info idle_info;

/* Choosing */

/*
 * The previous vCPU goes on unless the queue's first is due. It has a while to
 * itself: who sends to another as fast as it can would otherwise be stopped at
 * each event, and both would have many short turns with little done in each.
 */
static bool keep_running(
	struct sched_cpu *sc, struct vcpu *prev, unsigned cpu, uint64_t t)
	REQUIRES(sc->lock)
{
	struct sched_unit *const unit = prev->sched;
	const uint64_t ran = t - unit->turn;
	const bool yielded = unit->yielded;

	unit->yielded = false;
	if (!vcpu_runnable(prev) || !runqueue_allows(prev, cpu))
		return false;
	if (sc->head == NOBODY)
		return true;
	return !yielded &&
	       (ran < GRAIN_NS ||
		       unit->vtime <=
			       sc->head + (ran < SLICE_NS ? GRAIN_NS : 0));
}

/* The first of the queue, which leaves it; the idle vCPU if there is none. */
static struct vcpu *take_first(struct sched_cpu *sc, uint64_t t)
	REQUIRES(sc->lock)
{
	struct sched_unit *first;

	while ((first = list_first(&sc->queue, struct sched_unit, node))) {
		runqueue_remove(sc, first);
		if (vcpu_runnable(first->v))
			return first->v;
		runqueue_set_waiting(first->v, t);
	}
	return this_cpu()->idle_vcpu;
}

/* Who runs after prev; prev goes to where it belongs. */
static struct vcpu *choose(
	struct sched_cpu *sc, struct vcpu *prev, unsigned cpu, uint64_t t)
	REQUIRES(sc->lock)
{
	struct vcpu *next;

	if (!vcpu_is_idle(prev) && keep_running(sc, prev, cpu, t))
		return prev;
	sc->chosen = this_cpu()->idle_vcpu;
	next = take_first(sc, t);
	if (vcpu_is_idle(prev)) {
		if (next != prev)
			runqueue_set_state(prev, RUNSTATE_runnable, t);
	} else if (vcpu_runnable(prev) && runqueue_allows(prev, cpu)) {
		if (vcpu_is_idle(next))
			return prev; /* nobody to yield to after all */
		runqueue_set_state(prev, RUNSTATE_runnable, t);
		runqueue_insert(sc, prev->sched);
	} else {
		runqueue_set_waiting(prev, t);
	}
	next->sched->since = next->sched->turn = t;
	return next;
}

/* When the chosen one's turn ends: who is due already has to wait for the
 * least turn only. */
static uint64_t turn_end(const struct sched_cpu *sc) REQUIRES(sc->lock)
{
	const struct sched_unit *const unit = sc->chosen->sched;
	const bool due =
		unit->vtime > sc->head && unit->vtime - sc->head > GRAIN_NS;

	return unit->turn + (due ? GRAIN_NS : SLICE_NS);
}

/* The turn ends after a slice if others wait, anywhere. */
static void set_slice(struct sched_cpu *sc, unsigned cpu, uint64_t t)
	REQUIRES(sc->lock)
{
	const uint64_t bit = 1ull << cpu;
	struct sched_unit *const unit = sc->chosen->sched;

	if (vcpu_is_idle(sc->chosen)) {
		atomic_or(&runqueue_idle, bit);
		atomic_and(&runqueue_unsliced, ~bit);
		return;
	}
	if (read_once(&runqueue_idle) & bit)
		atomic_and(&runqueue_idle, ~bit);
	if (!read_once(&runqueue_waiting)) {
		if (!(read_once(&runqueue_unsliced) & bit))
			atomic_or(&runqueue_unsliced, bit);
		/* Who began to wait before the bit was set told nobody. */
		if (!read_once(&runqueue_waiting))
			return;
	}
	if (read_once(&runqueue_unsliced) & bit)
		atomic_and(&runqueue_unsliced, ~bit);
	if (unit->turn + SLICE_NS <= t)
		unit->turn = t;
	if (!sc->slice.queued || sc->slice.expires != turn_end(sc))
		timer_set(&sc->slice, turn_end(sc));
}

static void slice_over(void *)
{
	raise_softirq(SOFTIRQ_SCHEDULE);
}

/* Others wait: some of them, on other CPUs, may come before whom we have. */
static void look_around(struct cpu *cpu, struct sched_cpu *sc)
{
	struct vcpu *const prev = sc->chosen;
	const uint64_t flags = spin_lock_irq(&sc->lock);
	uint64_t best;

	runqueue_account(prev->sched, now());
	runqueue_update(sc);
	best = sc->head;
	if (vcpu_runnable(prev) && runqueue_allows(prev, cpu->number))
		best = sc->least;
	spin_unlock_irq(&sc->lock, flags);
	runqueue_balance(cpu, best);
}

void schedule(void)
{
	struct cpu *const cpu = this_cpu();
	struct sched_cpu *const sc = cpu->sched;
	struct vcpu *const prev = sc->chosen;
	struct vcpu *next;
	uint64_t flags, t;

	if (read_once(&runqueue_waiting))
		look_around(cpu, sc);
	flags = spin_lock_irq(&sc->lock);
	t = now();
	runqueue_account(prev->sched, t);
	next = choose(sc, prev, cpu->number, t);
	sc->chosen = next;
	next->running = true;
	runqueue_set_state(next, RUNSTATE_running, t);
	runqueue_update(sc);
	runqueue_limit_lead(sc);
	set_slice(sc, cpu->number, t);
	runqueue_offer(sc);
	spin_unlock_irq(&sc->lock, flags);
	if (next == prev)
		return;
	if (!vcpu_is_idle(prev))
		pvclock_left(prev);
	context_switch(prev, next);
}

void sched_saved(struct vcpu *prev) UNCHECKED
{
	struct sched_cpu *sc;
	uint64_t flags;

	if (vcpu_is_idle(prev))
		return;
	sc = runqueue_lock(prev, &flags);
	store_release(&prev->running, false);
	if (prev->sched->queued)
		runqueue_offer(sc);
	runqueue_place(sc, prev, flags);
}

void sched_loaded(struct vcpu *next)
{
	if (vcpu_is_idle(next))
		return;
	pvclock_update(next);
	pvclock_write_records(next);
}

/* Sleeping and waking */

void vcpu_wake(struct vcpu *v) UNCHECKED
{
	uint64_t flags;
	struct sched_cpu *sc = runqueue_lock(v, &flags);

	runqueue_place(sc, v, flags);
}

void vcpu_sleep(struct vcpu *v) UNCHECKED
{
	uint64_t flags;
	struct sched_cpu *sc = runqueue_lock(v, &flags);

	if (!vcpu_runnable(v)) {
		if (v->sched->queued)
			runqueue_remove(sc, v->sched);
		if (sc->chosen == v)
			raise_softirq_on(v->cpu, SOFTIRQ_SCHEDULE);
		else
			runqueue_set_waiting(v, now());
	}
	spin_unlock_irq(&sc->lock, flags);
}

void vcpu_await_stop(struct vcpu *v)
{
	ASSERT(v != current);
	/* Interrupts are on: we answer its CPU's flush requests meanwhile. */
	while (load_acquire(&v->running) && !vcpu_runnable(v))
		cpu_relax();
}

void vcpu_block(void)
{
	struct vcpu *const v = current;

	write_once(&v->blocked, true);
	/* Who raises an event sets pending, then reads blocked. */
	memory_barrier();
	if (vcpu_event_deliverable(v) || read_once(&v->exit_work))
		vcpu_unblock(v);
	else
		raise_softirq(SOFTIRQ_SCHEDULE);
}

void vcpu_unblock(struct vcpu *v) UNCHECKED
{
	struct sched_cpu *sc;
	uint64_t flags;

	if (!read_once(&v->blocked))
		return;
	sc = runqueue_lock(v, &flags);
	v->blocked = false;
	runqueue_place(sc, v, flags);
}

void vcpu_kick(struct vcpu *v)
{
	const unsigned cpu = read_once(&v->cpu);

	if (read_once(&v->running) && cpu != this_cpu()->number)
		smp_send_event_check(cpu);
}

void vcpu_yield(void)
{
	current->sched->yielded = true;
	raise_softirq(SOFTIRQ_SCHEDULE);
}

/* Parameters and figures */

void sched_set_weight(struct domain *d, unsigned weight)
{
	ASSERT(weight);
	write_once(&d->weight, weight);
}

int sched_set_affinity(struct vcpu *v, cpumask_t hard, cpumask_t soft) UNCHECKED
{
	struct sched_cpu *sc;
	uint64_t flags;

	if (!runqueue_usable(hard))
		return reject(-EINVAL, "no CPU of the mask is online");
	sc = runqueue_lock(v, &flags);
	v->sched->hard = hard;
	v->sched->soft = soft;
	if (v->sched->queued)
		runqueue_remove(sc, v->sched); /* there may be a better place */
	if (sc->chosen == v && !runqueue_allows(v, v->cpu))
		raise_softirq_on(v->cpu, SOFTIRQ_SCHEDULE);
	runqueue_place(sc, v, flags);
	return 0;
}

void sched_get_affinity(struct vcpu *v, cpumask_t *hard, cpumask_t *soft)
	UNCHECKED
{
	uint64_t flags;
	struct sched_cpu *sc = runqueue_lock(v, &flags);

	*hard = v->sched->hard;
	*soft = v->sched->soft;
	spin_unlock_irq(&sc->lock, flags);
}

void sched_runstate(struct vcpu *v, struct vcpu_runstate_info *state) UNCHECKED
{
	uint64_t flags;
	struct sched_cpu *sc = runqueue_lock(v, &flags);
	const uint64_t t = now();

	*state = v->runstate;
	spin_unlock_irq(&sc->lock, flags);
	if (t > state->state_entry_time)
		state->time[state->state] += t - state->state_entry_time;
}

uint64_t sched_cpu_idle_ns(unsigned cpu)
{
	struct vcpu_runstate_info state;

	sched_runstate(cpu_of(cpu)->idle_vcpu, &state);
	return state.time[RUNSTATE_running];
}

/* Creation */

static struct sched_unit *unit_create(struct vcpu *v)
{
	struct sched_unit *const unit = heap_alloc(sizeof(*unit));

	if (!unit)
		return NULL;
	unit->v = v;
	unit->hard.bits = unit->soft.bits = ~0ull;
	v->sched = unit;
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = now();
	return unit;
}

int sched_add(struct vcpu *v)
{
	if (!unit_create(v))
		return -ENOMEM;
	v->cpu = (v->domain->id + v->id) % nr_cpus;
	return 0;
}

void sched_remove(struct vcpu *v)
{
	if (!v->sched)
		return;
	ASSERT(!v->running && !v->sched->queued);
	heap_free(v->sched);
	v->sched = NULL;
}

void sched_init_cpu(struct cpu *cpu)
{
	struct sched_cpu *const sc = heap_alloc(sizeof(*sc));
	struct vcpu *const v = heap_alloc(sizeof(*v));

	struct sched_unit *unit;

	ASSERT(sc && v);
	spin_init(&sc->lock, RANK_SCHED);
	list_init(&sc->queue);
	timer_init(&sc->slice, slice_over, NULL);
	sc->head = sc->least = NOBODY;
	v->id = (uint16_t)cpu->number;
	v->cpu = cpu->number;
	v->info = &idle_info;
	v->kernel_mode = true;
	v->running = true;
	v->kernel_l4 = v->user_l4 = v->info_frame = MFN_NONE;
	unit = unit_create(v);
	ASSERT(unit);
	v->runstate.state = RUNSTATE_running;
	sc->chosen = v;
	cpu->sched = sc;
	cpu->idle_vcpu = v;
	cpu->vcpu = v;
	atomic_or(&runqueue_idle, 1ull << cpu->number);
}

void idle_loop(void)
{
	struct cpu *const cpu = this_cpu();

	for (;;) {
		irq_disable();
		softirq_run();
		/* Interrupts are off: what comes now ends the wait. */
		write_once(&cpu->idle, true);
		cpu_wait();
		write_once(&cpu->idle, false);
	}
}

/* Debug key */

static const char *const state_names[] = {
	"running", "runnable", "blocked", "offline"};

static void show_vcpu(struct vcpu *v)
{
	struct vcpu_runstate_info r;

	sched_runstate(v, &r);
	log_info("d%uv%u: %s on cpu%u for %lu us%s%s%s, events %u mask %u "
		 "sel %lx, paused %u, ran %lu ms",
		v->domain->id, v->id, state_names[r.state], v->cpu,
		(now() - r.state_entry_time) / 1000,
		v->sched->queued ? ", queued" : "",
		v->polling ? ", polling" : "", v->down ? ", down" : "",
		v->info->evtchn_upcall_pending, v->info->evtchn_upcall_mask,
		v->info->evtchn_pending_sel, v->domain->pause_count,
		r.time[RUNSTATE_running] / 1000000);
}

void sched_show(void *)
{
	struct domain *d;
	struct vcpu *v;
	unsigned cpu;

	for_each_cpu (cpu, cpus_online) {
		const struct sched_cpu *const sc = cpu_of(cpu)->sched;

		v = sc->chosen;
		log_info("cpu%u: %s%u v%u, idle %u, unsliced %u", cpu,
			vcpu_is_idle(v) ? "idle " : "d",
			vcpu_is_idle(v) ? cpu : v->domain->id, v->id,
			(unsigned)(runqueue_idle >> cpu & 1),
			(unsigned)(runqueue_unsliced >> cpu & 1));
	}
	for_each_domain (d, 0)
		for_each_vcpu (d, v)
			show_vcpu(v);
}
