// SPDX-License-Identifier: BSD-2-Clause
/*
 * Protections that the CPU has, or needs: which are on and why the others are
 * not. docs/hardening.md has the table.
 */
#include "x86/harden.h"

#include "boot/cmdline.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "mm/paging.h"
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
static bool patch_on[PATCH_SMAP + 1];

/* why: something to say about it, or NULL. */
static void say(const char *name, bool on, const char *why)
{
	log_info("hardening: %s %s%s%s", name, on ? "yes" : "no",
		why ? ", " : "", why ? why : "");
}

static void say_cr4(const char *name, uint32_t bit, unsigned feature)
{
	const bool on = cpu_cr4 & bit;
	unsigned cpu;

	/* Whatever a guest asked for in the meantime. */
	for_each_cpu(cpu, cpus_online)
		ASSERT(!on || (cpu_of(cpu)->cr4 & bit));
	say(name, on, cpu_has(feature) ? NULL : "this CPU has none");
}

/* Does the CPU fetch what it may not read, before it looks at its right to? */
static bool leaks_memory(void)
{
	return cpu_info.intel && !(cpu_has(CPU_ARCH_CAPABILITIES) &&
		(rdmsr(MSR_ARCH_CAPABILITIES) & ARCH_CAP_RDCL_NO));
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
	entry_isolated = options.xpti == CHOICE_ON ||
		(options.xpti == CHOICE_AUTO && leaks_memory());
	/* A global translation would outlive the change of roots. */
	if (entry_isolated)
		cpu_cr4 &= ~(uint64_t)CR4_PGE;
	patch_on[PATCH_ISOLATED] = entry_isolated;
	patch_on[PATCH_SMAP] = cpu_has(CPU_SMAP);
	patch();
}

/* What guests see on every CPU is as little as it should be. */
static void log_isolated(void)
{
	uint64_t pages = 0;
	unsigned cpu;

	if (!entry_isolated) {
		say("isolated entry", false, options.xpti == CHOICE_OFF ?
				"xpti=off" : "this CPU does not need it");
		return;
	}
	for_each_cpu(cpu, cpus_online)
		for (unsigned i = 0; i < 2; i++) {
			pages = paging_check(cpu_of(cpu)->view[i].cr3).pages;
			ASSERT(pages <= VIEW_PAGES);
		}
	log_info("hardening: isolated entry yes, guests see %lu KiB of ours",
		pages * 4);
}

void harden_log(void)
{
	const struct wx wx = paging_check(idle_cr3);

	log_info("hardening: W^X yes, %lu of %lu KiB mapped are code",
		wx.executable * 4, wx.pages * 4);
	log_isolated();
	say("stack protector", true, NULL);
	say("NX", rdmsr(MSR_EFER) & EFER_NXE, NULL);
	say_cr4("SMEP", CR4_SMEP, CPU_SMEP);
	say_cr4("UMIP", CR4_UMIP, CPU_UMIP);
	if (cpu_info.no_smap)
		say("SMAP", false, "QEMU's is wrong");
	else
		say_cr4("SMAP", CR4_SMAP, CPU_SMAP);
}
