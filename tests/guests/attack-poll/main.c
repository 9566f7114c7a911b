/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants a poll to read ports from where it may not, to look up a
 * port that does not exist, to keep the hypervisor busy with a list without end,
 * or to leave its vCPU half asleep after a refusal, so that the next event or
 * block goes wrong; and a block or poll that nobody can ever end.
 *
 * What must happen: long lists and bad ports are -EINVAL, bad pointers -EFAULT;
 * the vCPU runs on after a refusal, and polls, blocks and timeouts then work as
 * ever, the extreme ones too.
 *
 * Class: event channels (compare XSA-107, XSA-221). Same on Xen.
 */
#include <xen/event_channel.h>
#include <xen/sched.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define MS 1000000UL

static uint32_t ports[256], kicker;

static int64_t poll(const void *list, uint32_t nr, uint64_t timeout)
{
	struct sched_poll op = {
		.ports = (void *)list, .nr_ports = nr, .timeout = timeout,
	};

	return hv_sched_op(SCHEDOP_poll, &op);
}

/* A poll with a timeout sleeps as long as it says, a pending port ends it. */
static bool polls_work(void)
{
	const uint64_t before = now();

	event_disable(0);
	event_clear(ports[0]);
	if (poll(ports, 1, before + 3 * MS) || now() < before + 3 * MS)
		return false;
	if (event_send(ports[0]))
		return false;
	const int64_t rc = poll(ports, 1, 0);	/* for ever, if it slept */

	event_clear(ports[0]);
	return rc == 0;
}

static void prepare(void)
{
	event_init();
	event_disable(0);
	if (!kicker)
		kicker = event_bind_ipi(0);
	event_mask(kicker);
	for (int i = 0; i < 256; i++)
		ports[i] = kicker;
}

static void test_too_many(void)
{
	prepare();
	REQUIRE(polls_work());
	for (int64_t nr = 129; nr < 1L << 32; nr = nr * 3 + 1) {
		REQUIRE_EQ(poll(ports, nr, 1), EINVAL_);
		/* who is half asleep does not come back from this */
		hv_sched_op(SCHEDOP_yield, NULL);
		REQUIRE(polls_work());
	}
	REQUIRE_EQ(poll(ports, ~0u, 1), EINVAL_);
	REQUIRE_EQ(poll(ports, 128, now() + MS), 0);
}

/* In every place of the list, the others being good. */
static void test_bad_ports(void)
{
	static const uint32_t bad[] = {
		4096, 4097, 0xffff, 0x10000, 0x20000, 0x7fffffff, 0x80000000,
		~0u,
	};

	for (unsigned int i = 0; i < sizeof(bad) / 4; i++)
		for (int place = 0; place < 128; place += 13) {
			ports[place] = bad[i];
			const int64_t rc = poll(ports, 128, now() + MS);

			prepare();
			REQUIRE_EQ(rc, EINVAL_);
		}
	REQUIRE(polls_work());
}

static void test_bad_pointers(void)
{
	static const uint64_t bad[] = {
		HYPERVISOR_PLACES,
		0, 0x1000, 0x0000800000000000, 0xffff7ffffffffffc,
		0xffff82d040200000, 0xffff830000000000, 0xffff87fffffffffc,
		~3UL,
	};
	char *page = page_alloc();

	va_alloc();
	char *va = va_alloc();

	for (unsigned int i = 0; i < sizeof(bad) / 8; i++) {
		REQUIRE_EQ(poll((void *)bad[i], 4, 1), EFAULT_);
		REQUIRE(polls_work());
		REQUIRE_EQ(hv_sched_op(SCHEDOP_poll, (void *)bad[i]), EFAULT_);
	}
	/* good ports at first, then the end of what is mapped */
	for (int i = 0; i < 4; i++)
		((uint32_t *)(page + PV_PAGE - 16))[i] = ports[0];
	REQUIRE_EQ(pt_set(va, machine_address(page) | PTE_KERNEL), 0);
	REQUIRE_EQ(poll(va + PV_PAGE - 16, 5, 1), EFAULT_);
	REQUIRE_EQ(poll(va + PV_PAGE - 16, 4, now() + MS), 0);
	REQUIRE_EQ(pt_set(va, 0), 0);
	REQUIRE(polls_work());
}

/* What has passed, and what is beyond the end of time: never waits. */
static void test_timeouts(void)
{
	static const uint64_t passed[] = { 1, 2, 1000, 0xffffffff };

	for (unsigned int i = 0; i < sizeof(passed) / 8; i++)
		for (int n = 0; n < 20; n++)
			REQUIRE_EQ(poll(ports, 1, passed[i]), 0);
	REQUIRE(polls_work());
}

static unsigned int seen;

static void note(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	seen++;
}

/* After refusals a block must end by the very next event. */
static void test_block_after_refusals(void)
{
	const int64_t virq = event_bind_virq(VIRQ_TIMER, 0);

	REQUIRE(virq > 0);
	event_register(virq, note, NULL);
	for (int i = 0; i < 20; i++) {
		poll(ports, 1000, 0);
		poll((void *)0x1000, 3, 0);
		seen = 0;
		REQUIRE_EQ(PV_CALL1(__HYPERVISOR_set_timer_op, now() + MS), 0);
		while (!seen)
			hv_sched_op(SCHEDOP_block, NULL);
		event_disable(0);
	}
	REQUIRE_EQ(event_close(virq), 0);
}

static struct child child;

/* A child that polls for what never comes can be paused, and destroyed. */
static void test_endless(void)
{
	for (int way = 0; way < 6; way++) {
		struct sched_poll op = {
			.ports = (void *)(CHILD_VA(CHILD_DATA)), .nr_ports = way,
			.timeout = way % 2 ? ~0UL >> way : 0,
		};

		REQUIRE_EQ(child_start(&child), 0);
		for (int i = 0; i < way; i++)
			((uint32_t *)child.data)[i] = 5 + i;
		memcpy(child.mailbox->room, &op, sizeof(op));
		child_tell(&child, __HYPERVISOR_sched_op, SCHEDOP_poll,
			   CHILD_ROOM);
		rest(2 * MS);
		REQUIRE_EQ(domctl_simple(XEN_DOMCTL_pausedomain, child.id), 0);
		REQUIRE_EQ(domctl_simple(XEN_DOMCTL_unpausedomain, child.id),
			   0);
		rest(MS);
		REQUIRE(child_end(&child));
	}
}

static void test_all_works(void)
{
	REQUIRE(polls_work());
	REQUIRE_EQ(event_close(kicker), 0);
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(too_many),
	TEST(bad_ports),
	TEST(bad_pointers),
	TEST(timeouts),
	TEST(block_after_refusals),
	TEST(endless),
	TEST(all_works),
	TESTS_END
};
