/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves event channels in the two-level form, as one domain connected to
 * itself: every bind form and its errors, sending, masking, unmasking, status,
 * closing, rebinding; strict order of the bitmaps; and that whatever is
 * pending is delivered on return from any hypercall once upcalls are unmasked.
 */
#include <xen/event_channel.h>
#include <xen/version.h>

#include "tests/guests/lib/test.h"

static unsigned int seen[EVENT_PORTS];

static void note(uint32_t port, void *data)
{
	(void)data;
	seen[port]++;
}

static int64_t status(uint32_t port, struct evtchn_status *op)
{
	*op = (struct evtchn_status){ .dom = DOMID_SELF, .port = port };
	return hv_event_channel_op(EVTCHNOP_status, op);
}

static int64_t bind_vcpu(uint32_t port, uint32_t vcpu)
{
	struct evtchn_bind_vcpu op = { .port = port, .vcpu = vcpu };

	return hv_event_channel_op(EVTCHNOP_bind_vcpu, &op);
}

static uint32_t a, b;		/* two ends of one channel */

static void test_alloc_and_bind(void)
{
	struct evtchn_status st;

	event_init();
	const int64_t first = event_alloc(DOMID_SELF);

	REQUIRE(first > 0);
	a = first;
	REQUIRE_EQ(status(a, &st), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_unbound);
	REQUIRE_EQ(st.u.unbound.dom, 0);
	const int64_t second = event_bind_interdomain(DOMID_SELF, a);

	REQUIRE(second > 0 && second != first);
	b = second;
	REQUIRE_EQ(status(a, &st), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_interdomain);
	REQUIRE_EQ(st.u.interdomain.port, b);
	REQUIRE_EQ(status(b, &st), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_interdomain);
	REQUIRE_EQ(st.u.interdomain.port, a);
	/* binding leaves the local port pending, once */
	REQUIRE(event_pending(b));
	REQUIRE(!event_pending(a));
	event_clear(b);
}

static void test_bind_errors(void)
{
	/* already bound, free, port 0, beyond all */
	REQUIRE_EQ(event_bind_interdomain(DOMID_SELF, a), EINVAL_);
	REQUIRE_EQ(event_bind_interdomain(DOMID_SELF, 1000), EINVAL_);
	REQUIRE_EQ(event_bind_interdomain(DOMID_SELF, 0), EINVAL_);
	REQUIRE_EQ(event_bind_interdomain(DOMID_SELF, 1 << 30), EINVAL_);
	REQUIRE_EQ(event_bind_interdomain(77, 1), ESRCH_);
	/* a port kept for somebody else */
	const int64_t other = event_alloc(77);

	REQUIRE(other > 0);
	REQUIRE_EQ(event_bind_interdomain(DOMID_SELF, other), EINVAL_);
	REQUIRE_EQ(event_close(other), 0);
}

static void test_send(void)
{
	volatile struct vcpu_info *info = event_vcpu_info(0);

	event_disable(0);
	event_clear(a);
	event_unmask(a);
	event_dispatch(0);
	seen[a] = 0;
	REQUIRE_EQ(event_send(b), 0);
	REQUIRE(event_pending(a));
	REQUIRE_EQ(info->evtchn_upcall_pending, 1);
	REQUIRE(info->evtchn_pending_sel & 1UL << a / 64);
	event_register(a, note, NULL);
	event_enable(0);
	event_disable(0);
	REQUIRE_EQ(seen[a], 1);
	REQUIRE(!event_pending(a));
	REQUIRE_EQ(info->evtchn_upcall_pending, 0);
}

static void test_both_ways(void)
{
	event_register(b, note, NULL);
	seen[a] = seen[b] = 0;
	event_enable(0);
	REQUIRE_EQ(event_send(a), 0);
	REQUIRE_EQ(event_send(b), 0);
	event_disable(0);
	REQUIRE_EQ(seen[a], 1);
	REQUIRE_EQ(seen[b], 1);
}

