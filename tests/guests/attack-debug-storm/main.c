/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants a #DB in the hypervisor at a moment when that cannot take
 * one: behind a SYSCALL, where the stack is still the guest's, put off by a
 * load of SS; while it writes a frame to the guest's stack or copies arguments
 * that a data breakpoint watches; with the trap flag on for every instruction.
 *
 * What must happen: the hypervisor loses no call and no frame, shows the guest
 * no breakpoint that its own copies hit, and nobody is left with the trap flag.
 * A guest whose #DB handler has a breakpoint on itself dies, alone.
 *
 * Class: PV entry and emulation (compare XSA-260, XSA-265; CVE-2018-8897). Same
 * on Xen. QEMU does not put #DB off behind MOV SS; the rest it does.
 */
#include <xen/sched.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define DR7_IDLE 0x400UL
#define DR7_EXECUTE 1UL
#define DR7_WRITE8 0x90001UL
#define DR7_ACCESS8 0xb0001UL
#define VERSION (4 << 16 | 17)

static void watch(const void *at, uint64_t how)
{
	trap_count(TRAP_DB);
	hv_set_debugreg(0, (uint64_t)at);
	hv_set_debugreg(7, DR7_IDLE | how);
}

static void unwatch(void)
{
	hv_set_debugreg(7, DR7_IDLE);
	hv_set_debugreg(6, 0xffff0ff0);
	hv_set_debugreg(0, 0);
	trap_hook = NULL;
}

static int64_t stepped_call(void)
{
	int64_t rax = __HYPERVISOR_xen_version;

	asm volatile("xorl %%edi, %%edi; xorl %%esi, %%esi\n\t"
		     "pushfq; orq $0x100, (%%rsp); popfq\n\t"
		     "syscall\n\t"
		     "pushfq; andq $~0x100, (%%rsp); popfq\n\t"
		     : "+a"(rax)
		     : : "rcx", "rdi", "rsi", "rdx", "r10", "r8", "r11",
			 "memory", "cc");
	return rax;
}

static void test_stepping_over_calls(void)
{
	trap_count(TRAP_DB);
	for (int i = 0; i < 1000; i++) {
		const int64_t rc = stepped_call();

		if (rc == VERSION)
			continue;
		trap_hook = NULL;
		test_fail(__LINE__, "round %d gives %#lx", i, rc);
		return;
	}
	unwatch();
	/* (syscall,) pushfq, andq, popfq */
	REQUIRE(trap_counted >= 3000 && trap_counted <= 5000);
}

static uint16_t flat_ss[4] = { FLAT_KERNEL_SS };

/* The watched load of SS, and what its #DB is put off to. */
#define AFTER_MOV_SS(name, text)					\
	static int64_t name(void)					\
	{								\
		int64_t rax = __HYPERVISOR_xen_version;			\
									\
		asm volatile("xorl %%edi, %%edi; xorl %%esi, %%esi\n\t"	\
			     "movw %1, %%ss\n\t" text			\
			     : "+a"(rax) : "m"(flat_ss)			\
			     : "rcx", "rdi", "rsi", "rdx", "r10", "r8",	\
			       "r11", "memory", "cc");			\
		return rax;						\
	}

AFTER_MOV_SS(mov_ss_syscall, "syscall")
AFTER_MOV_SS(mov_ss_stepped_syscall,
	     "pushfq; orq $0x100, (%%rsp); popfq; movw %1, %%ss; syscall\n\t"
	     "pushfq; andq $~0x100, (%%rsp); popfq")
AFTER_MOV_SS(mov_ss_cpuid, "movq %%rbx, %%r8; movl $0x40000001, %%eax\n\t"
	     ".byte 0xf, 0xb, 0x78, 0x65, 0x6e; cpuid\n\t"
	     "movq %%r8, %%rbx; movl %%eax, %%eax")

static void test_put_off_by_mov_ss(void)
{
	watch(flat_ss, DR7_ACCESS8);
	for (int i = 0; i < 300; i++) {
		if (mov_ss_syscall() != VERSION ||
		    mov_ss_stepped_syscall() != VERSION ||
		    mov_ss_cpuid() != VERSION) {
			unwatch();
			test_fail(__LINE__, "a call got lost in round %d", i);
			return;
		}
	}
	unwatch();
	REQUIRE(trap_counted > 0);
}

