/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves that long hypercalls are done in pieces: while a big multicall, batch
 * of page-table updates, pin, unpin, exchange, populate or batch of grant
 * operations is under way a timer event gets through, the call then goes on,
 * and its results and counts are as if nothing had happened.
 */
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/vcpu.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define TICK 250000UL

static volatile unsigned int ticks, ticks_within;
static volatile bool in_call;
static volatile uint64_t started, worst;
static uint64_t deadline;
static void (*within)(void);	/* called in the first tick within a call */

static void rearm(void)
{
	struct vcpu_set_singleshot_timer op;

	deadline = now() + TICK;
	op = (struct vcpu_set_singleshot_timer){ .timeout_abs_ns = deadline };
	hv_vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
}

static void tick(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	const uint64_t late = now() - deadline;

	ticks++;
	if (in_call) {
		ticks_within++;
		if (late > worst)
			worst = late;
		if (within)
			within();
		within = NULL;
	}
	rearm();
}

static void begin(void)
{
	static bool set_up;

	if (!set_up) {
		event_init();
		hv_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
		const int64_t port = event_bind_virq(VIRQ_TIMER, 0);

		event_register(port, tick, NULL);
		set_up = true;
	}
	ticks_within = 0;
	worst = 0;
	rearm();
	event_enable(0);
	started = now();
	in_call = true;
}

/* True if the call was long and was interrupted, or was not long. */
static bool end(const char *what)
{
	in_call = false;
	const uint64_t took = now() - started;

	event_disable(0);
	print("# %s: %lu us, %u ticks within, at most %lu us late\n", what,
	      took / 1000, ticks_within, worst / 1000);
	return took < 4 * TICK || ticks_within > 0;
}

/*
 * Makes a call until a tick is seen within: the host may have stopped QEMU's
 * timers, but not for ever. `again` brings back what the call changed.
 */
/* NOLINTBEGIN(bugprone-macro-parentheses): statements */
#define INTERRUPTED(what, call, again) do {				\
	bool seen_ = false;						\
									\
	for (const uint64_t until_ = now() + PATIENCE; !seen_;) {	\
		begin();						\
		rc = call;						\
		seen_ = end(what);					\
		if (!seen_ && now() > until_)				\
			break;						\
		if (!seen_)						\
			again;						\
	}								\
	REQUIRE(seen_);							\
} while (0)
/* NOLINTEND(bugprone-macro-parentheses) */

static void test_multicall(void)
{
	static struct multicall_entry calls[512];
	static struct mmuext_op ops[512][64];
	uint64_t *page = page_alloc();

	for (int i = 0; i < 512; i++) {
		for (int j = 0; j < 64; j++)
			ops[i][j] = (struct mmuext_op){
				.cmd = MMUEXT_CLEAR_PAGE,
				.arg1.mfn = pv_frame(page),
			};
		calls[i] = (struct multicall_entry){
			.op = __HYPERVISOR_mmuext_op, .result = 99,
			.args = { (uint64_t)ops[i], 64, 0, DOMID_SELF },
		};
	}
	int64_t rc;

	INTERRUPTED("multicall of 512 times 64 cleared pages",
		    hv_multicall(calls, 512), (void)0);
	REQUIRE_EQ(rc, 0);
	for (int i = 0; i < 512; i++)
		REQUIRE_EQ(calls[i].result, 0);
}

static void test_mmu_update(void)
{
	static struct mmu_update reqs[8192];
	uint64_t *page = page_alloc();
	unsigned int done = 0;
	uint64_t *l1 = pt_entry(NULL, va_alloc(), 1);

	for (int i = 0; i < 8192; i++)
		reqs[i] = (struct mmu_update){
			.ptr = machine_address(&l1[i % 64]),
			.val = (i / 64) % 2 ? machine_address(page) |
					      PTE_KERNEL : 0,
		};
	int64_t rc;

	INTERRUPTED("mmu_update of 8192 entries",
		    hv_mmu_update(reqs, 8192, &done, DOMID_SELF), (void)0);
	REQUIRE_EQ(rc, 0);
	REQUIRE_EQ(done, 8192);
	for (int i = 0; i < 64; i++) {
		REQUIRE_EQ(l1[i] & PTE_FRAME, machine_address(page));
		REQUIRE_EQ(pt_write(&l1[i], 0), 0);
	}
}

static uint64_t *l4, *l3, *l2, *l1s[128];

