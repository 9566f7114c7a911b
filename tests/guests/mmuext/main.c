/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves mmuext_op but for pinning and SET_LDT: base pointers, the flushes
 * (and that they flush), CLEAR_PAGE and COPY_PAGE with their refusals, the
 * done count, unknown and refused commands.
 */
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

static int64_t one(struct mmuext_op op)
{
	return hv_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

/* Maps va to a and b in turn without a flush; flush must show the new one. */
static bool flush_works(struct mmuext_op flush)
{
	uint64_t *a = page_alloc(), *b = page_alloc();
	volatile uint64_t *va = va_alloc();
	uint64_t *pte = pt_entry(NULL, (void *)va, 1);
	bool good = true;

	a[0] = 1;
	b[0] = 2;
	for (int i = 0; i < 20 && good; i++) {
		uint64_t *page = i % 2 ? a : b;

		good = pt_write(pte, machine_address(page) | PTE_KERNEL) == 0;
		good = good && one(flush) == 0 && va[0] == page[0];
	}
	return pt_set((void *)va, 0) == 0 && good;
}

static void test_flush_local(void)
{
	REQUIRE(flush_works((struct mmuext_op){
		.cmd = MMUEXT_TLB_FLUSH_LOCAL }));
}

static void test_flush_all(void)
{
	REQUIRE(flush_works((struct mmuext_op){
		.cmd = MMUEXT_TLB_FLUSH_ALL }));
}

static void test_flush_multi(void)
{
	static const uint64_t mask = 1;

	REQUIRE(flush_works((struct mmuext_op){
		.cmd = MMUEXT_TLB_FLUSH_MULTI, .arg2.vcpumask = &mask }));
	REQUIRE_EQ(one((struct mmuext_op){
		.cmd = MMUEXT_TLB_FLUSH_MULTI, .arg2.vcpumask = (void *)8 }),
		EINVAL_);
	REQUIRE_EQ(one((struct mmuext_op){
		.cmd = MMUEXT_INVLPG_MULTI, .arg2.vcpumask = (void *)8 }),
		EINVAL_);
}

static void test_invlpg(void)
{
	static const unsigned int cmds[] = {
		MMUEXT_INVLPG_LOCAL, MMUEXT_INVLPG_ALL, MMUEXT_INVLPG_MULTI,
	};
	static const uint64_t mask = 1;
	uint64_t *a = page_alloc(), *b = page_alloc();
	volatile uint64_t *va = va_alloc();
	uint64_t *pte = pt_entry(NULL, (void *)va, 1);

	a[0] = 1;
	b[0] = 2;
	for (int i = 0; i < 30; i++) {
		uint64_t *page = i % 2 ? a : b;
		struct mmuext_op op = {
			.cmd = cmds[i % 3], .arg1.linear_addr = (uint64_t)va,
			.arg2.vcpumask = &mask,
		};

		REQUIRE_EQ(pt_write(pte, machine_address(page) | PTE_KERNEL),
			   0);
		REQUIRE_EQ(one(op), 0);
		REQUIRE_EQ(va[0], page[0]);
	}
	REQUIRE_EQ(pt_set((void *)va, 0), 0);
	/* addresses that mean nothing do no harm */
	REQUIRE_EQ(one((struct mmuext_op){ .cmd = MMUEXT_INVLPG_LOCAL,
		.arg1.linear_addr = 0xffff830000000000 }), 0);
	REQUIRE_EQ(one((struct mmuext_op){ .cmd = MMUEXT_INVLPG_LOCAL,
		.arg1.linear_addr = 0x0000800000000000 }), 0);
}

static uint64_t *copy_of_root(void)
{
	uint64_t *l4 = page_alloc();

	for (int i = 0; i < 512; i++)
		l4[i] = i >= 256 && i < 272 ? 0 : pt_root()[i];
	return pt_protect(l4, false) ? NULL : l4;
}

static uint64_t read_cr3(void)
{
	uint64_t cr3;

	asm volatile("mov %%cr3, %0" : "=r"(cr3));
	return cr3;
}

static void test_new_baseptr(void)
{
	uint64_t *old = pt_root(), *l4 = copy_of_root();

	REQUIRE(l4 != NULL);
	REQUIRE_EQ(pt_set_root(old), 0);	/* the same again */
	REQUIRE_EQ(read_cr3() / PV_PAGE, pv_frame(old));
	REQUIRE_EQ(pt_set_root(l4), 0);
	REQUIRE_EQ(read_cr3() / PV_PAGE, pv_frame(l4));
	REQUIRE_EQ(PV_M2P[pv_frame(l4)], pv_pfn(l4));
	REQUIRE(pt_protect(l4, true) != 0);
	REQUIRE_EQ(pt_set_root(old), 0);
	REQUIRE_EQ(pt_protect(l4, true), 0);
}

static void test_new_baseptr_refused(void)
{
	const uint64_t before = read_cr3();
	uint64_t *l1 = pt_table((*pt_entry(NULL, pv_image, 2) & PTE_FRAME) /
				PV_PAGE);

	REQUIRE_EQ(mmuext(MMUEXT_NEW_BASEPTR, pv_frame(l1)), EINVAL_);
	REQUIRE_EQ(mmuext(MMUEXT_NEW_BASEPTR, pv_frame(page_alloc())),
		   EINVAL_);
	REQUIRE_EQ(mmuext(MMUEXT_NEW_BASEPTR, foreign_frame()), EINVAL_);
	REQUIRE_EQ(mmuext(MMUEXT_NEW_BASEPTR, absent_frame()), EINVAL_);
	REQUIRE_EQ(read_cr3(), before);
}

static void test_new_user_baseptr(void)
{
	uint64_t *l4 = copy_of_root();

	REQUIRE(l4 != NULL);
	REQUIRE_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, pv_frame(l4)), 0);
	REQUIRE(pt_protect(l4, true) != 0);
	REQUIRE_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, pv_frame(l4)), 0);
	REQUIRE_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, 0), 0);
	REQUIRE_EQ(pt_protect(l4, true), 0);
	REQUIRE_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, pv_frame(l4)), EINVAL_);
	REQUIRE_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, foreign_frame()), EINVAL_);
}

