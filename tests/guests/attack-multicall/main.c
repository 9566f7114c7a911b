/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants a multicall to go on in a state that its entries have
 * changed: it puts iret into the list, which leaves the kernel for user mode
 * (the entries behind it would then be a user's calls with the kernel's
 * rights); multicalls in the multicall; entries that write over the list, take
 * its page or its page tables away; numbers that differ beyond 32 bits; lists
 * in page tables, in the hypervisor, or longer than memory.
 *
 * What must happen: iret is refused or is the end of the list, and the mode it
 * leaves the guest in is the frame's, with that mode's page tables; what cannot
 * be read or written is -EFAULT; nothing else changes.
 *
 * Class: preemption and replay (compare XSA-213, XSA-279). Shoji refuses iret in
 * a list with -EINVAL; Xen 4.17 returns by it.
 */
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define VERSION (4 << 16 | 17)
#define UNTOUCHED 0x7777

static struct multicall_entry calls[16];

static struct multicall_entry version(void)
{
	return (struct multicall_entry){
		.op = __HYPERVISOR_xen_version, .result = UNTOUCHED,
	};
}

static void make_list(void)
{
	for (int i = 0; i < 16; i++)
		calls[i] = version();
}

/* A multicall with the iret frame at RSP; behind it, or at the destination. */
static struct {
	uint64_t room[512];
	struct iret_context frame;
} stack __attribute__((aligned(16)));

static void multicall_on_frame(uint64_t nr)
{
	asm volatile("movq %0, %%rsp; movl %2, %%eax; syscall; ud2"
		     : : "r"(&stack.frame), "D"(calls),
			 "i"(__HYPERVISOR_multicall), "S"(nr) : "memory");
	__builtin_unreachable();
}

/* The kernel's root has slot 1, the user's has not. */
static void which_root(uint64_t arg)
{
	(void)arg;
	(void)*(volatile uint64_t *)PV_P2M_BASE;
	asm volatile("int $0x80");
}

static bool mode_is_right(int vector)
{
	if (vector == TRAP_PF)
		return (trap_last.cs & 3) == 3 && trap_last.error == 4;
	return vector == 0x80 && (trap_last.cs & 3) == 0;
}

static void iret_at(unsigned int where, unsigned int nr, uint64_t cs)
{
	make_list();
	calls[where].op = __HYPERVISOR_iret;
	stack.frame = (struct iret_context){
		.rip = (uint64_t)which_root, .cs = cs, .rflags = 0x202,
		.rsp = (uint64_t)(user_stack + sizeof(user_stack)),
		.ss = FLAT_USER_SS,
	};
	const int vector = trap_try(multicall_on_frame, nr);

	event_disable(0);
	for (unsigned int i = 0; i < where; i++)
		REQUIRE_EQ(calls[i].result, VERSION);
	if (vector == TRAP_UD) {
		REQUIRE_EQ(trap_last.rax, 0);
		REQUIRE_EQ(calls[where].result, EINVAL_);
		for (unsigned int i = where + 1; i < nr; i++)
			REQUIRE_EQ(calls[i].result, VERSION);
		return;
	}
	REQUIRE(mode_is_right(vector));
	for (unsigned int i = where + 1; i < nr; i++)
		REQUIRE_EQ(calls[i].result, UNTOUCHED);
}

static void test_iret_to_user(void)
{
	user_init();
	for (unsigned int where = 0; where < 8; where++) {
		iret_at(where, 8, FLAT_USER_CS);
		REQUIRE_INTACT();
	}
}

static void test_iret_to_kernel(void)
{
	for (unsigned int where = 0; where < 8; where++) {
		iret_at(where, 8, FLAT_KERNEL_CS & ~3UL);
		REQUIRE_INTACT();
	}
}

/* A list of itself, a list of lists. */
static void test_nested(void)
{
	make_list();
	for (int i = 0; i < 16; i++) {
		calls[i].op = __HYPERVISOR_multicall;
		calls[i].args[0] = (uint64_t)calls;
		calls[i].args[1] = 16;
	}
	REQUIRE_EQ(hv_multicall(calls, 16), 0);
	for (int i = 0; i < 16; i++)
		REQUIRE((int64_t)calls[i].result < 0);
}

/* Only the lower half is the number of an existing call. */
static void test_numbers(void)
{
	make_list();
	for (int i = 0; i < 16; i++)
		calls[i].op = __HYPERVISOR_xen_version | 1UL << (6 + 3 * i);
	REQUIRE_EQ(hv_multicall(calls, 16), 0);
	for (int i = 0; i < 16; i++)
		REQUIRE_EQ(calls[i].result, ENOSYS_);
}

