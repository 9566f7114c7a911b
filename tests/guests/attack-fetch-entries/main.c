/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants the hypervisor to check one entry point, frame, context
 * or instruction and to use another: a second vCPU exchanges the selector, the
 * address and the flags of an iret frame, addresses in trap tables and
 * callbacks, the context of a third vCPU, and the bytes of an instruction that
 * is being emulated.
 *
 * What must happen: each is taken as one of the two, whole. Mode and page
 * tables agree after iret, addresses that are not canonical are never in force,
 * the third vCPU starts with good roots only, and an instruction is one of the
 * two or an exception.
 *
 * Class: preemption, replay, double fetch; PV entry and emulation (compare
 * XSA-155). Same on Xen.
 *
 * Machine: 2 3
 */
#include <xen/callback.h>
#include <xen/vcpu.h>

#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/racer.h"
#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define NOT_CANONICAL 0x0000900000000000UL

static volatile uint64_t *shared;
static uint64_t values[2];

static void flip(void)
{
	*shared = values[racer_turns() & 1];
	racer_dawdle(40);
}

static struct {
	uint64_t room[512];
	struct iret_context frame;
} stack __attribute__((aligned(16)));

static void enter(uint64_t frame)
{
	asm volatile("movq %0, %%rsp; movl %1, %%eax; syscall"
		     : : "r"(frame), "i"(__HYPERVISOR_iret) : "memory");
	__builtin_unreachable();
}

static void which_root(uint64_t arg)
{
	(void)arg;
	(void)*(volatile uint64_t *)PV_P2M_BASE;
	asm volatile("int $0x80");
}

static void good_frame(void)
{
	stack.frame = (struct iret_context){
		.rip = (uint64_t)which_root, .cs = FLAT_USER_CS,
		.rflags = 0x202, .ss = FLAT_USER_SS,
		.rsp = (uint64_t)(user_stack + sizeof(user_stack) - 64),
	};
}

/* Selector of the kernel or of user mode: the root is that mode's. */
static void test_iret_mode(void)
{
	user_init();
	good_frame();
	shared = &stack.frame.cs;
	values[0] = FLAT_USER_CS;
	values[1] = FLAT_KERNEL_CS & ~3UL;
	REQUIRE(racer_start(flip));
	while (racer_wants_more("modes")) {
		const int vector = trap_try(enter, (uint64_t)&stack.frame);
		const bool user = trap_last.cs & 3;

		racer_outcome(user);
		REQUIRE_EQ(vector, user ? TRAP_PF : 0x80);
		if (user)
			REQUIRE_EQ(trap_last.error, 4);
	}
	REQUIRE(racer_stop());
}

static void test_iret_address(void)
{
	good_frame();
	shared = &stack.frame.rip;
	values[0] = (uint64_t)which_root;
	values[1] = NOT_CANONICAL;
	REQUIRE(racer_start(flip));
	while (racer_wants_more("addresses")) {
		const int vector = trap_try(enter, (uint64_t)&stack.frame);

		racer_outcome(vector == TRAP_PF);
		if (vector == TRAP_GP)
			REQUIRE_EQ(trap_last.rip, NOT_CANONICAL);
		else
			REQUIRE_EQ(vector, TRAP_PF);
		REQUIRE_EQ(trap_last.cs & 3, 3);
	}
	REQUIRE(racer_stop());
}

static void test_iret_flags(void)
{
	good_frame();
	shared = &stack.frame.rflags;
	values[0] = 0x202;
	values[1] = 0x1a3202;		/* IOPL, VM, VIF, VIP */
	REQUIRE(racer_start(flip));
	for (int i = 0; i < 300; i++) {
		REQUIRE_EQ(trap_try(enter, (uint64_t)&stack.frame), TRAP_PF);
		REQUIRE_EQ(trap_last.rflags & 0x1a3000, 0);
	}
	REQUIRE(racer_stop());
}

static void interrupt(uint64_t arg)
{
	(void)arg;
	asm volatile("int $0x80");
}

