/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the CPU can do, and the control registers that we set from it. All
 * CPUs are taken to be equal; one that lacks what the boot CPU has is not
 * started.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum cpu_word {
	CPUID_1C, /* leaf 1 ECX */
	CPUID_1D,
	CPUID_7B, /* leaf 7.0 */
	CPUID_7C,
	CPUID_7D,
	CPUID_D1A, /* leaf 0xd.1 EAX */
	CPUID_81C, /* leaf 0x80000001 ECX */
	CPUID_81D,
	CPUID_87D, /* leaf 0x80000007 EDX */
	CPUID_88B, /* leaf 0x80000008 EBX */
	CPUID_821A, /* leaf 0x80000021 EAX */
	CPUID_WORDS
};

#define CPU_FEATURE(word, bit) ((CPUID_##word) * 32 + (bit))
#define CPU_PCID CPU_FEATURE(1C, 17)
#define CPU_TSC_DEADLINE CPU_FEATURE(1C, 24)
#define CPU_XSAVE CPU_FEATURE(1C, 26)
#define CPU_HYPERVISOR CPU_FEATURE(1C, 31)
#define CPU_DE CPU_FEATURE(1D, 2)
#define CPU_MCE CPU_FEATURE(1D, 7)
#define CPU_PGE CPU_FEATURE(1D, 13)
#define CPU_PAT CPU_FEATURE(1D, 16)
#define CPU_FSGSBASE CPU_FEATURE(7B, 0)
#define CPU_SMEP CPU_FEATURE(7B, 7)
#define CPU_SMAP CPU_FEATURE(7B, 20)
#define CPU_UMIP CPU_FEATURE(7C, 2)
#define CPU_MD_CLEAR CPU_FEATURE(7D, 10)
#define CPU_IBRS_IBPB CPU_FEATURE(7D, 26)
#define CPU_STIBP CPU_FEATURE(7D, 27)
#define CPU_ARCH_CAPABILITIES CPU_FEATURE(7D, 29)
#define CPU_PAGE1GB CPU_FEATURE(81D, 26)
#define CPU_RDTSCP CPU_FEATURE(81D, 27)
#define CPU_INVARIANT_TSC CPU_FEATURE(87D, 8)

#define CPU_AMD_IBPB CPU_FEATURE(88B, 12)
#define CPU_AMD_STIBP CPU_FEATURE(88B, 15)
#define CPU_AUTO_IBRS CPU_FEATURE(821A, 8)

struct cpu_info {
	uint32_t features[CPUID_WORDS]; /* SMAP only if it is to be used */
	uint32_t max_leaf, max_extended_leaf;
	char vendor[13];
	char model_name[49];
	unsigned physical_bits; /* of a machine address */
	bool intel; /* the vendor */
	bool tcg; /* QEMU's emulation, not a CPU */
};

extern struct cpu_info cpu_info;
extern uint64_t cpu_cr4; /* what every CPU runs with, guest bits off */

#define cpu_has(feature)                                                   \
	((cpu_info.features[(feature) / 32] >> ((feature) % 32)) & 1)

void cpu_identify(void); /* boot CPU, first */
void cpu_init(void); /* each CPU: CR0, CR4, EFER, PAT */
/* This (other) CPU has all that cpu_info says; else names what lacks. */
bool cpu_matches(void);
