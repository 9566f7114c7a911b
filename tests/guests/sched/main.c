/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves sched_op: yield returns; block unmasks upcalls, sleeps until an event
 * and not longer; poll returns for ports that are or become pending, masked
 * ones too, for any deliverable event, and at its timeout; and their errors.
 */
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "tests/guests/lib/test.h"

#define MS 1000000UL
#define NEVER (2 * PATIENCE)	/* of a poll that something else ends */

static volatile unsigned int ticks;
static uint32_t timer_port;

static void tick(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	ticks++;
}

static int64_t singleshot(uint64_t deadline)
{
	struct vcpu_set_singleshot_timer op = { .timeout_abs_ns = deadline };

	return hv_vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
}

static int64_t poll(uint32_t *ports, unsigned int nr, uint64_t timeout)
{
	struct sched_poll op = {
		.ports = ports, .nr_ports = nr, .timeout = timeout,
	};

	return hv_sched_op(SCHEDOP_poll, &op);
}

static void test_yield(void)
{
	for (int i = 0; i < 100; i++)
		REQUIRE_EQ(hv_sched_op(SCHEDOP_yield, NULL), 0);
}

static void test_block(void)
{
	event_init();
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	const int64_t port = event_bind_virq(VIRQ_TIMER, 0);

	REQUIRE(port > 0);
	timer_port = port;
	event_register(port, tick, NULL);
	event_disable(0);
	event_dispatch(0);
	ticks = 0;
	const uint64_t deadline = now() + 30 * MS;

	REQUIRE_EQ(singleshot(deadline), 0);
	REQUIRE_EQ(hv_sched_op(SCHEDOP_block, NULL), 0);
	const uint64_t woken = now();
	const bool was_masked = event_disable(0);

	REQUIRE_EQ(ticks, 1);
	REQUIRE(!was_masked);
	REQUIRE(woken >= deadline);
	REQUIRE(woken < deadline + PATIENCE);
}

/* With an event pending block does not sleep. */
static void test_block_pending(void)
{
	const int64_t port = event_bind_ipi(0);

	REQUIRE(port > 0);
	event_disable(0);
	event_register(port, tick, NULL);
	ticks = 0;
	REQUIRE_EQ(event_send(port), 0);
	REQUIRE_EQ(hv_sched_op(SCHEDOP_block, NULL), 0);
	event_disable(0);
	REQUIRE_EQ(ticks, 1);
	REQUIRE_EQ(event_close(port), 0);
}

static void test_poll_timeout(void)
{
	uint32_t port = event_bind_ipi(0);
	const uint64_t deadline = now() + 20 * MS;

	event_disable(0);
	event_mask(port);
	REQUIRE_EQ(poll(&port, 1, deadline), 0);
	const uint64_t woken = now();

	REQUIRE(woken >= deadline);
	REQUIRE(woken < deadline + PATIENCE);
	/* a timeout in the past does not sleep */
	REQUIRE_EQ(poll(&port, 1, now() - MS), 0);
	REQUIRE(now() < woken + PATIENCE);
	REQUIRE_EQ(poll(NULL, 0, now() + 10 * MS), 0);
	REQUIRE_EQ(event_close(port), 0);
}

static void test_poll_pending(void)
{
	uint32_t ports[2] = { event_bind_ipi(0), event_bind_ipi(0) };

	event_disable(0);
	event_mask(ports[0]);
	event_mask(ports[1]);
	REQUIRE_EQ(event_send(ports[1]), 0);
	REQUIRE(event_pending(ports[1]));
	const uint64_t start = now();

	REQUIRE_EQ(poll(ports, 2, start + NEVER), 0);
	REQUIRE(now() < start + PATIENCE);
	REQUIRE(event_pending(ports[1]));
	REQUIRE_EQ(event_close(ports[0]), 0);
	REQUIRE_EQ(event_close(ports[1]), 0);
}

/* The port stays masked: a timer that becomes pending ends the poll. */
static void test_poll_masked_port(void)
{
	event_disable(0);
	event_mask(timer_port);
	event_clear(timer_port);
	const uint64_t deadline = now() + 20 * MS;

	REQUIRE_EQ(singleshot(deadline), 0);
	REQUIRE_EQ(poll(&timer_port, 1, deadline + NEVER), 0);
	const uint64_t woken = now();

	REQUIRE(woken >= deadline);
	REQUIRE(woken < deadline + PATIENCE);
	REQUIRE(event_pending(timer_port));
	event_clear(timer_port);
}

/* No timeout given: only the port can end it. */
static void test_poll_no_timeout(void)
{
	event_disable(0);
	event_clear(timer_port);
	const uint64_t deadline = now() + 20 * MS;

	REQUIRE_EQ(singleshot(deadline), 0);
	REQUIRE_EQ(poll(&timer_port, 1, 0), 0);
	REQUIRE(now() >= deadline);
	REQUIRE(event_pending(timer_port));
	event_clear(timer_port);
	event_unmask(timer_port);
}

/* Another event that can be delivered ends it as well. If a busy host stops us
 * it is delivered before the poll begins: then it comes later the next time. */
static void test_poll_other_event(void)
{
	uint32_t port = event_bind_ipi(0);
	bool ended = false;

	event_mask(port);
	event_register(timer_port, tick, NULL);
	for (uint64_t wait = 20 * MS; wait < PATIENCE && !ended; wait *= 10) {
		const uint64_t deadline = now() + wait;
		const uint64_t timeout = deadline + PATIENCE / 5;

		ticks = 0;
		event_enable(0);
		REQUIRE_EQ(singleshot(deadline), 0);
		REQUIRE_EQ(poll(&port, 1, timeout), 0);
		const uint64_t woken = now();

		event_disable(0);
		REQUIRE_EQ(ticks, 1);
		REQUIRE(woken >= deadline);
		ended = woken < timeout;
	}
	REQUIRE(ended);
	REQUIRE_EQ(event_close(port), 0);
}

static void test_poll_errors(void)
{
	static uint32_t ports[200];

	REQUIRE_EQ(poll(ports, 129, 1), EINVAL_);
	REQUIRE_EQ(poll((void *)0x1000, 1, 1), EFAULT_);
	ports[0] = 1 << 30;
	REQUIRE_EQ(poll(ports, 1, 1), EINVAL_);
	REQUIRE_EQ(hv_sched_op(SCHEDOP_poll, (void *)0x1000), EFAULT_);
}

static void test_errors(void)
{
	REQUIRE_EQ(hv_sched_op(99, NULL), ENOSYS_);
	REQUIRE_EQ(hv_sched_op(SCHEDOP_shutdown, (void *)0x1000), EFAULT_);
	struct sched_remote_shutdown op = { .domain_id = 77 };

	REQUIRE_EQ(hv_sched_op(SCHEDOP_remote_shutdown, &op), ESRCH_);
}

const struct test tests[] = {
	TEST(yield),
	TEST(block),
	TEST(block_pending),
	TEST(poll_timeout),
	TEST(poll_pending),
	TEST(poll_masked_port),
	TEST(poll_no_timeout),
	TEST(poll_other_event),
	TEST(poll_errors),
	TEST(errors),
	TESTS_END
};
