/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants the hypervisor to write an exception frame where the guest
 * may not write: it loads a stack pointer, or registers a kernel stack for the
 * entry from user mode, that points into the hypervisor, to the M2P table, to
 * its own page tables and descriptors, or across the end of what is mapped, and
 * causes an exception. The words of the frame are the guest's to choose.
 *
 * What must happen: the guest dies, alone, as if of a double fault; what was at
 * that address has not changed.
 *
 * Class: PV entry and emulation (compare XSA-67, XSA-298). Same on Xen.
 */
#include <xen/sched.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

/* mov %rdi, %rsp; mov $-1 in many registers; ud2 */
static const uint8_t on_bad_stack[] = {
	0x48, 0x89, 0xfc, 0x48, 0x83, 0xc9, 0xff, 0x49, 0x83, 0xcb, 0xff,
	0x0f, 0x0b,
};

static struct child child;
static uint64_t stack;

/* What it tried to overwrite: its page tables, seen read-only by us. */
static uint64_t *tables[4];

static void map_tables(void)
{
	for (int i = 0; i < 4; i++) {
		void *va = va_alloc();
		const struct mmu_update req = {
			.ptr = machine_address(pt_entry(NULL, va, 1)),
			.val = child.mfn[i] * PV_PAGE | PTE_RO,
		};

		if (hv_mmu_update(&req, 1, NULL, child.id))
			os_panic("cannot look at a table");
		tables[i] = va;
	}
}

/* Of each table, but for the bits that the CPU sets. */
static void sums(uint64_t *sum)
{
	for (int i = 0; i < 4; i++) {
		sum[i] = 0;
		for (int j = 0; j < 512; j++)
			sum[i] = sum[i] * 31 +
				 (tables[i][j] & ~(PTE_A | PTE_D));
	}
}

/* Sets its stack pointer and faults; false: it lived, or changed something. */
static bool dies(uint64_t rsp)
{
	uint64_t before[4], after[4];

	child = (struct child){ .traps = true };
	if (child_start(&child))
		return false;
	map_tables();
	sums(before);
	child_launch(&child, on_bad_stack, sizeof(on_bad_stack), rsp, 0, 0);
	const uint32_t reason = child_fate(&child);

	sums(after);
	for (int i = 0; i < 4; i++)
		pt_set(tables[i], 0);
	return child_end(&child) && reason == SHUTDOWN_crash &&
	       !memcmp(before, after, sizeof(before));
}

static const uint64_t bad[] = {
	HYPERVISOR_PLACES,
	0, 8, 64, 0x1000, 0x0000800000000000, 0x0000800000000040,
	0xffff7ffffffffff8, 0xffff800000000000, 0xffff800000000040,
	0xffff804000000000, 0xffff82d040200100, 0xffff830000001000,
	0xffff87fffffffff0, 0xffff880000000000, 0xffff880000000020, ~15UL,
	CHILD_VA(CHILD_L1) + 4096, CHILD_VA(CHILD_L1) + 64,
	CHILD_VA(CHILD_L4) + 4096, CHILD_VA(CHILD_L4) + 32, CHILD_BASE,
	CHILD_VA(CHILD_CODE) + 16,	/* the lower half is L1's */
};

static void test_stack_pointer(void)
{
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!dies(bad[i])) {
			test_fail(__LINE__, "stack %#lx", bad[i]);
			return;
		}
}

/* The hypervisor sees the table at another address, too. */
static void test_direct_map(void)
{
	for (int way = 0; way < 2; way++)
		for (int table = CHILD_L4; table <= CHILD_L1; table++) {
			uint64_t before[4], after[4];

			child = (struct child){ .traps = true };
			REQUIRE_EQ(child_start(&child), 0);
			const uint64_t at[] = {
				DIRECT_MAP_OF(child.mfn[table]),
			};

			map_tables();
			sums(before);
			child_launch(&child, on_bad_stack, sizeof(on_bad_stack),
				     at[way] + 256, 0, 0);
			REQUIRE_EQ(child_fate(&child), SHUTDOWN_crash);
			sums(after);
			REQUIRE_EQ(memcmp(before, after, sizeof(before)), 0);
			for (int i = 0; i < 4; i++)
				pt_set(tables[i], 0);
			REQUIRE(child_end(&child));
		}
}

/* It starts in user mode, under the same root, with such a kernel stack. */
static void start_in_user_mode(struct vcpu_guest_context *context)
{
	context->flags &= ~VGCF_in_kernel;
	context->ctrlreg[1] = context->ctrlreg[3];
	context->kernel_sp = stack;
}

static bool is_canonical(uint64_t va)
{
	return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

static void test_kernel_stack(void)
{
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		stack = bad[i];
		child = (struct child){
			.traps = true, .adjust = start_in_user_mode,
		};
		const int64_t rc = child_start(&child);

		if (!is_canonical(stack)) {
			REQUIRE_EQ(rc, EINVAL_);
			REQUIRE(child_end(&child));
			continue;
		}
		REQUIRE_EQ(rc, 0);
		/* its first system call is the end */
		const uint32_t reason = child_fate(&child);

		REQUIRE(child_end(&child));
		if (reason != SHUTDOWN_crash) {
			test_fail(__LINE__, "kernel stack %#lx: fate %u",
				  stack, reason);
			return;
		}
	}
}

/* A good one, so that the above is not about something else. */
static void test_good_stack(void)
{
	child = (struct child){ .traps = true };
	REQUIRE_EQ(child_start(&child), 0);
	REQUIRE(child_run(&child, on_bad_stack, sizeof(on_bad_stack),
			  CHILD_VA(CHILD_STACK) + 4096, 0, 0));
	REQUIRE(child_is_well(&child));
	REQUIRE(child_end(&child));
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(good_stack),
	TEST(stack_pointer),
	TEST(direct_map),
	TEST(kernel_stack),
	TEST(all_works),
	TESTS_END
};
