/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the vCPU's timers: the one-shot timer fires at its time and once,
 * a deadline in the past fires at once, it can be moved and stopped;
 * set_timer_op does the same; the periodic timer of 100 Hz runs from the
 * start until it is stopped and takes other periods; blocking ends on time.
 */
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "tests/guests/lib/test.h"

#define MS 1000000UL

static volatile unsigned int ticks;
static volatile uint64_t last_tick;

static void tick(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	ticks++;
	last_tick = now();
}

static int64_t singleshot(uint64_t deadline, uint32_t flags)
{
	struct vcpu_set_singleshot_timer op = {
		.timeout_abs_ns = deadline, .flags = flags,
	};

	return hv_vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
}

static void spin(uint64_t ns)
{
	for (const uint64_t end = now() + ns; now() < end;)
		;
}

/* One tick comes, sooner or later, and no second one behind it. */
static bool ticks_once(void)
{
	for (const uint64_t end = now() + PATIENCE; now() < end;)
		if (ticks)
			break;
	spin(20 * MS);
	return ticks == 1;
}

static uint64_t stopped;	/* how long we stood still, of that */

/* How long nr ticks take; a late one may swallow the next. */
static uint64_t time_of_ticks(unsigned int nr)
{
	const uint64_t start = now();
	uint64_t then = start;

	ticks = 0;
	stopped = 0;
	while (ticks < nr && then < start + PATIENCE) {
		const uint64_t t = now();

		if (t > then + MS)
			stopped += t - then;
		then = t;
	}
	return then - start;
}

/* 200 ms, or a little more; never less. A busy host may stop QEMU for longer
 * than that, us or its timers, but not each time both. */
static bool take_200_ms(unsigned int nr)
{
	for (const uint64_t end = now() + PATIENCE; now() < end;) {
		const uint64_t took = time_of_ticks(nr);

		if (took <= 180 * MS)
			return false;
		if (took - stopped < 400 * MS)
			return true;
		print("# %u ticks took %lu ms, %lu stopped\n", nr, took / MS,
		      stopped / MS);
	}
	return false;
}

/* A deadline that ours lets pass is due, whatever is said about it then. */
static bool was_in_time(uint64_t deadline)
{
	if (now() < deadline)
		return true;
	hv_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL);
	ticks = 0;
	return false;
}

/* The reference starts every vCPU with a tick of 10 ms. */
static void test_periodic_at_start(void)
{
	event_init();
	const int64_t port = event_bind_virq(VIRQ_TIMER, 0);

	REQUIRE(port > 0);
	event_register(port, tick, NULL);
	event_enable(0);
	REQUIRE(take_200_ms(20));
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	ticks = 0;
	spin(100 * MS);
	REQUIRE(ticks <= 1);
}

static void test_periodic_set(void)
{
	struct vcpu_set_periodic_timer op = { .period_ns = 5 * MS };

	REQUIRE_EQ(hv_vcpu_op(VCPUOP_set_periodic_timer, 0, &op), 0);
	const bool right = take_200_ms(40);

	REQUIRE_EQ(hv_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	REQUIRE(right);
	op.period_ns = 1000;		/* shorter than a millisecond */
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_set_periodic_timer, 0, &op), EINVAL_);
}

static void test_singleshot(void)
{
	spin(20 * MS);
	ticks = 0;
	const uint64_t deadline = now() + 30 * MS;

	REQUIRE_EQ(singleshot(deadline, 0), 0);
	spin(20 * MS);
	REQUIRE(ticks == 0 || last_tick >= deadline);
	REQUIRE(ticks_once());
	REQUIRE(last_tick >= deadline);
	REQUIRE(last_tick < deadline + PATIENCE);
	REQUIRE(ticks_once());
}

static void test_singleshot_past(void)
{
	ticks = 0;
	REQUIRE_EQ(singleshot(now() - 5 * MS, 0), 0);
	REQUIRE(ticks_once());
	ticks = 0;
	REQUIRE_EQ(singleshot(1, 0), 0);
	REQUIRE(ticks_once());
}

