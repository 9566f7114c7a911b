/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants the hypervisor to check one value and to use another: it
 * has a second vCPU exchange, as fast as it can, what the calls about page
 * tables and descriptors read from memory. Half of the time that is a harmless
 * page-table entry, table or command, half of the time one that would make a
 * page table writable.
 *
 * What must happen: each request is one of the two, whole; a bad one is refused
 * and leaves nothing behind; after success the good one is in force.
 *
 * Class: preemption, replay, double fetch (compare XSA-155). Same on Xen.
 *
 * Machine: 2 2
 */
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/racer.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

#define PTE_G 0x100UL
#define SET_BY_OTHERS (PTE_A | PTE_D | PTE_G)

static volatile uint64_t *shared;	/* what the other vCPU changes */
static uint64_t good, evil;

static void flip(void)
{
	*shared = evil;
	racer_dawdle(30);
	*shared = good;
	racer_dawdle(30);
}

static struct mmu_update req;

static void test_entry_value(void)
{
	uint64_t *page = page_alloc(), *va = va_alloc();
	uint64_t *entry = pt_entry(NULL, va, 1);
	uint64_t *l1 = pt_table((*pt_entry(NULL, va, 2) & PTE_FRAME) / PV_PAGE);
	const uint64_t evils[] = {
		machine_address(l1) | PTE_KERNEL,
		machine_address(pt_root()) | PTE_KERNEL,
		foreign_frame() * PV_PAGE | PTE_KERNEL,
		machine_address(page) | PTE_KERNEL | 1UL << 51,
	};

	req.ptr = machine_address(entry);
	shared = &req.val;
	for (int kind = 0; kind < 4; kind++) {
		good = machine_address(page) | PTE_KERNEL;
		evil = evils[kind];
		REQUIRE(racer_start(flip));
		while (racer_wants_more("values")) {
			const int64_t rc = hv_mmu_update(&req, 1, NULL,
							 DOMID_SELF);
			const uint64_t there = *entry & ~SET_BY_OTHERS;

			racer_outcome(rc == 0);
			REQUIRE_EQ(there, rc ? 0 : good & ~SET_BY_OTHERS);
			REQUIRE_EQ(pt_write(entry, 0), 0);
		}
		REQUIRE(racer_stop());
	}
}

/* The place: an entry of ours, or the M2P's entry of somebody else's. */
static void test_entry_place(void)
{
	const uint64_t other = foreign_frame();
	const uint64_t pfn = PV_M2P[other];
	uint64_t *entry = pt_entry(NULL, va_alloc(), 1);

	good = machine_address(entry);
	evil = other * PV_PAGE | MMU_MACHPHYS_UPDATE;
	req.val = 0x7e56;	/* not present, and no PFN that means anything */
	shared = &req.ptr;
	REQUIRE(racer_start(flip));
	while (racer_wants_more("places")) {
		racer_outcome(hv_mmu_update(&req, 1, NULL, DOMID_SELF) == 0);
		REQUIRE_EQ(PV_M2P[other], pfn);
	}
	REQUIRE(racer_stop());
	REQUIRE_EQ(pt_write(entry, 0), 0);
}

/* An upper level, where a bad entry is a table that anybody may write to. */
static void test_upper_entry(void)
{
	uint64_t *l2 = table_alloc(), *l1 = table_alloc(), *data = page_alloc();

	REQUIRE_EQ(mmuext(MMUEXT_PIN_L2_TABLE, pv_frame(l2)), 0);
	good = machine_address(l1) | PTE_KERNEL;
	evil = machine_address(data) | PTE_KERNEL;
	req.ptr = machine_address(&l2[3]);
	shared = &req.val;
	REQUIRE(racer_start(flip));
	for (uint64_t i = 0; racer_wants_more("tables"); i++) {
		const int64_t rc = hv_mmu_update(&req, 1, NULL, DOMID_SELF);

		racer_outcome(rc == 0);
		REQUIRE_EQ(l2[3] & PTE_FRAME, rc ? 0 : good & PTE_FRAME);
		/* writable or a table, never both */
		data[0] = i;
		REQUIRE_EQ(pt_write(&l2[3], 0), 0);
	}
	REQUIRE(racer_stop());
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(l2)), 0);
	REQUIRE_EQ(pt_protect(l2, true), 0);
	REQUIRE_EQ(pt_protect(l1, true), 0);
}

