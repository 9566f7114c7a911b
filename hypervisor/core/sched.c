// SPDX-License-Identifier: BSD-2-Clause
/*
 * The scheduler. Every CPU has a queue of vCPUs that could run, ordered by
 * virtual time: CPU time used, divided by the domain's weight. The vCPU with
 * the least runs.
 *
 * Virtual time is one axis for all CPUs. A CPU whose next choice lies more
 * than STEAL_NS behind the head of another queue takes that head, so shares
 * are fair over the machine; an idle CPU takes anything. A queue that runs
 * ahead of the others (its vCPUs are pinned) is shifted back as a whole, and
 * a vCPU that wakes is put at most WAKE_CREDIT before its queue's minimum: no
 * vCPU is ever far behind or ahead, so none can starve another.
 *
 * RANK_SCHED, a CPU's lock, covers the queue and the vCPUs whose v->cpu it is:
 * blocked, running, runstate, sched. v->cpu changes under the lock of the old
 * CPU, while v neither runs nor is queued. Invariant: a vCPU is queued exactly
 * when it may run, is not a CPU's `chosen` one, and is allowed on v->cpu;
 * whoever breaks this for a moment (a steal, a switch) ends with place().
 *
 * v->running means that v's registers are on v->cpu; it outlives `chosen`
 * until context_switch() has saved them.
 */
#include "core/sched.h"

#include "core/domain.h"
#include "core/event.h"
#include "core/softirq.h"
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
#define GRAIN_NS 1000000ull /* no preemption for a smaller difference */
#define STEAL_NS 5000000ull /* between CPUs */
#define WAKE_CREDIT_NS 10000000ull /* head start of who slept */
#define LEAD_NS 50000000ull /* of a queue before all others */
#define NOBODY (~0ull)

struct sched_unit {
	struct list_node node; /* in a queue */
	struct vcpu *v;
	uint64_t vtime; /* ns at SCHED_WEIGHT_DEFAULT */
	uint64_t since; /* accounted up to here, while chosen */
	uint64_t turn; /* start of its turn */
	cpumask_t hard, soft; /* where it may, and likes to, run */
	bool queued;
	bool yielded; /* lets the others go first, once */
};

struct sched_cpu {
	struct spinlock lock; /* RANK_SCHED */
	struct list queue; /* of units, by vtime */
	struct vcpu *chosen; /* who runs, or is being switched to */
	uint64_t head; /* vtime of the queue's first, or NOBODY */
	uint64_t least; /* minimum of chosen's and head, or NOBODY */
	struct timer slice;
};

static uint64_t idle_cpus; /* a bit per CPU with nothing to do; atomic */
static uint64_t unsliced_cpus; /* run without a slice timer; atomic */
static uint32_t nr_waiting; /* queued vCPUs of all CPUs; atomic */
static uint64_t machine_vtime; /* never less than any CPU's least was */

static struct vcpu_info idle_info;

/* CPUs that exist by now, out of a set. */
static uint64_t usable(cpumask_t mask)
{
	return mask.bits & cpus_online.bits;
}

static bool allowed(const struct vcpu *v, unsigned cpu)
{
	return v->sched->hard.bits >> cpu & 1;
}

bool vcpu_runnable(const struct vcpu *v)
{
	return v->initialised && !read_once(&v->down) &&
		!read_once(&v->blocked) && !read_once(&v->pause_count) &&
		!read_once(&v->domain->pause_count);
}

static struct sched_cpu *lock_vcpu(struct vcpu *v, uint64_t *flags)
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

static void set_runstate(struct vcpu *v, int state, uint64_t t)
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
static void set_waiting_runstate(struct vcpu *v, uint64_t t)
{
	if (vcpu_runnable(v))
		set_runstate(v, RUNSTATE_runnable, t);
	else if (v->blocked && !v->down && !v->pause_count &&
		!v->domain->pause_count)
		set_runstate(v, RUNSTATE_blocked, t);
	else
		set_runstate(v, RUNSTATE_offline, t);
}

