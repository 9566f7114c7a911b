// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/sched.c in a simulation: CPUs run what schedule() chose, the clock
 * jumps from one thing that happens to the next. vCPUs either compute all the
 * time or in bursts with sleeps between. Checked: shares by weight, over one
 * CPU and over several; latency after a wake-up; that nothing starves or is
 * forgotten; and, under random operations, the scheduler's invariant.
 */
#include <stdlib.h>

#include "core/event.h"
#include "core/sched.h"
#include "machine.h"
#include "suite.h"

#define MS 1000000ull
#define S 1000000000ull
#define LOADS 16

/* A vCPU's behaviour. burst 0: it computes for ever. */
struct load {
	struct vcpu *v;
	uint64_t burst, sleep; /* ns of CPU time, of real time */
	uint64_t left;         /* of this burst */
	uint64_t wake_at;      /* while it sleeps */
	uint64_t woken_at; /* 0, or when it was woken and has not run since */
	uint64_t worst;    /* longest from wake-up to running */
	uint64_t nr_wakes;
};

static struct load loads[LOADS];
static unsigned nr_loads;

static struct load *add_load(
	uint16_t id, unsigned weight, uint64_t burst, uint64_t sleep)
{
	struct domain *const d = machine_domain(id, 1);
	struct load *const l = &loads[nr_loads++];

	*l = (struct load){
		.v = d->vcpu[0], .burst = burst, .sleep = sleep, .left = burst};
	if (weight)
		sched_set_weight(d, weight);
	machine_settle();
	return l;
}

static struct load *load_of(const struct vcpu *v)
{
	for (unsigned i = 0; i < nr_loads; i++)
		if (loads[i].v == v)
			return &loads[i];
	return NULL;
}

/* Charge dt of computing; note who got to run after a wake-up. */
static void compute(uint64_t dt)
{
	for (unsigned i = 0; i < nr_cpus; i++) {
		struct load *const l = load_of(cpu_of(i)->vcpu);

		if (l && l->burst)
			l->left -= l->left < dt ? l->left : dt;
	}
}

static void note_latency(void)
{
	for (unsigned i = 0; i < nr_cpus; i++) {
		struct load *const l = load_of(cpu_of(i)->vcpu);

		if (!l || !l->woken_at)
			continue;
		if (machine_now - l->woken_at > l->worst)
			l->worst = machine_now - l->woken_at;
		l->woken_at = 0;
	}
}

static uint64_t next_event(uint64_t end)
{
	uint64_t next = machine_deadline() < end ? machine_deadline() : end;

	for (unsigned i = 0; i < nr_loads; i++)
		if (loads[i].wake_at && loads[i].wake_at < next)
			next = loads[i].wake_at;
	for (unsigned i = 0; i < nr_cpus; i++) {
		const struct load *const l = load_of(cpu_of(i)->vcpu);

		if (l && l->burst && machine_now + l->left < next)
			next = machine_now + l->left;
	}
	return next > machine_now ? next : machine_now;
}

/* Ended bursts block, as a guest does; sleeps that are over end by an event. */
static void behave(void)
{
	for (unsigned i = 0; i < nr_cpus; i++) {
		struct load *const l = load_of(cpu_of(i)->vcpu);

		if (!l || !l->burst || l->left)
			continue;
		machine_on_cpu(i);
		l->v->info->evtchn_upcall_pending = 0;
		vcpu_block();
		l->left = l->burst;
		l->wake_at = machine_now + l->sleep;
	}
	for (unsigned i = 0; i < nr_loads; i++)
		if (loads[i].wake_at && loads[i].wake_at <= machine_now) {
			machine_on_cpu(i % nr_cpus);
			loads[i].wake_at = 0;
			loads[i].woken_at = machine_now;
			loads[i].nr_wakes++;
			vcpu_mark_events_pending(loads[i].v);
		}
	machine_settle();
	note_latency();
}

static void simulate(uint64_t duration)
{
	const uint64_t end = machine_now + duration;

	machine_settle();
	note_latency();
	while (machine_now < end) {
		const uint64_t next = next_event(end);

		compute(next - machine_now);
		machine_advance(next);
		behave();
	}
}

