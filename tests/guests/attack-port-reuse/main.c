/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker, a domain that rings its end of a channel as fast as it can,
 * wants its event to arrive at a port that has meanwhile become another's:
 * dom0 closes its end and at once uses the number again, for an IPI, a VIRQ or
 * a port kept for nobody. And it goes on ringing while its ports are reset, its
 * peer closes and binds again, and while it is destroyed.
 *
 * What must happen: after the close nothing of it reaches the number; after
 * binding again it does; nobody waits for ever.
 *
 * Class: event channels (compare XSA-343, XSA-344, XSA-496). Same on Xen, but
 * that it resets another domain's ports only while that is paused.
 *
 * Machine: 2 1
 */
#include <xen/event_channel.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define MS 1000000UL

/* 1: mov $32, %eax (event_channel_op); mov $4, %edi (send); mov %r12, %rsi;
 * syscall; incq 64(%rbx); jmp 1b -- r12 is the argument's address */
static const uint8_t ring[] = {
	0x49, 0x89, 0xfc,
	0xb8, 32, 0, 0, 0, 0xbf, 4, 0, 0, 0, 0x4c, 0x89, 0xe6, 0x0f, 0x05,
	0x48, 0xff, 0x43, 0x40, 0xeb, 0xeb,
};

static struct child child;
static uint32_t its_port;

static bool start_ringing(void)
{
	struct evtchn_alloc_unbound alloc = { .remote_dom = 0 };

	child = (struct child){ .traps = true };
	if (child_start(&child))
		return false;
	alloc.dom = child.id;
	if (hv_event_channel_op(EVTCHNOP_alloc_unbound, &alloc))
		return false;
	its_port = alloc.port;
	*(struct evtchn_send *)child.data =
		(struct evtchn_send){ .port = its_port };
	child_launch(&child, ring, sizeof(ring), CHILD_VA(CHILD_DATA), 0, 0);
	return true;
}

static void spin(uint64_t ns)
{
	for (const uint64_t end = now() + ns; now() < end;)
		asm volatile("pause");
}

/* It makes calls all the time. */
static bool rings(void)
{
	const uint64_t turns = child.mailbox->turns;

	for (const uint64_t end = now() + PATIENCE; now() < end;)
		if (child.mailbox->turns != turns)
			return true;
	return false;
}

static int64_t use_again(int round)
{
	switch (round % 3) {
	case 0:
		return event_bind_ipi(0);
	case 1:
		return event_bind_virq(VIRQ_DEBUG, 0);
	default:
		return event_alloc(0x77);
	}
}

static void test_number_used_again(void)
{
	unsigned int same = 0;

	REQUIRE(start_ringing());
	for (int round = 0; round < 20; round++) {
		const int64_t port = event_bind_interdomain(child.id, its_port);

		REQUIRE(port > 0);
		event_clear(port);
		for (const uint64_t end = now() + PATIENCE;
		     !event_pending(port);)
			REQUIRE(now() < end);
		REQUIRE_EQ(event_close(port), 0);
		const int64_t other = use_again(round);

		REQUIRE(other > 0);
		same += other == port;
		spin(round % 7 * 5000);
		REQUIRE(!event_pending(other));
		REQUIRE_EQ(event_close(other), 0);
	}
	REQUIRE(same > 0);
	REQUIRE(rings());
	REQUIRE(child_end(&child));
}

/* Xen 4.17 resets another domain's ports while that is paused only. */
static int64_t reset_its_ports(void)
{
	struct evtchn_reset op = { .dom = child.id };
	int64_t rc = hv_event_channel_op(EVTCHNOP_reset, &op);

	if (rc != EINVAL_)
		return rc;
	domctl_simple(XEN_DOMCTL_pausedomain, child.id);
	rc = hv_event_channel_op(EVTCHNOP_reset, &op);
	domctl_simple(XEN_DOMCTL_unpausedomain, child.id);
	return rc;
}

/* Its ports are taken away under its hands, again and again. */
static void test_reset_while_it_rings(void)
{
	struct evtchn_status st;

	REQUIRE(start_ringing());
	for (int round = 0; round < 8; round++) {
		const int64_t port = event_bind_interdomain(child.id, its_port);

		REQUIRE(port > 0);
		REQUIRE(rings());
		REQUIRE_EQ(reset_its_ports(), 0);
		event_clear(port);
		/* ours has lost its peer, which has lost its number */
		st = (struct evtchn_status){ .dom = DOMID_SELF, .port = port };
		REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_status, &st), 0);
		REQUIRE_EQ(st.status, EVTCHNSTAT_unbound);
		st = (struct evtchn_status){ .dom = child.id, .port = its_port };
		REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_status, &st), 0);
		REQUIRE_EQ(st.status, EVTCHNSTAT_closed);
		spin(20000);
		REQUIRE(!event_pending(port));
		REQUIRE_EQ(event_close(port), 0);
		struct evtchn_alloc_unbound again = {
			.dom = child.id, .remote_dom = 0,
		};

		REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_alloc_unbound, &again),
			   0);
		REQUIRE_EQ(again.port, its_port);
	}
	REQUIRE(rings());
	REQUIRE(child_end(&child));
}

/* Our end is closed and bound by turns, both ends' numbers as they come. */
static void test_close_while_it_rings(void)
{
	REQUIRE(start_ringing());
	for (int round = 0; round < 40; round++) {
		const int64_t port = event_bind_interdomain(child.id, its_port);

		REQUIRE(port > 0);
		event_send(port);
		REQUIRE_EQ(event_close(port), 0);
	}
	REQUIRE(rings());
	REQUIRE(child_end(&child));
}

static void test_destroyed_while_it_rings(void)
{
	for (int round = 0; round < 4; round++) {
		REQUIRE(start_ringing());
		const int64_t port = event_bind_interdomain(child.id, its_port);

		REQUIRE(port > 0);
		spin(round * MS / 4);
		REQUIRE(child_end(&child));
		event_clear(port);
		spin(MS / 10);
		REQUIRE(!event_pending(port));
		REQUIRE_EQ(event_send(port), 0);
		REQUIRE_EQ(event_close(port), 0);
	}
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(number_used_again),
	TEST(reset_while_it_rings),
	TEST(close_while_it_rings),
	TEST(destroyed_while_it_rings),
	TEST(all_works),
	TESTS_END
};