static void update_least(struct sched_cpu *sc)
{
	const struct sched_unit *first =
		list_first(&sc->queue, struct sched_unit, node);
	uint64_t least = first ? first->vtime : NOBODY;

	write_once(&sc->head, least);
	if (!vcpu_is_idle(sc->chosen) && sc->chosen->sched->vtime < least)
		least = sc->chosen->sched->vtime;
	write_once(&sc->least, least);
}

static void queue_insert(struct sched_cpu *sc, struct sched_unit *unit)
{
	struct list_node *place = sc->queue.head.prev;

	while (place != &sc->queue.head &&
		list_item(place, struct sched_unit, node)->vtime > unit->vtime)
		place = place->prev;
	list_add_after(place, &unit->node);
	unit->queued = true;
	atomic_add(&nr_waiting, 1);
	update_least(sc);
}

static void queue_remove(struct sched_cpu *sc, struct sched_unit *unit)
{
	list_remove(&unit->node);
	unit->queued = false;
	atomic_sub(&nr_waiting, 1);
	update_least(sc);
}

/* Charge the chosen vCPU up to now. */
static void account(struct sched_unit *unit, uint64_t t)
{
	if (t <= unit->since)
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
		const uint64_t theirs = other ? read_once(&other->least) :
						NOBODY;

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
static void limit_lead(struct sched_cpu *sc)
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
	if (!vcpu_is_idle(sc->chosen))
		sc->chosen->sched->vtime -= excess;
	list_for_each(unit, &sc->queue, node)
		unit->vtime -= excess;
	update_least(sc);
}

/* Placing a vCPU that may run */

