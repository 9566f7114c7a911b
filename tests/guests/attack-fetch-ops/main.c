/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants a length, a port or a domain to change between the check
 * and the use in calls whose answer goes back into the structure that they read:
 * a second vCPU exchanges fields of grant copies, event-channel operations and
 * polls while the first makes them.
 *
 * What must happen: a copy stays in its page whatever the lengths say; a port
 * belongs to who may have it; what is refused takes no port away.
 *
 * Class: preemption, replay, double fetch (compare XSA-155, XSA-226). Same on
 * Xen.
 *
 * Machine: 2 2
 */
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/sched.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/racer.h"
#include "tests/guests/lib/test.h"

static volatile uint16_t *shared16;
static volatile uint32_t *shared32;
static uint32_t values[2];

static void flip16(void)
{
	*shared16 = values[racer_turns() & 1];
	racer_dawdle(30);
}

static void flip32(void)
{
	*shared32 = values[racer_turns() & 1];
	racer_dawdle(30);
}

/* Two pages of ours whose machine frames are neighbours. */
static bool neighbours(char **first, char **second)
{
	char *page = page_alloc();

	for (int i = 0; i < 64; i++) {
		char *next = page_alloc();

		if (pv_frame(next) == pv_frame(page) + 1) {
			*first = page;
			*second = next;
			return true;
		}
		page = next;
	}
	return false;
}

static bool is_all(const char *page, char value)
{
	for (unsigned int i = 0; i < PV_PAGE; i++)
		if (page[i] != value)
			return false;
	return true;
}

/* The end of a page, or a stretch over its end into the next frame. */
static void copies(volatile uint16_t *field, struct gnttab_copy *op,
		   uint16_t fits, uint16_t does_not)
{
	static char *to, *behind;

	if (!to && !neighbours(&to, &behind))
		SKIP("no two frames in a row");
	op->dest.u.gmfn = pv_frame(to);
	memset(behind, 0x5a, PV_PAGE);
	shared16 = field;
	values[0] = fits;
	values[1] = does_not;
	REQUIRE(racer_start(flip16));
	while (racer_wants_more("copies")) {
		op->status = 99;
		REQUIRE_EQ(hv_grant_table_op(GNTTABOP_copy, op, 1), 0);
		racer_outcome(op->status == GNTST_okay);
		REQUIRE(op->status == GNTST_okay ||
			op->status == GNTST_bad_copy_arg);
	}
	REQUIRE(racer_stop());
	REQUIRE(is_all(behind, 0x5a));
}

static void test_copy_length(void)
{
	static struct gnttab_copy op;
	char *from = page_alloc();

	memset(from, 0x11, PV_PAGE);
	op = (struct gnttab_copy){
		.source = { .u.gmfn = pv_frame(from), .domid = DOMID_SELF },
		.dest = { .domid = DOMID_SELF, .offset = 4000 }, .len = 96,
	};
	copies(&op.len, &op, 96, 4096);
}

static void test_copy_offset(void)
{
	static struct gnttab_copy op;
	char *from = page_alloc();

	memset(from, 0x11, PV_PAGE);
	op = (struct gnttab_copy){
		.source = { .u.gmfn = pv_frame(from), .domid = DOMID_SELF },
		.dest = { .domid = DOMID_SELF }, .len = 2048,
	};
	copies(&op.dest.offset, &op, 2048, 4095);
}

/* Which domain's grant, ours or nobody's. */
static void test_copy_domain(void)
{
	static struct gnttab_copy op;
	char *from = page_alloc(), *to = page_alloc();

	op = (struct gnttab_copy){
		.source = { .u.gmfn = pv_frame(from), .domid = DOMID_SELF },
		.dest = { .u.gmfn = pv_frame(to), .domid = DOMID_SELF },
		.len = 64,
	};
	shared16 = &op.dest.domid;
	values[0] = DOMID_SELF;
	values[1] = 0x77;
	REQUIRE(racer_start(flip16));
	while (racer_wants_more("domains")) {
		REQUIRE_EQ(hv_grant_table_op(GNTTABOP_copy, &op, 1), 0);
		racer_outcome(op.status == GNTST_okay);
	}
	REQUIRE(racer_stop());
}