static uint64_t used(const struct load *l)
{
	struct vcpu_runstate_info state;

	sched_runstate(l->v, &state);
	return state.time[RUNSTATE_running];
}

/* In thousandths of the duration. */
static unsigned share(struct load *l, uint64_t before, uint64_t duration)
{
	return (unsigned)((used(l) - before) * 1000 / duration);
}

static void check_share(
	struct load *l, uint64_t duration, unsigned wanted, unsigned tolerance)
{
	const unsigned got = share(l, 0, duration);

	if (got + tolerance < wanted || got > wanted + tolerance)
		printf("# d%u got %u thousandths\n", l->v->domain->id, got);
	CHECK(got + tolerance >= wanted);
	CHECK(got <= wanted + tolerance);
}

static const cpumask_t on_0 = {1}, on_1 = {2};

/* Shares */

static void equal_weights(void)
{
	machine_reset(1);
	for (uint16_t i = 1; i <= 3; i++)
		add_load(i, 0, 0, 0);
	simulate(10 * S);
	for (unsigned i = 0; i < 3; i++)
		check_share(&loads[i], 10 * S, 333, 5);
}

static void unequal_weights(void)
{
	machine_reset(1);
	add_load(1, 256, 0, 0);
	add_load(2, 512, 0, 0);
	add_load(3, 1024, 0, 0);
	simulate(20 * S);
	check_share(&loads[0], 20 * S, 143, 5);
	check_share(&loads[1], 20 * S, 286, 5);
	check_share(&loads[2], 20 * S, 571, 5);
}

static void three_on_two_cpus(void)
{
	machine_reset(2);
	for (uint16_t i = 1; i <= 3; i++)
		add_load(i, 0, 0, 0);
	simulate(20 * S);
	for (unsigned i = 0; i < 3; i++)
		check_share(&loads[i], 20 * S, 667, 20);
}

/* Weight 1:2:1 over two CPUs: the middle one gets a whole CPU. */
static void weights_on_two_cpus(void)
{
	machine_reset(2);
	add_load(1, 256, 0, 0);
	add_load(2, 512, 0, 0);
	add_load(3, 256, 0, 0);
	simulate(20 * S);
	check_share(&loads[0], 20 * S, 500, 50);
	check_share(&loads[1], 20 * S, 1000, 100);
	check_share(&loads[2], 20 * S, 500, 50);
}

/* The same with one pinned: the free one alternates between the CPUs. */
static void three_on_two_cpus_one_pinned(void)
{
	machine_reset(2);
	sched_set_affinity(add_load(1, 0, 0, 0)->v, on_0, on_0);
	add_load(2, 0, 0, 0);
	add_load(3, 0, 0, 0);
	simulate(20 * S);
	for (unsigned i = 0; i < 3; i++)
		check_share(&loads[i], 20 * S, 667, 20);
}

/* One that is preempted waits no longer than its turn comes, though the other
 * CPU was alone with its vCPU for long. */
static void preempted_is_noticed(void)
{
	uint64_t before;

	machine_reset(2);
	sched_set_affinity(add_load(1, 0, 0, 0)->v, on_1, on_1);
	add_load(2, 0, 0, 0);
	simulate(S);
	before = used(&loads[0]);
	/* Preempts the second on CPU 0 now and then; nobody else waits. */
	sched_set_affinity(add_load(3, 0, 30 * MS, 30 * MS)->v, on_0, on_0);
	simulate(10 * S);
	CHECK(share(&loads[0], before, 10 * S) <= 900);
}

static void all_cpus_used(void)
{
	machine_reset(4);
	for (uint16_t i = 1; i <= 4; i++)
		add_load(i, 0, 0, 0);
	simulate(S);
	for (unsigned i = 0; i < 4; i++)
		check_share(&loads[i], S, 1000, 1);
}