static int64_t copy(uint64_t to, uint64_t from)
{
	return one((struct mmuext_op){ .cmd = MMUEXT_COPY_PAGE,
		.arg1.mfn = to, .arg2.src_mfn = from });
}

static void test_clear_page(void)
{
	uint64_t *page = page_alloc();

	page[0] = page[511] = 1;
	REQUIRE_EQ(mmuext(MMUEXT_CLEAR_PAGE, pv_frame(page)), 0);
	REQUIRE_EQ(page[0] | page[511], 0);
	REQUIRE_EQ(mmuext(MMUEXT_CLEAR_PAGE, foreign_frame()), EINVAL_);
	REQUIRE_EQ(mmuext(MMUEXT_CLEAR_PAGE, pv_frame(pt_root())), EINVAL_);
	REQUIRE(pt_root()[511] != 0);
}

static void test_copy_page(void)
{
	uint64_t *a = page_alloc(), *b = page_alloc();

	for (int i = 0; i < 512; i++)
		a[i] = i * 3;
	REQUIRE_EQ(copy(pv_frame(b), pv_frame(a)), 0);
	for (int i = 0; i < 512; i++)
		REQUIRE_EQ(b[i], i * 3);
	REQUIRE_EQ(copy(pv_frame(b), foreign_frame()), EINVAL_);
	REQUIRE_EQ(copy(foreign_frame(), pv_frame(a)), EINVAL_);
	REQUIRE_EQ(copy(pv_frame(pt_root()), pv_frame(a)), EINVAL_);
}

static void test_done_count(void)
{
	const struct mmuext_op ops[3] = {
		{ .cmd = MMUEXT_TLB_FLUSH_LOCAL },
		{ .cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = foreign_frame() },
		{ .cmd = MMUEXT_TLB_FLUSH_LOCAL },
	};
	unsigned int done = 77;

	REQUIRE_EQ(hv_mmuext_op(ops, 3, &done, DOMID_SELF), EINVAL_);
	REQUIRE_EQ(done, 1);
	REQUIRE_EQ(hv_mmuext_op(ops, 1, &done, DOMID_SELF), 0);
	REQUIRE_EQ(done, 1);
	REQUIRE_EQ(hv_mmuext_op(NULL, 0, NULL, DOMID_SELF), 0);
}

static void test_refused_commands(void)
{
	REQUIRE_EQ(one((struct mmuext_op){ .cmd = 14 }), ENOSYS_);
	REQUIRE_EQ(one((struct mmuext_op){ .cmd = 99 }), ENOSYS_);
	REQUIRE_EQ(one((struct mmuext_op){ .cmd = MMUEXT_MARK_SUPER }),
		   EOPNOTSUPP_);
	REQUIRE_EQ(one((struct mmuext_op){ .cmd = MMUEXT_UNMARK_SUPER }),
		   EOPNOTSUPP_);
	REQUIRE_EQ(hv_mmuext_op((void *)0x1000, 1, NULL, DOMID_SELF), EFAULT_);
	/* dom0 drives hardware, so it may flush caches */
	REQUIRE_EQ(one((struct mmuext_op){ .cmd = MMUEXT_FLUSH_CACHE }), 0);
	REQUIRE_EQ(one((struct mmuext_op){
			   .cmd = MMUEXT_FLUSH_CACHE_GLOBAL }), 0);
	/* what concerns the caller's own CPU cannot be done for another */
	const struct mmuext_op flush = { .cmd = MMUEXT_TLB_FLUSH_LOCAL };

	REQUIRE_EQ(hv_mmuext_op(&flush, 1, NULL, DOMID_XEN), EPERM_);
	REQUIRE_EQ(hv_mmuext_op(&flush, 1, NULL, 99), ESRCH_);
}

const struct test tests[] = {
	TEST(flush_local),
	TEST(flush_all),
	TEST(flush_multi),
	TEST(invlpg),
	TEST(new_baseptr),
	TEST(new_baseptr_refused),
	TEST(new_user_baseptr),
	TEST(clear_page),
	TEST(copy_page),
	TEST(done_count),
	TEST(refused_commands),
	TESTS_END
};
