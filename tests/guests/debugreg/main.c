/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves debug registers: set and get by hypercall and by MOV DR, what is
 * refused, and #DB for an instruction breakpoint, for watched data, in the
 * kernel and in user mode, with DR6 saying which.
 */
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define DR6_IDLE 0xffff0ff0UL
#define DR7_IDLE 0x400UL

static uint64_t data[2];

static void reset(void)
{
	hv_set_debugreg(7, DR7_IDLE);
	hv_set_debugreg(6, DR6_IDLE);
	for (int i = 0; i < 4; i++)
		hv_set_debugreg(i, 0);
}

static void test_set_and_get(void)
{
	for (int i = 0; i < 4; i++) {
		REQUIRE_EQ(hv_set_debugreg(i, (uint64_t)&data[0] + i), 0);
		REQUIRE_EQ(hv_get_debugreg(i), (uint64_t)&data[0] + i);
	}
	REQUIRE_EQ(hv_set_debugreg(6, DR6_IDLE), 0);
	REQUIRE_EQ(hv_set_debugreg(7, 0x000d0402), 0);
	REQUIRE_EQ(hv_get_debugreg(7) & ~0x400UL, 0x000d0002);
	reset();
}

static void test_refused(void)
{
	static const uint64_t places[] = { HYPERVISOR_PLACES };

	REQUIRE_EQ(hv_set_debugreg(8, 0), ENODEV_);
	REQUIRE_EQ(hv_set_debugreg(-1, 0), ENODEV_);
	REQUIRE((int64_t)hv_get_debugreg(8) < 0);
	/* not in the hypervisor, not in the hole */
	for (unsigned int i = 0; i < sizeof(places) / 8; i++)
		REQUIRE_EQ(hv_set_debugreg(0, places[i]), EPERM_);
	REQUIRE_EQ(hv_set_debugreg(0, 0xffff800000000000), EPERM_);
	REQUIRE_EQ(hv_set_debugreg(0, 0x0000800000000000), EPERM_);
	REQUIRE_EQ(hv_set_debugreg(6, 1UL << 32), EINVAL_);
	REQUIRE_EQ(hv_set_debugreg(7, 1UL << 32), EINVAL_);
	REQUIRE_EQ(hv_set_debugreg(7, 0x2400), EPERM_);	/* GD */
	REQUIRE_EQ(hv_get_debugreg(0), 0);
}

/* 4 and 5 are other names of 6 and 7, unless debugging extensions are on. */
static void test_other_names(void)
{
	uint64_t cr4;

	REQUIRE_EQ(hv_set_debugreg(5, 0x000d0402), 0);
	REQUIRE_EQ(hv_get_debugreg(7) & ~0x400UL, 0x000d0002);
	reset();
	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	asm volatile("mov %0, %%cr4" : : "r"(cr4 | 8));
	const int64_t rc = hv_set_debugreg(4, DR6_IDLE);
	const int64_t got = hv_get_debugreg(4);

	asm volatile("mov %0, %%cr4" : : "r"(cr4));
	REQUIRE_EQ(rc, ENODEV_);
	REQUIRE(got < 0);
}

void target(uint64_t arg);
asm(".text\n.globl target\ntarget: nop\n	nop\n	ret\n");

static void test_instruction(void)
{
	REQUIRE_EQ(hv_set_debugreg(0, (uint64_t)target), 0);
	REQUIRE_EQ(hv_set_debugreg(7, DR7_IDLE | 1), 0);
	REQUIRE_EQ(trap_try(target, 0), TRAP_DB);
	REQUIRE_EQ(trap_last.rip, (uint64_t)target);
	REQUIRE_EQ(hv_get_debugreg(6) & 0xf, 1);
	reset();
	REQUIRE_EQ(trap_try(target, 0), NO_TRAP);
}

static bool resume_with_rf(struct pv_regs *regs)
{
	if (regs->vector != TRAP_DB)
		return false;
	regs->rflags |= 0x10000;
	data[0]++;
	return true;
}

/* RF in the frame gets past the breakpoint, once. */
static void test_resume_flag(void)
{
	data[0] = 0;
	REQUIRE_EQ(hv_set_debugreg(1, (uint64_t)target), 0);
	REQUIRE_EQ(hv_set_debugreg(7, DR7_IDLE | 4), 0);
	trap_hook = resume_with_rf;
	target(0);
	const uint64_t once = data[0];

	target(0);
	trap_hook = NULL;
	reset();
	REQUIRE_EQ(once, 1);
	REQUIRE_EQ(data[0], 2);
}

