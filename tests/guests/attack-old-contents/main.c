/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: to read what a domain had in its memory when it died. Way: take as
 * many pages as one may right after its death, by populate and exchange, and
 * look for the dead one's secret: in data pages, in former page tables, in the
 * pages of its grant table and shared_info. Instead: a new page is zero, or at
 * least holds nothing of anybody's.
 *
 * Class: memory ops and domain death, pages that are not scrubbed. The same
 * on Xen (which may also hand out its own poison instead of zeros).
 */
#include <xen/memory.h>

#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define SECRET 0x5ec2e75ec2e70000UL

static uint64_t dead[CHILD_PAGES + 8];
static unsigned int nr_dead, reused;

/* A domain that leaves its secret everywhere, and dies. */
static bool victim(unsigned int round)
{
	nr_dead = 0;
	if (!attacker_start())
		return false;
	for (int i = 0; i < CHILD_PAGES; i++)
		dead[nr_dead++] = attacker.mfn[i];
	for (int i = 0; i < 8; i++) {
		const uint64_t mfn = attacker_page();

		dead[nr_dead++] = mfn;
		if (attacker_map(40 + i, mfn * PV_PAGE | PTE_KERNEL))
			return false;
		for (int j = 0; j < 512; j += 37)
			if (!attacker_stores(CHILD_VA(40 + i) + j * 8,
					     SECRET | round << 12 | j))
				return false;
	}
	for (int j = 0; j < 512; j++)
		attacker.data[j] = SECRET | j;
	/* entries of no present mapping, in live tables */
	for (int i = CHILD_L4; i <= CHILD_L1; i++)
		if (attacker_update(attacker_entry(attacker.mfn[i], 100),
				    SECRET))
			return false;
	memset((void *)attacker.shared->evtchn_pending, 0, 8);
	attacker_grants()[77].frame = SECRET >> 32;
	return attacker_gone();
}

static bool was_dead(uint64_t mfn)
{
	for (unsigned int i = 0; i < nr_dead; i++)
		if (dead[i] == mfn)
			return true;
	return false;
}

static bool holds_secret(uint64_t mfn)
{
	for (int i = 0; i < 512; i++) {
		const uint64_t value = attacker_peek(mfn, i);

		if (value >> 16 == SECRET >> 16)
			return true;
		if (!on_xen() && value)
			return true;
	}
	return false;
}

/* Its heir: what it gets, looked at before it has written there. */
static bool heir(void)
{
	if (!attacker_start())
		return false;
	for (int i = 0; i < CHILD_SHARED; i++)
		reused += was_dead(attacker.mfn[i]);
	for (int i = 0; i < 8; i++) {
		const uint64_t mfn = attacker_page();

		reused += was_dead(mfn);
		if (holds_secret(mfn))
			return false;
	}
	if (holds_secret(attacker.mfn[CHILD_SPARE]))
		return false;
	for (int i = 2; i < 512; i++)
		if (((uint64_t *)attacker_grants())[i])
			return false;
	return attacker_gone();
}

static void test_after_death(void)
{
	for (unsigned int round = 0; round < 2; round++) {
		REQUIRE(victim(round));
		REQUIRE(heir());
	}
	print("# %u pages came back\n", reused);
}

/* What dom0 gets for what it gives: never another's words. */
static void test_by_exchange(void)
{
	static uint64_t in[32], out[32], pfns[32];
	struct xen_memory_exchange op = {
		.in = { .extent_start = in, .nr_extents = 32,
			.domid = DOMID_SELF },
		.out = { .extent_start = out, .nr_extents = 32,
			 .domid = DOMID_SELF },
	};
	volatile uint64_t *va = va_alloc();

	REQUIRE(victim(7));
	for (int i = 0; i < 32; i++) {
		pfns[i] = out[i] = pfn_alloc();
		in[i] = PV_P2M[pfns[i]];
	}
	REQUIRE_EQ(hv_memory_op(XENMEM_exchange, &op), 0);
	for (int i = 0; i < 32; i++) {
		PV_P2M[pfns[i]] = out[i];
		REQUIRE_EQ(pt_set((void *)va, out[i] * PV_PAGE | PTE_RO), 0);
		for (int j = 0; j < 512; j++)
			REQUIRE(va[j] >> 16 != SECRET >> 16 &&
				(on_xen() || va[j] == 0));
	}
	REQUIRE_EQ(pt_set((void *)va, 0), 0);
}

const struct test tests[] = {
	TEST(after_death),
	TEST(by_exchange),
	TESTS_END
};
