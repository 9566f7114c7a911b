/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker, a program in the guest's user space, wants to make hypercalls:
 * it executes SYSCALL with every number there is, in 64-bit and 32-bit code, the
 * arguments those of calls that would succeed for its kernel, and with stack
 * pointers and flags that a handler would trip over.
 *
 * What must happen: each is a system call for its kernel, with every register
 * as it was, on the kernel's own stack; no hypercall is made.
 *
 * Class: PV entry and emulation (compare XSA-4, XSA-8, XSA-339). Same on Xen.
 */
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

static struct pv_regs start(uint64_t rax)
{
	static const uint8_t code[] = { 0x0f, 0x05, 0x0f, 0x0b };
	struct pv_regs regs = user_regs(NULL, 0);

	user_init();
	memcpy((void *)USER_PAGE, code, sizeof(code));
	regs.rip = USER_PAGE;
	regs.rax = rax;
	return regs;
}

static bool came_as_system_call(const struct pv_regs *regs)
{
	return user_run(regs) == PV_VECTOR_SYSCALL &&
	       trap_last.rax == regs->rax && trap_last.rdi == regs->rdi &&
	       trap_last.rsi == regs->rsi && trap_last.rdx == regs->rdx &&
	       trap_last.r10 == regs->r10 && trap_last.r8 == regs->r8 &&
	       trap_last.r9 == regs->r9 && trap_last.rbx == regs->rbx &&
	       trap_last.rsp == regs->rsp &&
	       trap_last.rip == regs->rip + 2 && (trap_last.cs & 3) == 3;
}

static void test_every_number(void)
{
	for (uint64_t nr = 0; nr < 64; nr++) {
		struct pv_regs regs = start(nr);

		regs.rdi = regs.rsi = regs.rdx = 0;
		REQUIRE(came_as_system_call(&regs));
		regs.rax |= 0xffffffff00000000;
		regs.rdi = regs.rsi = regs.rdx = regs.r10 = regs.r8 = ~0UL;
		REQUIRE(came_as_system_call(&regs));
	}
	for (uint64_t bit = 6; bit < 64; bit++) {
		struct pv_regs regs = start(1UL << bit);

		REQUIRE(came_as_system_call(&regs));
	}
}

/* Calls that would work: they must not have been made. */
static void test_calls_that_would_work(void)
{
	static struct multicall_entry entry = {
		.op = __HYPERVISOR_xen_version, .result = 0x77,
	};
	static char text[16] = "untouched";
	uint64_t *page = page_alloc();
	struct pv_regs regs = start(__HYPERVISOR_xen_version);

	regs.rdi = 1;
	regs.rsi = (uint64_t)text;
	REQUIRE(came_as_system_call(&regs));
	REQUIRE_EQ(text[0], 'u');
	regs = start(__HYPERVISOR_multicall);
	regs.rdi = (uint64_t)&entry;
	regs.rsi = 1;
	REQUIRE(came_as_system_call(&regs));
	REQUIRE_EQ(entry.result, 0x77);
	page[0] = 0x1234;
	regs = start(__HYPERVISOR_update_va_mapping);
	regs.rdi = (uint64_t)page;
	regs.rdx = UVMF_INVLPG | UVMF_ALL;
	REQUIRE(came_as_system_call(&regs));
	REQUIRE_EQ(page[0], 0x1234);
	regs = start(__HYPERVISOR_set_trap_table);
	REQUIRE(came_as_system_call(&regs));
	regs = start(__HYPERVISOR_set_segment_base);
	regs.rdi = SEGBASE_GS_KERNEL;
	regs.rsi = 0x1000;
	REQUIRE(came_as_system_call(&regs));
	REQUIRE_INTACT();
}

/* RSP is only a number until somebody uses it. */
static void test_stack_pointers(void)
{
	static const uint64_t odd[] = {
		HYPERVISOR_PLACES,
		0, 1, 7, 0x0000800000000000, 0xffff800000000000,
		0xffff82d040200000, 0xffff830000000008, ~0UL, 0x1000,
		0xffff7ffffffffff9,
	};

	for (unsigned int i = 0; i < sizeof(odd) / 8; i++) {
		struct pv_regs regs = start(__HYPERVISOR_iret);

		regs.rsp = odd[i];
		REQUIRE(came_as_system_call(&regs));
	}
}

/* Flags that a system call must not bring along. */
static void test_flags(void)
{
	static const uint64_t flags[] = { 0x400, 0x4000, 0x40000, 0x44cd7 };

	for (unsigned int i = 0; i < 4; i++) {
		struct pv_regs regs = start(__HYPERVISOR_iret);

		regs.rflags = flags[i] | 0x202;
		REQUIRE(came_as_system_call(&regs));
		REQUIRE_EQ(trap_last.rflags & flags[i], flags[i]);
	}
}

/* 32-bit code; where the CPU or the kernel has no such entry: an exception. */
static void test_compatibility_mode(void)
{
	for (uint64_t nr = 0; nr < 64; nr++) {
		struct pv_regs regs = start(nr);

		regs.cs = FLAT_RING3_CS32;
		regs.rsp = USER_PAGE + 4000;
		regs.rdi = regs.rsi = regs.rdx = 0;
		const int vector = user_run(&regs);

		REQUIRE(vector == TRAP_UD || vector == TRAP_GP);
		REQUIRE_EQ(trap_last.rax, nr);
		REQUIRE_EQ(trap_last.rip, USER_PAGE);
	}
	/* SYSENTER, which has no way back of its own */
	static const uint8_t sysenter[] = { 0x0f, 0x34 };

	for (int wide = 0; wide < 2; wide++) {
		struct pv_regs regs = start(1);

		memcpy((void *)USER_PAGE, sysenter, 2);
		regs.cs = wide ? FLAT_USER_CS64 : FLAT_RING3_CS32;
		regs.rsp = USER_PAGE + 4000;
		const int vector = user_run(&regs);

		REQUIRE(vector == TRAP_UD || vector == TRAP_GP);
		REQUIRE_EQ(trap_last.cs & 3, 3);
	}
}

/* In the kernel, 32-bit code has no hypercalls either. */
static void test_kernel_in_compatibility_mode(void)
{
	static const uint8_t code[] = { 0x0f, 0x05, 0x0f, 0x0b };
	const struct iret_context frame = {
		.rax = __HYPERVISOR_xen_version, .rip = USER_PAGE,
		.cs = FLAT_RING3_CS32 & ~3UL, .rflags = 0x202,
		.rsp = USER_PAGE + 4000, .ss = FLAT_KERNEL_SS,
	};

	memcpy((void *)USER_PAGE, code, sizeof(code));
	const int vector = user_iret(&frame);

	REQUIRE(vector == TRAP_UD || vector == TRAP_GP);
	REQUIRE_EQ(trap_last.rax, __HYPERVISOR_xen_version);
	REQUIRE_EQ(trap_last.cs & 3, 0);
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(every_number),
	TEST(calls_that_would_work),
	TEST(stack_pointers),
	TEST(flags),
	TEST(compatibility_mode),
	TEST(kernel_in_compatibility_mode),
	TEST(all_works),
	TESTS_END
};
