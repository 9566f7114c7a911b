/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves sharing of one CPU: two domains that never yield get what their
 * weights say, to a third; neither starves, and dom0, which wakes every few
 * milliseconds, gets its turn soon.
 */
#include <xen/sysctl.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/test.h"

#define MS 1000000UL

static struct child a, b;

static uint64_t cpu_time(const struct child *child)
{
	struct xen_domctl_getdomaininfo info = { 0 };

	domain_info(child->id, &info);
	return info.cpu_time;
}

static uint32_t scheduler(void)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_sched_id,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
	};

	return PV_CALL1(__HYPERVISOR_sysctl, &op) ? 0 :
	       op.u.sched_id.sched_id;
}

static int64_t set_weight(const struct child *child, uint16_t weight)
{
	struct xen_domctl op = {
		.u.scheduler_op = {
			.sched_id = scheduler(),
			.cmd = XEN_DOMCTL_SCHEDOP_putinfo,
			.u.credit2.weight = weight,
		},
	};

	return domctl(&op, XEN_DOMCTL_scheduler_op, child->id);
}

static int get_weight(const struct child *child)
{
	struct xen_domctl op = {
		.u.scheduler_op = {
			.sched_id = scheduler(),
			.cmd = XEN_DOMCTL_SCHEDOP_getinfo,
		},
	};

	if (domctl(&op, XEN_DOMCTL_scheduler_op, child->id))
		return -1;
	return op.u.scheduler_op.u.credit2.weight;
}

static void test_start(void)
{
	REQUIRE_EQ(child_start(&a), 0);
	REQUIRE_EQ(child_start(&b), 0);
	child_tell(&a, CHILD_SPIN, 0, 0);
	child_tell(&b, CHILD_SPIN, 0, 0);
	REQUIRE_EQ(get_weight(&a), 256);
}

/* Hundredths of b's time that a gets in a second. */
static uint64_t ratio(void)
{
	const uint64_t from_a = cpu_time(&a), from_b = cpu_time(&b);

	rest(1000 * MS);
	const uint64_t got_a = cpu_time(&a) - from_a;
	const uint64_t got_b = cpu_time(&b) - from_b;

	print("# %lu ms and %lu ms\n", got_a / MS, got_b / MS);
	return got_b ? got_a * 100 / got_b : 0;
}

/* The host may stop QEMU at somebody's expense: three tries. */
static bool ratio_within(uint64_t low, uint64_t high)
{
	for (int i = 0; i < 3; i++) {
		const uint64_t r = ratio();

		if (r > low && r < high)
			return true;
	}
	return false;
}

static void test_equal_weights(void)
{
	REQUIRE(ratio_within(75, 133));
}

static void test_double_weight(void)
{
	REQUIRE_EQ(set_weight(&a, 512), 0);
	REQUIRE_EQ(get_weight(&a), 512);
	REQUIRE(ratio_within(150, 270));
}

/* Within a second at most; a busy host may stop QEMU for part of it. */
static bool advances(const struct child *child)
{
	const uint64_t turns = child->mailbox->turns;

	for (int i = 0; i < 20 && child->mailbox->turns == turns; i++)
		rest(50 * MS);
	return child->mailbox->turns != turns;
}

static void test_both_advance(void)
{
	for (int i = 0; i < 20; i++) {
		REQUIRE(advances(&a));
		REQUIRE(advances(&b));
	}
}

/* Dom0 sleeps 3 ms at a time between two hogs. */
static void test_dom0_wakes(void)
{
	unsigned int late = 0;

	for (int i = 0; i < 100; i++) {
		const uint64_t deadline = now() + 3 * MS;

		rest(3 * MS);
		if (now() > deadline + 5 * MS)
			late++;
	}
	print("# %u of 100 naps ended more than 5 ms late\n", late);
	REQUIRE(late < 60);
}

static void test_weight_refused(void)
{
	/* none given: it stays */
	REQUIRE_EQ(set_weight(&a, 0), 0);
	REQUIRE_EQ(get_weight(&a), 512);
	struct xen_domctl op = {
		.u.scheduler_op = { .sched_id = 77,
				    .cmd = XEN_DOMCTL_SCHEDOP_getinfo },
	};

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_scheduler_op, a.id), EINVAL_);
}

static void test_end(void)
{
	REQUIRE(child_end(&a));
	REQUIRE(child_end(&b));
}

const struct test tests[] = {
	TEST(start),
	TEST(equal_weights),
	TEST(double_weight),
	TEST(both_advance),
	TEST(dom0_wakes),
	TEST(weight_refused),
	TEST(end),
	TESTS_END
};
