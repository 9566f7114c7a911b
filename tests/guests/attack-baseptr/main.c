/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: the CPU to walk a root that was not checked. Way: load as root, for
 * kernel and for user mode, what is no table, a table of another level, one
 * whose contents are bad in the last slot, somebody else's, no frame at all;
 * load one root for both modes and let go of it in between; give a vCPU of
 * its own such a root. Instead: refused, the old root stays in force; a root
 * in use is a table until the last use ends.
 *
 * Class: page types, roots. The same on Xen.
 */
#include <xen/vcpu.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static uint64_t l4, l3, second, bad;

static void test_start(void)
{
	REQUIRE(attacker_start());
	l4 = attacker.mfn[CHILD_L4];
	l3 = attacker.mfn[CHILD_L3];
	second = attacker_table(l3 * PV_PAGE | PTE_KERNEL);
	bad = attacker_table(l3 * PV_PAGE | PTE_KERNEL);
	REQUIRE_EQ(attacker_update(attacker_entry(bad, 511),
		attacker.mfn[CHILD_DATA] * PV_PAGE | PTE_KERNEL), 0);
}

static void test_no_roots(void)
{
	const uint64_t wrong[] = {
		attacker.mfn[CHILD_L3], attacker.mfn[CHILD_L2],
		attacker.mfn[CHILD_L1], attacker.mfn[CHILD_DATA],
		attacker.mfn[CHILD_SHARED], bad, pv_frame(pt_root()),
		pv_frame(pv_info), 0xb8, 0xfee00, 1UL << 34, ~0UL >> 12, ~0UL,
	};

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		REQUIRE(refused(attacker_ext(MMUEXT_NEW_BASEPTR, wrong[i],
					     0)));
		REQUIRE(refused(attacker_ext(MMUEXT_NEW_USER_BASEPTR,
					     wrong[i], 0)));
	}
	REQUIRE(refused(attacker_ext(MMUEXT_NEW_BASEPTR, 0, 0)));
	REQUIRE_EQ(attacker_type(l4), 4);
	REQUIRE(attacker_may_write(bad));
	REQUIRE(attacker_may_write(second));
}

static bool held(void)
{
	return attacker_type(second) == 4 && !attacker_may_write(second) &&
	       refused(attacker_ext(MMUEXT_CLEAR_PAGE, second, 0));
}

static void test_both_modes(void)
{
	for (int i = 0; i < 8; i++) {
		REQUIRE_EQ(attacker_ext(MMUEXT_NEW_USER_BASEPTR, second, 0),
			   0);
		REQUIRE(held());
		REQUIRE_EQ(attacker_ext(MMUEXT_NEW_BASEPTR, second, 0), 0);
		REQUIRE_EQ(attacker_ext(MMUEXT_NEW_BASEPTR, second, 0), 0);
		REQUIRE(held());
		if (i % 2) {
			REQUIRE_EQ(attacker_ext(MMUEXT_NEW_USER_BASEPTR, 0,
						0), 0);
			REQUIRE(held());
			REQUIRE_EQ(attacker_ext(MMUEXT_NEW_BASEPTR, l4, 0), 0);
		} else {
			REQUIRE_EQ(attacker_ext(MMUEXT_NEW_BASEPTR, l4, 0), 0);
			REQUIRE(held());
			REQUIRE_EQ(attacker_ext(MMUEXT_NEW_USER_BASEPTR, 0,
						0), 0);
		}
		REQUIRE(attacker_may_write(second));
	}
}

/* A root refused does not take the place of the good one. */
static void test_refused_while_held(void)
{
	REQUIRE_EQ(attacker_ext(MMUEXT_NEW_USER_BASEPTR, second, 0), 0);
	REQUIRE(refused(attacker_ext(MMUEXT_NEW_USER_BASEPTR, bad, 0)));
	REQUIRE(refused(attacker_ext(MMUEXT_NEW_USER_BASEPTR, l3, 0)));
	REQUIRE(held());
	REQUIRE_EQ(attacker_ext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
	REQUIRE(attacker_may_write(second));
}

/* By vCPU context: it has one vCPU, which is up. */
static void test_vcpu_context(void)
{
	REQUIRE_EQ(attacker_call(__HYPERVISOR_vcpu_op, VCPUOP_initialise, 1,
				 CHILD_VA(CHILD_DATA), 0), ENOENT_);
	REQUIRE(attacker_call(__HYPERVISOR_vcpu_op, VCPUOP_initialise, 0,
			      CHILD_VA(CHILD_DATA), 0) < 0);
	REQUIRE_EQ(attacker_type(l4), 4);
}

static void test_counts(void)
{
	/* it dies with the second root in use */
	REQUIRE_EQ(attacker_ext(MMUEXT_NEW_BASEPTR, second, 0), 0);
	REQUIRE_EQ(attacker_ext(MMUEXT_NEW_USER_BASEPTR, second, 0), 0);
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(no_roots),
	TEST(both_modes),
	TEST(refused_while_held),
	TEST(vcpu_context),
	TEST(counts),
	TESTS_END
};
