// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/event.c, eventop.c and schedop.c's polls: binding and its errors,
 * delivery through the two-level bitmaps in the ABI's order, closing either
 * end, resets, polls that are not missed; and random operations of three
 * domains, checked against the ports' states.
 */
#include <stdlib.h>
#include <string.h>

#include "core/eventport.h"
#include "core/policy.h"
#include "core/sched.h"
#include "lib/rangeset.h"
#include "machine.h"
#include "pv/hypercall.h"
#include "suite.h"
#include "x86/irq.h"
#include "xen/errno.h"
#include "xen/event_channel.h"
#include "xen/sched.h"

static struct domain *d0, *d1, *d2;

static void start(void)
{
	machine_reset(2);
	d0 = machine_domain(0, 2);
	d1 = machine_domain(1, 2);
	d2 = machine_domain(2, 1);
	machine_settle();
}

static unsigned ports_used(struct domain *d)
{
	unsigned nr = 0;

	for (unsigned port = 1; port <= d->max_event_port; port++) {
		const struct event_port *const p = event_port(d, port);

		nr += p && p->state != PORT_FREE;
	}
	return nr;
}

/* Hypercalls of a domain's first vCPU. */
static int64_t call(struct domain *d, unsigned cmd, void *op)
{
	struct hypercall_args a = {{cmd, (uint64_t)op}};
	struct vcpu *const before = current;
	int64_t rc;

	machine_enter(d->vcpu[0]);
	rc = hypercall_event_channel_op(&a);
	machine_enter(before);
	return rc;
}

static int64_t unbound(struct domain *d, uint16_t remote)
{
	struct evtchn_alloc_unbound op = {DOMID_SELF, remote, 0};
	const int64_t rc = call(d, EVTCHNOP_alloc_unbound, &op);

	return rc ? rc : (int64_t)op.port;
}

static int64_t bind(struct domain *d, uint16_t remote, uint32_t port)
{
	struct evtchn_bind_interdomain op = {remote, port, 0};
	const int64_t rc = call(d, EVTCHNOP_bind_interdomain, &op);

	return rc ? rc : (int64_t)op.local_port;
}

static int64_t bind_virq(struct domain *d, uint32_t virq, uint32_t vcpu)
{
	struct evtchn_bind_virq op = {virq, vcpu, 0};
	const int64_t rc = call(d, EVTCHNOP_bind_virq, &op);

	return rc ? rc : (int64_t)op.port;
}

static int64_t bind_pirq(struct domain *d, uint32_t pirq)
{
	struct evtchn_bind_pirq op = {pirq, 0, 0};
	const int64_t rc = call(d, EVTCHNOP_bind_pirq, &op);

	return rc ? rc : (int64_t)op.port;
}

static int64_t bind_ipi(struct domain *d, uint32_t vcpu)
{
	struct evtchn_bind_ipi op = {vcpu, 0};
	const int64_t rc = call(d, EVTCHNOP_bind_ipi, &op);

	return rc ? rc : (int64_t)op.port;
}

static int64_t port_op(struct domain *d, unsigned cmd, uint32_t port)
{
	return call(d, cmd, &port);
}

static struct evtchn_status status(struct domain *d, uint32_t port)
{
	struct evtchn_status s = {.dom = DOMID_SELF, .port = port};

	CHECK_EQUAL(call(d, EVTCHNOP_status, &s), 0);
	return s;
}

static bool pending(struct domain *d, unsigned port)
{
	return d->shared->evtchn_pending[port / 64] >> (port % 64) & 1;
}

static void clear_pending(struct domain *d, unsigned port)
{
	d->shared->evtchn_pending[port / 64] &= ~(1ull << (port % 64));
}

static void unmask(struct domain *d, unsigned port)
{
	CHECK_EQUAL(port_op(d, EVTCHNOP_unmask, port), 0);
}

/* The vCPU's upcall, taken. */
static bool upcall(struct vcpu *v)
{
	const bool was = v->info->evtchn_upcall_pending;

	v->info->evtchn_upcall_pending = 0;
	return was;
}

static bool word_marked(struct vcpu *v, unsigned port)
{
	const bool was = v->info->evtchn_pending_sel >> (port / 64) & 1;

	v->info->evtchn_pending_sel &= ~(1ull << (port / 64));
	return was;
}