static uint32_t ports_in_use(void)
{
	uint32_t nr = 0;

	for (uint32_t port = 1; port < EVENT_PORTS; port++) {
		struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

		nr += hv_event_channel_op(EVTCHNOP_status, &op) == 0 &&
		      op.status != EVTCHNSTAT_closed;
	}
	return nr;
}

/* The remote port: ours to bind, or kept for somebody else. */
static void test_bind(void)
{
	const uint32_t before = ports_in_use();
	const int64_t ours = event_alloc(DOMID_SELF);
	const int64_t others = event_alloc(0x77);
	static struct evtchn_bind_interdomain op = { .remote_dom = DOMID_SELF };

	REQUIRE(ours > 0 && others > 0);
	shared32 = &op.remote_port;
	values[0] = ours;
	values[1] = others;
	op.remote_port = ours;
	REQUIRE(racer_start(flip32));
	while (racer_wants_more("bindings")) {
		const int64_t rc = hv_event_channel_op(
			EVTCHNOP_bind_interdomain, &op);

		racer_outcome(rc == 0);
		if (rc)
			continue;
		struct evtchn_status st = {
			.dom = DOMID_SELF, .port = op.local_port,
		};

		REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_status, &st), 0);
		REQUIRE_EQ(st.status, EVTCHNSTAT_interdomain);
		REQUIRE_EQ(st.u.interdomain.port, ours);
		REQUIRE_EQ(event_close(st.port), 0);
	}
	REQUIRE(racer_stop());
	REQUIRE_EQ(event_close(ours), 0);
	REQUIRE_EQ(event_close(others), 0);
	REQUIRE_EQ(ports_in_use(), before);
}

/* A VIRQ or a vCPU that exists, or an index far beyond. */
static void test_virq(void)
{
	static struct evtchn_bind_virq op = { .virq = VIRQ_DEBUG };

	for (int field = 0; field < 2; field++) {
		shared32 = field ? &op.vcpu : &op.virq;
		values[0] = field ? 0 : VIRQ_DEBUG;
		values[1] = 0x10000;
		*shared32 = values[0];
		REQUIRE(racer_start(flip32));
		while (racer_wants_more("VIRQs")) {
			const int64_t rc = hv_event_channel_op(
				EVTCHNOP_bind_virq, &op);

			racer_outcome(rc == 0);
			if (rc == 0)
				REQUIRE_EQ(event_close(op.port), 0);
			else
				REQUIRE(rc == EINVAL_ || rc == ENOENT_);
		}
		REQUIRE(racer_stop());
	}
}

/* A short list of ports, or one that is longer than it may be. */
static void test_poll(void)
{
	static uint32_t ports[256];
	static struct sched_poll op = { .ports = ports, .timeout = 1 };

	ports[0] = event_bind_ipi(0);
	for (int i = 1; i < 256; i++)
		ports[i] = ports[0];
	shared32 = &op.nr_ports;
	values[0] = 1;
	values[1] = 0x40000000;
	op.nr_ports = 1;
	REQUIRE(racer_start(flip32));
	while (racer_wants_more("polls")) {
		const int64_t rc = hv_sched_op(SCHEDOP_poll, &op);

		racer_outcome(rc == 0);
		REQUIRE(rc == 0 || rc == EINVAL_);
	}
	REQUIRE(racer_stop());
	REQUIRE_EQ(event_close(ports[0]), 0);
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(copy_length),
	TEST(copy_offset),
	TEST(copy_domain),
	TEST(bind),
	TEST(virq),
	TEST(poll),
	TEST(all_works),
	TESTS_END
};
