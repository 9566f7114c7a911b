/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See fpu.h. XRSTOR takes what a guest or a tool put into an area and may
 * refuse it; then the state is reset instead.
 */
#include "x86/fpu.h"

#include "core/domain.h"
#include "core/refusal.h"
#include "core/vcpu.h"
#include "lib/string.h"
#include "mm/guestcopy.h"
#include "mm/heap.h"
#include "pv/cpuid.h"
#include "pv/hypercall.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/msr.h"

#define XCR0_X87 1ull
#define XCR0_SSE 2ull
#define XCR0_AVX 4ull
#define XCR0_AVX512 0xe0ull
/* What we offer: protection keys and MPX are hidden from guests. */
#define XCR0_KNOWN (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512)

#define FXSAVE_SIZE 512

/* Power-on values: control word, MXCSR (Intel SDM volume 1, 10.5.1.2). */
#define FCW_OFFSET 0
#define MXCSR_OFFSET 24
#define FCW_INITIAL 0x37f
#define MXCSR_INITIAL 0x1f80

static uint64_t hardware_xcr0 = XCR0_X87 | XCR0_SSE;
static size_t area_size = FXSAVE_SIZE;

void fpu_init_cpu(void)
{
	clts();
	if (!cpu_has(CPU_XSAVE))
		return;
	if (this_cpu()->number == 0) {
		const struct cpuid leaf = cpuid(0xd, 0);

		hardware_xcr0 = ((uint64_t)leaf.d << 32 | leaf.a) & XCR0_KNOWN;
	}
	xsetbv(0, hardware_xcr0);
	this_cpu()->xcr0 = hardware_xcr0;
	if (this_cpu()->number == 0)
		area_size = cpuid(0xd, 0).b;
}

size_t fpu_area_size(void)
{
	return area_size;
}

uint64_t fpu_hardware_xcr0(void)
{
	return hardware_xcr0;
}

void *fpu_area(struct vcpu *v)
{
	return v->fpu;
}

void fpu_vcpu_reset(struct vcpu *v)
{
	char *const area = (char *)v->fpu;
	const uint16_t fcw = FCW_INITIAL;
	const uint32_t mxcsr = MXCSR_INITIAL;

	memset(area, 0, area_size);
	memcpy(area + FCW_OFFSET, &fcw, sizeof(fcw));
	memcpy(area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	v->xcr0 = XCR0_X87;
	v->loaded_on = 0;
}

int fpu_vcpu_create(struct vcpu *v)
{
	/* From the heap's whole pages if large, so aligned to 64 bytes. */
	v->fpu = heap_alloc(area_size < 2048 ? 2048 : area_size);
	if (!v->fpu)
		return -ENOMEM;
	fpu_vcpu_reset(v);
	return 0;
}

void fpu_vcpu_destroy(struct vcpu *v)
{
	heap_free(v->fpu);
	v->fpu = NULL;
}

static void load_xcr0(uint64_t xcr0)
{
	struct cpu *const cpu = this_cpu();

	if (cpu->xcr0 == xcr0 || !cpu_has(CPU_XSAVE))
		return;
	xsetbv(0, xcr0);
	cpu->xcr0 = xcr0;
}

void fpu_save(struct vcpu *v)
{
	if (v->virtual_ts)
		clts();
	if (!cpu_has(CPU_XSAVE)) {
		__asm__ volatile("fxsave64 %0" : "=m"(*(char(*)[512])v->fpu));
		return;
	}
	/* All that there is: the guest may have had more enabled before. */
	load_xcr0(hardware_xcr0);
	__asm__ volatile("xsave64 (%0)"
		:
		: "r"(v->fpu), "a"((uint32_t)hardware_xcr0),
		"d"((uint32_t)(hardware_xcr0 >> 32))
		: "memory");
}

void fpu_load(struct vcpu *v)
{
	clts();
	if (!cpu_has(CPU_XSAVE)) {
		__asm__ volatile("fxrstor64 %0" : : "m"(*(char(*)[512])v->fpu));
	} else {
		load_xcr0(hardware_xcr0);
		if (guest_xrstor(v->fpu, hardware_xcr0)) {
			const uint64_t xcr0 = v->xcr0;

			fpu_vcpu_reset(v);
			v->xcr0 = xcr0;
			guest_xrstor(v->fpu, hardware_xcr0);
		}
		load_xcr0(v->xcr0);
	}
	fpu_set_ts(v, v->virtual_ts);
}

void fpu_set_ts(struct vcpu *v, bool set)
{
	v->virtual_ts = set;
	if (set)
		write_cr0(read_cr0() | CR0_TS);
	else
		clts();
}

int fpu_set_xcr0(struct vcpu *v, uint64_t xcr0)
{
	if (!cpu_has(CPU_XSAVE) || !(xcr0 & XCR0_X87) ||
		(xcr0 & ~(hardware_xcr0 & cpuid_xcr0_allowed(v->domain))) ||
		guest_xsetbv(xcr0))
		return reject(-EINVAL, "XCR0 %lx: not allowed", xcr0);
	v->xcr0 = xcr0;
	this_cpu()->xcr0 = xcr0;
	return 0;
}

/* fpu_taskswitch(set): the guest's CR0.TS. */
int64_t hypercall_fpu_taskswitch(struct hypercall_args *a)
{
	fpu_set_ts(current, a->arg[0] != 0);
	return 0;
}