/* A pair between d0 and d1, unmasked and quiet; d1 allocated. */
static void pair(unsigned *p0, unsigned *p1)
{
	*p1 = (unsigned)unbound(d1, 0);
	*p0 = (unsigned)bind(d0, 1, *p1);
	CHECK((int)*p0 > 0 && (int)*p1 > 0);
	unmask(d0, *p0);
	unmask(d1, *p1);
	clear_pending(d0, *p0);
	word_marked(d0->vcpu[0], *p0);
	upcall(d0->vcpu[0]);
	upcall(d1->vcpu[0]);
}

/* Binding */

static void first_port_is_1(void)
{
	start();
	CHECK_EQUAL(unbound(d1, 0), 1);
	CHECK_EQUAL(unbound(d1, 0), 2);
	CHECK_EQUAL(port_op(d1, EVTCHNOP_close, 1), 0);
	CHECK_EQUAL(unbound(d1, 0), 1);
}

static void allocated_for_others(void)
{
	struct evtchn_alloc_unbound op = {2, 0, 0};

	start();
	CHECK_EQUAL(call(d1, EVTCHNOP_alloc_unbound, &op), -EPERM);
	CHECK_EQUAL(call(d0, EVTCHNOP_alloc_unbound, &op), 0);
	CHECK_EQUAL(status(d2, op.port).status, EVTCHNSTAT_unbound);
	op.dom = 77;
	CHECK_EQUAL(call(d0, EVTCHNOP_alloc_unbound, &op), -ESRCH);
}

static void interdomain(void)
{
	unsigned p0, p1;
	struct evtchn_status s;

	start();
	p1 = (unsigned)unbound(d1, 0);
	p0 = (unsigned)bind(d0, 1, p1);
	s = status(d0, p0);
	CHECK_EQUAL(s.status, EVTCHNSTAT_interdomain);
	CHECK_EQUAL(s.u.interdomain.dom, 1);
	CHECK_EQUAL(s.u.interdomain.port, p1);
	CHECK_EQUAL(status(d1, p1).u.interdomain.port, p0);
	/* The ABI: the binder's port is pending at once. */
	CHECK(pending(d0, p0));
	CHECK(!pending(d1, p1));
}

static void interdomain_refused(void)
{
	unsigned port;

	start();
	port = (unsigned)unbound(d1, 0);
	policy_pair(d1, d2, true);
	CHECK_EQUAL(bind(d2, 1, port), -EINVAL); /* not for d2 */
	CHECK_EQUAL(bind(d0, 1, port + 1), -EINVAL);
	CHECK_EQUAL(bind(d0, 1, 100000), -EINVAL);
	CHECK_EQUAL(bind(d0, 9, port), -ESRCH);
	CHECK(bind(d0, 1, port) > 0);
	CHECK_EQUAL(bind(d0, 1, port), -EINVAL); /* bound already */
	CHECK_EQUAL(ports_used(d2), 0);
	CHECK_EQUAL(ports_used(d0), 1);
}

static void loopback(void)
{
	unsigned a, b;

	start();
	a = (unsigned)unbound(d1, 1);
	b = (unsigned)bind(d1, DOMID_SELF, a);
	CHECK_EQUAL(status(d1, b).u.interdomain.dom, 1);
	unmask(d1, a);
	CHECK_EQUAL(port_op(d1, EVTCHNOP_send, b), 0);
	CHECK(pending(d1, a));
	CHECK_EQUAL(port_op(d1, EVTCHNOP_close, a), 0);
	CHECK_EQUAL(status(d1, b).status, EVTCHNSTAT_unbound);
	CHECK_EQUAL(port_op(d1, EVTCHNOP_close, b), 0);
	CHECK_EQUAL(ports_used(d1), 0);
}