static void ss_and_interrupt(uint64_t arg)
{
	(void)arg;
	asm volatile("movw %0, %%ss; int $0x80" : : "m"(flat_ss));
}

static void ss_and_int3(uint64_t arg)
{
	(void)arg;
	asm volatile("movw %0, %%ss; int3" : : "m"(flat_ss));
}

static void test_interrupts_behind_mov_ss(void)
{
	watch(flat_ss, DR7_ACCESS8);
	for (int i = 0; i < 300; i++) {
		REQUIRE_EQ(trap_try(ss_and_interrupt, 0), 0x80);
		REQUIRE_EQ(trap_try(ss_and_int3, 0), TRAP_BP);
	}
	unwatch();
}

static void to_kernel(uint64_t arg)
{
	asm volatile("int $0x80" : : "a"(arg));
}

/* Every word that the frame of an exception goes to. */
static void test_watched_frames(void)
{
	user_init();
	for (int word = 1; word <= 24; word++) {
		uint64_t *top = (uint64_t *)(kernel_stack +
					     sizeof(kernel_stack));

		watch(top - word, DR7_WRITE8);
		const int vector = user_call(to_kernel, word);

		unwatch();
		REQUIRE_EQ(vector, 0x80);
		REQUIRE_EQ(trap_last.rax, word);
		REQUIRE_EQ(trap_last.cs & 3, 3);
	}
}

static struct multicall_entry calls[4];
static char text[16];

static void test_watched_arguments(void)
{
	for (unsigned int i = 0; i < sizeof(calls) / 8; i++) {
		for (int j = 0; j < 4; j++)
			calls[j] = (struct multicall_entry){
				.op = __HYPERVISOR_xen_version,
				.args = { 1, (uint64_t)text },
			};
		watch((uint64_t *)calls + i, DR7_ACCESS8);
		const int64_t rc = hv_multicall(calls, 4);
		const unsigned int shown = trap_counted;

		unwatch();
		REQUIRE_EQ(rc, 0);
		REQUIRE_EQ(shown, 0);
		for (int j = 0; j < 4; j++)
			REQUIRE_EQ(calls[j].result, 0);
	}
	watch(text, DR7_ACCESS8);
	const int64_t rc = hv_xen_version(1, text);
	const unsigned int shown = trap_counted;

	unwatch();
	REQUIRE_EQ(rc, 0);
	REQUIRE_EQ(shown, 0);
}

static void land(uint64_t arg)
{
	asm volatile("int $0x80" : : "a"(arg));
}

/* A breakpoint where iret goes to, and the trap flag on the way. */
static void test_watched_destination(void)
{
	const struct pv_regs regs = user_regs(land, 0x77);
	struct iret_context frame = {
		.rip = regs.rip, .cs = regs.cs, .rsp = regs.rsp,
		.ss = regs.ss, .rflags = 0x202,
	};

	watch((void *)land, DR7_EXECUTE);
	trap_hook = NULL;
	const int vector = user_iret(&frame);

	frame.rflags |= 0x100;
	const int both = user_iret(&frame);

	unwatch();
	REQUIRE_EQ(vector, TRAP_DB);
	REQUIRE_EQ(both, TRAP_DB);
	REQUIRE_EQ(trap_last.cs & 3, 3);
	REQUIRE_EQ(trap_last.rip, (uint64_t)land);
}

static struct child child;

static void break_on_handler(struct vcpu_guest_context *context)
{
	context->debugreg[0] = context->trap_ctxt[1].address;
	context->debugreg[7] = DR7_EXECUTE;
}

/* #DB at the first instruction of the handler of #DB, for ever. */
static void test_handler_with_a_breakpoint(void)
{
	child = (struct child){ .traps = true, .adjust = break_on_handler };
	for (int i = 0; i < 3; i++) {
		REQUIRE_EQ(child_start(&child), 0);
		child_tell(&child, CHILD_UD2, 0, 0);
		REQUIRE_EQ(child_fate(&child), SHUTDOWN_crash);
		REQUIRE(child_end(&child));
	}
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(stepping_over_calls),
	TEST(put_off_by_mov_ss),
	TEST(interrupts_behind_mov_ss),
	TEST(watched_frames),
	TEST(watched_arguments),
	TEST(watched_destination),
	TEST(handler_with_a_breakpoint),
	TEST(all_works),
	TESTS_END
};
