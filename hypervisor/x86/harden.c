// SPDX-License-Identifier: BSD-2-Clause
/*
 * Protections that the CPU has, or needs: which are on and why the others are
 * not. docs/hardening.md has the table.
 */
#include "x86/harden.h"

#include "boot/cmdline.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "mm/tlb.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/msr.h"
#include "x86/percpu.h"

/* Of a view: code of entry.S, a window, its GDT and LDT. */
#define VIEW_PAGES (4 + 11 + 32)

bool entry_isolated;

/* A piece of entry.S; image.lds collects them. */
struct patch {
	uint8_t *at;
	uint32_t size; /* 2 to 127 */
	uint32_t feature; /* PATCH_ */
};

extern const struct patch patches[], patches_end[];
static bool patch_on[PATCHES];
static uint64_t spec_ctrl; /* of every CPU, for good */
static bool ibpb;

static const char none[] = "this CPU has none";
static const char needless[] = "this CPU does not need it";

static void say(const char *name, bool on, const char *why_not)
{
	log_info("hardening: %s %s%s", name, on ? "yes" : "no, ",
		on ? "" : why_not);
}

/* Each piece of code for something that is off becomes a jump over itself. */
static void patch(void)
{
	const struct patch *p;

	for (p = patches; p < patches_end; p++)
		if (!patch_on[p->feature]) {
			p->at[0] = 0xeb;
			p->at[1] = (uint8_t)(p->size - 2);
		}
}

void harden_init(void)
{
	const uint64_t caps = cpu_has(CPU_ARCH_CAPABILITIES) ?
		rdmsr(MSR_ARCH_CAPABILITIES) : 0;

	entry_isolated = options.xpti == CHOICE_AUTO ?
		cpu_info.intel && !(caps & ARCH_CAP_RDCL_NO) :
		options.xpti == CHOICE_ON;
	/* A global translation would outlive the change of roots. */
	if (entry_isolated)
		cpu_cr4 &= ~(uint64_t)CR4_PGE;
	if (options.pcid == CHOICE_OFF)
		cpu_cr4 &= ~(uint64_t)CR4_PCIDE;
	if (cpu_cr4 & CR4_PCIDE)
		tlb_keep = TLB_KEEP;
	if (caps & ARCH_CAP_IBRS_ALL)
		spec_ctrl |= SPEC_CTRL_IBRS;
	ibpb = cpu_has(CPU_IBRS_IBPB) || cpu_has(CPU_AMD_IBPB);
	if (cpu_has(CPU_STIBP) || cpu_has(CPU_AMD_STIBP))
		spec_ctrl |= SPEC_CTRL_STIBP;
	patch_on[PATCH_ISOLATED] = entry_isolated;
	patch_on[PATCH_PCID] = tlb_keep;
	patch_on[PATCH_SMAP] = cpu_has(CPU_SMAP);
	patch_on[PATCH_RETPOLINE] =
		!(caps & ARCH_CAP_IBRS_ALL) && !cpu_has(CPU_AUTO_IBRS);
	patch_on[PATCH_VERW] =
		cpu_has(CPU_MD_CLEAR) && !(caps & ARCH_CAP_MDS_NO);
	patch();
}

void harden_init_cpu(void)
{
	if (spec_ctrl)
		wrmsr(MSR_SPEC_CTRL, spec_ctrl);
	if (cpu_has(CPU_AUTO_IBRS))
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_AIBRSE);
}

void harden_switch(void)
{
	if (ibpb)
		wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
}

/* What guests see on every CPU is as little as it should be. */
static void log_isolated(void)
{
	uint64_t pages = 0;
	unsigned cpu;

	if (!entry_isolated) {
		say("isolated entry", false, options.xpti == CHOICE_OFF ?
				"xpti=off" : needless);
		return;
	}
	for_each_cpu(cpu, cpus_online)
		for (unsigned i = 0; i < 2; i++) {
			pages = paging_check(
				cpu_of(cpu)->view[i].cr3 & PTE_ADDR)
					.pages;
			ASSERT(pages <= VIEW_PAGES);
		}
	log_info("hardening: isolated entry yes, guests see %lu KiB of ours",
		pages * 4);
}

void harden_log(void)
{
	const struct wx wx = paging_check(idle_cr3);
	uint64_t cr4 = cpu_cr4;
	unsigned cpu;

	log_info("hardening: W^X yes, %lu of %lu KiB mapped are code",
		wx.executable * 4, wx.pages * 4);
	log_isolated();
	say("PCID", tlb_keep, options.pcid == CHOICE_OFF ? "pcid=off" : none);
	for_each_cpu(cpu, cpus_online)
		cr4 &= cpu_of(cpu)->cr4; /* whatever guests asked for */
	ASSERT(cr4 == cpu_cr4);
	say("stack protector", true, NULL);
	say("NX", rdmsr(MSR_EFER) & EFER_NXE, NULL);
	say("SMEP", cr4 & CR4_SMEP, none);
	say("UMIP", cr4 & CR4_UMIP, none);
	say("SMAP", cr4 & CR4_SMAP, options.smap == CHOICE_OFF ?
		"smap=off" : cpu_info.tcg ? "QEMU may be wrong" : none);
	say("retpolines", patch_on[PATCH_RETPOLINE], "IBRS instead");
	say("STIBP", spec_ctrl & SPEC_CTRL_STIBP, none);
	say("IBPB", ibpb, none);
	say("VERW", patch_on[PATCH_VERW], needless);
}
