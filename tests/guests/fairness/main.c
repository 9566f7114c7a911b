/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves sharing of one CPU: two domains that never yield get what their
 * weights say, to a third; neither starves, and dom0, which wakes every few
 * milliseconds, gets its turn soon.
 */
#include <xen/sysctl.h>
#include <xen/vcpu.h>

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

/* Hundredths of b's time that a gets. The host may stop QEMU at somebody's
 * expense: then it takes more than a second until they are even. */
static bool ratio_within(uint64_t low, uint64_t high)
{
	const uint64_t from_a = cpu_time(&a), from_b = cpu_time(&b);

	for (int i = 0; i < 10; i++) {
		rest(1000 * MS);
		const uint64_t got_a = cpu_time(&a) - from_a;
		const uint64_t got_b = cpu_time(&b) - from_b;

		print("# %lu ms and %lu ms\n", got_a / MS, got_b / MS);
		if (got_b && got_a * 100 > low * got_b &&
		    got_a * 100 < high * got_b)
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

static void test_both_advance(void)
{
	for (int i = 0; i < 20; i++) {
		REQUIRE(child_advances(&a));
		REQUIRE(child_advances(&b));
	}
}

/* How long dom0 was awake and not given the CPU, in its life. */
static uint64_t waited(void)
{
	struct vcpu_runstate_info info = { 0 };

	hv_vcpu_op(VCPUOP_get_runstate_info, 0, &info);
	return info.time[RUNSTATE_runnable];
}

/*
 * Dom0 sleeps 3 ms at a time between two hogs. What counts is the time from
 * the timer's interrupt to its turn: most of what the host stops is the hogs.
 */
static void test_dom0_wakes(void)
{
	uint64_t took;

	for (int try = 0; try < 5; try++) {
		const uint64_t before = waited();

		for (int i = 0; i < 100; i++)
			rest(3 * MS);
		took = waited() - before;
		print("# 100 naps ended %lu us late\n", took / 1000);
		if (took < 300 * MS)
			return;
	}
	REQUIRE(!"as often as not within 3 ms");
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
