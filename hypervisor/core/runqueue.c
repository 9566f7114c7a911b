// SPDX-License-Identifier: BSD-2-Clause
/*
 * Run queues: who waits where, in which order, and moving vCPUs between CPUs.
 * Virtual time, the locks and the invariant are described in sched.c.
 */
#include "core/runqueue.h"

#include "core/domain.h"
#include "x86/clock.h"

#define GRAIN_NS RUNQUEUE_GRAIN_NS
#define STEAL_NS 5000000ull        /* lag between CPUs that moves a vCPU */
#define WAKE_CREDIT_NS 10000000ull /* head start of who slept */
#define LEAD_NS 50000000ull        /* of a queue before all others */

uint64_t runqueue_idle, runqueue_unsliced;
uint32_t runqueue_waiting;
static uint64_t machine_vtime; /* never less than any CPU's least was */

/* CPUs that exist by now, out of a set. */
uint64_t runqueue_usable(cpumask_t mask)
{
	return mask.bits & cpus_online.bits;
}

bool runqueue_allows(const struct vcpu *v, unsigned cpu)
{
	return v->sched->hard.bits >> cpu & 1;
}

bool vcpu_runnable(const struct vcpu *v)
{
	return v->initialised && !read_once(&v->down) &&
	       !read_once(&v->blocked) && !read_once(&v->domain->pause_count);
}

struct sched_cpu *runqueue_lock(struct vcpu *v, uint64_t *flags) UNCHECKED
{
	for (;;) {
		const unsigned cpu = read_once(&v->cpu);
		struct sched_cpu *sc = cpu_of(cpu)->sched;

		*flags = spin_lock_irq(&sc->lock);
		if (v->cpu == cpu)
			return sc;
		spin_unlock_irq(&sc->lock, *flags);
	}
}

/* Bookkeeping; all of it under the lock of v->cpu. */

void runqueue_set_state(struct vcpu *v, int state, uint64_t t)
{
	struct vcpu_runstate_info *const r = &v->runstate;

	if (r->state == state)
		return;
	if (t > r->state_entry_time)
		r->time[r->state] += t - r->state_entry_time;
	r->state_entry_time = t;
	r->state = state;
}

/* Why a vCPU that does not run does not. */
void runqueue_set_waiting(struct vcpu *v, uint64_t t)
{
	if (vcpu_runnable(v))
		runqueue_set_state(v, RUNSTATE_runnable, t);
	else if (v->blocked && !v->down && !v->domain->pause_count)
		runqueue_set_state(v, RUNSTATE_blocked, t);
	else
		runqueue_set_state(v, RUNSTATE_offline, t);
}

void runqueue_update(struct sched_cpu *sc)
{
	const struct sched_unit *first =
		list_first(&sc->queue, struct sched_unit, node);
	uint64_t least = first ? first->vtime : NOBODY;

	write_once(&sc->head, least);
	if (!vcpu_is_idle(sc->chosen) && sc->chosen->sched->vtime < least)
		least = sc->chosen->sched->vtime;
	write_once(&sc->least, least);
}

void runqueue_insert(struct sched_cpu *sc, struct sched_unit *unit)
{
	struct list_node *place = sc->queue.head.prev;

	while (place != &sc->queue.head &&
		list_item(place, struct sched_unit, node)->vtime > unit->vtime)
		place = place->prev;
	list_add_after(place, &unit->node);
	unit->queued = true;
	atomic_add(&runqueue_waiting, 1);
	runqueue_update(sc);
}

void runqueue_remove(struct sched_cpu *sc, struct sched_unit *unit)
{
	list_remove(&unit->node);
	unit->queued = false;
	atomic_sub(&runqueue_waiting, 1);
	runqueue_update(sc);
}

/* Charge the chosen vCPU up to now; nobody charges the idle one. */
void runqueue_account(struct sched_unit *unit, uint64_t t)
{
	if (t <= unit->since || vcpu_is_idle(unit->v))
		return;
	unit->vtime += (t - unit->since) * SCHED_WEIGHT_DEFAULT /
		       read_once(&unit->v->domain->weight);
	unit->since = t;
}