static void dom0_weighs_more(void)
{
	machine_reset(1);
	add_load(0, 0, 0, 0);
	add_load(1, 0, 0, 0);
	simulate(10 * S);
	check_share(&loads[0], 10 * S, 667, 10);
}

/* The CPU time of who uses less than its share goes to the others. */
static void leftover_is_used(void)
{
	machine_reset(1);
	add_load(1, 0, 1 * MS, 9 * MS);
	add_load(2, 0, 0, 0);
	add_load(3, 0, 0, 0);
	simulate(10 * S);
	check_share(&loads[0], 10 * S, 100, 10);
	check_share(&loads[1], 10 * S, 450, 10);
	check_share(&loads[2], 10 * S, 450, 10);
}

/* Starvation */

static void tiny_weight_runs(void)
{
	machine_reset(1);
	add_load(1, 65535, 0, 0);
	add_load(2, 1, 0, 0);
	simulate(60 * S);
	CHECK(used(&loads[1]) > 0);
}

/* Who ran alone for long is not punished when another comes, nor is the
 * other favoured for long. */
static void late_comer(void)
{
	uint64_t before;

	machine_reset(1);
	add_load(1, 0, 0, 0);
	simulate(30 * S);
	before = used(&loads[0]);
	add_load(2, 0, 0, 0);
	simulate(S);
	CHECK(share(&loads[0], before, S) >= 450);
	CHECK(share(&loads[1], 0, S) >= 450);
}

/* The same with a small weight, pinned, next to a busy other CPU. */
static void late_comer_next_to_fast_queue(void)
{
	uint64_t before;

	machine_reset(2);
	sched_set_affinity(add_load(1, 64, 0, 0)->v, on_0, on_0);
	for (uint16_t i = 2; i <= 5; i++)
		sched_set_affinity(add_load(i, 0, 0, 0)->v, on_1, on_1);
	simulate(30 * S);
	CHECK(share(&loads[0], 0, 30 * S) >= 999);
	before = used(&loads[0]);
	sched_set_affinity(add_load(6, 64, 0, 0)->v, on_0, on_0);
	simulate(10 * S);
	CHECK(share(&loads[0], before, 10 * S) >= 400);
	CHECK(share(&loads[5], 0, 10 * S) >= 400);
	for (unsigned i = 1; i <= 4; i++)
		check_share(&loads[i], 40 * S, 250, 10);
}

/* Latency */

static void wake_up_latency(void)
{
	struct load *l;

	machine_reset(1);
	for (uint16_t i = 1; i <= 3; i++)
		add_load(i, 0, 0, 0);
	l = add_load(4, 0, 500000, 20 * MS);
	simulate(S);
	l->worst = 0;
	simulate(20 * S);
	CHECK(l->nr_wakes > 900);
	CHECK(l->worst <= 1 * MS);
}

/* Who wakes all the time gets on once in a millisecond, no sooner. */
static void turn_lasts_a_while(void)
{
	struct load *l;

	machine_reset(1);
	add_load(1, 0, 0, 0);
	l = add_load(2, 0, 50000, 100000);
	simulate(S);
	l->nr_wakes = l->worst = 0;
	simulate(21 * S);
	CHECK(l->nr_wakes >= 19900 && l->nr_wakes <= 20000);
	CHECK_EQUAL(l->worst, 900000);
}

static void wake_up_on_idle_cpu(void)
{
	struct load *l;

	machine_reset(2);
	sched_set_affinity(add_load(1, 0, 0, 0)->v, on_0, on_0);
	l = add_load(2, 0, 3 * MS, 5 * MS);
	simulate(5 * S);
	CHECK(l->nr_wakes > 600);
	CHECK_EQUAL(l->worst, 0);
}

/* A steady sleeper does not lose to one that yields all the time. */
static void yield_goes_behind(void)
{
	machine_reset(1);
	add_load(1, 0, 0, 0);
	add_load(2, 0, 0, 0);
	for (unsigned i = 0; i < 1000; i++) {
		struct vcpu *const v = cpu_of(0)->vcpu;

		vcpu_yield();
		machine_settle();
		CHECK(cpu_of(0)->vcpu != v);
		simulate(MS / 10);
	}
}

