/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves what the CPU does by itself at CPL 3, without the hypervisor: IRETQ
 * within the flat segments (Linux uses it when it patches code), far returns,
 * compatibility mode and back by far jumps; and that a bad one is an exception
 * of the guest's.
 */
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

static void sync_core(uint64_t flags)
{
	asm volatile(
		"movq %%rsp, %%rax\n\t"
		"pushq %1\n\t"
		"pushq %%rax\n\t"
		"pushq %2\n\t"
		"pushq %3\n\t"
		"leaq 1f(%%rip), %%rax\n\t"
		"pushq %%rax\n\t"
		"iretq\n\t"
		"1: nop\n\t"
		: : "m"(flags), "i"(FLAT_KERNEL_SS), "r"(flags),
		    "i"(FLAT_KERNEL_CS)
		: "rax", "memory", "cc");
}

static void test_iretq(void)
{
	for (int i = 0; i < 1000; i++)
		REQUIRE_EQ(trap_try(sync_core, 0x202), NO_TRAP);
}

static void test_iretq_flags(void)
{
	uint64_t flags;

	sync_core(0xed7);
	asm volatile("pushfq; popq %0; cld" : "=r"(flags));
	REQUIRE_EQ(flags & 0x400, 0x400);
	/* TF traps after the instruction that follows */
	REQUIRE_EQ(trap_try(sync_core, 0x302), TRAP_DB);
	REQUIRE_EQ(hv_set_debugreg(6, 0xffff0ff0), 0);
	/* IOPL and IF are not CPL 3's to change */
	sync_core(0x3002);
	asm volatile("pushfq; popq %0" : "=r"(flags));
	REQUIRE_EQ(flags & 0x3200, 0x200);
}

struct frame {
	uint64_t rip, cs, rflags, rsp, ss;
};

static void iretq_to(uint64_t address)
{
	asm volatile("movq %0, %%rsp; iretq" : : "r"(address));
	__builtin_unreachable();
}

void stop_here(void);
asm(".text\nstop_here: ud2\n");

static struct frame good(void)
{
	return (struct frame){
		.rip = (uint64_t)stop_here, .cs = FLAT_KERNEL_CS,
		.rflags = 0x202, .ss = FLAT_KERNEL_SS,
		.rsp = (uint64_t)(user_stack + sizeof(user_stack)),
	};
}

static int try_frame(const struct frame *frame)
{
	static struct {
		uint64_t room[512];	/* for the exception's own frame */
		struct frame frame;
	} stack __attribute__((aligned(16)));

	stack.frame = *frame;
	return trap_try(iretq_to, (uint64_t)&stack.frame);
}

static void test_iretq_to(void)
{
	struct frame frame = good();

	REQUIRE_EQ(try_frame(&frame), TRAP_UD);
	REQUIRE_EQ(trap_last.rip, (uint64_t)stop_here);
	REQUIRE_EQ(trap_last.rsp, frame.rsp);
	REQUIRE_EQ(trap_last.ss, FLAT_KERNEL_SS);
}

static void test_iretq_bad_selectors(void)
{
	struct frame frame = good();

	frame.cs = FLAT_KERNEL_CS & ~3UL;	/* RPL 0 is out of reach */
	REQUIRE_EQ(try_frame(&frame), TRAP_GP);
	REQUIRE_EQ(trap_last.error, FLAT_KERNEL_CS & ~3UL);
	frame = good();
	frame.cs = 0x1b;
	REQUIRE_EQ(try_frame(&frame), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0x18);
	frame = good();
	frame.ss = 0x23;
	REQUIRE_EQ(try_frame(&frame), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0x20);
	/* the hypervisor's own segments are not for guests */
	frame = good();
	frame.cs = 0xe008 | 3;
	REQUIRE_EQ(try_frame(&frame), TRAP_GP);
}

static void test_iretq_non_canonical(void)
{
	struct frame frame = good();

	frame.rip = 0x0000800000000000;
	REQUIRE_EQ(try_frame(&frame), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0);
}

static void far_return(uint64_t cs)
{
	asm volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax\n\t"
		     "lretq; 1:" : : "r"(cs) : "rax", "memory");
}

static void test_far_return(void)
{
	REQUIRE_EQ(trap_try(far_return, FLAT_KERNEL_CS), NO_TRAP);
	REQUIRE_EQ(trap_try(far_return, FLAT_KERNEL_CS & ~3UL), TRAP_GP);
	REQUIRE_EQ(trap_try(far_return, 0x13), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0x10);
}

/* To 32-bit code below 4 GiB and back by far jumps, with a stack there: after an
 * interrupt meanwhile RSP has 32 bits. */
static void through_compat(uint64_t unused)
{
	static struct {
		uint32_t offset;
		uint16_t cs;
	} __attribute__((packed)) target = { USER_PAGE, FLAT_RING3_CS32 };

	(void)unused;
	asm volatile("movl %1, %%esp; ljmpl *(%0)"
		     :
		     : "r"(&target), "i"(USER_PAGE + 0x800)
		     : "memory");
}

static void test_compat_mode(void)
{
	/* dec %eax (a prefix in 64-bit mode); ljmp $0xe033,$USER_PAGE+16 */
	static const uint8_t code[] = {
		0xb8, 0x01, 0x00, 0x00, 0x00, 0x48,
		0xea, 0x10, 0x00, 0x00, 0x10, 0x33, 0xe0,
		0x90, 0x90, 0x90,
		0x0f, 0x0b,
	};

	user_init();
	for (unsigned int i = 0; i < sizeof(code); i++)
		((volatile uint8_t *)USER_PAGE)[i] = code[i];
	REQUIRE_EQ(trap_try(through_compat, 0), TRAP_UD);
	REQUIRE_EQ(trap_last.rip, USER_PAGE + 16);
	REQUIRE_EQ(trap_last.rax, 0);
	REQUIRE_EQ(trap_last.cs & 0xffff, FLAT_KERNEL_CS & ~3UL);
}

const struct test tests[] = {
	TEST(iretq),
	TEST(iretq_flags),
	TEST(iretq_to),
	TEST(iretq_bad_selectors),
	TEST(iretq_non_canonical),
	TEST(far_return),
	TEST(compat_mode),
	TESTS_END
};
