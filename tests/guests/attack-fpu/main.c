/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants an FPU fault in the hypervisor, which saves and loads the
 * state of its vCPUs in ring 0: exceptions that are pending when a vCPU is
 * switched away, MXCSR bits and XSAVE headers that do not exist, XCR0 values
 * that the CPU refuses or the guest may not have, TS set at odd moments. Two
 * vCPUs share a CPU, so every yield is a save and a load.
 *
 * What must happen: what the CPU refuses is #GP for the guest and changes
 * nothing; a pending exception stays pending and its owner's; the other vCPU
 * never sees any of it.
 *
 * Class: PV entry and emulation (compare XSA-52, XSA-53, XSA-172). Same on Xen;
 * QEMU's TCG takes MXCSR bits and headers that CPUs refuse.
 *
 * Machine: 1 2
 */
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

static volatile uint64_t turns, bad;

/* Its own FPU stays as it is, whatever the first vCPU does. */
static void second(uint64_t arg)
{
	const uint32_t mxcsr = 0x3f80;
	const uint16_t control = 0x27f;
	uint32_t got;
	uint16_t got_control, status;

	(void)arg;
	asm volatile("fninit; fldcw %0; ldmxcsr %1" : : "m"(control),
		     "m"(mxcsr));
	for (;;) {
		turns++;
		hv_sched_op(SCHEDOP_yield, NULL);
		asm volatile("stmxcsr %0; fnstcw %1; fnstsw %2"
			     : "=m"(got), "=m"(got_control), "=m"(status));
		if (got != mxcsr || got_control != control || (status & 0x80))
			bad++;
	}
}

/* The other vCPU has run, so our state was saved and loaded. */
static bool switched(void)
{
	const uint64_t was = turns, end = now() + PATIENCE;

	while (turns == was) {
		hv_sched_op(SCHEDOP_yield, NULL);
		if (now() > end)
			return false;
	}
	return bad == 0;
}

static void test_start(void)
{
	REQUIRE_EQ(smp_start(1, second, 0), 0);
	REQUIRE(switched());
}

static void wait_for_error(uint64_t arg)
{
	(void)arg;
	asm volatile("fwait");
}

/* 1/0 with that exception enabled: the next FPU instruction that waits takes
 * it. That must not be one of the hypervisor's. */
static void test_pending_exception(void)
{
	const uint16_t control = 0x37b;

	for (int i = 0; i < 50; i++) {
		asm volatile("fninit; fldcw %0; fld1; fldz; fdivrp"
			     : : "m"(control));
		REQUIRE_EQ(hv_xen_version(0, NULL), 4 << 16 | 17);
		REQUIRE(switched());
		REQUIRE_EQ(trap_try(wait_for_error, 0), TRAP_MF);
		asm volatile("fnclex; fninit");
	}
}

static void load_mxcsr(uint64_t value)
{
	const uint32_t word = value;

	asm volatile("ldmxcsr %0" : : "m"(word));
}

static void test_mxcsr(void)
{
	for (unsigned int bit = 16; bit < 32; bit++) {
		const int vector = trap_try(load_mxcsr, 0x1f80 | 1u << bit);

		REQUIRE(vector == TRAP_GP || vector == NO_TRAP);
		REQUIRE(switched());
	}
	load_mxcsr(0x1f80);
}

struct image {
	uint8_t bytes[4096];
} __attribute__((aligned(64)));

static struct image image, good;

static void fxrstor(uint64_t from)
{
	asm volatile("fxrstor64 (%0)" : : "r"(from));
}

static void xrstor(uint64_t from)
{
	asm volatile("xrstor64 (%0)" : : "r"(from), "a"(~0u), "d"(~0u));
}

