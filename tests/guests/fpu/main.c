/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves what survives a switch between two vCPUs that share one CPU: x87, SSE
 * and (with XSAVE) AVX registers, segment selectors and bases; that a new
 * vCPU starts with clean registers; fpu_taskswitch and #NM per vCPU; and that
 * a selector that can no longer be loaded ends in the failsafe callback.
 *
 * Machine: 1 2
 */
#include <xen/callback.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

struct fxsave {
	uint16_t fcw, fsw;
	uint8_t ftw, pad;
	uint16_t fop;
	uint64_t fip, fdp;
	uint32_t mxcsr, mxcsr_mask;
	uint64_t st[16];
	uint64_t xmm[32];
	uint64_t rest[12];
} __attribute__((aligned(64)));

static volatile uint64_t turns, stop, bad, started;
static struct fxsave fresh;
static uint64_t fresh_fs;

static void fxsave(struct fxsave *to)
{
	asm volatile("fxsave64 %0" : "=m"(*to));
}

static void fxrstor(const struct fxsave *from)
{
	asm volatile("fxrstor64 %0" : : "m"(*from));
}

static void fill(struct fxsave *state, uint64_t seed)
{
	fxsave(state);
	state->fcw = seed & 1 ? 0x37f : 0x27f;
	state->mxcsr = seed & 1 ? 0x1f80 : 0x3f80;
	state->ftw = 0xff;
	for (int i = 0; i < 16; i += 2) {
		state->st[i] = 0x8000000000000000 + seed * 1000 + i;
		state->st[i + 1] = 0x3fff;
	}
	for (int i = 0; i < 32; i++)
		state->xmm[i] = seed * 0x0101010101 + i;
}

static bool same(const struct fxsave *a, const struct fxsave *b)
{
	if (a->fcw != b->fcw || a->mxcsr != b->mxcsr)
		return false;
	for (int i = 0; i < 16; i += 2)
		if (a->st[i] != b->st[i])
			return false;
	for (int i = 0; i < 32; i++)
		if (a->xmm[i] != b->xmm[i])
			return false;
	return true;
}

static void yield(void)
{
	hv_sched_op(SCHEDOP_yield, NULL);
}

/* Yields until the other vCPU has had a turn. */
static bool other_ran(void)
{
	const uint64_t was = turns, end = now() + PATIENCE;

	while (turns == was) {
		yield();
		if (now() > end)
			return false;
	}
	return true;
}

static uint64_t read_cr4(void)
{
	uint64_t cr4;

	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	return cr4;
}

static void set_xcr0(uint64_t value)
{
	asm volatile("mov %0, %%cr4" : : "r"(read_cr4() | 1UL << 18));
	asm volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"(0));
}

static void read_ymm(uint64_t to)
{
	asm volatile("vmovdqu %%ymm0, (%0); vmovdqu %%ymm15, 32(%0)"
		     : : "r"(to) : "memory");
}

static uint64_t zeros[4];

static void second_avx(void)
{
	set_xcr0(7);
	while (!stop) {
		asm volatile("vmovdqu (%0), %%ymm0; vmovdqu (%0), %%ymm15"
			     : : "r"(zeros));
		turns++;
		yield();
	}
	stop = 2;
}

static void second(uint64_t arg)
{
	static struct fxsave state, got;

	(void)arg;
	fxsave(&fresh);
	asm volatile("mov %%fs, %0" : "=r"(fresh_fs));
	started = 1;
	fill(&state, 2);
	fxrstor(&state);
	while (!stop) {
		turns++;
		yield();
		fxsave(&got);
		if (!same(&state, &got))
			bad++;
	}
	stop = 2;
	smp_stop();
	second_avx();
}

static void test_fresh_vcpu(void)
{
	static struct fxsave mine;

	fill(&mine, 1);
	fxrstor(&mine);
	REQUIRE_EQ(smp_start(1, second, 0), 0);
	for (const uint64_t end = now() + PATIENCE; !started && now() < end;)
		yield();
	REQUIRE(started);
	REQUIRE_EQ(fresh.fcw, 0x37f);
	REQUIRE_EQ(fresh.mxcsr, 0x1f80);
	for (int i = 0; i < 32; i++)
		REQUIRE_EQ(fresh.xmm[i], 0);
	REQUIRE_EQ(fresh_fs, 0);
}

static void test_x87_and_sse(void)
{
	static struct fxsave mine, got;

	fill(&mine, 1);
	fxrstor(&mine);
	for (int i = 0; i < 200; i++) {
		REQUIRE(other_ran());
		fxsave(&got);
		REQUIRE(same(&mine, &got));
	}
	REQUIRE_EQ(bad, 0);
}

static void fninit(uint64_t arg)
{
	(void)arg;
	asm volatile("fninit");
}

/* TS on this vCPU is none of the other's business: it takes no #NM. */
static void test_taskswitch(void)
{
	static struct fxsave mine, got;

	fill(&mine, 3);
	fxrstor(&mine);
	for (int i = 0; i < 20; i++) {
		REQUIRE_EQ(hv_fpu_taskswitch(1), 0);
		REQUIRE_EQ(trap_try(fninit, 0), TRAP_NM);
		REQUIRE(other_ran());
		REQUIRE_EQ(hv_fpu_taskswitch(0), 0);
		fxsave(&got);
		REQUIRE(same(&mine, &got));
	}
	REQUIRE_EQ(trap_try(fninit, 0), NO_TRAP);
	REQUIRE_EQ(bad, 0);
}

