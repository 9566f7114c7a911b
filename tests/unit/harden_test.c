// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which protections a CPU asks for, by what it says about itself: CPUs as they
 * are, with old and new microcode. What is chosen shows in the patched code
 * and in the registers that are written.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/cmdline.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "mm/paging.h"
#include "suite.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/harden.h"
#include "x86/msr.h"
#include "x86/percpu.h"

/* What the file needs of others */

struct cpu_info cpu_info;
uint64_t cpu_cr4;
struct options options;
cpumask_t cpus_online = { 1 };
paddr_t idle_cr3;
uint64_t tlb_keep;

static uint64_t caps, spec_ctrl, efer, barriers;

uint64_t rdmsr(uint32_t msr)
{
	CHECK(msr == MSR_ARCH_CAPABILITIES || msr == MSR_EFER);
	if (msr == MSR_EFER)
		return efer;
	CHECK(cpu_has(CPU_ARCH_CAPABILITIES));
	return caps;
}

void wrmsr(uint32_t msr, uint64_t value)
{
	switch (msr) {
	case MSR_SPEC_CTRL: spec_ctrl = value; break;
	case MSR_EFER: efer = value; break;
	case MSR_PRED_CMD:
		CHECK_EQUAL(value, PRED_CMD_IBPB);
		barriers++;
		break;
	default: CHECK(!"a known register");
	}
}

struct cpu *cpu_of(unsigned number)
{
	static struct cpu cpu;

	(void)number;
	return &cpu;
}

struct wx paging_check(paddr_t root)
{
	(void)root;
	return (struct wx){ .pages = 1 };
}

void log_line(enum log_level level, const char *format, ...)
{
	(void)level;
	(void)format;
}

void assert_failed(const char *condition, const char *file, int line)
{
	printf("assertion %s, %s:%d\n", condition, file, line);
	abort();
}

/* Pieces of code, one for each feature, of different sizes; the table's end is
 * a symbol of its own. */
static uint8_t code[PATCHES][96];

struct patch {
	uint8_t *at;
	uint32_t size, feature;
};

#define PATCH(n) { code[n], 3 + 20 * (n), n }
extern const struct patch patches[PATCHES];
const struct patch patches[PATCHES] = {
	PATCH(0), PATCH(1), PATCH(2), PATCH(3), PATCH(4)};
__asm__(".globl patches_end; .set patches_end, patches + 80");

/* CPUs */

static void cpu(bool intel)
{
	memset(&cpu_info, 0, sizeof(cpu_info));
	memset(code, 0x90, sizeof(code));
	options = (struct options){ 0 };
	cpu_info.intel = intel;
	cpu_cr4 = CR4_PAE | CR4_PGE;
	caps = spec_ctrl = efer = barriers = 0;
}

static void has(unsigned feature)
{
	cpu_info.features[feature / 32] |= 1u << feature % 32;
}

/* A jump over all of the piece, or nothing changed. */
static void is_on(unsigned feature, bool on)
{
	const uint8_t *const at = code[feature];

	for (unsigned i = 2; i < sizeof(code[0]); i++)
		CHECK_EQUAL(at[i], 0x90);
	if (on)
		CHECK(at[0] == 0x90 && at[1] == 0x90);
	else
		CHECK(at[0] == 0xeb && at[1] + 2u == 3 + 20 * feature);
}

static void chosen(bool isolated, bool retpoline, bool verw)
{
	harden_init();
	harden_init_cpu();
	harden_switch();
	is_on(PATCH_ISOLATED, isolated);
	CHECK_EQUAL(entry_isolated, isolated);
	CHECK_EQUAL(!(cpu_cr4 & CR4_PGE), isolated);
	is_on(PATCH_RETPOLINE, retpoline);
	is_on(PATCH_VERW, verw);
	is_on(PATCH_SMAP, cpu_has(CPU_SMAP));
}

static void old_intel(void)
{
	cpu(true);
	chosen(true, true, false);
	CHECK(!spec_ctrl && !efer && !barriers);
	/* The microcode of 2019 */
	cpu(true);
	has(CPU_IBRS_IBPB);
	has(CPU_STIBP);
	has(CPU_MD_CLEAR);
	has(CPU_SMAP);
	chosen(true, true, true);
	CHECK_EQUAL(spec_ctrl, SPEC_CTRL_STIBP);
	CHECK_EQUAL(barriers, 1);
}

static void new_intel(void)
{
	/* Cascade Lake: no Meltdown, enhanced IBRS, no MDS */
	cpu(true);
	has(CPU_IBRS_IBPB);
	has(CPU_STIBP);
	has(CPU_MD_CLEAR);
	has(CPU_ARCH_CAPABILITIES);
	caps = ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_MDS_NO;
	chosen(false, false, false);
	CHECK_EQUAL(spec_ctrl, SPEC_CTRL_STIBP | SPEC_CTRL_IBRS);
	/* One that has the register, but says none of it */
	caps = spec_ctrl = 0;
	memset(code, 0x90, sizeof(code));
	cpu_cr4 |= CR4_PGE;
	chosen(true, true, true);
}

static void amd(void)
{
	cpu(false);
	has(CPU_AMD_IBPB);
	has(CPU_AMD_STIBP);
	chosen(false, true, false);
	CHECK_EQUAL(spec_ctrl, SPEC_CTRL_STIBP);
	CHECK_EQUAL(barriers, 1);
	CHECK_EQUAL(efer, 0);
	/* Zen 4 */
	cpu(false);
	has(CPU_AUTO_IBRS);
	efer = EFER_NXE;
	chosen(false, false, false);
	CHECK_EQUAL(efer, EFER_NXE | EFER_AIBRSE);
}

static void by_option(void)
{
	cpu(false);
	options.xpti = CHOICE_ON;
	chosen(true, true, false);
	cpu(true);
	options.xpti = CHOICE_OFF;
	chosen(false, true, false);
}

SUITE({ "hardening: Intel of old", old_intel },
	{ "hardening: newer Intel", new_intel }, { "hardening: AMD", amd },
	{ "hardening: xpti=", by_option })