/* Each of these returns must deliver what is pending. */
static void test_delivered_on_return(void)
{
	volatile struct vcpu_info *info = event_vcpu_info(0);

	for (int i = 0; i < 3; i++) {
		event_disable(0);
		seen[a] = 0;
		REQUIRE_EQ(event_send(b), 0);
		REQUIRE_EQ(seen[a], 0);
		info->evtchn_upcall_mask = 0;
		if (i == 0)
			hv_xen_version(XENVER_version, NULL);
		else if (i == 1)
			PV_CALL1(63, 0);
		else
			hv_mmu_update(NULL, 0, NULL, DOMID_SELF);
		REQUIRE_EQ(seen[a], 1);
	}
	event_disable(0);
}

static void test_send_twice(void)
{
	event_disable(0);
	seen[a] = 0;
	REQUIRE_EQ(event_send(b), 0);
	REQUIRE_EQ(event_send(b), 0);
	event_enable(0);
	event_disable(0);
	REQUIRE_EQ(seen[a], 1);
}

static void test_masked_port(void)
{
	volatile struct vcpu_info *info = event_vcpu_info(0);

	event_disable(0);
	event_dispatch(0);
	event_mask(a);
	seen[a] = 0;
	REQUIRE_EQ(event_send(b), 0);
	REQUIRE(event_pending(a));
	REQUIRE_EQ(info->evtchn_upcall_pending, 0);
	event_enable(0);
	REQUIRE_EQ(seen[a], 0);
	/* unmasking finds it pending and delivers */
	REQUIRE_EQ(event_unmask(a), 0);
	REQUIRE_EQ(seen[a], 1);
	event_disable(0);
}

static void test_send_errors(void)
{
	REQUIRE_EQ(event_send(0), EINVAL_);
	REQUIRE_EQ(event_send(1000), EINVAL_);
	REQUIRE_EQ(event_send(1 << 30), EINVAL_);
	REQUIRE_EQ(event_unmask(1 << 30), EINVAL_);
	const int64_t port = event_bind_virq(VIRQ_DEBUG, 0);

	REQUIRE(port > 0);
	REQUIRE_EQ(event_send(port), EINVAL_);
	REQUIRE_EQ(event_close(port), 0);
	const int64_t unbound = event_alloc(DOMID_SELF);

	/* nobody there: swallowed */
	REQUIRE_EQ(event_send(unbound), 0);
	REQUIRE_EQ(event_close(unbound), 0);
}

static void test_virq(void)
{
	struct evtchn_status st;
	const int64_t port = event_bind_virq(VIRQ_TIMER, 0);

	REQUIRE(port > 0);
	REQUIRE_EQ(status(port, &st), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_virq);
	REQUIRE_EQ(st.u.virq, VIRQ_TIMER);
	REQUIRE_EQ(st.vcpu, 0);
	REQUIRE_EQ(event_bind_virq(VIRQ_TIMER, 0), EEXIST_);
	REQUIRE_EQ(event_bind_virq(VIRQ_TIMER, 5000), ENOENT_);
	REQUIRE_EQ(event_bind_virq(NR_VIRQS, 0), EINVAL_);
	REQUIRE_EQ(event_bind_virq(1000, 0), EINVAL_);
	/* per-vCPU virqs stay where they are */
	REQUIRE_EQ(bind_vcpu(port, 0), EINVAL_);
	REQUIRE_EQ(event_close(port), 0);
	const int64_t again = event_bind_virq(VIRQ_TIMER, 0);

	REQUIRE(again > 0);
	REQUIRE_EQ(event_close(again), 0);
}

static void test_ipi(void)
{
	struct evtchn_status st;
	const int64_t port = event_bind_ipi(0);

	REQUIRE(port > 0);
	REQUIRE_EQ(status(port, &st), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_ipi);
	REQUIRE_EQ(event_bind_ipi(5000), ENOENT_);
	REQUIRE_EQ(bind_vcpu(port, 0), EINVAL_);
	event_register(port, note, NULL);
	seen[port] = 0;
	event_enable(0);
	REQUIRE_EQ(event_send(port), 0);
	event_disable(0);
	REQUIRE_EQ(seen[port], 1);
	REQUIRE_EQ(event_close(port), 0);
}

static void test_bind_vcpu(void)
{
	REQUIRE_EQ(bind_vcpu(a, 0), 0);
	REQUIRE_EQ(bind_vcpu(a, 5000), ENOENT_);
	REQUIRE_EQ(bind_vcpu(0, 0), EINVAL_);
	REQUIRE_EQ(bind_vcpu(1000, 0), EINVAL_);
}