static void yield_alone(void)
{
	machine_reset(1);
	add_load(1, 0, 0, 0);
	vcpu_yield();
	machine_settle();
	CHECK(cpu_of(0)->vcpu == loads[0].v);
}

/* Pausing, affinity */

static void paused_does_not_run(void)
{
	uint64_t before;

	machine_reset(2);
	add_load(1, 0, 0, 0);
	add_load(2, 0, 0, 0);
	simulate(S);
	atomic_add(&loads[0].v->domain->pause_count, 1);
	vcpu_sleep(loads[0].v);
	simulate(MS);
	before = used(&loads[0]);
	CHECK(!loads[0].v->running);
	CHECK_EQUAL(loads[0].v->runstate.state, RUNSTATE_offline);
	simulate(S);
	CHECK_EQUAL(used(&loads[0]), before);
	domain_unpause(loads[0].v->domain);
	simulate(S);
	CHECK(share(&loads[0], before, S) >= 999);
}

static void affinity_moves_running(void)
{
	machine_reset(2);
	add_load(1, 0, 0, 0);
	simulate(S);
	CHECK_EQUAL(sched_set_affinity(loads[0].v, on_1, on_1), 0);
	simulate(MS);
	CHECK_EQUAL(loads[0].v->cpu, 1);
	CHECK(cpu_of(1)->vcpu == loads[0].v);
	CHECK_EQUAL(sched_set_affinity(loads[0].v, on_0, on_0), 0);
	simulate(MS);
	CHECK(cpu_of(0)->vcpu == loads[0].v);
	CHECK_EQUAL(sched_set_affinity(loads[0].v, (cpumask_t){4}, on_0), -22);
}

/* A wake-up between the look for events and going to sleep is not lost. */
static void block_with_event(void)
{
	machine_reset(1);
	add_load(1, 0, 0, 0);
	vcpu_mark_events_pending(loads[0].v);
	vcpu_block();
	machine_settle();
	CHECK(cpu_of(0)->vcpu == loads[0].v);
	CHECK(!loads[0].v->blocked);
}

static void event_after_block(void)
{
	machine_reset(2);
	add_load(1, 0, 0, 0);
	machine_on_cpu(loads[0].v->cpu);
	vcpu_block();
	/* Before this CPU has switched, the other sends. */
	machine_on_cpu(!loads[0].v->cpu);
	vcpu_mark_events_pending(loads[0].v);
	machine_settle();
	CHECK(cpu_of(loads[0].v->cpu)->vcpu == loads[0].v);
}

static void runstates_add_up(void)
{
	struct vcpu_runstate_info state;
	uint64_t sum = 0, start;

	machine_reset(1);
	start = machine_now;
	add_load(1, 0, 2 * MS, 5 * MS);
	add_load(2, 0, 0, 0);
	simulate(5 * S);
	sched_runstate(loads[0].v, &state);
	for (unsigned i = 0; i < 4; i++)
		sum += state.time[i];
	CHECK_EQUAL(sum, machine_now - start);
	CHECK(state.time[RUNSTATE_blocked] > 3 * S);
	CHECK_EQUAL(sched_cpu_idle_ns(0), 0);
}

/* Random operations */

static bool may_run_on(const struct vcpu *v, unsigned cpu)
{
	cpumask_t hard, soft;

	sched_get_affinity((struct vcpu *)v, &hard, &soft);
	return hard.bits >> cpu & 1;
}