/* A tree of 128 full L1 tables, mapping one page 65536 times. */
static void test_pin(void)
{
	uint64_t *page = page_alloc();

	l4 = page_alloc();
	l3 = page_alloc();
	l2 = page_alloc();
	for (int i = 0; i < 128; i++) {
		l1s[i] = page_alloc();
		for (int j = 0; j < 512; j++)
			l1s[i][j] = machine_address(page) | PTE_KERNEL;
		REQUIRE_EQ(pt_protect(l1s[i], false), 0);
		l2[i * 4] = machine_address(l1s[i]) | PTE_KERNEL;
	}
	REQUIRE_EQ(pt_protect(l2, false), 0);
	l3[100] = machine_address(l2) | PTE_KERNEL;
	REQUIRE_EQ(pt_protect(l3, false), 0);
	l4[7] = machine_address(l3) | PTE_KERNEL;
	REQUIRE_EQ(pt_protect(l4, false), 0);
	int64_t rc;

	INTERRUPTED("pinning 65536 mappings",
		    mmuext(MMUEXT_PIN_L4_TABLE, pv_frame(l4)),
		    mmuext(MMUEXT_UNPIN_TABLE, pv_frame(l4)));
	REQUIRE_EQ(rc, 0);
	REQUIRE(pt_protect(page, false) == 0);
	REQUIRE(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(page)) != 0);
	REQUIRE_EQ(pt_protect(page, true), 0);
}

static void protect_tree(bool writable)
{
	for (int i = 0; i < 128; i++)
		REQUIRE_EQ(pt_protect(l1s[i], writable), 0);
	REQUIRE_EQ(pt_protect(l2, writable), 0);
	REQUIRE_EQ(pt_protect(l3, writable), 0);
	REQUIRE_EQ(pt_protect(l4, writable), 0);
}

static void test_unpin(void)
{
	int64_t rc;

	INTERRUPTED("unpinning them",
		    mmuext(MMUEXT_UNPIN_TABLE, pv_frame(l4)),
		    mmuext(MMUEXT_PIN_L4_TABLE, pv_frame(l4)));
	REQUIRE_EQ(rc, 0);
	/* done means done: every table is free */
	protect_tree(true);
}

static uint64_t *other_l3, *other_l2[2];
static int64_t within_rc[2];

/* other_l3's entry goes from one table to another, which is pinned already;
 * the first loses its last reference. Then that other table is unpinned. */
static void change_other_tables(void)
{
	within_rc[0] = pt_write(&other_l3[0], machine_address(other_l2[1]) |
				PTE_KERNEL);
	within_rc[1] = mmuext(MMUEXT_UNPIN_TABLE, pv_frame(other_l2[1]));
}

/* Other tables change while a pin is under way. */
static void test_tables_within_pin(void)
{
	int64_t rc;

	protect_tree(false);
	other_l3 = table_alloc();
	other_l2[0] = table_alloc();
	other_l2[1] = table_alloc();
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L3_TABLE, pv_frame(other_l3)), 0);
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L2_TABLE, pv_frame(other_l2[1])), 0);
	REQUIRE_EQ(pt_write(&other_l3[0], machine_address(other_l2[0]) |
			    PTE_KERNEL), 0);
	within = change_other_tables;
	for (const uint64_t until = now() + PATIENCE;
		within && now() < until;) {
		INTERRUPTED("pinning again, other tables change",
			mmuext(MMUEXT_PIN_L4_TABLE, pv_frame(l4)),
			mmuext(MMUEXT_UNPIN_TABLE, pv_frame(l4)));
		REQUIRE_EQ(rc, 0);
		REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(l4)), 0);
	}
	protect_tree(true);
	if (within) {
		within = NULL;
		SKIP("the pin was not interrupted");
	}
	REQUIRE_EQ(within_rc[0], 0);
	REQUIRE_EQ(within_rc[1], 0);
	/* what was replaced is plain memory, what was unpinned is in use */
	REQUIRE_EQ(pt_protect(other_l2[0], true), 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(other_l2[1])), -22);
	REQUIRE(pt_protect(other_l2[1], true) != 0);
	REQUIRE_EQ(pt_write(&other_l3[0], 0), 0);
	REQUIRE_EQ(pt_protect(other_l2[1], true), 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(other_l3)), 0);
	REQUIRE_EQ(pt_protect(other_l3, true), 0);
}