static unsigned first_cpu(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

/* An idle CPU for v, claimed; or a busy one. */
static unsigned choose_cpu(const struct vcpu *v)
{
	const struct sched_unit *unit = v->sched;
	const uint64_t hard = usable(unit->hard);
	const uint64_t idle = read_once(&idle_cpus) & hard;
	const uint64_t liked = idle & unit->soft.bits;
	unsigned cpu = v->cpu;

	if (!(idle >> cpu & 1) && idle)
		cpu = first_cpu(liked ? liked : idle);
	else if (!(hard >> cpu & 1) && hard)
		cpu = first_cpu(hard);
	atomic_and(&idle_cpus, ~(1ull << cpu));
	return cpu;
}

/* Others wait: CPUs that run without a time limit get one. */
static void start_slices(uint64_t cpus)
{
	uint64_t bits = read_once(&unsliced_cpus) & cpus;

	while (bits) {
		raise_softirq_on(first_cpu(bits), SOFTIRQ_SCHEDULE);
		bits &= bits - 1;
	}
}

/* v was queued on sc: does somebody have to look? */
static void announce(struct sched_cpu *sc, const struct vcpu *v)
{
	struct vcpu *const chosen = sc->chosen;

	if (vcpu_is_idle(chosen) ||
		v->sched->vtime + GRAIN_NS < chosen->sched->vtime)
		raise_softirq_on(v->cpu, SOFTIRQ_SCHEDULE);
	else
		start_slices(usable(v->sched->hard) | 1ull << v->cpu);
}

static void enqueue(struct sched_cpu *sc, struct vcpu *v)
{
	struct sched_unit *const unit = v->sched;
	uint64_t floor;

	/* The chosen one may have run for long since its last account. */
	if (!vcpu_is_idle(sc->chosen)) {
		account(sc->chosen->sched, now());
		update_least(sc);
	}
	floor = sc->least;
	if (floor == NOBODY)
		floor = machine_least();
	floor = floor > WAKE_CREDIT_NS ? floor - WAKE_CREDIT_NS : 0;
	if (unit->vtime < floor)
		unit->vtime = floor;
	else if (unit->vtime > floor + WAKE_CREDIT_NS + 2 * LEAD_NS)
		unit->vtime = floor + WAKE_CREDIT_NS + 2 * LEAD_NS;
	set_runstate(v, RUNSTATE_runnable, now());
	queue_insert(sc, unit);
	announce(sc, v);
}

/*
 * Bring v to where the invariant wants it: called with the lock of v->cpu,
 * which it gives up.
 */
static void place(struct sched_cpu *sc, struct vcpu *v, uint64_t flags)
{
	while (!v->sched->queued && sc->chosen != v) {
		unsigned cpu = v->cpu;

		if (!vcpu_runnable(v)) {
			set_waiting_runstate(v, now());
			break;
		}
		if (v->running && !allowed(v, cpu))
			break; /* sched_saved() calls again */
		if (!v->running)
			cpu = choose_cpu(v);
		if (cpu == v->cpu) {
			enqueue(sc, v);
			break;
		}
		write_once(&v->cpu, cpu);
		spin_unlock_irq(&sc->lock, flags);
		sc = lock_vcpu(v, &flags);
		if (!v->sched->queued && sc->chosen != v &&
			vcpu_runnable(v) && allowed(v, v->cpu)) {
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

	list_for_each(unit, &sc->queue, node) {
		if (unit->vtime >= best)
			break;
		if (unit->v->running || !allowed(unit->v, self))
			continue;
		queue_remove(sc, unit);
		taken = unit->v;
		write_once(&taken->cpu, self);
		break;
	}
	spin_unlock_irq(&sc->lock, flags);
	return taken;
}

/* Before choosing: somebody elsewhere may deserve this CPU more than `best`,
 * the least virtual time here. Interrupts are off, no lock is held. */
static void balance(struct cpu *cpu, uint64_t best)
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
	sc = lock_vcpu(v, &flags);
	if (!v->sched->queued && sc->chosen != v && vcpu_runnable(v) &&
		allowed(v, v->cpu)) {
		/* Not enqueue(): it keeps its virtual time, nobody is told. */
		queue_insert(sc, v->sched);
		spin_unlock_irq(&sc->lock, flags);
	} else {
		place(sc, v, flags);
	}
}

/* Choosing */

/* The previous vCPU goes on unless the queue's first is due. */
static bool keep_running(
	struct sched_cpu *sc, struct vcpu *prev, unsigned cpu, uint64_t t)
{
	struct sched_unit *const unit = prev->sched;
	const struct sched_unit *first =
		list_first(&sc->queue, struct sched_unit, node);
	const bool yielded = unit->yielded;

	unit->yielded = false;
	if (!vcpu_runnable(prev) || !allowed(prev, cpu))
		return false;
	if (!first)
		return true;
	if (yielded)
		return false;
	if (t - unit->turn < SLICE_NS)
		return unit->vtime <= first->vtime + GRAIN_NS;
	return unit->vtime <= first->vtime;
}

/* The first of the queue, which leaves it; the idle vCPU if there is none. */
static struct vcpu *take_first(struct sched_cpu *sc, uint64_t t)
{
	struct sched_unit *first;

	while ((first = list_first(&sc->queue, struct sched_unit, node))) {
		queue_remove(sc, first);
		if (vcpu_runnable(first->v))
			return first->v;
		set_waiting_runstate(first->v, t);
	}
	return this_cpu()->idle_vcpu;
}

/* Who runs after prev; prev goes to where it belongs. */
static struct vcpu *choose(
	struct sched_cpu *sc, struct vcpu *prev, unsigned cpu, uint64_t t)
{
	struct vcpu *next;

	if (!vcpu_is_idle(prev) && keep_running(sc, prev, cpu, t))
		return prev;
	sc->chosen = this_cpu()->idle_vcpu;
	next = take_first(sc, t);
	if (vcpu_is_idle(prev)) {
		if (next != prev)
			set_runstate(prev, RUNSTATE_runnable, t);
	} else if (vcpu_runnable(prev) && allowed(prev, cpu)) {
		if (vcpu_is_idle(next))
			return prev; /* nobody to yield to after all */
		set_runstate(prev, RUNSTATE_runnable, t);
		queue_insert(sc, prev->sched);
	} else {
		set_waiting_runstate(prev, t);
	}
	next->sched->since = next->sched->turn = t;
	return next;
}

/* The turn ends after a slice if others wait, anywhere. */
static void set_slice(struct sched_cpu *sc, unsigned cpu, uint64_t t)
{
	const uint64_t bit = 1ull << cpu;
	struct sched_unit *const unit = sc->chosen->sched;

	if (vcpu_is_idle(sc->chosen)) {
		atomic_or(&idle_cpus, bit);
		atomic_and(&unsliced_cpus, ~bit);
		return;
	}
	if (read_once(&idle_cpus) & bit)
		atomic_and(&idle_cpus, ~bit);
	if (!read_once(&nr_waiting)) {
		if (!(read_once(&unsliced_cpus) & bit))
			atomic_or(&unsliced_cpus, bit);
		/* Who began to wait before the bit was set told nobody. */
		if (!read_once(&nr_waiting))
			return;
	}
	if (read_once(&unsliced_cpus) & bit)
		atomic_and(&unsliced_cpus, ~bit);
	if (unit->turn + SLICE_NS <= t)
		unit->turn = t;
	if (!sc->slice.queued || sc->slice.expires != unit->turn + SLICE_NS)
		timer_set(&sc->slice, unit->turn + SLICE_NS);
}

/* Idle CPUs are told of those that wait here and may run there. */
static void offer(struct sched_cpu *sc)
{
	uint64_t idle = read_once(&idle_cpus) & cpus_online.bits;
	struct sched_unit *unit;

	if (!idle)
		return;
	list_for_each(unit, &sc->queue, node) {
		const uint64_t fit = idle & unit->hard.bits;

		if (!fit || unit->v->running)
			continue;
		raise_softirq_on(first_cpu(fit), SOFTIRQ_SCHEDULE);
		idle &= ~(1ull << first_cpu(fit));
	}
}

static void slice_over(void *data)
{
	(void)data;
	raise_softirq(SOFTIRQ_SCHEDULE);
}

/* Others wait: some of them, on other CPUs, may come before whom we have. */
static void look_around(struct cpu *cpu, struct sched_cpu *sc)
{
	struct vcpu *const prev = sc->chosen;
	const uint64_t flags = spin_lock_irq(&sc->lock);
	uint64_t best;

	if (!vcpu_is_idle(prev))
		account(prev->sched, now());
	update_least(sc);
	best = vcpu_runnable(prev) && allowed(prev, cpu->number) ? sc->least :
								   sc->head;
	spin_unlock_irq(&sc->lock, flags);
	balance(cpu, best);
}

void schedule(void)
{
	struct cpu *const cpu = this_cpu();
	struct sched_cpu *const sc = cpu->sched;
	struct vcpu *const prev = sc->chosen;
	struct vcpu *next;
	uint64_t flags, t;

	if (read_once(&nr_waiting))
		look_around(cpu, sc);
	flags = spin_lock_irq(&sc->lock);
	t = now();
	if (!vcpu_is_idle(prev))
		account(prev->sched, t);
	next = choose(sc, prev, cpu->number, t);
	sc->chosen = next;
	next->running = true;
	set_runstate(next, RUNSTATE_running, t);
	update_least(sc);
	limit_lead(sc);
	set_slice(sc, cpu->number, t);
	offer(sc);
	spin_unlock_irq(&sc->lock, flags);
	if (next == prev)
		return;
	if (!vcpu_is_idle(prev))
		pvclock_left(prev);
	context_switch(prev, next);
}

void sched_saved(struct vcpu *prev)
{
	struct sched_cpu *sc;
	uint64_t flags;

	if (vcpu_is_idle(prev))
		return;
	sc = lock_vcpu(prev, &flags);
	store_release(&prev->running, false);
	if (prev->sched->queued)
		offer(sc);
	place(sc, prev, flags);
}

void sched_loaded(struct vcpu *next)
{
	if (vcpu_is_idle(next))
		return;
	pvclock_update(next);
	pvclock_write_records(next);
}

/* Sleeping and waking */

void vcpu_wake(struct vcpu *v)
{
	uint64_t flags;
	struct sched_cpu *sc = lock_vcpu(v, &flags);

	place(sc, v, flags);
}

void vcpu_sleep(struct vcpu *v)
{
	uint64_t flags;
	struct sched_cpu *sc = lock_vcpu(v, &flags);

	if (!vcpu_runnable(v)) {
		if (v->sched->queued)
			queue_remove(sc, v->sched);
		if (sc->chosen == v)
			raise_softirq_on(v->cpu, SOFTIRQ_SCHEDULE);
		else
			set_waiting_runstate(v, now());
	}
	spin_unlock_irq(&sc->lock, flags);
}

void vcpu_sleep_sync(struct vcpu *v)
{
	ASSERT(v != current);
	vcpu_sleep(v);
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

void vcpu_unblock(struct vcpu *v)
{
	struct sched_cpu *sc;
	uint64_t flags;

	if (!read_once(&v->blocked))
		return;
	sc = lock_vcpu(v, &flags);
	v->blocked = false;
	place(sc, v, flags);
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

void vcpu_pause(struct vcpu *v)
{
	atomic_add(&v->pause_count, 1);
	if (v == current)
		vcpu_sleep(v);
	else
		vcpu_sleep_sync(v);
}

void vcpu_unpause(struct vcpu *v)
{
	if (atomic_sub(&v->pause_count, 1) == 0)
		vcpu_wake(v);
}

/* Parameters and figures */

void sched_set_weight(struct domain *d, unsigned weight)
{
	ASSERT(weight);
	write_once(&d->weight, weight);
}

int sched_set_affinity(struct vcpu *v, cpumask_t hard, cpumask_t soft)
{
	struct sched_cpu *sc;
	uint64_t flags;

	if (!usable(hard))
		return -EINVAL;
	sc = lock_vcpu(v, &flags);
	v->sched->hard = hard;
	v->sched->soft = soft;
	if (v->sched->queued)
		queue_remove(sc, v->sched); /* there may be a better place */
	if (sc->chosen == v && !allowed(v, v->cpu))
		raise_softirq_on(v->cpu, SOFTIRQ_SCHEDULE);
	place(sc, v, flags);
	return 0;
}

void sched_get_affinity(struct vcpu *v, cpumask_t *hard, cpumask_t *soft)
{
	uint64_t flags;
	struct sched_cpu *sc = lock_vcpu(v, &flags);

	*hard = v->sched->hard;
	*soft = v->sched->soft;
	spin_unlock_irq(&sc->lock, flags);
}

void sched_runstate(struct vcpu *v, struct vcpu_runstate_info *state)
{
	uint64_t flags;
	struct sched_cpu *sc = lock_vcpu(v, &flags);
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
	atomic_or(&idle_cpus, 1ull << cpu->number);
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

static const char *const state_names[] = { "running", "runnable", "blocked",
	"offline" };

static void show_vcpu(struct vcpu *v)
{
	struct vcpu_runstate_info r;

	sched_runstate(v, &r);
	log_info("d%uv%u: %s on cpu%u for %lu us%s%s%s, events %u mask %u "
		 "sel %lx, paused %u+%u, ran %lu ms",
		v->domain->id, v->id, state_names[r.state], v->cpu,
		(now() - r.state_entry_time) / 1000,
		v->sched->queued ? ", queued" : "",
		v->polling ? ", polling" : "", v->down ? ", down" : "",
		v->info->evtchn_upcall_pending, v->info->evtchn_upcall_mask,
		v->info->evtchn_pending_sel, v->pause_count,
		v->domain->pause_count, r.time[RUNSTATE_running] / 1000000);
}

static void show(void *data)
{
	struct domain *d;
	struct vcpu *v;
	unsigned cpu;

	(void)data;
	for_each_cpu (cpu, cpus_online) {
		const struct sched_cpu *const sc = cpu_of(cpu)->sched;

		v = sc->chosen;
		log_info("cpu%u: %s%u v%u, idle %u, unsliced %u", cpu,
			vcpu_is_idle(v) ? "idle " : "d",
			vcpu_is_idle(v) ? cpu : v->domain->id, v->id,
			(unsigned)(idle_cpus >> cpu & 1),
			(unsigned)(unsliced_cpus >> cpu & 1));
	}
	for (unsigned id = 0; id < DOMID_FIRST_RESERVED; id = d->id + 1u) {
		d = domain_next((uint16_t)id);
		if (!d)
			break;
		for_each_vcpu (d, v)
			show_vcpu(v);
		domain_put(d);
	}
}

void sched_show(void)
{
	static struct work work = { .fn = show };

	work_queue(&work);
}
