// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/timer.c: order, stopping, re-arming, timers of other CPUs; and the heap
 * against a plain list, with random operations.
 */
#include <stdlib.h>

#include "core/timer.h"
#include "machine.h"
#include "suite.h"

#define MS 1000000ull

static unsigned nr_fired;
static struct timer *fired[4096];
static unsigned fired_on[4096];

static void fire(void *data)
{
	fired[nr_fired] = data;
	fired_on[nr_fired++] = this_cpu()->number;
}

static void run_until(uint64_t end)
{
	machine_settle();
	while (machine_deadline() <= end) {
		machine_advance(machine_deadline());
		machine_settle();
	}
	machine_advance(end);
	machine_settle();
}

static void in_order(void)
{
	struct timer t[3];

	machine_reset(1);
	for (unsigned i = 0; i < 3; i++)
		timer_init(&t[i], fire, &t[i]);
	timer_set(&t[0], machine_now + 3 * MS);
	timer_set(&t[1], machine_now + 1 * MS);
	timer_set(&t[2], machine_now + 2 * MS);
	run_until(machine_now + 10 * MS);
	CHECK_EQUAL(nr_fired, 3);
	CHECK(fired[0] == &t[1] && fired[1] == &t[2] && fired[2] == &t[0]);
}

/* What overflows as a TSC value is never, not at once. */
static void far_away(void)
{
	struct timer a, b;

	machine_reset(1);
	timer_init(&a, fire, &a);
	timer_init(&b, fire, &b);
	timer_set(&a, 1ull << 63);
	timer_set(&b, ~0ull - 5);
	CHECK(machine_deadline() == ~0ull);
	run_until(machine_now + 1000 * MS);
	CHECK_EQUAL(nr_fired, 0);
	timer_set(&a, machine_now + MS);
	run_until(machine_now + 2 * MS);
	CHECK_EQUAL(nr_fired, 1);
	CHECK(machine_deadline() == ~0ull);
}

static void in_the_past(void)
{
	struct timer t;

	machine_reset(1);
	timer_init(&t, fire, &t);
	timer_set(&t, machine_now - MS);
	run_until(machine_now);
	CHECK_EQUAL(nr_fired, 1);
}

static void stopped(void)
{
	struct timer a, b;

	machine_reset(1);
	timer_init(&a, fire, &a);
	timer_init(&b, fire, &b);
	timer_set(&a, machine_now + MS);
	timer_set(&b, machine_now + 2 * MS);
	timer_stop(&a);
	timer_stop(&a);
	run_until(machine_now + 5 * MS);
	CHECK_EQUAL(nr_fired, 1);
	CHECK(fired[0] == &b);
}

static void stopped_from_elsewhere(void)
{
	struct timer t;

	machine_reset(2);
	timer_init(&t, fire, &t);
	timer_set(&t, machine_now + MS);
	machine_on_cpu(1);
	timer_stop_sync(&t);
	run_until(machine_now + 5 * MS);
	CHECK_EQUAL(nr_fired, 0);
}

/* It fires on the CPU that armed it last, once. */
static void moves(void)
{
	struct timer t;

	machine_reset(2);
	timer_init(&t, fire, &t);
	timer_set(&t, machine_now + MS);
	machine_on_cpu(1);
	timer_set(&t, machine_now + 2 * MS);
	run_until(machine_now + 5 * MS);
	CHECK_EQUAL(nr_fired, 1);
	CHECK_EQUAL(fired_on[0], 1);
}

static struct timer again;

static void fire_again(void *data)
{
	fire(data);
	if (nr_fired < 10)
		timer_set(&again, again.expires + MS);
}

static void rearmed_by_callback(void)
{
	machine_reset(1);
	timer_init(&again, fire_again, &again);
	timer_set(&again, machine_now + MS);
	run_until(machine_now + 100 * MS);
	CHECK_EQUAL(nr_fired, 10);
}

/* An earlier timer than the programmed one is not late. */
static void earlier(void)
{
	struct timer late, early;
	uint64_t due;

	machine_reset(1);
	timer_init(&late, fire, &late);
	timer_init(&early, fire, &early);
	timer_set(&late, machine_now + 100 * MS);
	timer_set(&early, due = machine_now + MS);
	CHECK_EQUAL(machine_deadline(), due);
	run_until(due);
	CHECK_EQUAL(nr_fired, 1);
	CHECK(fired[0] == &early);
	CHECK(machine_deadline() == due + 99 * MS);
}

#define TIMERS 200

static uint64_t model[TIMERS]; /* 0: not armed */
static struct timer random_timers[TIMERS];
static bool wrong;

static void fire_random(void *data)
{
	const unsigned i = (unsigned)((struct timer *)data - random_timers);

	/* It is due, and nothing that is due earlier is left behind. */
	if (!model[i] || model[i] > machine_now + 2000)
		wrong = true;
	for (unsigned j = 0; j < TIMERS; j++)
		if (model[j] && model[j] < model[i] &&
			random_timers[j].cpu == random_timers[i].cpu)
			wrong = true;
	model[i] = 0;
	nr_fired++;
}

static void random_operations(void)
{
	unsigned armed = 0;

	machine_reset(3);
	srand(1);
	for (unsigned i = 0; i < TIMERS; i++)
		timer_init(&random_timers[i], fire_random, &random_timers[i]);
	for (unsigned n = 0; n < 50000; n++) {
		const unsigned i = (unsigned)rand() % TIMERS;

		machine_on_cpu((unsigned)rand() % 3);
		switch (rand() % 4) {
		case 0:
		case 1:
			model[i] = machine_now + 3000 +
				   (unsigned)rand() % (20 * MS);
			timer_set(&random_timers[i], model[i]);
			armed++;
			break;
		case 2:
			timer_stop(&random_timers[i]);
			model[i] = 0;
			break;
		default:
			run_until(machine_now + (unsigned)rand() % MS);
		}
		for (unsigned j = 0; j < TIMERS; j++)
			CHECK(!model[j] || model[j] + 1 > machine_now);
		CHECK(!wrong);
	}
	run_until(machine_now + 100 * MS);
	for (unsigned j = 0; j < TIMERS; j++)
		CHECK(!model[j] && !random_timers[j].queued);
	CHECK(nr_fired > 1000 && nr_fired < armed);
}

SUITE({"in_order", in_order}, {"in_the_past", in_the_past},
	{"far_away", far_away}, {"stopped", stopped},
	{"stopped_from_elsewhere", stopped_from_elsewhere}, {"moves", moves},
	{"rearmed_by_callback", rearmed_by_callback}, {"earlier", earlier},
	{"random_operations", random_operations})
