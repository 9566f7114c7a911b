/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker, an unprivileged domain, wants to reach event channels that are
 * not its own: close, move, unmask or ring ports by number, its own table's and
 * far beyond it; look at or reset another domain's; bind ports that are kept
 * for somebody else, or that already have a peer; take device interrupts; bind
 * the machine's VIRQs to hear what dom0 should, or twice.
 *
 * What must happen: each is refused, and dom0's ports and VIRQs are as before;
 * a port whose peer has gone swallows events.
 *
 * Class: event channels (compare XSA-338, XSA-340, XSA-342, XSA-343). Same on
 * Xen.
 */
#include <xen/event_channel.h>
#include <xen/sched.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static struct child attacker, victim;

static int64_t op(unsigned int cmd, void *arg, unsigned int size)
{
	return child_call_with(&attacker, __HYPERVISOR_event_channel_op, cmd,
			       arg, size);
}

#define OP(cmd, type, ...)						\
	({								\
		struct type op_ = { __VA_ARGS__ };			\
		op(cmd, &op_, sizeof(op_));				\
	})

static int64_t ours[4];		/* dom0's: unbound, a pair, an IPI */
static int64_t its_port, victims_port, to_victim;

static unsigned int count;

static void note(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	count++;
}

static uint32_t alloc_for(uint16_t dom, uint16_t remote)
{
	struct evtchn_alloc_unbound alloc = { .dom = dom, .remote_dom = remote };

	return hv_event_channel_op(EVTCHNOP_alloc_unbound, &alloc) ? 0 :
	       alloc.port;
}

static void test_prepare(void)
{
	REQUIRE_EQ(child_start(&attacker), 0);
	REQUIRE_EQ(child_start(&victim), 0);
	event_init();
	its_port = alloc_for(attacker.id, 0);
	victims_port = alloc_for(victim.id, 0);
	REQUIRE(its_port > 0 && victims_port > 0);
	to_victim = event_bind_interdomain(victim.id, victims_port);
	ours[0] = event_alloc(victim.id);
	ours[1] = event_alloc(DOMID_SELF);
	ours[2] = event_bind_interdomain(DOMID_SELF, ours[1]);
	ours[3] = event_bind_ipi(0);
	for (int i = 0; i < 4; i++) {
		REQUIRE(ours[i] > 0);
		event_register(ours[i], note, NULL);
	}
	REQUIRE(to_victim > 0);
	for (int i = 0; i < 4; i++)
		event_clear(ours[i]);
	count = 0;
}

/* What dom0 and the victim have: nothing has happened to it. */
static bool untouched(void)
{
	static const uint32_t states[4] = {
		EVTCHNSTAT_unbound, EVTCHNSTAT_interdomain,
		EVTCHNSTAT_interdomain, EVTCHNSTAT_ipi,
	};
	struct evtchn_status st = { .dom = victim.id, .port = victims_port };

	if (hv_event_channel_op(EVTCHNOP_status, &st) ||
	    st.status != EVTCHNSTAT_interdomain ||
	    st.u.interdomain.port != to_victim)
		return false;
	for (int i = 0; i < 4; i++) {
		st = (struct evtchn_status){
			.dom = DOMID_SELF, .port = ours[i],
		};
		if (hv_event_channel_op(EVTCHNOP_status, &st) ||
		    st.status != states[i] || event_pending(ours[i]))
			return false;
	}
	return !count;
}

/* Numbers: its own are few, those of others mean nothing to it. */
static void test_by_number(void)
{
	static const uint32_t numbers[] = {
		0, 2, 3, 4, 5, 6, 7, 8, 63, 64, 255, 256, 1022, 1023, 1024,
		4095, 4096, 0x1ffff, 0x20000, 0x7fffffff, 0x80000000, ~0u,
	};

	REQUIRE_EQ(its_port, 1);
	for (unsigned int i = 0; i < sizeof(numbers) / 4; i++) {
		const uint32_t port = numbers[i];

		REQUIRE_EQ(OP(EVTCHNOP_close, evtchn_close, .port = port),
			   EINVAL_);
		REQUIRE_EQ(OP(EVTCHNOP_send, evtchn_send, .port = port),
			   EINVAL_);
		REQUIRE(OP(EVTCHNOP_bind_vcpu, evtchn_bind_vcpu,
			   .port = port) < 0);
		const int64_t rc = OP(EVTCHNOP_unmask, evtchn_unmask,
				      .port = port);

		REQUIRE(rc == EINVAL_ || (rc == 0 && port < 4096));
	}
	REQUIRE_EQ(OP(EVTCHNOP_bind_vcpu, evtchn_bind_vcpu, .port = its_port,
		      .vcpu = 1), ENOENT_);
	REQUIRE_EQ(OP(EVTCHNOP_bind_ipi, evtchn_bind_ipi, .vcpu = ~0u),
		   ENOENT_);
	REQUIRE(untouched());
	REQUIRE(child_is_well(&attacker));
}