static void write_fs_base(uint64_t base)
{
	hv_set_segment_base(SEGBASE_FS, base);
}

static void test_bases(void)
{
	uint64_t *page = page_alloc(), value;

	page[0] = 0x77;
	write_fs_base((uint64_t)page);
	hv_set_segment_base(SEGBASE_GS_KERNEL, (uint64_t)page);
	for (int i = 0; i < 20; i++) {
		REQUIRE(other_ran());
		asm volatile("movq %%fs:0, %0" : "=r"(value));
		REQUIRE_EQ(value, 0x77);
		asm volatile("movq %%gs:0, %0" : "=r"(value));
		REQUIRE_EQ(value, 0x77);
	}
}

#define DATA_DPL3 0x00cff3000000ffffUL

static uint64_t *gdt;

static void test_selectors(void)
{
	gdt = page_alloc();
	gdt[1] = DATA_DPL3;
	REQUIRE_EQ(pt_protect(gdt, false), 0);
	const uint64_t frame = pv_frame(gdt);

	REQUIRE_EQ(hv_set_gdt(&frame, 16), 0);
	uint32_t ds = 0x0b, es = FLAT_KERNEL_SS, got_ds, got_es;

	asm volatile("mov %0, %%ds; mov %1, %%es" : : "r"(ds), "r"(es));
	for (int i = 0; i < 20; i++) {
		REQUIRE(other_ran());
		asm volatile("mov %%ds, %0; mov %%es, %1"
			     : "=r"(got_ds), "=r"(got_es));
		REQUIRE_EQ(got_ds, ds);
		REQUIRE_EQ(got_es, es);
	}
}

static void wait_turns(uint64_t arg)
{
	(void)arg;
	for (int i = 0; i < 100; i++)
		other_ran();
}

/* The next switch may come with the call itself. */
static void lose_descriptor(uint64_t address)
{
	if (hv_update_descriptor(address, 0) == 0)
		wait_turns(0);
}

/* DS names a descriptor that goes away while we are switched out. */
static void test_failsafe(void)
{
	REQUIRE_EQ(callback(CALLBACKTYPE_failsafe, 0, failsafe_entry), 0);
	const int vector = trap_try(lose_descriptor, machine_address(&gdt[1]));
	uint32_t ds;

	asm volatile("mov %%ds, %0" : "=r"(ds));
	asm volatile("mov %0, %%es" : : "r"(0));
	REQUIRE_EQ(vector, TRAP_FAILSAFE);
	REQUIRE_EQ(failsafe_frame.ds & 0xffff, 0x0b);
	REQUIRE_EQ(failsafe_frame.es & 0xffff, FLAT_KERNEL_SS);
	REQUIRE_EQ(failsafe_frame.cs & 3, 0);
	REQUIRE(failsafe_frame.rip >= (uint64_t)pv_image &&
		failsafe_frame.rip < (uint64_t)pv_image_end);
	REQUIRE_EQ(ds, 0);
	REQUIRE_EQ(hv_set_gdt(NULL, 0), 0);
}

static void test_second_ends(void)
{
	stop = 1;
	for (const uint64_t end = now() + PATIENCE;
	     stop != 2 && now() < end;)
		yield();
	REQUIRE_EQ(stop, 2);
	REQUIRE_EQ(bad, 0);
	REQUIRE(smp_wait_down(1));
}

static uint64_t cpuid_1_ecx(void)
{
	uint32_t a = 1, b, c = 0, d;

	asm volatile(XEN_CPUID : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c;
}

static void test_avx(void)
{
	static uint64_t want[8], got[8];
	const uint64_t ecx = cpuid_1_ecx();

	if (!(ecx & 1 << 26) || !(ecx & 1 << 28))
		SKIP("no AVX on this machine");
	REQUIRE_EQ(trap_try(set_xcr0, 7), NO_TRAP);
	for (int i = 0; i < 8; i++)
		want[i] = 0x123456789abcdef * (i + 1);
	asm volatile("vmovdqu (%0), %%ymm0; vmovdqu 32(%0), %%ymm15"
		     : : "r"(want));
	stop = 0;
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_up, 1, NULL), 0);
	for (int i = 0; i < 100; i++) {
		REQUIRE(other_ran());
		read_ymm((uint64_t)got);
		REQUIRE_EQ(memcmp(got, want, sizeof(got)), 0);
	}
	stop = 1;
	for (const uint64_t end = now() + PATIENCE;
	     stop != 2 && now() < end;)
		yield();
	REQUIRE_EQ(stop, 2);
}

const struct test tests[] = {
	TEST(fresh_vcpu),
	TEST(x87_and_sse),
	TEST(taskswitch),
	TEST(bases),
	TEST(selectors),
	TEST(failsafe),
	TEST(second_ends),
	TEST(avx),
	TESTS_END
};