static void virqs(void)
{
	unsigned timer, console;

	start();
	CHECK_EQUAL(bind_virq(d1, NR_VIRQS, 0), -EINVAL);
	CHECK_EQUAL(bind_virq(d1, VIRQ_TIMER, 2), -ENOENT);
	CHECK_EQUAL(bind_virq(d1, VIRQ_CONSOLE, 1), -EINVAL);
	timer = (unsigned)bind_virq(d1, VIRQ_TIMER, 1);
	CHECK_EQUAL(bind_virq(d1, VIRQ_TIMER, 1), -EEXIST);
	CHECK((int)bind_virq(d1, VIRQ_TIMER, 0) > 0);
	unmask(d1, timer);
	event_send_virq(d1->vcpu[1], VIRQ_TIMER);
	CHECK(pending(d1, timer));
	CHECK(upcall(d1->vcpu[1]) && !upcall(d1->vcpu[0]));
	CHECK_EQUAL(port_op(d1, EVTCHNOP_close, timer), 0);
	event_send_virq(d1->vcpu[1], VIRQ_TIMER);
	CHECK(!pending(d1, timer));
	CHECK((int)bind_virq(d1, VIRQ_TIMER, 1) > 0);
	/* Global ones reach dom0. */
	console = (unsigned)bind_virq(d0, VIRQ_DOM_EXC, 0);
	event_send_global_virq(VIRQ_DOM_EXC);
	CHECK(pending(d0, console));
}

static void pirqs(void)
{
	unsigned port;

	start();
	rangeset_add(d0->irqs, 0, 20);
	CHECK_EQUAL(bind_pirq(d1, 9), -EPERM);
	CHECK_EQUAL(bind_pirq(d0, PIRQS_MAX), -EINVAL);
	port = (unsigned)bind_pirq(d0, 9);
	CHECK_EQUAL(status(d0, port).u.pirq, 9);
	CHECK_EQUAL(bind_pirq(d0, 9), -EEXIST);
	unmask(d0, port);
	event_send_pirq(d0, port);
	CHECK(pending(d0, port));
	CHECK_EQUAL(port_op(d0, EVTCHNOP_close, port), 0);
	CHECK((int)bind_pirq(d0, 9) > 0); /* it was unbound */
}

static void ipis(void)
{
	unsigned port;

	start();
	CHECK_EQUAL(bind_ipi(d1, 7), -ENOENT);
	port = (unsigned)bind_ipi(d1, 1);
	unmask(d1, port);
	CHECK_EQUAL(port_op(d1, EVTCHNOP_send, port), 0);
	CHECK(upcall(d1->vcpu[1]) && !upcall(d1->vcpu[0]));
}

static void other_vcpu(void)
{
	unsigned p0, p1;
	struct evtchn_bind_vcpu op;

	start();
	pair(&p0, &p1);
	op = (struct evtchn_bind_vcpu){p1, 1};
	CHECK_EQUAL(call(d1, EVTCHNOP_bind_vcpu, &op), 0);
	CHECK_EQUAL(port_op(d0, EVTCHNOP_send, p0), 0);
	CHECK(upcall(d1->vcpu[1]) && !upcall(d1->vcpu[0]));
	op.vcpu = 2;
	CHECK_EQUAL(call(d1, EVTCHNOP_bind_vcpu, &op), -ENOENT);
	op = (struct evtchn_bind_vcpu){(uint32_t)bind_ipi(d1, 0), 1};
	CHECK_EQUAL(call(d1, EVTCHNOP_bind_vcpu, &op), -EINVAL);
	op = (struct evtchn_bind_vcpu){999, 1};
	CHECK_EQUAL(call(d1, EVTCHNOP_bind_vcpu, &op), -EINVAL);
}

static void bad_operations(void)
{
	uint32_t port = 1;
	struct evtchn_status s = {.dom = 2, .port = 1};

	start();
	CHECK_EQUAL(port_op(d1, EVTCHNOP_close, 0), -EINVAL);
	CHECK_EQUAL(port_op(d1, EVTCHNOP_close, 5), -EINVAL);
	CHECK_EQUAL(port_op(d1, EVTCHNOP_send, 5), -EINVAL);
	CHECK_EQUAL(port_op(d1, EVTCHNOP_send, ~0u), -EINVAL);
	CHECK_EQUAL(port_op(d1, EVTCHNOP_unmask, 5), -EINVAL);
	CHECK_EQUAL(call(d1, EVTCHNOP_init_control, &port), -ENOSYS);
	CHECK_EQUAL(call(d1, 99, &port), -ENOSYS);
	CHECK_EQUAL(call(d1, EVTCHNOP_send, NULL), -EFAULT);
	CHECK_EQUAL(call(d1, EVTCHNOP_status, &s), -EPERM);
	port = (uint32_t)bind_virq(d1, VIRQ_TIMER, 0);
	CHECK_EQUAL(port_op(d1, EVTCHNOP_send, port), -EINVAL);
}