static void write_data(uint64_t index)
{
	*(volatile uint64_t *)&data[index] = 5;
	asm volatile("nop");
}

static void read_data(uint64_t index)
{
	(void)*(volatile uint64_t *)&data[index];
	asm volatile("nop");
}

static void test_data_write(void)
{
	/* register 2, write, 8 bytes */
	data[1] = 0;
	REQUIRE_EQ(hv_set_debugreg(2, (uint64_t)&data[1]), 0);
	REQUIRE_EQ(hv_set_debugreg(7, DR7_IDLE | 0x09000010), 0);
	REQUIRE_EQ(trap_try(write_data, 0), NO_TRAP);
	REQUIRE_EQ(trap_try(read_data, 1), NO_TRAP);
	hv_set_debugreg(6, DR6_IDLE);
	const int vector = trap_try(write_data, 1);
	const uint64_t dr6 = hv_get_debugreg(6);

	reset();
	REQUIRE_EQ(vector, TRAP_DB);
	REQUIRE_EQ(dr6 & 0xf, 4);
	REQUIRE_EQ(data[1], 5);		/* the store is done */
}

static void test_data_access(void)
{
	REQUIRE_EQ(hv_set_debugreg(3, (uint64_t)&data[0]), 0);
	REQUIRE_EQ(hv_set_debugreg(7, DR7_IDLE | 0xb0000040), 0);
	const int vector = trap_try(read_data, 0);
	const uint64_t dr6 = hv_get_debugreg(6);

	reset();
	REQUIRE_EQ(vector, TRAP_DB);
	REQUIRE_EQ(dr6 & 0xf, 8);
}

static void test_user_mode(void)
{
	REQUIRE_EQ(hv_set_debugreg(0, (uint64_t)target), 0);
	REQUIRE_EQ(hv_set_debugreg(7, DR7_IDLE | 1), 0);
	const int vector = user_call(target, 0);

	reset();
	REQUIRE_EQ(vector, TRAP_DB);
	REQUIRE_EQ(trap_last.rip, (uint64_t)target);
	REQUIRE_EQ(trap_last.cs & 3, 3);
}

/* A watchpoint that a hypercall's copy would hit does no harm. */
static void test_hypercall_touches(void)
{
	static char text[16];

	REQUIRE_EQ(hv_set_debugreg(0, (uint64_t)text), 0);
	REQUIRE_EQ(hv_set_debugreg(7, DR7_IDLE | 0x00030001), 0);
	const int64_t rc = hv_xen_version(1, text);

	reset();
	REQUIRE_EQ(rc, 0);
}

static uint64_t value;

static void mov_to_dr0(uint64_t v)
{
	asm volatile("mov %0, %%dr0" : : "r"(v));
}

static void mov_from_dr0(uint64_t arg)
{
	(void)arg;
	asm volatile("mov %%dr0, %0" : "=r"(value));
}

static void mov_to_dr7(uint64_t v)
{
	asm volatile("mov %0, %%dr7" : : "r"(v));
}

static void test_mov(void)
{
	REQUIRE_EQ(trap_try(mov_to_dr0, (uint64_t)target), NO_TRAP);
	REQUIRE_EQ(trap_try(mov_from_dr0, 0), NO_TRAP);
	REQUIRE_EQ(value, (uint64_t)target);
	REQUIRE_EQ(hv_get_debugreg(0), (uint64_t)target);
	REQUIRE_EQ(trap_try(mov_to_dr7, DR7_IDLE | 1), NO_TRAP);
	REQUIRE_EQ(trap_try(target, 0), TRAP_DB);
	reset();
	REQUIRE_EQ(trap_try(mov_to_dr0, 0xffff82d040200000), TRAP_GP);
	REQUIRE_EQ(hv_get_debugreg(0), 0);
}

const struct test tests[] = {
	TEST(set_and_get),
	TEST(refused),
	TEST(other_names),
	TEST(instruction),
	TEST(resume_flag),
	TEST(data_write),
	TEST(data_access),
	TEST(user_mode),
	TEST(hypercall_touches),
	TEST(mov),
	TESTS_END
};