/* The least virtual time of all CPUs; it never goes back. */
static uint64_t machine_least(void)
{
	uint64_t least = NOBODY, known = read_once(&machine_vtime);

	for (unsigned i = 0; i < nr_cpus; i++) {
		const struct sched_cpu *other = cpu_of(i)->sched;
		const uint64_t theirs =
			other ? read_once(&other->least) : NOBODY;

		if (theirs < least)
			least = theirs;
	}
	if (least == NOBODY)
		return known;
	while (known < least && !atomic_cas(&machine_vtime, &known, least))
		;
	return known < least ? least : known;
}

/* A queue far ahead of the machine goes back, keeping its order. */
void runqueue_limit_lead(struct sched_cpu *sc)
{
	uint64_t limit, excess;
	struct sched_unit *unit;

	if (sc->least == NOBODY ||
		sc->least < read_once(&machine_vtime) + 2 * LEAD_NS)
		return;
	limit = machine_least() + LEAD_NS;
	if (sc->least < limit + LEAD_NS)
		return;
	excess = sc->least - limit;
	sc->chosen->sched->vtime -= excess; /* the idle one's is not used */
	list_for_each (unit, &sc->queue, node)
		unit->vtime -= excess;
	runqueue_update(sc);
}

/* Placing a vCPU that may run */

/* An idle CPU for v, claimed; or a busy one. */
static unsigned choose_cpu(const struct vcpu *v)
{
	const struct sched_unit *unit = v->sched;
	const uint64_t hard = runqueue_usable(unit->hard);
	const uint64_t idle = read_once(&runqueue_idle) & hard;
	const uint64_t liked = idle & unit->soft.bits;
	unsigned cpu = v->cpu;

	if (!(idle >> cpu & 1) && idle)
		cpu = first_cpu(liked ? liked : idle);
	else if (!(hard >> cpu & 1) && hard)
		cpu = first_cpu(hard);
	atomic_and(&runqueue_idle, ~(1ull << cpu));
	return cpu;
}

/* Others wait: CPUs that run without a time limit get one. */
static void start_slices(uint64_t cpus)
{
	uint64_t bits = read_once(&runqueue_unsliced) & cpus;

	while (bits) {
		raise_softirq_on(first_cpu(bits), SOFTIRQ_SCHEDULE);
		bits &= bits - 1;
	}
}

/* v was queued on sc: does somebody have to look? */
static void announce(struct sched_cpu *sc, const struct vcpu *v)
	REQUIRES(sc->lock)
{
	struct vcpu *const chosen = sc->chosen;

	if (vcpu_is_idle(chosen) ||
		v->sched->vtime + GRAIN_NS < chosen->sched->vtime)
		raise_softirq_on(v->cpu, SOFTIRQ_SCHEDULE);
	else
		start_slices(runqueue_usable(v->sched->hard) | 1ull << v->cpu);
}

static void enqueue(struct sched_cpu *sc, struct vcpu *v) REQUIRES(sc->lock)
{
	struct sched_unit *const unit = v->sched;
	uint64_t floor;

	/* The chosen one may have run for long since its last account. */
	runqueue_account(sc->chosen->sched, now());
	runqueue_update(sc);
	floor = sc->least;
	if (floor == NOBODY)
		floor = machine_least();
	floor = floor > WAKE_CREDIT_NS ? floor - WAKE_CREDIT_NS : 0;
	if (unit->vtime < floor)
		unit->vtime = floor;
	else if (unit->vtime > floor + WAKE_CREDIT_NS + 2 * LEAD_NS)
		unit->vtime = floor + WAKE_CREDIT_NS + 2 * LEAD_NS;
	runqueue_set_state(v, RUNSTATE_runnable, now());
	runqueue_insert(sc, unit);
	announce(sc, v);
}

/*
 * Bring v to where the invariant wants it: called with the lock of v->cpu,
 * which it gives up.
 */