/* What could not be told is there, and can be closed. */
static void answer_not_writable(void)
{
	start();
	machine_writes_fail = true;
	CHECK_EQUAL(unbound(d1, 0), -EFAULT);
	CHECK_EQUAL(bind_ipi(d1, 0), -EFAULT);
	CHECK_EQUAL(bind_virq(d1, VIRQ_TIMER, 0), -EFAULT);
	machine_writes_fail = false;
	CHECK_EQUAL(bind_virq(d1, VIRQ_TIMER, 0), -EEXIST);
	CHECK_EQUAL(event_close_all(d1), 0);
	CHECK_EQUAL(ports_used(d1), 0);
	CHECK_EQUAL(d1->vcpu[0]->virq_port[VIRQ_TIMER], 0);
}

static void all_ports(void)
{
	struct evtchn_status s;
	unsigned nr = 0;

	start();
	while (unbound(d1, 0) > 0)
		nr++;
	CHECK_EQUAL(nr, d1->max_event_port);
	CHECK_EQUAL(unbound(d1, 0), -ENOSPC);
	s = status(d1, 700);
	CHECK_EQUAL(s.status, EVTCHNSTAT_unbound);
	CHECK_EQUAL(port_op(d1, EVTCHNOP_close, 700), 0);
	CHECK_EQUAL(unbound(d1, 0), 700);
}

static void no_memory(void)
{
	start();
	machine_alloc_fails_after = 0;
	CHECK_EQUAL(unbound(d1, 0), -ENOMEM);
	CHECK_EQUAL(ports_used(d1), 0);
}

/* Delivery */

static void starts_masked(void)
{
	unsigned p1, p0;

	start();
	p1 = (unsigned)unbound(d1, 0);
	p0 = (unsigned)bind(d0, 1, p1);
	CHECK_EQUAL(port_op(d0, EVTCHNOP_send, p0), 0);
	CHECK(pending(d1, p1));
	CHECK(!upcall(d1->vcpu[0]) && !word_marked(d1->vcpu[0], p1));
	/* It was waiting: unmasking delivers it. */
	unmask(d1, p1);
	CHECK(upcall(d1->vcpu[0]) && word_marked(d1->vcpu[0], p1));
	unmask(d1, p1);
	CHECK(!upcall(d1->vcpu[0]));
}

static void delivered_once(void)
{
	unsigned p0, p1;

	start();
	pair(&p0, &p1);
	CHECK_EQUAL(port_op(d0, EVTCHNOP_send, p0), 0);
	CHECK(pending(d1, p1) && word_marked(d1->vcpu[0], p1) &&
		upcall(d1->vcpu[0]));
	/* Pending already: nothing more happens. */
	CHECK_EQUAL(port_op(d0, EVTCHNOP_send, p0), 0);
	CHECK(!word_marked(d1->vcpu[0], p1) && !upcall(d1->vcpu[0]));
	clear_pending(d1, p1);
	CHECK_EQUAL(port_op(d0, EVTCHNOP_send, p0), 0);
	CHECK(word_marked(d1->vcpu[0], p1) && upcall(d1->vcpu[0]));
}

static void send_to_nobody(void)
{
	unsigned p1;

	start();
	p1 = (unsigned)unbound(d1, 0);
	CHECK_EQUAL(port_op(d1, EVTCHNOP_send, p1), 0);
}

static void running_vcpu_is_kicked(void)
{
	unsigned p0, p1;

	start();
	pair(&p0, &p1);
	machine_on_cpu(0);
	d1->vcpu[0]->cpu = 1;
	d1->vcpu[0]->running = true;
	machine_ipis = 0;
	CHECK_EQUAL(port_op(d0, EVTCHNOP_send, p0), 0);
	CHECK_EQUAL(machine_ipis, 2);
}

/* Closing */

static void closed_end_becomes_unbound(void)
{
	unsigned p0, p1;

	start();
	pair(&p0, &p1);
	CHECK_EQUAL(port_op(d0, EVTCHNOP_close, p0), 0);
	CHECK_EQUAL(status(d1, p1).status, EVTCHNSTAT_unbound);
	CHECK_EQUAL(status(d1, p1).u.unbound.dom, 0);
	CHECK_EQUAL(port_op(d0, EVTCHNOP_close, p0), -EINVAL);
	CHECK((int)bind(d0, 1, p1) > 0); /* and can be bound again */
}

