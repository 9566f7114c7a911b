/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See guestmsr.h. What is not listed does not exist for a guest: #GP, which
 * Linux survives. Nothing of a listed register reaches the hardware but the
 * segment bases.
 */
#include "pv/guestmsr.h"

#include "core/domain.h"
#include "core/vcpu.h"
#include "pv/hypercall.h"
#include "pv/segment.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/msr.h"

/* From CPUID leaf base + 2: write a frame number to get hypercall stubs. */
#define MSR_HYPERCALL_PAGE 0x40000000

/* Registers that read as a constant and ignore the same value written. */
static bool read_constant(const struct vcpu *v, uint32_t msr, uint64_t *value)
{
	switch (msr) {
	case MSR_APIC_BASE:
		*value = 0xfee00000 | APIC_BASE_ENABLE |
			(v->id == 0 ? APIC_BASE_BSP : 0);
		return true;
	case MSR_PAT:
		*value = PAT_VALUE;
		return true;
	case MSR_EFER:
		*value = rdmsr(MSR_EFER) & ~(uint64_t)EFER_SVME;
		return true;
	case MSR_MICROCODE:
	case MSR_PLATFORM_ID:
	case MSR_FEATURE_CONTROL:
	case MSR_PLATFORM_INFO:
	case MSR_MISC_FEATURES:
	case MSR_MCG_CAP:
	case MSR_MCG_STATUS:
		*value = 0;
		return true;
	case MSR_MISC_ENABLE:
		if (!cpu_info.intel)
			return false;
		*value = rdmsr(MSR_MISC_ENABLE);
		return true;
	default:
		return false;
	}
}

bool guestmsr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	switch (msr) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
		*value = rdmsr(msr);
		return true;
	case MSR_TSC:
		*value = rdtsc();
		return true;
	case MSR_TSC_AUX:
		*value = v->tsc_aux;
		return cpu_has(CPU_RDTSCP);
	default:
		return read_constant(v, msr, value);
	}
}

bool guestmsr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	uint64_t constant;

	switch (msr) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
		if (!is_canonical(value))
			return false;
		wrmsr(msr, value);
		return true;
	case MSR_TSC_AUX:
		if (!cpu_has(CPU_RDTSCP) || value >> 32)
			return false;
		v->tsc_aux = (uint32_t)value;
		wrmsr(MSR_TSC_AUX, value);
		return true;
	case MSR_MICROCODE:
		return true;
	case MSR_HYPERCALL_PAGE:
		/* Named by machine frame: a PV guest's frame number here. */
		return !hypercall_page_install(v->domain, paddr_mfn(value));
	default:
		return read_constant(v, msr, &constant) && constant == value;
	}
}
