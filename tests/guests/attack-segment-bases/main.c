/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants a segment base that the CPU refuses to load: the
 * hypervisor writes FS and GS bases in ring 0, at the guest's word now and at
 * every switch of vCPUs later, where a fault is its own. It tries the hypercall,
 * WRMSR, the instructions of FSGSBASE, the context of a vCPU; and it loads every
 * selector there is into every segment register, by itself and by the call for
 * the user's GS.
 *
 * What must happen: what is not canonical is refused and the base stays; a
 * selector that is none of the guest's is a fault of the guest's or loads null.
 *
 * Class: PV entry and emulation (compare XSA-193, XSA-293). Same on Xen.
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

static const uint32_t base_msrs[3] = { 0xc0000100, 0xc0000102, 0xc0000101 };

static uint64_t good;		/* address of the word 0xfeed */
static uint32_t msr;
static uint64_t result;

static void write_msr(uint64_t value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value),
		     "d"((uint32_t)(value >> 32)));
}

static void read_msr(uint64_t nr)
{
	uint32_t lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"((uint32_t)nr));
	result = (uint64_t)hi << 32 | lo;
}

static void set_good(void)
{
	static uint64_t *page;

	if (!page) {
		page = page_alloc();
		page[0] = 0xfeed;
	}
	good = (uint64_t)page;
	for (int which = 0; which < 3; which++)
		hv_set_segment_base(which, good);
}

static bool bases_are_good(void)
{
	uint64_t fs, gs;

	asm volatile("movq %%fs:0, %0; movq %%gs:0, %1" : "=r"(fs), "=r"(gs));
	for (int which = 0; which < 3; which++)
		if (trap_try(read_msr, base_msrs[which]) != NO_TRAP ||
		    result != good)
			return false;
	return fs == 0xfeed && gs == 0xfeed;
}

/* Every distance from what is canonical. */
static uint64_t bad_address(unsigned int i)
{
	return i < 17 ? 1UL << (47 + i) : ~(1UL << (47 + i - 17));
}

#define NR_BAD 34

static void test_refused(void)
{
	set_good();
	for (unsigned int i = 0; i < NR_BAD; i++)
		for (int which = 0; which < 3; which++) {
			msr = base_msrs[which];
			REQUIRE_EQ(hv_set_segment_base(which, bad_address(i)),
				   EINVAL_);
			REQUIRE_EQ(trap_try(write_msr, bad_address(i)),
				   TRAP_GP);
		}
	REQUIRE(bases_are_good());
	for (uint64_t which = 4; which < 1UL << 40; which *= 3)
		REQUIRE_EQ(hv_set_segment_base(which, 0), EINVAL_);
	REQUIRE(bases_are_good());
}

/* The hypervisor's own addresses are canonical: they may be loaded, and give
 * nothing. */
static void load_fs0(uint64_t arg)
{
	(void)arg;
	asm volatile("movq %%fs:0, %0" : "=r"(result));
}

static void test_base_in_the_hypervisor(void)
{
	static const uint64_t places[] = { HYPERVISOR_PLACES };

	for (unsigned int i = 0; i < sizeof(places) / 8; i++) {
		REQUIRE_EQ(hv_set_segment_base(SEGBASE_FS, places[i]), 0);
		REQUIRE_EQ(trap_try(load_fs0, 0), TRAP_PF);
	}
	set_good();
}

static void wrfsbase(uint64_t value)
{
	asm volatile("wrfsbase %0" : : "r"(value));
}

static void wrgsbase(uint64_t value)
{
	asm volatile("wrgsbase %0" : : "r"(value));
}

static void write_cr4(uint64_t v)
{
	asm volatile("mov %0, %%cr4" : : "r"(v));
}

static uint64_t read_cr4(void)
{
	uint64_t v;

	asm volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}

/* The CPU checks; the hypervisor must take what it then finds. */
static void test_instructions(void)
{
	REQUIRE_EQ(trap_try(write_cr4, read_cr4() | 1UL << 16), NO_TRAP);
	if (trap_try(wrfsbase, good) == TRAP_UD)
		SKIP("no FSGSBASE on this machine");
	if (trap_try(wrfsbase, bad_address(0)) == NO_TRAP) {
		set_good();
		REQUIRE_INTACT();
		SKIP("QEMU's TCG lets WRFSBASE load anything");
	}
	for (unsigned int i = 0; i < NR_BAD; i++) {
		REQUIRE_EQ(trap_try(wrfsbase, bad_address(i)), TRAP_GP);
		REQUIRE_EQ(trap_try(wrgsbase, bad_address(i)), TRAP_GP);
	}
	REQUIRE(bases_are_good());
	/* extremes, across system calls and back */
	REQUIRE_EQ(trap_try(wrfsbase, 0x00007fffffffffff), NO_TRAP);
	REQUIRE_EQ(trap_try(wrgsbase, 0xffff800000000000), NO_TRAP);
	REQUIRE_INTACT();
	REQUIRE_EQ(trap_try(write_cr4, read_cr4() & ~(1UL << 16)), NO_TRAP);
	REQUIRE_EQ(trap_try(wrfsbase, good), TRAP_UD);
	set_good();
}