static void test_status_errors(void)
{
	struct evtchn_status st;

	REQUIRE_EQ(status(0, &st), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_closed);
	REQUIRE_EQ(status(1 << 30, &st), EINVAL_);
	st = (struct evtchn_status){ .dom = 77, .port = 1 };
	REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_status, &st), ESRCH_);
	REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_status, (void *)0x1000),
		   EFAULT_);
	REQUIRE_EQ(hv_event_channel_op(1000, &st), ENOSYS_);
}

static void test_close(void)
{
	struct evtchn_status st;

	REQUIRE_EQ(event_close(0), EINVAL_);
	REQUIRE_EQ(event_close(1000), EINVAL_);
	REQUIRE_EQ(event_close(1 << 30), EINVAL_);
	REQUIRE_EQ(event_close(b), 0);
	REQUIRE_EQ(status(b, &st), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_closed);
	/* the other end waits for a new peer */
	REQUIRE_EQ(status(a, &st), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_unbound);
	REQUIRE_EQ(event_close(b), EINVAL_);
	const int64_t peer = event_bind_interdomain(DOMID_SELF, a);

	REQUIRE(peer > 0);
	event_enable(0);
	seen[a] = 0;
	REQUIRE_EQ(event_send(peer), 0);
	event_disable(0);
	REQUIRE_EQ(seen[a], 1);
	REQUIRE_EQ(event_close(peer), 0);
	REQUIRE_EQ(event_close(a), 0);
}

/* A closed port is not pending when it comes back. */
static void test_close_clears(void)
{
	event_disable(0);
	const int64_t port = event_alloc(DOMID_SELF);
	const int64_t peer = event_bind_interdomain(DOMID_SELF, port);

	REQUIRE(port > 0 && peer > 0);
	event_mask(port);
	REQUIRE_EQ(event_send(peer), 0);
	REQUIRE(event_pending(port));
	REQUIRE_EQ(event_close(port), 0);
	REQUIRE(!event_pending(port));
	REQUIRE_EQ(event_close(peer), 0);
}

static uint32_t many[EVENT_PORTS];

static void test_many(void)
{
	unsigned int nr = 0;

	event_disable(0);
	while (nr < 1000) {
		const int64_t port = event_bind_ipi(0);

		REQUIRE(port > 0 && port < EVENT_PORTS);
		event_register(port, note, NULL);
		seen[port] = 0;
		many[nr++] = port;
	}
	for (unsigned int i = 0; i < nr; i += 3)
		REQUIRE_EQ(event_send(many[i]), 0);
	event_enable(0);
	event_disable(0);
	for (unsigned int i = 0; i < nr; i++) {
		REQUIRE_EQ(seen[many[i]], i % 3 == 0);
		REQUIRE_EQ(event_close(many[i]), 0);
	}
}

static bool frame_ok;

static void reenter(uint32_t port, void *data)
{
	(void)data;
	frame_ok = event_vcpu_info(0)->evtchn_upcall_mask == 1;
	seen[port]++;
}

/* Upcalls are masked in the callback, and unmasked again behind it. */
static void test_callback_masks(void)
{
	const int64_t port = event_bind_ipi(0);

	REQUIRE(port > 0);
	event_register(port, reenter, NULL);
	seen[port] = 0;
	event_enable(0);
	REQUIRE_EQ(event_send(port), 0);
	REQUIRE_EQ(event_disable(0), false);
	REQUIRE_EQ(seen[port], 1);
	REQUIRE(frame_ok);
	REQUIRE_EQ(event_close(port), 0);
}

const struct test tests[] = {
	TEST(alloc_and_bind),
	TEST(bind_errors),
	TEST(send),
	TEST(both_ways),
	TEST(delivered_on_return),
	TEST(send_twice),
	TEST(masked_port),
	TEST(send_errors),
	TEST(virq),
	TEST(ipi),
	TEST(bind_vcpu),
	TEST(status_errors),
	TEST(close),
	TEST(close_clears),
	TEST(many),
	TEST(callback_masks),
	TESTS_END
};
