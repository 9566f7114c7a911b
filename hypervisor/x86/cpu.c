// SPDX-License-Identifier: BSD-2-Clause
/*
 * Features and control registers. What the boot CPU has is what is used; QEMU's
 * emulation is recognised by its CPUID signature, because before version
 * 10 its SMAP faults on an IRETQ in ring 3 that real CPUs allow.
 */
#include "x86/cpu.h"

#include "boot/cmdline.h"
#include "lib/log.h"
#include "lib/string.h"
#include "x86/asm.h"
#include "x86/harden.h"
#include "x86/msr.h"
#include "x86/percpu.h"

struct cpu_info cpu_info;
uint64_t cpu_cr4;

static void read_features(uint32_t f[CPUID_WORDS], uint32_t max_leaf,
	uint32_t max_extended)
{
	struct cpuid r = cpuid(1, 0);

	memset(f, 0, CPUID_WORDS * sizeof(f[0]));
	f[CPUID_1C] = r.c;
	f[CPUID_1D] = r.d;
	if (max_leaf >= 7) {
		r = cpuid(7, 0);
		f[CPUID_7B] = r.b;
		f[CPUID_7C] = r.c;
		f[CPUID_7D] = r.d;
	}
	if (max_leaf >= 0xd)
		f[CPUID_D1A] = cpuid(0xd, 1).a;
	r = cpuid(0x80000001, 0);
	f[CPUID_81C] = r.c;
	f[CPUID_81D] = r.d;
	if (max_extended >= 0x80000007)
		f[CPUID_87D] = cpuid(0x80000007, 0).d;
	if (max_extended >= 0x80000008)
		f[CPUID_88B] = cpuid(0x80000008, 0).b;
	if (max_extended >= 0x80000021)
		f[CPUID_821A] = cpuid(0x80000021, 0).a;
}

static void read_vendor(void)
{
	const struct cpuid r = cpuid(0, 0);

	cpu_info.max_leaf = r.a;
	memcpy(cpu_info.vendor, &r.b, 4);
	memcpy(cpu_info.vendor + 4, &r.d, 4);
	memcpy(cpu_info.vendor + 8, &r.c, 4);
	cpu_info.intel = !strcmp(cpu_info.vendor, "GenuineIntel");
	cpu_info.max_extended_leaf = cpuid(0x80000000, 0).a;
}

static void read_model(void)
{
	if (cpu_info.max_extended_leaf >= 0x80000004)
		for (unsigned i = 0; i < 3; i++) {
			const struct cpuid r = cpuid(0x80000002 + i, 0);

			memcpy(cpu_info.model_name + 16 * i, &r, 16);
		}
	cpu_info.physical_bits = 36;
	if (cpu_info.max_extended_leaf >= 0x80000008)
		cpu_info.physical_bits = cpuid(0x80000008, 0).a & 0xff;
}

static bool is_tcg(void)
{
	struct cpuid r;

	if (!cpu_has(CPU_HYPERVISOR))
		return false;
	r = cpuid(0x40000000, 0);
	return !memcmp(&r.b, "TCGTCGTCGTCG", 12);
}

static void choose_cr4(void)
{
	static const struct {
		uint16_t feature;
		uint32_t bit;
	} wanted[] = {
		{CPU_DE, CR4_DE},
		{CPU_MCE, CR4_MCE},
		{CPU_PGE, CR4_PGE},
		{CPU_XSAVE, CR4_OSXSAVE},
		{CPU_SMEP, CR4_SMEP},
		{CPU_SMAP, CR4_SMAP},
		{CPU_UMIP, CR4_UMIP},
		{CPU_PCID, CR4_PCIDE},
	};

	cpu_cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (cpu_has(wanted[i].feature))
			cpu_cr4 |= wanted[i].bit;
}

void cpu_identify(void)
{
	read_vendor();
	read_features(cpu_info.features, cpu_info.max_leaf,
		cpu_info.max_extended_leaf);
	read_model();
	cpu_info.tcg = is_tcg();
	if (options.smap == CHOICE_OFF ||
		(options.smap == CHOICE_AUTO && cpu_info.tcg))
		cpu_info.features[CPU_SMAP / 32] &= ~(1u << CPU_SMAP % 32);
	choose_cr4();
	log_info("cpu: %s, signature %#x%s",
		cpu_info.model_name[0] ? cpu_info.model_name : cpu_info.vendor,
		cpuid(1, 0).a, cpu_info.tcg ? ", emulated by QEMU" : "");
}

void cpu_init(void)
{
	write_cr0(CR0_PG | CR0_WP | CR0_AM | CR0_NE | CR0_ET | CR0_MP | CR0_PE);
	write_cr4(cpu_cr4);
	this_cpu()->cr4 = cpu_cr4;
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	if (cpu_has(CPU_PAT))
		wrmsr(MSR_PAT, PAT_VALUE);
	harden_init_cpu();
	write_dr7(0x400);
}

bool cpu_matches(void)
{
	uint32_t f[CPUID_WORDS];

	read_features(f, cpuid(0, 0).a, cpuid(0x80000000, 0).a);
	/* These bits show what CR4 holds at the moment, not what there is. */
	f[CPUID_1C] |= 1u << 27;
	f[CPUID_7C] |= 1u << 4;
	for (unsigned i = 0; i < CPUID_WORDS; i++)
		if (cpu_info.features[i] & ~f[i]) {
			log_error("cpu%u: lacks features of CPU 0, word %u "
				  "bits %#x", this_cpu()->number, i,
				cpu_info.features[i] & ~f[i]);
			return false;
		}
	return true;
}