static void domain_dies(void)
{
	unsigned p0, p1;

	start();
	pair(&p0, &p1);
	machine_enter(cpu_of(0)->idle_vcpu);
	machine_on_cpu(1);
	machine_enter(cpu_of(1)->idle_vcpu);
	machine_on_cpu(0);
	d1->vcpu[0]->running = d1->vcpu[1]->running = false;
	domain_ref(d1);
	machine_destroy(d1);
	CHECK_EQUAL(status(d0, p0).status, EVTCHNSTAT_unbound);
	CHECK_EQUAL(status(d0, p0).u.unbound.dom, 1);
	CHECK_EQUAL(ports_used(d1), 0);
	CHECK_EQUAL(port_op(d0, EVTCHNOP_send, p0), 0);
	CHECK_EQUAL(bind(d0, 1, p1), -EINVAL);
	domain_put(d1);
	machine_settle();
	CHECK_EQUAL(bind(d0, 1, p1), -ESRCH);
}

static void reset_is_preemptible(void)
{
	struct evtchn_reset op = {DOMID_SELF};
	unsigned restarts = 0;
	int64_t rc;

	start();
	for (unsigned i = 0; i < 40; i++)
		CHECK(unbound(d1, 0) > 0);
	machine_preempt = true;
	while ((rc = call(d1, EVTCHNOP_reset, &op)) == -ERESTART)
		restarts++;
	CHECK_EQUAL(rc, 0);
	CHECK_EQUAL(restarts, 40);
	CHECK_EQUAL(ports_used(d1), 0);
	op.dom = 0;
	CHECK_EQUAL(call(d1, EVTCHNOP_reset, &op), -EPERM);
}

/* Polling: d1's first vCPU on CPU 1 */

static int64_t poll(uint32_t *ports, uint32_t nr, uint64_t timeout)
{
	struct sched_poll op = {{(uint64_t)ports}, nr, timeout};
	struct hypercall_args a = {{SCHEDOP_poll, (uint64_t)&op}};

	return hypercall_sched_op(&a);
}

static void alone_on_cpu_1(struct vcpu *v)
{
	const cpumask_t zero = {1}, one = {2};
	struct domain *const all[] = {d0, d1, d2};

	for (unsigned i = 0; i < 3; i++)
		for (unsigned j = 0; j < all[i]->max_vcpus; j++)
			sched_set_affinity(all[i]->vcpu[j], zero, zero);
	sched_set_affinity(v, one, one);
	machine_settle();
	CHECK(cpu_of(1)->vcpu == v);
	machine_on_cpu(1);
}

static void poll_sleeps_until_the_port(void)
{
	struct vcpu *v;
	unsigned p0, p1;

	start();
	pair(&p0, &p1);
	v = d1->vcpu[0];
	alone_on_cpu_1(v);
	v->info->evtchn_upcall_mask = 1;
	d1->shared->evtchn_mask[0] |= 1ull << p1; /* masked ports count */
	CHECK_EQUAL(poll(&p1, 1, 0), 0);
	machine_settle();
	CHECK(cpu_of(1)->vcpu != v && v->blocked);
	machine_on_cpu(0);
	event_send(d0, p0);
	machine_settle();
	CHECK(cpu_of(1)->vcpu == v && !v->blocked && !v->polling);
	CHECK_EQUAL(d1->pollers, 0);
}

static void poll_of_pending_port(void)
{
	unsigned p0, p1;

	start();
	pair(&p0, &p1);
	alone_on_cpu_1(d1->vcpu[0]);
	d1->vcpu[0]->info->evtchn_upcall_mask = 1;
	event_send(d0, p0);
	CHECK_EQUAL(poll(&p1, 1, 0), 0);
	machine_settle();
	CHECK(cpu_of(1)->vcpu == d1->vcpu[0]);
}

static void poll_ignores_others_while_masked(void)
{
	unsigned p0, p1, q0, q1;
	struct vcpu *v;

	start();
	pair(&p0, &p1);
	pair(&q0, &q1);
	v = d1->vcpu[0];
	alone_on_cpu_1(v);
	v->info->evtchn_upcall_mask = 1;
	CHECK_EQUAL(poll(&p1, 1, 0), 0);
	machine_settle();
	machine_on_cpu(0);
	event_send(d0, q0);
	machine_settle();
	CHECK(v->blocked);
	event_send(d0, p0);
	machine_settle();
	CHECK(!v->blocked);
}

