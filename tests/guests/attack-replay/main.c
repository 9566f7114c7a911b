/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants a long call to go on with other arguments than it started
 * with. A call that makes way for an event is made again with what remains, from
 * registers and structures that are the guest's to change: so it forges such
 * continuations from the start, and has an event handler rewrite lists, counts
 * and structures under calls that are really interrupted.
 *
 * What must happen: every part is checked as if it were new. What has been done
 * is not done twice, a frame that went is not given back again, and where the
 * arguments have become bad the call ends there.
 *
 * Class: preemption and replay (compare XSA-45, XSA-212, XSA-290). Same on Xen.
 */
#include <xen/memory.h>
#include <xen/vcpu.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define MS 1000000UL
#define NR 2048
#define CONTINUED (1u << 31)

static uint64_t pfns[NR], list[NR], out[NR];


/* Populates what was given back, so that pfns[] are there again. */
static bool refill(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < NR; i++) {
		const uint64_t mfn = PV_P2M[pfns[i]];

		if (PV_M2P[mfn] == pfns[i])
			continue;
		struct xen_memory_reservation op = {
			.extent_start = &out[0], .nr_extents = 1,
			.domid = DOMID_SELF,
		};

		out[0] = pfns[i];
		if (hv_memory_op(XENMEM_populate_physmap, &op) != 1)
			return false;
		PV_P2M[pfns[i]] = out[0];
		n++;
	}
	return n <= NR;
}

static void get_pages(void)
{
	for (unsigned int i = 0; i < NR; i++) {
		if (!pfns[i])
			pfns[i] = pfn_alloc();
		list[i] = PV_P2M[pfns[i]];
	}
}

/* Starting points that no call has reached. */
static void test_forged_extents(void)
{
	uint64_t frame;
	struct xen_memory_reservation op = {
		.extent_start = &frame, .nr_extents = 1, .domid = DOMID_SELF,
	};

	get_pages();
	frame = list[0];
	for (uint64_t start = 1; start < 1UL << 57; start = start * 7 + 1) {
		const uint64_t cmd = start << MEMOP_EXTENT_SHIFT;

		/* behind the end: nothing is left to do */
		PV_CALL2(__HYPERVISOR_memory_op,
			 cmd | XENMEM_decrease_reservation, &op);
		PV_CALL2(__HYPERVISOR_memory_op,
			 cmd | XENMEM_populate_physmap, &op);
		PV_CALL2(__HYPERVISOR_memory_op,
			 cmd | XENMEM_increase_reservation, &op);
		REQUIRE_EQ(PV_M2P[list[0]], pfns[0]);
		REQUIRE_EQ(frame, list[0]);
	}
	/* in the middle: the second of two alone */
	op.extent_start = list;
	op.nr_extents = 2;
	REQUIRE_EQ(PV_CALL2(__HYPERVISOR_memory_op, 1UL << MEMOP_EXTENT_SHIFT |
			    XENMEM_decrease_reservation, &op), 2);
	REQUIRE_EQ(PV_M2P[list[0]], pfns[0]);
	REQUIRE(refill());
}

static void test_forged_batches(void)
{
	uint64_t *l1 = pt_entry(NULL, va_alloc(), 1);
	struct mmu_update reqs[4];
	unsigned int done = 100;

	for (int i = 0; i < 4; i++)
		reqs[i] = (struct mmu_update){
			.ptr = machine_address(&l1[i]), .val = 0x1000,
		};
	REQUIRE_EQ(hv_mmu_update(reqs, 2 | CONTINUED, &done, DOMID_SELF), 0);
	REQUIRE_EQ(done, 102);
	REQUIRE_EQ(l1[1], 0x1000);
	REQUIRE_EQ(l1[2], 0);
	REQUIRE_EQ(pt_write(&l1[0], 0), 0);
	REQUIRE_EQ(pt_write(&l1[1], 0), 0);
	/* the count it goes on with lies where nothing can be read or written */
	hv_mmu_update(reqs, 2 | CONTINUED, (void *)0x1000, DOMID_SELF);
	hv_mmu_update(reqs, 2 | CONTINUED, (void *)0xffff82d040200000,
		      DOMID_SELF);
	REQUIRE_EQ(l1[2], 0);
	REQUIRE_EQ(pt_write(&l1[0], 0), 0);
	REQUIRE_EQ(pt_write(&l1[1], 0), 0);
	const struct mmuext_op op = {
		.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = pv_frame(page_alloc()),
	};

	REQUIRE(hv_mmuext_op(&op, 1 | CONTINUED, (void *)0x1000, DOMID_SELF)
		< 0);
	done = ~0u;
	hv_mmuext_op(&op, 0 | CONTINUED, &done, DOMID_SELF);
	REQUIRE_INTACT();
}