void runqueue_place(struct sched_cpu *sc, struct vcpu *v, uint64_t flags)
	UNCHECKED
{
	while (!v->sched->queued && sc->chosen != v) {
		unsigned cpu = v->cpu;

		if (!vcpu_runnable(v)) {
			runqueue_set_waiting(v, now());
			break;
		}
		if (v->running && !runqueue_allows(v, cpu))
			break; /* sched_saved() calls again */
		if (!v->running)
			cpu = choose_cpu(v);
		if (cpu == v->cpu) {
			enqueue(sc, v);
			break;
		}
		write_once(&v->cpu, cpu);
		spin_unlock_irq(&sc->lock, flags);
		sc = runqueue_lock(v, &flags);
		if (!v->sched->queued && sc->chosen != v && vcpu_runnable(v) &&
			runqueue_allows(v, v->cpu)) {
			enqueue(sc, v);
			break;
		}
		/* We claimed an idle CPU for nothing: it looks for itself. */
		raise_softirq_on(cpu, SOFTIRQ_SCHEDULE);
	}
	spin_unlock_irq(&sc->lock, flags);
}

/* Taking vCPUs over from other CPUs */

/* The CPU, of a set, whose queue's head comes first and before `best`;
 * nr_cpus if there is none. */
static unsigned find_behind(uint64_t cpus, uint64_t best)
{
	unsigned found = nr_cpus;

	for (; cpus; cpus &= cpus - 1) {
		const unsigned i = first_cpu(cpus);
		const struct sched_cpu *other = cpu_of(i)->sched;
		const uint64_t head = other ? read_once(&other->head) : NOBODY;

		if (head == NOBODY || head >= best)
			continue;
		best = head;
		found = i;
	}
	return found;
}

/* Dequeue the first of another CPU's vCPUs that may run here. */
static struct vcpu *take_from(unsigned cpu, unsigned self, uint64_t best)
{
	struct sched_cpu *const sc = cpu_of(cpu)->sched;
	const uint64_t flags = spin_lock_irq(&sc->lock);
	struct sched_unit *unit;
	struct vcpu *taken = NULL;

	list_for_each (unit, &sc->queue, node) {
		if (unit->vtime >= best)
			break;
		if (unit->v->running || !runqueue_allows(unit->v, self))
			continue;
		runqueue_remove(sc, unit);
		taken = unit->v;
		write_once(&taken->cpu, self);
		break;
	}
	spin_unlock_irq(&sc->lock, flags);
	return taken;
}

/* Before choosing: somebody elsewhere may deserve this CPU more than `best`,
 * the least virtual time here. Interrupts are off, no lock is held. */
void runqueue_balance(struct cpu *cpu, uint64_t best) UNCHECKED
{
	uint64_t flags, others = cpus_online.bits & ~(1ull << cpu->number);
	struct vcpu *v = NULL;
	struct sched_cpu *sc;

	if (best != NOBODY)
		best = best > STEAL_NS ? best - STEAL_NS : 0;
	while (!v) {
		const unsigned from = find_behind(others, best);

		if (from == nr_cpus)
			return;
		v = take_from(from, cpu->number, best);
		others &= ~(1ull << from);
	}
	sc = runqueue_lock(v, &flags);
	if (!v->sched->queued && sc->chosen != v && vcpu_runnable(v) &&
		runqueue_allows(v, v->cpu)) {
		/* Not enqueue(): it keeps its virtual time, nobody is told. */
		runqueue_insert(sc, v->sched);
		spin_unlock_irq(&sc->lock, flags);
	} else {
		runqueue_place(sc, v, flags);
	}
}

/* CPUs that are idle, or run without a time limit, are told of those that wait
 * here and may run there. */
void runqueue_offer(struct sched_cpu *sc)
{
	uint64_t idle = read_once(&runqueue_idle) & cpus_online.bits;
	struct sched_unit *unit;

	list_for_each (unit, &sc->queue, node) {
		const uint64_t fit = idle & unit->hard.bits;

		start_slices(runqueue_usable(unit->hard));
		if (!fit || unit->v->running)
			continue;
		raise_softirq_on(first_cpu(fit), SOFTIRQ_SCHEDULE);
		idle &= ~(1ull << first_cpu(fit));
	}
}