/* A table that was taken has only addresses that a handler can have. */
static void test_trap_table(void)
{
	static struct trap_info table[2] = {
		{ .vector = 0x80, .flags = 3, .cs = FLAT_KERNEL_CS },
	};

	shared = &table[0].address;
	values[0] = (uint64_t)pv_int80;
	values[1] = NOT_CANONICAL;
	REQUIRE(racer_start(flip));
	while (racer_wants_more("trap tables")) {
		const int64_t rc = hv_set_trap_table(table);

		racer_outcome(rc == 0);
		REQUIRE(rc == 0 || rc == EINVAL_);
		REQUIRE_EQ(trap_try(interrupt, 0), 0x80);
	}
	REQUIRE(racer_stop());
}

static void system_call(uint64_t arg)
{
	(void)arg;
	asm volatile("syscall" : : : "rcx", "r11");
}

static void test_callback(void)
{
	static struct callback_register reg = { .type = CALLBACKTYPE_syscall };

	shared = &reg.address;
	values[0] = (uint64_t)pv_syscall;
	values[1] = NOT_CANONICAL;
	REQUIRE(racer_start(flip));
	while (racer_wants_more("callbacks")) {
		const int64_t rc = hv_callback_op(CALLBACKOP_register, &reg);

		racer_outcome(rc == 0);
		REQUIRE(rc == 0 || rc == EINVAL_);
		REQUIRE_EQ(user_call(system_call, 0), PV_VECTOR_SYSCALL);
	}
	REQUIRE(racer_stop());
}

/* Forced CPUID, or something else behind the same prefix; a read of CR0 or a
 * load of CR3 with what is no root. */
static uint8_t *code;

static void run_code(uint64_t arg)
{
	asm volatile("call *%1"
		     : "+a"(arg) : "r"(code) : "rbx", "rcx", "rdx", "memory");
}

static void test_instruction(void)
{
	static const uint8_t cpuid[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2,
					 0xc3 };
	static const uint8_t other[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0x32,
					 0xc3 };
	static const uint8_t read_cr0[] = { 0x0f, 0x20, 0xc0, 0xc3, 0, 0, 0, 0 };
	static const uint8_t load_cr3[] = { 0x0f, 0x22, 0xd8, 0xc3, 0, 0, 0, 0 };
	const uint8_t *const pairs[2][2] = {
		{ cpuid, other }, { read_cr0, load_cr3 },
	};

	code = page_alloc();
	shared = (void *)code;
	for (int pair = 0; pair < 2; pair++) {
		memcpy(&values[0], pairs[pair][0], 8);
		memcpy(&values[1], pairs[pair][1], 8);
		*shared = values[0];
		REQUIRE(racer_start(flip));
		while (racer_wants_more("instructions")) {
			const int vector = trap_try(run_code,
						    machine_address(code));

			racer_outcome(vector == NO_TRAP);
			REQUIRE(vector == NO_TRAP ||
				vector == (pair ? TRAP_GP : TRAP_UD));
		}
		REQUIRE(racer_stop());
		REQUIRE_INTACT();
	}
}

static volatile uint64_t third_ran;

static void third(uint64_t arg)
{
	third_ran = arg;
	for (;;)
		smp_stop();
}

/* The context of a vCPU: its root, or a frame that is somebody else's. */
static void test_context(void)
{
	struct vcpu_guest_context *c = smp_context(2, third, 77);
	int64_t rc = EINVAL_;
	unsigned int tries = 0;

	shared = &c->ctrlreg[3];
	values[0] = xen_pfn_to_cr3(foreign_frame());
	values[1] = c->ctrlreg[3];
	*shared = values[0];
	/* a base that is not canonical, until enough has been refused */
	c->fs_base = NOT_CANONICAL;
	REQUIRE(racer_start(flip));
	for (; tries < 200; tries++) {
		rc = hv_vcpu_op(VCPUOP_initialise, 2, c);
		REQUIRE_EQ(rc, EINVAL_);
	}
	c->fs_base = 0;
	for (const uint64_t end = now() + PATIENCE;
	     rc == EINVAL_ && now() < end; tries++)
		rc = hv_vcpu_op(VCPUOP_initialise, 2, c);
	REQUIRE(racer_stop());
	REQUIRE_EQ(rc, 0);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_initialise, 2, c), EEXIST_);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_up, 2, NULL), 0);
	REQUIRE(smp_wait(&third_ran, 77));
	print("# %u tries\n", tries);
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(iret_mode),
	TEST(iret_address),
	TEST(iret_flags),
	TEST(trap_table),
	TEST(callback),
	TEST(instruction),
	TEST(context),
	TEST(all_works),
	TESTS_END
};
