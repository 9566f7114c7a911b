/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: dom0's frames retyped, or dom0's tables let go: a table that is no
 * longer one while the CPU uses it. Way: an unprivileged domain pins dom0's
 * pages, unpins its root, names dom0 or the special domains as the owner,
 * pins pages of the hypervisor's that it may see. Instead: refused; dom0's
 * root is still pinned, exactly once, and the shared page is still writable.
 *
 * Class: page types, an owner unchecked. The same on Xen.
 */
#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static uint64_t *page;

static void test_start(void)
{
	page = page_alloc();
	REQUIRE_EQ(grant_init(), 0);
	REQUIRE(attacker_start());
}

static int64_t ext_for(unsigned int cmd, uint64_t mfn, uint64_t dom)
{
	const struct mmuext_op op = { .cmd = cmd, .arg1.mfn = mfn };

	memcpy(attacker.mailbox->room, &op, sizeof(op));
	return attacker_call(__HYPERVISOR_mmuext_op, CHILD_ROOM, 1, 0, dom);
}

static void test_frames_of_others(void)
{
	const uint64_t frames[] = {
		pv_frame(page), pv_frame(pt_root()), pv_frame(pv_info),
		pv_info->shared_info / PV_PAGE, 0, 0xb8, 0xf0, 0xfee00,
		1UL << 34, ~0UL, ~0UL >> 12,
	};
	static const uint64_t names[] = {
		DOMID_SELF, 0, DOMID_IO, DOMID_XEN, DOMID_INVALID, 99,
	};

	for (unsigned int i = 0; i < sizeof(frames) / sizeof(*frames); i++)
		for (unsigned int j = 0; j < sizeof(names) / 8; j++)
			for (unsigned int cmd = MMUEXT_PIN_L1_TABLE;
			     cmd <= MMUEXT_UNPIN_TABLE; cmd++)
				REQUIRE(refused(ext_for(cmd, frames[i],
							names[j])));
}

/* Of its own, but in another's name. */
static void test_names(void)
{
	const uint64_t l4 = attacker.mfn[CHILD_L4];

	REQUIRE(refused(ext_for(MMUEXT_UNPIN_TABLE, l4, 0)));
	REQUIRE(refused(ext_for(MMUEXT_UNPIN_TABLE, l4, DOMID_IO)));
	REQUIRE(refused(ext_for(MMUEXT_CLEAR_PAGE, pv_frame(page), 0)));
	REQUIRE(refused(ext_for(MMUEXT_CLEAR_PAGE, 0xb8, DOMID_IO)));
	REQUIRE(refused(ext_for(MMUEXT_NEW_BASEPTR, pv_frame(pt_root()), 0)));
	REQUIRE(refused(ext_for(MMUEXT_SET_LDT, 0, 0)));
	REQUIRE(refused(ext_for(MMUEXT_TLB_FLUSH_ALL, 0, 0)));
	REQUIRE(attacker_pinned(l4));
}

/* The page that both write to is never a table. */
static void test_shared_page(void)
{
	const uint64_t shared = attacker.mfn[CHILD_SHARED];

	REQUIRE_EQ(attacker_map(CHILD_SHARED, 0), 0);
	for (unsigned int cmd = MMUEXT_PIN_L1_TABLE;
	     cmd <= MMUEXT_UNPIN_TABLE; cmd++)
		REQUIRE(refused(ext_for(cmd, shared, DOMID_SELF)));
	REQUIRE_EQ(attacker_map(CHILD_SHARED, shared * PV_PAGE | PTE_KERNEL),
		   0);
	REQUIRE(attacker_stores(CHILD_VA(CHILD_SHARED) + 2048, 1));
}

/* Ours: nobody maps it here, so only its kind forbids it. */
static void test_our_shared_pages(void)
{
	for (unsigned int cmd = MMUEXT_PIN_L1_TABLE;
	     cmd <= MMUEXT_UNPIN_TABLE; cmd++)
		REQUIRE(refused(mmuext(cmd, pv_info->shared_info / PV_PAGE)));
	const uint64_t table = *pt_entry(NULL, (void *)grant_entry(0), 1) &
			       PTE_FRAME;

	for (unsigned int cmd = MMUEXT_PIN_L1_TABLE;
	     cmd <= MMUEXT_UNPIN_TABLE; cmd++)
		REQUIRE(refused(mmuext(cmd, table / PV_PAGE)));
}

static void test_counts(void)
{
	const uint64_t root = pv_frame(pt_root());

	REQUIRE_EQ(mmuext(MMUEXT_PIN_L4_TABLE, root), EINVAL_);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, root), 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, root), EINVAL_);
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L4_TABLE, root), 0);
	page[0] = 1;
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(frames_of_others),
	TEST(names),
	TEST(shared_page),
	TEST(our_shared_pages),
	TEST(counts),
	TESTS_END
};