static void test_forged_exchange(void)
{
	struct xen_memory_exchange op = {
		.in = { .extent_start = list, .nr_extents = 8,
			.domid = DOMID_SELF },
		.out = { .extent_start = out, .nr_extents = 8,
			 .domid = DOMID_SELF },
	};

	get_pages();
	memcpy(out, pfns, sizeof(out));
	static const uint64_t bad[] = { 9, 10, 1UL << 32, 1UL << 63, ~0UL };

	for (int i = 0; i < 5; i++) {
		op.nr_exchanged = bad[i];
		REQUIRE_EQ(hv_memory_op(XENMEM_exchange, &op), EINVAL_);
	}
	for (int i = 0; i < 8; i++)
		REQUIRE_EQ(PV_M2P[list[i]], pfns[i]);
	/* half of it is said to be done: that half stays ours */
	op.nr_exchanged = 4;
	REQUIRE_EQ(hv_memory_op(XENMEM_exchange, &op), 0);
	REQUIRE_EQ(op.nr_exchanged, 8);
	for (int i = 0; i < 8; i++)
		REQUIRE_EQ(PV_M2P[i < 4 ? list[i] : out[i]], pfns[i]);
	for (int i = 4; i < 8; i++)
		PV_P2M[pfns[i]] = out[i];
}

/* An event in the middle of the call */

static volatile unsigned int within;
static volatile bool in_call;
static void (*volatile meddle)(void);

static void rearm(void)
{
	struct vcpu_set_singleshot_timer op = {
		.timeout_abs_ns = now() + MS / 10,
	};

	hv_vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
}

static void tick(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	if (in_call && meddle) {
		within++;
		meddle();
		return;
	}
	rearm();
}

static void begin(void (*fn)(void))
{
	static int64_t port;

	if (!port) {
		event_init();
		hv_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
		port = event_bind_virq(VIRQ_TIMER, 0);
		event_register(port, tick, NULL);
	}
	within = 0;
	meddle = fn;
	rearm();
	event_enable(0);
	in_call = true;
}

static void end(void)
{
	in_call = false;
	event_disable(0);
}

static struct xen_memory_reservation reservation;
static unsigned int changed;

/* What is not done yet becomes page tables, others' frames, and all over. That
 * is nothing if the event came at the very end. */
static void change_list(void)
{
	for (unsigned int i = 0; i < NR; i++) {
		if (PV_M2P[list[i]] != pfns[i])
			continue;
		list[i] = i % 2 ? pv_frame(pt_root()) : foreign_frame();
		changed++;
	}
}

static void test_list_changed(void)
{
	for (int i = 0; i < 5 && !changed; i++) {
		get_pages();
		reservation = (struct xen_memory_reservation){
			.extent_start = list, .nr_extents = NR,
			.domid = DOMID_SELF,
		};
		begin(change_list);
		const int64_t rc = hv_memory_op(XENMEM_decrease_reservation,
						&reservation);

		end();
		REQUIRE(rc >= 0 && rc <= NR);
		REQUIRE_EQ(rc < NR, changed > 0);
		REQUIRE(refill());
	}
	print("# changed: %u\n", changed);
	REQUIRE_INTACT();
}