/* Everything is settled: who may run, runs or waits for a CPU that is busy. */
static void check_invariant(void)
{
	for (unsigned i = 0; i < nr_loads; i++) {
		struct vcpu *const v = loads[i].v;
		unsigned on = nr_cpus;

		for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
			if (cpu_of(cpu)->vcpu == v) {
				CHECK(on == nr_cpus);
				on = cpu;
			}
		CHECK_EQUAL(v->running, on < nr_cpus);
		if (!vcpu_runnable(v)) {
			CHECK(on == nr_cpus);
			CHECK(v->runstate.state == RUNSTATE_blocked ||
				v->runstate.state == RUNSTATE_offline);
			continue;
		}
		if (on < nr_cpus) {
			CHECK(may_run_on(v, on));
			CHECK_EQUAL(v->runstate.state, RUNSTATE_running);
			continue;
		}
		CHECK_EQUAL(v->runstate.state, RUNSTATE_runnable);
		CHECK(may_run_on(v, v->cpu));
		for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
			if (may_run_on(v, cpu))
				CHECK(!vcpu_is_idle(cpu_of(cpu)->vcpu));
	}
}

static void random_operation(void)
{
	struct load *const l = &loads[(unsigned)rand() % nr_loads];
	struct vcpu *const v = l->v;
	const unsigned cpu = (unsigned)rand() % nr_cpus;
	cpumask_t mask = {(unsigned)rand() & ((1u << nr_cpus) - 1)};

	machine_on_cpu(cpu);
	switch (rand() % 6) {
	case 0:
		if (vcpu_is_idle(cpu_of(cpu)->vcpu))
			break;
		cpu_of(cpu)->vcpu->info->evtchn_upcall_pending = 0;
		vcpu_block();
		break;
	case 1:
		vcpu_mark_events_pending(v);
		break;
	case 2:
		if (v->domain->pause_count < 3) {
			atomic_add(&v->domain->pause_count, 1);
			vcpu_sleep(v);
		}
		break;
	case 3:
		if (v->domain->pause_count)
			domain_unpause(v->domain);
		break;
	case 4:
		sched_set_affinity(v, mask, mask);
		break;
	default:
		if (!vcpu_is_idle(cpu_of(cpu)->vcpu))
			vcpu_yield();
	}
}

static void random_operations(unsigned cpus)
{
	machine_reset(cpus);
	srand(cpus);
	for (uint16_t i = 1; i <= 7; i++)
		add_load(i, 1u + (unsigned)rand() % 1000, 0, 0);
	for (unsigned n = 0; n < 20000; n++) {
		/* Several, with some CPUs acting in between, so that they
		 * meet in the middle of each other's work. */
		for (int i = rand() % 4; i >= 0; i--) {
			random_operation();
			if (rand() % 3 == 0)
				machine_run_cpu((unsigned)rand() % cpus);
		}
		machine_settle();
		check_invariant();
		machine_advance(machine_now + (unsigned)rand() % (5 * MS));
		machine_settle();
		check_invariant();
	}
}

static void random_1_cpu(void)
{
	random_operations(1);
}

static void random_2_cpus(void)
{
	random_operations(2);
}

static void random_4_cpus(void)
{
	random_operations(4);
}

SUITE({"equal_weights", equal_weights}, {"unequal_weights", unequal_weights},
	{"three_on_two_cpus", three_on_two_cpus},
	{"weights_on_two_cpus", weights_on_two_cpus},
	{"three_on_two_cpus_one_pinned", three_on_two_cpus_one_pinned},
	{"preempted_is_noticed", preempted_is_noticed},
	{"all_cpus_used", all_cpus_used},
	{"dom0_weighs_more", dom0_weighs_more},
	{"leftover_is_used", leftover_is_used},
	{"tiny_weight_runs", tiny_weight_runs}, {"late_comer", late_comer},
	{"late_comer_next_to_fast_queue", late_comer_next_to_fast_queue},
	{"wake_up_latency", wake_up_latency},
	{"turn_lasts_a_while", turn_lasts_a_while},
	{"wake_up_on_idle_cpu", wake_up_on_idle_cpu},
	{"yield_goes_behind", yield_goes_behind}, {"yield_alone", yield_alone},
	{"paused_does_not_run", paused_does_not_run},
	{"affinity_moves_running", affinity_moves_running},
	{"block_with_event", block_with_event},
	{"event_after_block", event_after_block},
	{"runstates_add_up", runstates_add_up}, {"random_1_cpu", random_1_cpu},
	{"random_2_cpus", random_2_cpus}, {"random_4_cpus", random_4_cpus})
