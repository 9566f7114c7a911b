/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves that what a CPU walks is what the root holds: an entry that another
 * vCPU adds, replaces or removes counts as soon as its call has returned, for
 * a kernel and for user space that never entered the hypervisor meanwhile; and
 * changing between many roots never mixes them up. A hypervisor that lets
 * guests run on copies of their roots must keep all that.
 *
 * Machine: 2 2
 */
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define SLOT 300
#define VA 0xffff960000000000UL		/* slot 300's first page */
#define ROOTS 5
#define ROUNDS 200
#define CHANGES 10		/* by the other vCPU: a busy host is slow at these */

/* Trees of tables, each with one page at VA that says which it is. */
static uint64_t *l3[ROOTS];

/* What vCPU 1 does for us: an entry it writes, and that it has. */
static uint64_t *volatile entry;
static volatile uint64_t value, asked, done;

static uint64_t *tree(uint64_t mark)
{
	uint64_t *tables[3], *page = page_alloc();

	*page = mark;
	for (int i = 0; i < 3; i++)
		tables[i] = page_alloc();
	tables[0][0] = machine_address(tables[1]) | PTE_KERNEL;
	tables[1][0] = machine_address(tables[2]) | PTE_KERNEL;
	tables[2][0] = machine_address(page) | PTE_KERNEL;
	for (int i = 0; i < 3; i++)
		if (pt_protect(tables[i], false))
			os_panic("a table stays writable");
	return tables[0];
}

static uint64_t named(int i)
{
	return i < 0 ? 0 : machine_address(l3[i]) | PTE_KERNEL;
}

static void second(uint64_t arg)
{
	(void)arg;
	for (;;) {
		while (done == asked)
			asm volatile("pause");
		if (pt_write(entry, value))
			os_panic("vCPU 1: mmu_update failed");
		done = asked;
	}
}

/* Runs in user space too: makes no call, so that only an interrupt could take
 * the CPU out of the guest. */
static void read_after_change(uint64_t to)
{
	uint64_t found;

	asked++;
	while (done != asked)
		asm volatile("pause");
	found = *(volatile uint64_t *)VA;
	if (found != to)
		asm volatile("ud2");
	asm volatile("syscall" : "=a"(found)
		     : "a"(__HYPERVISOR_xen_version), "D"(0)
		     : "rcx", "r11", "memory");
}

static int change(uint64_t *root, int to, bool user)
{
	entry = &root[SLOT];
	value = named(to);
	return user ? user_call(read_after_change, (uint64_t)to) :
		      trap_try(read_after_change, (uint64_t)to);
}

static void test_start(void)
{
	for (int i = 0; i < ROOTS; i++)
		l3[i] = tree((uint64_t)i);
	user_init();
	REQUIRE_EQ(smp_start(1, second, 0), 0);
}

/* In the kernel the `syscall` is a hypercall, which does not trap. */
static void changes(uint64_t *root, bool user)
{
	const int fine = user ? PV_VECTOR_SYSCALL : NO_TRAP;

	for (int i = 0; i < CHANGES; i++) {
		REQUIRE_EQ(change(root, 0, user), fine);	/* new */
		REQUIRE_EQ(change(root, 1, user), fine);	/* another */
		REQUIRE_EQ(change(root, -1, user), TRAP_PF);	/* none */
	}
}

static void test_kernel(void)
{
	changes(pt_root(), false);
}

static void test_user(void)
{
	changes(user_root(), true);
}

static void test_many_roots(void)
{
	uint64_t *const first = pt_root();
	uint64_t *root[ROOTS];

	for (int r = 0; r < ROOTS; r++) {
		root[r] = page_alloc();
		for (int i = 0; i < 512; i++)
			root[r][i] = i >= 256 && i < 272 ? 0 : first[i];
		root[r][SLOT] = named(r);
		REQUIRE_EQ(pt_protect(root[r], false), 0);
	}
	for (unsigned int i = 0; i < ROUNDS; i++) {
		const unsigned int r = i * i % ROOTS;

		REQUIRE_EQ(pt_set_root(root[r]), 0);
		REQUIRE_EQ(*(volatile uint64_t *)VA, r);
		/* One that is not loaded changes, and is loaded next. */
		REQUIRE_EQ(pt_write(&root[(r + 1) % ROOTS][SLOT], named(0)), 0);
		REQUIRE_EQ(pt_set_root(root[(r + 1) % ROOTS]), 0);
		REQUIRE_EQ(*(volatile uint64_t *)VA, 0);
		REQUIRE_EQ(pt_write(&root[(r + 1) % ROOTS][SLOT],
				    named((int)((r + 1) % ROOTS))), 0);
		REQUIRE_EQ(*(volatile uint64_t *)VA, (r + 1) % ROOTS);
	}
	REQUIRE_EQ(pt_set_root(first), 0);
}

/* A root becomes memory, then a root again with other entries. */
static void test_root_again(void)
{
	uint64_t *const first = pt_root(), *const root = page_alloc();

	for (int i = 0; i < 512; i++)
		root[i] = i >= 256 && i < 272 ? 0 : first[i];
	for (unsigned int i = 0; i < ROUNDS; i++) {
		root[SLOT] = named((int)(i % ROOTS));
		REQUIRE_EQ(pt_protect(root, false), 0);
		REQUIRE_EQ(pt_set_root(root), 0);
		REQUIRE_EQ(*(volatile uint64_t *)VA, i % ROOTS);
		REQUIRE_EQ(pt_set_root(first), 0);
		REQUIRE_EQ(pt_protect(root, true), 0);
	}
}

const struct test tests[] = {
	TEST(start),
	TEST(kernel),
	TEST(user),
	TEST(many_roots),
	TEST(root_again),
	TESTS_END
};