static void test_singleshot_moved(void)
{
	uint64_t first;

	ticks = 0;
	do {
		first = now() + 100 * MS;
		REQUIRE_EQ(singleshot(first, 0), 0);
		REQUIRE_EQ(singleshot(first + 2 * PATIENCE, 0), 0);
	} while (!was_in_time(first));
	spin(150 * MS);
	REQUIRE_EQ(ticks, 0);
	REQUIRE_EQ(singleshot(now() + 10 * MS, 0), 0);
	REQUIRE(ticks_once());
	REQUIRE(ticks_once());
}

static void test_singleshot_stopped(void)
{
	uint64_t deadline;

	ticks = 0;
	do {
		deadline = now() + 300 * MS;
		REQUIRE_EQ(singleshot(deadline, 0), 0);
		REQUIRE_EQ(hv_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL),
			   0);
	} while (!was_in_time(deadline));
	spin(350 * MS);
	REQUIRE_EQ(ticks, 0);
}

static void test_singleshot_errors(void)
{
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_set_singleshot_timer, 0, (void *)0x1000),
		   EFAULT_);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_set_singleshot_timer, 5000, NULL),
		   ENOENT_);
}

static void test_set_timer_op(void)
{
	ticks = 0;
	uint64_t deadline = now() + 20 * MS;

	REQUIRE_EQ(hv_set_timer_op(deadline), 0);
	spin(10 * MS);
	REQUIRE(ticks == 0 || last_tick >= deadline);
	REQUIRE(ticks_once());
	REQUIRE(last_tick >= deadline);
	ticks = 0;
	REQUIRE_EQ(hv_set_timer_op(now() - MS), 0);
	REQUIRE(ticks_once());
	ticks = 0;
	do {
		deadline = now() + 300 * MS;
		REQUIRE_EQ(hv_set_timer_op(deadline), 0);
		REQUIRE_EQ(hv_set_timer_op(0), 0);
	} while (!was_in_time(deadline));
	spin(350 * MS);
	REQUIRE_EQ(ticks, 0);
}

/* A deadline years away fires early or never, and harms nothing. */
static void test_far_future(void)
{
	REQUIRE_EQ(hv_set_timer_op(~0UL >> 1), 0);
	REQUIRE_EQ(hv_set_timer_op(0), 0);
	REQUIRE_EQ(singleshot(~0UL >> 1, 0), 0);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0);
	spin(20 * MS);
	ticks = 0;
	REQUIRE_EQ(singleshot(now() + 5 * MS, 0), 0);
	REQUIRE(ticks_once());
}

static void test_block_until(void)
{
	for (int i = 0; i < 10; i++) {
		event_disable(0);
		ticks = 0;
		const uint64_t deadline = now() + 5 * MS;

		REQUIRE_EQ(singleshot(deadline, 0), 0);
		while (!ticks)
			REQUIRE_EQ(hv_sched_op(SCHEDOP_block, NULL), 0);
		const uint64_t woken = now();

		REQUIRE(woken >= deadline);
		REQUIRE(woken < deadline + PATIENCE);
	}
}

static uint64_t time_of_sleeps(void)
{
	const uint64_t start = now();
	uint64_t deadline = start;

	for (int i = 0; i < 100; i++) {
		deadline += 2 * MS;
		event_disable(0);
		ticks = 0;
		if (singleshot(deadline, 0))
			return 0;
		while (!ticks)
			hv_sched_op(SCHEDOP_block, NULL);
	}
	return now() - start;
}

/* A hundred short sleeps add up to what they should, unless the host stops
 * QEMU. */
static void test_no_drift(void)
{
	uint64_t took;
	const uint64_t end = now() + PATIENCE;

	do {
		took = time_of_sleeps();
		REQUIRE(took >= 200 * MS);
	} while (took >= 400 * MS && now() < end);
	REQUIRE(took < 400 * MS);
}

const struct test tests[] = {
	TEST(periodic_at_start),
	TEST(periodic_set),
	TEST(singleshot),
	TEST(singleshot_past),
	TEST(singleshot_moved),
	TEST(singleshot_stopped),
	TEST(singleshot_errors),
	TEST(set_timer_op),
	TEST(far_future),
	TEST(block_until),
	TEST(no_drift),
	TESTS_END
};
