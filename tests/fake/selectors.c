// SPDX-License-Identifier: BSD-2-Clause
/*
 * Segment registers and their bases, which all CPUs share. Null loads, and
 * what names the GDT in user mode; an LDT is never there.
 */
#include "lib/assert.h"
#include "machine.h"
#include "mm/addr.h"
#include "mm/guestcopy.h"
#include "x86/asm.h"
#include "x86/msr.h"
#include "xen/errno.h"

static uint64_t gs_base, kernel_gs_base, fs_base;

void fake_selectors_reset(void)
{
	gs_base = kernel_gs_base = fs_base = 0;
}

static int load(uint16_t selector)
{
	return selector & ~3u && (selector & 7) != 3 ? -EFAULT : 0;
}

int guest_load_ds(uint16_t selector)
{
	return load(selector);
}

int guest_load_es(uint16_t selector)
{
	return load(selector);
}

int guest_load_fs(uint16_t selector)
{
	return load(selector);
}

int guest_load_gs(uint16_t selector)
{
	return load(selector);
}

uint16_t read_ds(void)
{
	return 0;
}

uint16_t read_es(void)
{
	return 0;
}

uint16_t read_fs(void)
{
	return 0;
}

uint16_t read_gs(void)
{
	return 0;
}

static uint64_t *base_of(uint32_t msr)
{
	switch (msr) {
	case MSR_FS_BASE:
		return &fs_base;
	case MSR_GS_BASE:
		return &gs_base;
	case MSR_KERNEL_GS_BASE:
		return &kernel_gs_base;
	default:
		return NULL;
	}
}

/* Other registers are zero, and for no test to write. */
uint64_t rdmsr(uint32_t msr)
{
	const uint64_t *const base = base_of(msr);

	return base ? *base : 0;
}

void wrmsr(uint32_t msr, uint64_t value)
{
	uint64_t *const base = base_of(msr);

	ASSERT(base && is_canonical(value));
	*base = value;
}

void swapgs(void)
{
	const uint64_t active = gs_base;

	gs_base = kernel_gs_base;
	kernel_gs_base = active;
}
