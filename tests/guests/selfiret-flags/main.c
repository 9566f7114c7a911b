/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the flags that bite: NT, TF, AC, IOPL, DF and ID through hypercalls,
 * exceptions, native IRETQ and the iret hypercall, in kernel and user mode.
 * Nothing of them reaches the hypervisor, and nothing is lost that the guest
 * may have.
 */
#include <xen/callback.h>
#include <xen/physdev.h>

#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define TF 0x100UL
#define IF 0x200UL
#define DF 0x400UL
#define IOPL 0x3000UL
#define NT 0x4000UL
#define AC 0x40000UL
#define ID 0x200000UL

static void set_flags(uint64_t flags)
{
	asm volatile("pushq %0; popfq" : : "r"(flags) : "cc", "memory");
}

static uint64_t get_flags(void)
{
	uint64_t flags;

	asm volatile("pushfq; popq %0" : "=r"(flags));
	return flags;
}

/* The flags behind a hypercall made with the given ones. */
static uint64_t hypercall_with(uint64_t flags)
{
	uint64_t rax = 17, result;

	asm volatile("pushq %2; popfq\n\t"
		     "xorq %%rdi, %%rdi\n\t"	/* changes ZF PF */
		     "xorq %%rsi, %%rsi\n\t"
		     "syscall\n\t"
		     "pushfq; popq %1\n\t"
		     "pushq $2; popfq"
		     : "+a"(rax), "=&r"(result)
		     : "r"(flags)
		     : "rcx", "rdi", "rsi", "rdx", "r10", "r8", "r11",
		       "memory", "cc");
	return rax == (4 << 16 | 17) ? result : 0;
}

static void test_hypercalls(void)
{
	static const uint64_t each[] = { 0, NT, AC, DF, ID, NT | AC | DF | ID };

	for (unsigned int i = 0; i < sizeof(each) / sizeof(*each); i++)
		REQUIRE_EQ(hypercall_with(each[i] | IF) &
			   (NT | AC | DF | ID | IF | IOPL), each[i] | IF);
}

static unsigned int steps;
static uint64_t step_rip;

static bool count_steps(struct pv_regs *regs)
{
	if (regs->vector != TRAP_DB)
		return false;
	steps++;
	step_rip = regs->rip;
	return true;
}

/* Single-stepping over SYSCALL stops behind it, not in the hypervisor. */
static void test_step_over_hypercall(void)
{
	uint64_t rax = 17;

	steps = 0;
	trap_hook = count_steps;
	asm volatile(".globl stepped_syscall\n"
		     "xorl %%edi, %%edi; xorl %%esi, %%esi\n\t"
		     "pushfq; orq $0x100, (%%rsp); popfq\n\t"
		     "nop\n\t"
		     "syscall\n"
		     "stepped_syscall: nop\n\t"
		     "pushfq; andq $~0x100, (%%rsp); popfq\n\t"
		     : "+a"(rax)
		     : : "rcx", "rdi", "rsi", "rdx", "r10", "r8", "r11",
			 "memory", "cc");
	trap_hook = NULL;
	hv_set_debugreg(6, 0xffff0ff0);
	REQUIRE_EQ(rax, 4 << 16 | 17);
	/* nop, syscall (perhaps), nop, pushfq, andq, popfq */
	REQUIRE(steps >= 5 && steps <= 6);
}

static uint64_t handler_flags;

static bool note_flags(struct pv_regs *regs)
{
	(void)regs;
	handler_flags = get_flags();
	return false;
}

static void flags_and_ud2(uint64_t flags)
{
	asm volatile("pushq %0; popfq; ud2" : : "r"(flags) : "cc");
}

static void test_exceptions(void)
{
	static const uint64_t each[] = { NT, AC, DF, ID, NT | AC | DF | ID };

	trap_hook = note_flags;
	for (unsigned int i = 0; i < sizeof(each) / sizeof(*each); i++) {
		REQUIRE_EQ(trap_try(flags_and_ud2, each[i] | IF), TRAP_UD);
		REQUIRE_EQ(trap_last.rflags & (NT | AC | DF | ID), each[i]);
		REQUIRE_EQ(handler_flags & (NT | AC | TF | IOPL), 0);
		REQUIRE_EQ(handler_flags & IF, IF);
	}
	trap_hook = NULL;
	set_flags(IF);
}

static void test_popf(void)
{
	/* IOPL and IF are out of reach, the others not */
	set_flags(IOPL | NT | AC | ID);
	const uint64_t flags = get_flags();

	set_flags(IF);
	REQUIRE_EQ(flags & (IOPL | NT | AC | ID | IF), NT | AC | ID | IF);
	REQUIRE_EQ(get_flags() & (NT | AC | ID), 0);
}

static void native_iret_with_nt(uint64_t arg)
{
	(void)arg;
	asm volatile("movq %%rsp, %%rax; pushq %0; pushq %%rax; pushfq\n\t"
		     "pushq %1; leaq 1f(%%rip), %%rax; pushq %%rax\n\t"
		     "pushfq; orq $0x4000, (%%rsp); popfq\n\t"
		     "iretq\n"
		     "1: nop"
		     : : "i"(FLAT_KERNEL_SS), "i"(FLAT_KERNEL_CS)
		     : "rax", "memory", "cc");
}