static void test_other_domains(void)
{
	const uint16_t doms[] = { 0, victim.id };

	for (int i = 0; i < 2; i++) {
		REQUIRE_EQ(OP(EVTCHNOP_status, evtchn_status, .dom = doms[i],
			      .port = 1), EPERM_);
		REQUIRE_EQ(OP(EVTCHNOP_alloc_unbound, evtchn_alloc_unbound,
			      .dom = doms[i], .remote_dom = attacker.id),
			   EPERM_);
		REQUIRE_EQ(OP(EVTCHNOP_reset, evtchn_reset, .dom = doms[i]),
			   EPERM_);
		for (uint32_t port = 0; port < 70; port++)
			REQUIRE(OP(EVTCHNOP_bind_interdomain,
				   evtchn_bind_interdomain,
				   .remote_dom = doms[i],
				   .remote_port = port) < 0);
		REQUIRE(OP(EVTCHNOP_bind_interdomain, evtchn_bind_interdomain,
			   .remote_dom = doms[i], .remote_port = ~0u) < 0);
	}
	REQUIRE(OP(EVTCHNOP_bind_interdomain, evtchn_bind_interdomain,
		   .remote_dom = DOMID_XEN, .remote_port = 1) < 0);
	REQUIRE(untouched());
	/* and the ports it took for that are free again */
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };

	REQUIRE_EQ(op(EVTCHNOP_bind_ipi, &ipi, sizeof(ipi)), 0);
	REQUIRE_EQ(ipi.port, its_port + 1);
	REQUIRE_EQ(OP(EVTCHNOP_close, evtchn_close, .port = ipi.port), 0);
}

static void test_interrupts(void)
{
	for (uint32_t pirq = 0; pirq < 300; pirq += 7)
		REQUIRE(OP(EVTCHNOP_bind_pirq, evtchn_bind_pirq,
			   .pirq = pirq) < 0);
	REQUIRE(OP(EVTCHNOP_bind_pirq, evtchn_bind_pirq, .pirq = ~0u) < 0);
	REQUIRE(OP(EVTCHNOP_bind_pirq, evtchn_bind_pirq,
		   .pirq = 0x80000001) < 0);
}

static unsigned int domain_events;

static void domain_event(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	domain_events++;
}

/* It binds every VIRQ: dom0 hears what is dom0's, the attacker nothing. */
static void test_virqs(void)
{
	struct evtchn_bind_virq dom_exc = { 0 };
	const int64_t port = event_bind_virq(VIRQ_DOM_EXC, 0);

	REQUIRE(port > 0);
	event_register(port, domain_event, NULL);
	for (uint32_t virq = 0; virq < NR_VIRQS; virq++) {
		struct evtchn_bind_virq bind = { .virq = virq };
		const int64_t rc = op(EVTCHNOP_bind_virq, &bind, sizeof(bind));

		if (virq == VIRQ_DOM_EXC)
			dom_exc = bind;
		if (rc == 0)
			REQUIRE_EQ(op(EVTCHNOP_bind_virq, &bind, sizeof(bind)),
				   EEXIST_);
		REQUIRE(OP(EVTCHNOP_bind_virq, evtchn_bind_virq, .virq = virq,
			   .vcpu = 1) < 0);
	}
	for (uint32_t bit = 5; bit < 32; bit++)
		REQUIRE_EQ(OP(EVTCHNOP_bind_virq, evtchn_bind_virq,
			      .virq = 1u << bit), EINVAL_);
	domain_events = 0;
	REQUIRE(child_end(&victim));
	event_enable(0);
	event_disable(0);
	REQUIRE(domain_events > 0);
	if (dom_exc.port)
		REQUIRE_EQ(attacker.shared->evtchn_pending[dom_exc.port / 64] >>
			   dom_exc.port % 64 & 1, 0);
	REQUIRE_EQ(event_close(port), 0);
}

/* The victim's end of the channel is gone: rung again and again. */
static void test_peer_gone(void)
{
	struct evtchn_status st = { .dom = DOMID_SELF, .port = to_victim };

	for (int i = 0; i < 10; i++)
		REQUIRE_EQ(event_send(to_victim), 0);
	REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_status, &st), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_unbound);
	REQUIRE_EQ(event_close(to_victim), 0);
	REQUIRE_EQ(event_send(to_victim), EINVAL_);
	REQUIRE_EQ(event_close(to_victim), EINVAL_);
}

static void test_all_works(void)
{
	for (int i = 0; i < 4; i++)
		event_close(ours[i]);
	REQUIRE(child_is_well(&attacker));
	REQUIRE(child_end(&attacker));
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(prepare),
	TEST(by_number),
	TEST(other_domains),
	TEST(interrupts),
	TEST(virqs),
	TEST(peer_gone),
	TEST(all_works),
	TESTS_END
};