/* A bad entry at the very end: all is undone, in pieces too. */
static void test_pin_fails(void)
{
	l1s[127][511] = machine_address(l4) | PTE_KERNEL;	/* a table */
	protect_tree(false);
	int64_t rc;

	INTERRUPTED("a pin that fails at the end",
		    mmuext(MMUEXT_PIN_L4_TABLE, pv_frame(l4)), (void)0);
	REQUIRE(rc < 0);
	protect_tree(true);
}

#define NR 4096

static uint64_t pfns[NR], frames[NR], out[NR];

/* What came out goes in. */
static void exchange_again(struct xen_memory_exchange *op)
{
	memcpy(frames, out, sizeof(frames));
	memcpy(out, pfns, sizeof(out));
	op->nr_exchanged = 0;
}

static void test_exchange(void)
{
	for (int i = 0; i < NR; i++) {
		pfns[i] = pfn_alloc();
		frames[i] = PV_P2M[pfns[i]];
		out[i] = pfns[i];
	}
	struct xen_memory_exchange op = {
		.in = { .extent_start = frames, .nr_extents = NR,
			.domid = DOMID_SELF },
		.out = { .extent_start = out, .nr_extents = NR,
			 .domid = DOMID_SELF },
	};

	int64_t rc;

	INTERRUPTED("exchange of 4096 pages",
		    hv_memory_op(XENMEM_exchange, &op), exchange_again(&op));
	REQUIRE_EQ(rc, 0);
	REQUIRE_EQ(op.nr_exchanged, NR);
	for (int i = 0; i < NR; i++) {
		REQUIRE_EQ(PV_M2P[out[i]], pfns[i]);
		PV_P2M[pfns[i]] = out[i];
	}
}

static void populate(struct xen_memory_reservation *op)
{
	memcpy(out, pfns, sizeof(out));
	hv_memory_op(XENMEM_populate_physmap, op);
}

static void depopulate(struct xen_memory_reservation *op)
{
	hv_memory_op(XENMEM_decrease_reservation, op);
	memcpy(out, pfns, sizeof(out));
}

static void test_balloon(void)
{
	struct xen_memory_reservation op = {
		.extent_start = out, .nr_extents = NR, .domid = DOMID_SELF,
	};

	int64_t rc;

	INTERRUPTED("decrease_reservation of 4096 pages",
		    hv_memory_op(XENMEM_decrease_reservation, &op),
		    populate(&op));
	REQUIRE_EQ(rc, NR);
	memcpy(out, pfns, sizeof(out));
	INTERRUPTED("populate_physmap of 4096 pages",
		    hv_memory_op(XENMEM_populate_physmap, &op),
		    depopulate(&op));
	REQUIRE_EQ(rc, NR);
	for (int i = 0; i < NR; i++) {
		REQUIRE_EQ(PV_M2P[out[i]], pfns[i]);
		PV_P2M[pfns[i]] = out[i];
	}
}

static void test_grant_copy(void)
{
	static struct gnttab_copy ops[4096];
	uint64_t *a = page_alloc(), *b = page_alloc();

	for (int i = 0; i < 4096; i++)
		ops[i] = (struct gnttab_copy){
			.source = { .u.gmfn = pv_frame(a),
				    .domid = DOMID_SELF },
			.dest = { .u.gmfn = pv_frame(b), .domid = DOMID_SELF },
			.len = 4096, .status = 99,
		};
	a[0] = 0x77;
	int64_t rc;

	INTERRUPTED("grant copy of 4096 pages",
		    hv_grant_table_op(GNTTABOP_copy, ops, 4096), (void)0);
	REQUIRE_EQ(rc, 0);
	REQUIRE_EQ(b[0], 0x77);
	for (int i = 0; i < 4096; i++)
		REQUIRE_EQ(ops[i].status, GNTST_okay);
}

static void test_console(void)
{
	static char text[16384];

	for (unsigned int i = 0; i < sizeof(text); i++)
		text[i] = i % 64 == 63 ? '\n' : '-';
	int64_t rc;

	INTERRUPTED("console write of 16 KiB",
		    hv_console_io(CONSOLEIO_write, sizeof(text), text),
		    (void)0);
	REQUIRE_EQ(rc, 0);
}

const struct test tests[] = {
	TEST(multicall),
	TEST(mmu_update),
	TEST(pin),
	TEST(unpin),
	TEST(tables_within_pin),
	TEST(pin_fails),
	TEST(exchange),
	TEST(balloon),
	TEST(grant_copy),
	TEST(console),
	TESTS_END
};