static void test_native_iret_with_nt(void)
{
	REQUIRE_EQ(trap_try(native_iret_with_nt, 0), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0);
	REQUIRE_EQ(trap_last.rflags & NT, NT);
	set_flags(IF);
}

void landing(uint64_t arg);
asm(".text\nlanding: nop\nlanding_2: ud2\n");
extern char landing_2[];

static struct pv_regs context(uint64_t cs, uint64_t flags)
{
	struct pv_regs regs = user_regs(landing, 0);

	regs.cs = cs;
	regs.rflags = flags;
	return regs;
}

static void test_iret(void)
{
	static const uint64_t each[] = { NT, AC, DF, ID, NT | AC | DF | ID };

	for (unsigned int i = 0; i < 2 * sizeof(each) / sizeof(*each); i++) {
		const uint64_t flags = each[i / 2];
		const struct pv_regs regs = context(i % 2 ? FLAT_USER_CS :
						    FLAT_KERNEL_CS & ~3UL,
						    flags | IF | IOPL);

		REQUIRE_EQ(user_run(&regs), TRAP_UD);
		REQUIRE_EQ(trap_last.rflags & (NT | AC | DF | ID | IOPL),
			   flags);
	}
}

static void test_iret_with_tf(void)
{
	for (int i = 0; i < 2; i++) {
		const struct pv_regs regs = context(i ? FLAT_USER_CS :
						    FLAT_KERNEL_CS & ~3UL,
						    TF | IF);

		REQUIRE_EQ(user_run(&regs), TRAP_DB);
		/* one instruction has been executed */
		REQUIRE_EQ(trap_last.rip, (uint64_t)landing_2);
		REQUIRE_EQ(trap_last.rflags & TF, TF);
		hv_set_debugreg(6, 0xffff0ff0);
	}
}

void syscall_from_user(uint64_t arg);
asm(".text\nsyscall_from_user: syscall\n	ud2\n");

static void test_user_syscall(void)
{
	static const uint64_t each[] = { NT, AC, DF, ID, NT | AC | DF | ID };

	trap_hook = note_flags;
	for (unsigned int i = 0; i < sizeof(each) / sizeof(*each); i++) {
		struct pv_regs regs = user_regs(syscall_from_user, 0);

		regs.rflags = each[i] | IF;
		REQUIRE_EQ(user_run(&regs), PV_VECTOR_SYSCALL);
		REQUIRE_EQ(trap_last.rflags & (NT | AC | DF | ID), each[i]);
		REQUIRE_EQ(handler_flags & (NT | AC | TF | DF | IOPL), 0);
	}
	trap_hook = NULL;
}

/* TF set in user mode: the system call is one step, the kernel none. */
static void test_user_syscall_with_tf(void)
{
	struct pv_regs regs = user_regs(syscall_from_user, 0);

	regs.rflags = TF | IF;
	trap_hook = note_flags;
	const int vector = user_run(&regs);

	trap_hook = NULL;
	hv_set_debugreg(6, 0xffff0ff0);
	REQUIRE(vector == PV_VECTOR_SYSCALL || vector == TRAP_DB);
	REQUIRE_EQ(handler_flags & TF, 0);
	REQUIRE_EQ(trap_last.cs & 3, 3);
}

static void do_in(uint64_t arg)
{
	(void)arg;
	asm volatile("inb $0x71, %%al" : : : "rax");
}

/* IOPL 3 in a frame gives no right to ports; the hypercall does. */
static void test_iopl(void)
{
	struct physdev_set_iopl op = { .iopl = 0 };
	struct pv_regs regs = user_regs(do_in, 0);

	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iopl, &op), 0);
	regs.rflags = IOPL | IF;
	REQUIRE_EQ(user_run(&regs), TRAP_GP);
	regs.cs = FLAT_KERNEL_CS & ~3UL;
	REQUIRE_EQ(user_run(&regs), TRAP_GP);
	op.iopl = 1;
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iopl, &op), 0);
	REQUIRE_EQ(trap_try(do_in, 0), NO_TRAP);
	/* 1 is for the kernel, 3 for user mode as well */
	REQUIRE_EQ(user_call(do_in, 0), TRAP_GP);
	op.iopl = 3;
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iopl, &op), 0);
	regs = user_regs(syscall_from_user, 0);
	REQUIRE_EQ(trap_try(do_in, 0), NO_TRAP);
	REQUIRE(user_call(do_in, 0) != TRAP_GP);
	op.iopl = 0;
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iopl, &op), 0);
	op.iopl = 4;
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iopl, &op), EINVAL_);
}

const struct test tests[] = {
	TEST(hypercalls),
	TEST(step_over_hypercall),
	TEST(exceptions),
	TEST(popf),
	TEST(native_iret_with_nt),
	TEST(iret),
	TEST(iret_with_tf),
	TEST(user_syscall),
	TEST(user_syscall_with_tf),
	TEST(iopl),
	TESTS_END
};