static struct mmuext_op op;

/* What is pinned is a table, or not. */
static void test_pins(void)
{
	uint64_t *a = table_alloc(), *data = page_alloc();

	op = (struct mmuext_op){ .cmd = MMUEXT_PIN_L1_TABLE };
	good = pv_frame(a);
	evil = pv_frame(data);
	shared = &op.arg1.mfn;
	REQUIRE(racer_start(flip));
	for (uint64_t i = 0; racer_wants_more("pins"); i++) {
		const int64_t rc = hv_mmuext_op(&op, 1, NULL, DOMID_SELF);

		racer_outcome(rc == 0);
		data[0] = i;
		if (rc)
			continue;
		REQUIRE(pt_protect(a, true) != 0);
		REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(a)), 0);
	}
	REQUIRE(racer_stop());
	/* a pin that was put off and went on with the other is finished */
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(a)), 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(a)), 0);
	REQUIRE_EQ(pt_protect(a, true), 0);
}

static uint64_t frames[2];

/* The list of GDT frames: descriptors, or a page table. */
static void test_gdt_frames(void)
{
	uint64_t *gdt = page_alloc(), *first = page_alloc();

	REQUIRE_EQ(pt_protect(gdt, false), 0);
	REQUIRE_EQ(pt_protect(first, false), 0);
	frames[0] = pv_frame(first);
	good = pv_frame(gdt);
	evil = pv_frame(pt_root());
	shared = &frames[1];
	REQUIRE(racer_start(flip));
	while (racer_wants_more("GDT frames")) {
		const int64_t rc = hv_set_gdt(frames, 1024);

		racer_outcome(rc == 0);
		/* descriptor pages now, both, or not */
		REQUIRE_EQ(mmuext(MMUEXT_CLEAR_PAGE, pv_frame(gdt)) == 0,
			   rc != 0);
		REQUIRE_EQ(mmuext(MMUEXT_CLEAR_PAGE, pv_frame(first)) == 0,
			   rc != 0);
		REQUIRE_EQ(hv_set_gdt(NULL, 0), 0);
	}
	REQUIRE(racer_stop());
	REQUIRE_EQ(pt_protect(gdt, true), 0);
	REQUIRE_EQ(pt_protect(first, true), 0);
}

/* The page is written to while it becomes a descriptor page. */
static uint64_t *becoming;

static void keep_writing(void)
{
	uint64_t *page = (uint64_t *)becoming;

	/* through a mapping of its own that is taken away meanwhile */
	asm volatile("movq %1, (%0)" : : "r"(page), "r"(evil) : "memory");
}

static uint64_t faults;

static bool skip_store(struct pv_regs *regs)
{
	if (regs->vector != TRAP_PF || regs->rax == 1)
		return false;
	regs->rip += 3;		/* movq %reg, (%reg) */
	faults++;
	return true;
}

static void test_written_while_audited(void)
{
	becoming = page_alloc();
	const uint64_t frame = pv_frame(becoming);

	evil = 1UL << 47 | 9UL << 40;	/* a TSS */
	faults = 0;
	trap_hook = skip_store;
	REQUIRE(racer_start(keep_writing));
	for (uint64_t i = 0; racer_wants_more("audits"); i++) {
		pt_protect(becoming, false);
		/* the store comes in between, now and then */
		const int64_t rc = hv_set_gdt(&frame, 512);

		racer_outcome(rc == 0);
		if (rc == 0) {
			REQUIRE(*(volatile uint64_t *)becoming != evil);
			REQUIRE_EQ(hv_set_gdt(NULL, 0), 0);
		}
		REQUIRE_EQ(pt_protect(becoming, true), 0);
		if (i % 2)
			hv_update_descriptor(machine_address(becoming), 0);
	}
	REQUIRE(racer_stop());
	trap_hook = NULL;
	print("# %lu stores faulted\n", faults);
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(entry_value),
	TEST(entry_place),
	TEST(upper_entry),
	TEST(pins),
	TEST(gdt_frames),
	TEST(written_while_audited),
	TEST(all_works),
	TESTS_END
};