static void poll_times_out(void)
{
	unsigned p0, p1;
	struct vcpu *v;

	start();
	pair(&p0, &p1);
	v = d1->vcpu[0];
	alone_on_cpu_1(v);
	v->info->evtchn_upcall_mask = 1;
	CHECK_EQUAL(poll(&p1, 1, machine_now + 1000000), 0);
	machine_settle();
	CHECK(v->blocked);
	machine_advance(machine_now + 1000000);
	machine_settle();
	CHECK(!v->blocked && cpu_of(1)->vcpu == v);
}

static void poll_errors(void)
{
	uint32_t port = 5000;

	start();
	alone_on_cpu_1(d1->vcpu[0]);
	CHECK_EQUAL(poll(&port, 129, 0), -EINVAL);
	CHECK_EQUAL(poll(&port, 1, 0), -EINVAL);
	CHECK_EQUAL(poll(NULL, 1, 0), -EFAULT);
	CHECK(!d1->vcpu[0]->blocked && !d1->pollers);
}

/* Random operations */

static struct domain *any(void)
{
	struct domain *const all[] = {d0, d1, d2};

	return all[(unsigned)rand() % 3];
}

/* Both ends of every pair know each other; used counts what is in use. */
static void check_ports(void)
{
	struct domain *const all[] = {d0, d1, d2};

	for (unsigned i = 0; i < 3; i++) {
		unsigned in_use = 0;

		for (unsigned port = 1; port < 64; port++) {
			struct evtchn_status s = {
				.dom = DOMID_SELF,
				.port = port,
			};
			struct evtchn_status t;

			if (call(all[i], EVTCHNOP_status, &s) ||
				s.status == EVTCHNSTAT_closed)
				continue;
			in_use++;
			if (s.status != EVTCHNSTAT_interdomain)
				continue;
			t = status(
				all[s.u.interdomain.dom], s.u.interdomain.port);
			CHECK_EQUAL(t.status, EVTCHNSTAT_interdomain);
			CHECK_EQUAL(t.u.interdomain.dom, all[i]->id);
			CHECK_EQUAL(t.u.interdomain.port, port);
		}
		CHECK_EQUAL(ports_used(all[i]), in_use);
	}
}

static void random_operations(void)
{
	start();
	srand(7);
	for (unsigned n = 0; n < 30000; n++) {
		struct domain *const d = any();
		const uint32_t port = (unsigned)rand() % 40;

		if (ports_used(d) > 30) {
			port_op(d, EVTCHNOP_close, port);
			continue;
		}
		switch (rand() % 8) {
		case 0:
			unbound(d, any()->id);
			break;
		case 1:
		case 2:
			bind(d, any()->id, port);
			break;
		case 3:
			bind_virq(
				d, (unsigned)rand() % 26, (unsigned)rand() % 3);
			break;
		case 4:
			bind_ipi(d, (unsigned)rand() % 3);
			break;
		case 5:
			port_op(d, EVTCHNOP_close, port);
			break;
		case 6:
			port_op(d, EVTCHNOP_send, port);
			break;
		default:
			event_send_virq(d->vcpu[0], (unsigned)rand() % 24);
		}
		if (n % 16 == 0)
			check_ports();
	}
}

SUITE({"first_port_is_1", first_port_is_1},
	{"allocated_for_others", allocated_for_others},
	{"interdomain", interdomain},
	{"interdomain_refused", interdomain_refused}, {"loopback", loopback},
	{"virqs", virqs}, {"pirqs", pirqs}, {"ipis", ipis},
	{"other_vcpu", other_vcpu}, {"bad_operations", bad_operations},
	{"answer_not_writable", answer_not_writable}, {"all_ports", all_ports},
	{"no_memory", no_memory}, {"starts_masked", starts_masked},
	{"delivered_once", delivered_once}, {"send_to_nobody", send_to_nobody},
	{"running_vcpu_is_kicked", running_vcpu_is_kicked},
	{"closed_end_becomes_unbound", closed_end_becomes_unbound},
	{"domain_dies", domain_dies},
	{"reset_is_preemptible", reset_is_preemptible},
	{"poll_sleeps_until_the_port", poll_sleeps_until_the_port},
	{"poll_of_pending_port", poll_of_pending_port},
	{"poll_ignores_others_while_masked", poll_ignores_others_while_masked},
	{"poll_times_out", poll_times_out}, {"poll_errors", poll_errors},
	{"random_operations", random_operations})