/* Images of any content: taken or refused, and saved and loaded then. */
static void test_images(void)
{
	static const uint8_t patterns[] = { 0xff, 0x55, 0xaa, 0x80, 0x01 };

	asm volatile("fninit; fxsave64 %0" : "=m"(good));
	for (unsigned int i = 0; i < sizeof(patterns); i++) {
		memset(&image, patterns[i], sizeof(image));
		int vector = trap_try(fxrstor, (uint64_t)&image);

		REQUIRE(vector == NO_TRAP || vector == TRAP_GP);
		REQUIRE(switched());
		vector = trap_try(xrstor, (uint64_t)&image);
		REQUIRE(vector == NO_TRAP || vector == TRAP_GP ||
			vector == TRAP_UD);
		REQUIRE(switched());
		/* the header alone, of a sound image */
		memcpy(&image, &good, 512);
		vector = trap_try(xrstor, (uint64_t)&image);
		REQUIRE(vector == NO_TRAP || vector == TRAP_GP ||
			vector == TRAP_UD);
		REQUIRE(switched());
		asm volatile("fnclex; fninit");
		fxrstor((uint64_t)&good);
		load_mxcsr(0x1f80);
	}
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

static uint32_t index;

static void xsetbv(uint64_t value)
{
	asm volatile("xsetbv" : : "c"(index), "a"((uint32_t)value),
		     "d"((uint32_t)(value >> 32)));
}

static uint64_t xgetbv(void)
{
	uint32_t lo, hi;

	asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}

/* What XCR0 may hold: x87 always, SSE, AVX with SSE, AVX-512 as a whole. */
static bool sane(uint64_t xcr0)
{
	const uint64_t avx512 = xcr0 & 0xe0;

	return (xcr0 & 1) && !((xcr0 & 4) && !(xcr0 & 2)) &&
	       (!avx512 || (avx512 == 0xe0 && (xcr0 & 4)));
}

static void test_xcr0(void)
{
	REQUIRE_EQ(trap_try(write_cr4, read_cr4() | 1UL << 18), NO_TRAP);
	if (trap_try(xsetbv, 3) == TRAP_UD)
		SKIP("no XSAVE on this machine");
	for (uint64_t value = 0; value < 1024; value++) {
		const uint64_t was = xgetbv();
		const int vector = trap_try(xsetbv, value);

		if (vector == NO_TRAP)
			REQUIRE(sane(value) || (value & 0x318));
		else
			REQUIRE_EQ(vector, TRAP_GP);
		REQUIRE_EQ(xgetbv(), vector == NO_TRAP ? value : was);
		if (value % 64 == 0)
			REQUIRE(switched());
	}
	for (unsigned int bit = 10; bit < 64; bit++) {
		REQUIRE_EQ(trap_try(xsetbv, 3 | 1UL << bit), TRAP_GP);
		if (bit < 32) {
			index = 1u << bit;
			REQUIRE_EQ(trap_try(xsetbv, 3), TRAP_GP);
			index = 0;
		}
	}
	REQUIRE_EQ(trap_try(xsetbv, 1), NO_TRAP);
	REQUIRE(switched());
	REQUIRE_EQ(user_call(xsetbv, 3), TRAP_GP);
	REQUIRE_EQ(xgetbv(), 1);
	REQUIRE_EQ(trap_try(xsetbv, 3), NO_TRAP);
}

static void use_fpu(uint64_t arg)
{
	(void)arg;
	asm volatile("fnop");
}

/* TS, with an exception pending and the vCPU switched in between. */
static void test_ts(void)
{
	const uint16_t control = 0x37b;

	for (int i = 0; i < 30; i++) {
		asm volatile("fninit; fldcw %0; fld1; fldz; fdivrp"
			     : : "m"(control));
		REQUIRE_EQ(hv_fpu_taskswitch(1), 0);
		REQUIRE(switched());
		REQUIRE_EQ(trap_try(use_fpu, 0), TRAP_NM);
		REQUIRE_EQ(hv_fpu_taskswitch(0), 0);
		REQUIRE_EQ(trap_try(wait_for_error, 0), TRAP_MF);
		asm volatile("fnclex; fninit");
	}
}

static void test_all_works(void)
{
	REQUIRE(switched());
	REQUIRE_EQ(bad, 0);
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(start),
	TEST(pending_exception),
	TEST(mxcsr),
	TEST(images),
	TEST(xcr0),
	TEST(ts),
	TEST(all_works),
	TESTS_END
};