static void change_count(void)
{
	reservation.nr_extents = ~0UL >> 20;
	reservation.extent_start = (void *)0xffff82d040200000;
}

static void test_structure_changed(void)
{
	within = 0;
	for (int i = 0; i < 5 && !within; i++) {
		get_pages();
		reservation = (struct xen_memory_reservation){
			.extent_start = list, .nr_extents = NR,
			.domid = DOMID_SELF,
		};
		begin(change_count);
		const int64_t rc = hv_memory_op(XENMEM_decrease_reservation,
						&reservation);

		end();
		REQUIRE(rc <= NR);
		REQUIRE(refill());
	}
	print("# interrupted: %u\n", within);
	REQUIRE_INTACT();
}

static struct xen_memory_exchange exchange;

static void start_again(void)
{
	exchange.nr_exchanged = 0;
}

static uint64_t pages_of_dom0(void)
{
	struct xen_domctl_getdomaininfo info;

	return domain_info(0, &info) ? info.tot_pages : 0;
}

/* The frames that have gone are asked for a second time. Some of them may have
 * come back as new ones; the others are another domain's by then, or free. */
static void test_exchange_started_again(void)
{
	static struct child child;
	const uint64_t pages = pages_of_dom0();

	REQUIRE_EQ(child_start(&child), 0);
	child.data[5] = 0x5afe;
	within = 0;
	for (int i = 0; i < 5 && !within; i++) {
		get_pages();
		memcpy(out, pfns, sizeof(out));
		exchange = (struct xen_memory_exchange){
			.in = { .extent_start = list, .nr_extents = NR,
				.domid = DOMID_SELF },
			.out = { .extent_start = out, .nr_extents = NR,
				 .domid = DOMID_SELF },
		};
		begin(start_again);
		const int64_t rc = hv_memory_op(XENMEM_exchange, &exchange);

		end();
		REQUIRE(rc <= 0);
		REQUIRE(within || rc == 0);
		REQUIRE_EQ(pages_of_dom0(), pages);
		if (within)
			break;
		for (unsigned int j = 0; j < NR; j++)
			PV_P2M[pfns[j]] = out[j];
	}
	REQUIRE_EQ(child.data[5], 0x5afe);
	REQUIRE(child_is_well(&child));
	REQUIRE(child_end(&child));
	print("# interrupted: %u\n", within);
	REQUIRE_INTACT();
}

static struct multicall_entry calls[512];
static struct mmuext_op ops[64];

/* All entries become another multicall on the same list. */
static void change_entries(void)
{
	for (int i = 0; i < 512; i++)
		if (calls[i].result == 99)
			calls[i] = (struct multicall_entry){
				.op = __HYPERVISOR_multicall, .result = 99,
				.args = { (uint64_t)calls, 512 },
			};
}

static void test_multicall_changed(void)
{
	uint64_t *page = page_alloc();

	for (int i = 0; i < 64; i++)
		ops[i] = (struct mmuext_op){
			.cmd = MMUEXT_CLEAR_PAGE, .arg1.mfn = pv_frame(page),
		};
	for (int i = 0; i < 512; i++)
		calls[i] = (struct multicall_entry){
			.op = __HYPERVISOR_mmuext_op, .result = 99,
			.args = { (uint64_t)ops, 64, 0, DOMID_SELF },
		};
	begin(change_entries);
	const int64_t rc = hv_multicall(calls, 512);

	end();
	REQUIRE_EQ(rc, 0);
	for (int i = 0; i < 512; i++)
		REQUIRE(calls[i].result == 0 || (int64_t)calls[i].result < 0);
	print("# interrupted: %u\n", within);
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(forged_extents),
	TEST(forged_batches),
	TEST(forged_exchange),
	TEST(list_changed),
	TEST(structure_changed),
	TEST(multicall_changed),
	TEST(exchange_started_again),	/* last: it mixes up our pages */
	TEST(all_works),
	TESTS_END
};
