/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants the hypervisor to trip over a breakpoint of the guest's:
 * addresses in the hypervisor's part of the address space, general detect
 * (every MOV DR of the hypervisor then faults), I/O breakpoints without CR4.DE,
 * the masks that some CPUs have for addresses. It tries the hypercall, MOV DR,
 * the MSRs, and the context of a new vCPU.
 *
 * What must happen: each is refused, the registers stay what they were; what a
 * context says of that kind refuses the context or is left out.
 *
 * Class: PV entry and emulation (compare XSA-42, XSA-444). Same on Xen, but
 * that it leaves bad addresses of a context out, where Shoji refuses it.
 *
 * Machine: 1 2
 */
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define DR7_IDLE 0x400UL
#define GENERAL_DETECT 0x2000UL
#define IS_FORBIDDEN(va) ((va) >= 0xffff800000000000 && \
			  (va) < 0xffff880000000000)

static const uint64_t forbidden[] = {
	HYPERVISOR_PLACES,
	0xffff800000000000, 0xffff800000000007, 0xffff803ffffffff8,
	0xffff820000000000, 0xffff82d040200000, 0xffff82d040400000,
	0xffff830000000000, 0xffff87fffffffff8, 0xffff87ffffffffff,
};
#define NR_FORBIDDEN (sizeof(forbidden) / sizeof(*forbidden))

#define MOV_TO(n)							\
	static void mov_to_dr##n(uint64_t value)			\
	{								\
		asm volatile("mov %0, %%dr" #n : : "r"(value));		\
	}

MOV_TO(0)
MOV_TO(1)
MOV_TO(2)
MOV_TO(3)
MOV_TO(5)
MOV_TO(7)

static void reset(void)
{
	hv_set_debugreg(7, DR7_IDLE);
	hv_set_debugreg(6, 0xffff0ff0);
	for (int i = 0; i < 4; i++)
		hv_set_debugreg(i, 0);
}

static void test_addresses(void)
{
	static void (*const mov[])(uint64_t) = {
		mov_to_dr0, mov_to_dr1, mov_to_dr2, mov_to_dr3,
	};

	for (unsigned int i = 0; i < 4 * NR_FORBIDDEN; i++) {
		const uint64_t va = forbidden[i / 4];

		REQUIRE_EQ(hv_set_debugreg(i % 4, va), EPERM_);
		REQUIRE_EQ(trap_try(mov[i % 4], va), TRAP_GP);
		REQUIRE_EQ(hv_get_debugreg(i % 4), 0);
	}
}

/* Enabled first, the address changed afterwards. */
static void test_addresses_while_enabled(void)
{
	REQUIRE_EQ(hv_set_debugreg(7, DR7_IDLE | 0xff), 0);
	for (unsigned int i = 0; i < 4 * NR_FORBIDDEN; i++)
		REQUIRE_EQ(hv_set_debugreg(i % 4, forbidden[i / 4]), EPERM_);
	for (int i = 0; i < 100; i++)
		REQUIRE_EQ(hv_xen_version(0, NULL), 4 << 16 | 17);
	reset();
}

static void test_general_detect(void)
{
	for (uint64_t others = 0; others < 0x100; others += 5) {
		const uint64_t value = DR7_IDLE | GENERAL_DETECT | others;

		REQUIRE_EQ(hv_set_debugreg(7, value), EPERM_);
		REQUIRE_EQ(trap_try(mov_to_dr7, value), TRAP_GP);
		/* the other name that it has without CR4.DE */
		REQUIRE_EQ(trap_try(mov_to_dr5, value), TRAP_GP);
	}
	REQUIRE_EQ(hv_set_debugreg(7, 1UL << 32 | DR7_IDLE), EINVAL_);
	REQUIRE_EQ(hv_set_debugreg(7, ~0UL), EINVAL_);
	REQUIRE_EQ(hv_get_debugreg(7) & ~DR7_IDLE, 0);
}

static uint64_t read_cr4(void)
{
	uint64_t v;

	asm volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}

static void write_cr4(uint64_t v)
{
	asm volatile("mov %0, %%cr4" : : "r"(v));
}

/* I/O breakpoints need CR4.DE, which then goes away under them. */
static void test_port_breakpoints(void)
{
	const uint64_t all = DR7_IDLE | 0xff | 0x22220000;

	for (unsigned int i = 0; i < 4; i++)
		REQUIRE_EQ(hv_set_debugreg(7, DR7_IDLE | 0x20000UL << 4 * i |
					   3UL << 2 * i), EPERM_);
	REQUIRE_EQ(trap_try(write_cr4, read_cr4() | 8), NO_TRAP);
	for (int i = 0; i < 4; i++)
		REQUIRE_EQ(hv_set_debugreg(i, 0x3f8 + i), 0);
	REQUIRE_EQ(hv_set_debugreg(7, all), 0);
	print("the hypervisor writes to these ports\n");
	REQUIRE_EQ(trap_try(write_cr4, read_cr4() & ~8UL), NO_TRAP);
	print("without DE, too\n");
	reset();
	REQUIRE_INTACT();
}

static void write_msr(uint64_t msr)
{
	asm volatile("wrmsr" : : "c"((uint32_t)msr), "a"(1), "d"(0));
}

/* Address masks of AMD's, and what Intel has for branches. */
static void test_msrs(void)
{
	static const uint32_t masks[] = {
		0xc0011027, 0xc0011019, 0xc001101a, 0xc001101b, 0x1d9,
	};

	for (unsigned int i = 0; i < sizeof(masks) / sizeof(*masks); i++)
		REQUIRE_EQ(trap_try(write_msr, masks[i]), TRAP_GP);
}

static volatile uint64_t its_dr[8], ran;

static void report(uint64_t arg)
{
	(void)arg;
	for (int i = 0; i < 8; i++)
		its_dr[i] = i == 4 || i == 5 ? 0 : hv_get_debugreg(i);
	ran = 1;
}

static void wait_for_it(void)
{
	for (const uint64_t end = now() + PATIENCE; !ran && now() < end;)
		hv_sched_op(SCHEDOP_yield, NULL);
}

/* A vCPU starts with these; the last context is one that may start. */
static void test_context(void)
{
	struct vcpu_guest_context *c = smp_context(1, report, 0);

	for (int i = 0; i < 4; i++)
		c->debugreg[i] = forbidden[i * 2];
	c->debugreg[7] = 0xff;
	int64_t rc = hv_vcpu_op(VCPUOP_initialise, 1, c);

	REQUIRE(rc == 0 || rc == EINVAL_);
	if (rc) {
		c = smp_context(1, report, 0);
		c->debugreg[0] = (uint64_t)user_stack;
		c->debugreg[7] = GENERAL_DETECT | 0xffffffff0000d8ff;
		REQUIRE_EQ(hv_vcpu_op(VCPUOP_initialise, 1, c), 0);
	}
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_up, 1, NULL), 0);
	wait_for_it();
	REQUIRE_EQ(ran, 1);
	for (int i = 0; i < 4; i++)
		REQUIRE(!IS_FORBIDDEN(its_dr[i]));
	REQUIRE_EQ(its_dr[7] & (GENERAL_DETECT | 0xffffffff00000000), 0);
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(addresses),
	TEST(addresses_while_enabled),
	TEST(general_detect),
	TEST(port_breakpoints),
	TEST(msrs),
	TEST(context),
	TEST(all_works),
	TESTS_END
};