/* The user's GS by every selector. */
static uint64_t user_gs;

static void look_at_gs(uint64_t arg)
{
	uint16_t gs;

	(void)arg;
	asm volatile("mov %%gs, %0" : "=r"(gs));
	user_gs = gs;
	asm volatile("int $0x80");
}

static void test_user_gs_selector(void)
{
	for (uint64_t selector = 0; selector < 0x10000; selector += 5)
		REQUIRE_EQ(hv_set_segment_base(SEGBASE_GS_USER_SEL, selector),
			   0);
	for (uint64_t selector = 0xe000; selector < 0xe100; selector += 3) {
		REQUIRE_EQ(hv_set_segment_base(SEGBASE_GS_USER_SEL, selector),
			   0);
		REQUIRE_EQ(user_call(look_at_gs, 0), 0x80);
		REQUIRE(user_gs < 4 || (user_gs & 3) == 3);
	}
	REQUIRE_EQ(hv_set_segment_base(SEGBASE_GS_USER_SEL, 0), 0);
	set_good();
	REQUIRE(bases_are_good());
}

#define LOAD(reg)							\
	static void load_##reg(uint64_t selector)			\
	{								\
		asm volatile("mov %0, %%" #reg : : "r"((uint32_t)selector)); \
	}

LOAD(ds)
LOAD(es)
LOAD(fs)
LOAD(gs)
LOAD(ss)

static void test_selectors(void)
{
	static void (*const load[])(uint64_t) = {
		load_ds, load_es, load_fs, load_gs, load_ss,
	};

	for (uint64_t selector = 4; selector < 0x10000; selector++) {
		if (selector < 0xe000 && selector % 251)
			continue;
		if (selector > 0xe100 && selector % 61)
			continue;
		for (int i = 0; i < 5; i++) {
			const int vector = trap_try(load[i], selector);

			if (vector == NO_TRAP && selector > 0xe000)
				continue;
			REQUIRE_EQ(vector, TRAP_GP);
			REQUIRE_EQ(trap_last.error, selector & 0xfffc);
		}
	}
	for (int i = 0; i < 4; i++)
		REQUIRE_EQ(trap_try(load[i], 0), NO_TRAP);
	load_ss(FLAT_KERNEL_SS);
	set_good();
}

static volatile uint64_t turns;

static void other(uint64_t arg)
{
	(void)arg;
	for (;;) {
		turns++;
		hv_sched_op(SCHEDOP_yield, NULL);
	}
}

/* In a context each of these must be refused, or it is loaded at a switch. */
static void test_context(void)
{
	for (unsigned int i = 0; i < 3 * NR_BAD; i++) {
		struct vcpu_guest_context *c = smp_context(1, other, 0);
		uint64_t *const all[] = {
			&c->fs_base, &c->gs_base_kernel, &c->gs_base_user,
		};

		*all[i % 3] = bad_address(i / 3);
		REQUIRE_EQ(hv_vcpu_op(VCPUOP_initialise, 1, c), EINVAL_);
	}
	struct vcpu_guest_context *c = smp_context(1, other, 0);

	/* the hypervisor's selectors, which only a frame of its own may hold */
	c->user_regs.ds = 0xe010;
	c->user_regs.es = 0xe008;
	c->user_regs.fs = 0xe040;
	c->user_regs.gs = 0xe050;
	c->failsafe_callback_eip = (uint64_t)other;
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_initialise, 1, c), 0);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_up, 1, NULL), 0);
	for (const uint64_t end = now() + PATIENCE;
	     turns < 20 && now() < end;)
		hv_sched_op(SCHEDOP_yield, NULL);
	REQUIRE(turns >= 20);
	/* the switches did not cost us ours */
	REQUIRE(bases_are_good());
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(refused),
	TEST(base_in_the_hypervisor),
	TEST(instructions),
	TEST(user_gs_selector),
	TEST(selectors),
	TEST(context),
	TEST(all_works),
	TESTS_END
};
