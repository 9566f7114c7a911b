/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves that control of a domain and its own calls can come at the same time
 * on two CPUs: while a child makes random hypercalls, dom0 pauses, inspects,
 * maps, pins and unpins, sends to and at last destroys it, at any moment.
 * Nobody waits for ever, no page is lost, dom0's own tables stay right.
 * `seed=N seconds=N` on the command line choose others.
 *
 * Machine: 2 1
 */
#include <xen/event_channel.h>
#include <xen/sched.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/hostile.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define MS 1000000UL

static struct child child;
static unsigned int children, acts, answered;
static void *window;
static uint64_t *window_pte;

static void act_pause(void)
{
	domctl_simple(XEN_DOMCTL_pausedomain, child.id);
	domctl_simple(XEN_DOMCTL_unpausedomain, child.id);
}

static void act_inspect(void)
{
	static struct vcpu_guest_context context;
	struct xen_domctl op = { .u.vcpucontext.ctxt = &context };
	struct xen_domctl_getdomaininfo info;

	domctl(&op, XEN_DOMCTL_getvcpucontext, child.id);
	domain_info(child.id, &info);
}

static void act_types(void)
{
	static uint64_t list[CHILD_PAGES];
	struct xen_domctl op = {
		.u.getpageframeinfo3 = { .num = CHILD_PAGES, .array = list },
	};

	memcpy(list, child.mfn, sizeof(list));
	domctl(&op, XEN_DOMCTL_getpageframeinfo3, child.id);
}

/* Maps one of its pages, whatever it is by now, and perhaps keeps it. */
static void act_map(void)
{
	const uint64_t frame = child.mfn[hostile_below(CHILD_PAGES)];
	const struct mmu_update req = {
		.ptr = machine_address(window_pte),
		.val = frame * PV_PAGE | (hostile_below(2) ? PTE_KERNEL :
					  PTE_RO),
	};

	hv_mmu_update(&req, 1, NULL, child.id);
	if (hostile_below(2))
		pt_set(window, 0);
}

static void act_pin(void)
{
	const struct mmuext_op op = {
		.cmd = hostile_below(5),
		.arg1.mfn = child.mfn[hostile_below(CHILD_PAGES)],
	};

	hv_mmuext_op(&op, 1, NULL, child.id);
}

static void act_store(void)
{
	const struct mmu_update req = {
		.ptr = child.mfn[hostile_below(CHILD_PAGES)] * PV_PAGE +
		       hostile_below(512) * 8,
		.val = hostile_random(),
	};

	/* of its tables: (1 + id) in the upper half */
	hv_mmu_update(&req, 1, NULL, child.id | (child.id + 1UL) << 16);
}

static void act_event(void)
{
	struct evtchn_alloc_unbound op = { .dom = child.id };

	if (hv_event_channel_op(EVTCHNOP_alloc_unbound, &op))
		return;
	const int64_t port = event_bind_interdomain(child.id, op.port);

	if (port > 0) {
		event_send(port);
		event_close(port);
	}
}

static void act_shutdown(void)
{
	struct sched_remote_shutdown op = { .domain_id = child.id };

	if (hostile_below(10) == 0)
		hv_sched_op(SCHEDOP_remote_shutdown, &op);
}

static void act(void)
{
	static void (*const all[])(void) = {
		act_pause, act_inspect, act_types, act_map, act_map, act_pin,
		act_store, act_event, act_shutdown,
	};

	all[hostile_below(sizeof(all) / sizeof(*all))]();
	acts++;
}

static void spin(uint64_t ns)
{
	for (const uint64_t end = now() + ns; now() < end;)
		asm volatile("pause");
}

/* A child's life, ended at a random moment of its own doing. */
static bool one_child(uint64_t seed)
{
	hostile_seed(seed);
	children++;
	if (child_start(&child))
		return false;
	for (uint64_t round = 2 + hostile_below(6); round--;) {
		hostile_prepare(&child);
		child_tell(&child, __HYPERVISOR_multicall, CHILD_ROOM,
			   HOSTILE_CALLS);
		for (uint64_t n = 2 + hostile_below(12); n--;) {
			act();
			spin(hostile_below(20000));
		}
		answered += child.mailbox->state == 2;
	}
	if (hostile_below(2)) {
		/* in the middle of a call */
		hostile_prepare(&child);
		child_tell(&child, __HYPERVISOR_multicall, CHILD_ROOM,
			   HOSTILE_CALLS);
		spin(hostile_below(30000));
	}
	pt_set(window, 0);
	return child_end(&child);
}

static void test_control_while_it_runs(void)
{
	static uint64_t frames[8];

	for (int i = 0; i < 8; i++)
		frames[i] = pv_frame(page_alloc());
	frames[0] = foreign_frame();
	hostile_init(frames, 8);
	window = va_alloc();
	window_pte = pt_entry(NULL, window, 1);
	REQUIRE(one_child(77));
	const uint64_t before = settled_free_pages();
	const uint64_t first = test_option("seed", 78);
	const uint64_t end = now() + test_option("seconds", 5) * 1000 * MS;

	for (uint64_t s = first; now() < end; s++)
		if (!one_child(s * 0x9e3779b97f4a7c15)) {
			test_fail(__LINE__, "child of seed %lu did not go", s);
			return;
		}
	print("# %u children, %u acts, %u calls answered\n", children, acts,
	      answered);
	REQUIRE(children > 3 && answered > 0);
	/* the hypervisor's pools may keep a few pages, not one a child */
	const uint64_t least = before - 4 - children / 8;
	const uint64_t after = free_pages_again(least);

	print("# free pages: %lu before, %lu after\n", before, after);
	REQUIRE(after >= least);
}

const struct test tests[] = {
	TEST(control_while_it_runs),
	TESTS_END
};