/* Entries that write to the list: to themselves and to the next. */
static void test_list_overwritten(void)
{
	for (int i = 0; i < 15; i++) {
		make_list();
		calls[i].args[0] = 1;	/* the extra version, 16 bytes */
		calls[i].args[1] = (uint64_t)&calls[i + 1];
		REQUIRE_EQ(hv_multicall(calls, 16), 0);
		REQUIRE_EQ(calls[i].result, 0);
		REQUIRE_EQ(calls[i + 1].result, ENOSYS_);
		make_list();
		calls[i].args[0] = 1;
		calls[i].args[1] = (uint64_t)&calls[i];
		REQUIRE_EQ(hv_multicall(calls, 16), 0);
		REQUIRE_EQ(calls[i].result, 0);
		REQUIRE_EQ(calls[i + 1].result, VERSION);
	}
}

static void test_places(void)
{
	uint64_t *table = table_alloc();

	static const uint64_t places[] = { HYPERVISOR_PLACES };

	for (unsigned int i = 0; i < sizeof(places) / 8; i++)
		REQUIRE_EQ(hv_multicall((void *)places[i], 1), EFAULT_);
	REQUIRE_EQ(hv_multicall((void *)0xffff800000000000, 1), EFAULT_);
	REQUIRE_EQ(hv_multicall((void *)0xffff7fffffffffc0, 2), EFAULT_);
	REQUIRE_EQ(hv_multicall((void *)0x0000800000000000, 1), EFAULT_);
	/* a table: it can be read, the results cannot be written */
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(table)), 0);
	REQUIRE_EQ(pt_write(&table[0], __HYPERVISOR_xen_version << 12), 0);
	REQUIRE_EQ(hv_multicall((void *)table, 4), EFAULT_);
	REQUIRE_EQ(table[1], 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(table)), 0);
	trap_init();
}

/* The last entry lies across the end of what is mapped. */
static void test_cut_short(void)
{
	struct multicall_entry *page = page_alloc();

	va_alloc();
	char *va = va_alloc();

	for (int i = 0; i < 64; i++)
		page[i] = version();
	REQUIRE_EQ(pt_set(va, machine_address(page) | PTE_KERNEL), 0);
	REQUIRE_EQ(hv_multicall((void *)va, ~0u), EFAULT_);
	for (int i = 0; i < 64; i++)
		REQUIRE_EQ(page[i].result, VERSION);
	/* no half entry is done */
	page[0] = version();
	memcpy((char *)page + PV_PAGE - 32, page, 32);
	REQUIRE_EQ(hv_multicall((void *)(va + PV_PAGE - 32), 1), EFAULT_);
	REQUIRE_EQ(pt_set(va, 0), 0);
}

/* An entry unmaps the list; the result has no place. */
static void test_list_unmapped(void)
{
	struct multicall_entry *page = page_alloc(), *va = va_alloc();

	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 8; i++)
			page[i] = version();
		page[round % 8].op = __HYPERVISOR_update_va_mapping;
		page[round % 8].args[0] = (uint64_t)va;
		page[round % 8].args[2] = UVMF_INVLPG | UVMF_ALL;
		REQUIRE_EQ(pt_set(va, machine_address(page) | PTE_KERNEL), 0);
		REQUIRE_EQ(hv_multicall(va, 8), EFAULT_);
		for (int i = 0; i < 8; i++)
			REQUIRE_EQ(page[i].result, i < round % 8 ? VERSION :
				   UNTOUCHED);
	}
}

/* An entry loads a root that does not map the list. */
static void test_root_without_list(void)
{
	static struct mmuext_op op = { .cmd = MMUEXT_NEW_BASEPTR };
	uint64_t *root = table_alloc();
	struct multicall_entry *list = (void *)USER_PAGE;

	user_init();
	REQUIRE_EQ(pt_write(&root[511], pt_root()[511]), 0);
	REQUIRE_EQ(pt_write(&root[1], pt_root()[1]), 0);
	op.arg1.mfn = pv_frame(root);
	for (int i = 0; i < 4; i++)
		list[i] = version();
	list[1].op = __HYPERVISOR_mmuext_op;
	list[1].args[0] = (uint64_t)&op;
	list[1].args[1] = 1;
	list[1].args[3] = DOMID_SELF;
	const int64_t rc = hv_multicall(list, 4);
	const int64_t back = pt_set_root(pt_root());

	REQUIRE_EQ(rc, EFAULT_);
	REQUIRE_EQ(back, 0);
	REQUIRE_EQ(list[0].result, VERSION);
	REQUIRE_EQ(list[1].result, UNTOUCHED);
	REQUIRE_EQ(list[2].result, UNTOUCHED);
	REQUIRE_EQ(pt_protect(root, true), 0);
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(iret_to_user),
	TEST(iret_to_kernel),
	TEST(nested),
	TEST(numbers),
	TEST(list_overwritten),
	TEST(places),
	TEST(cut_short),
	TEST(list_unmapped),
	TEST(root_without_list),
	TEST(all_works),
	TESTS_END
};
