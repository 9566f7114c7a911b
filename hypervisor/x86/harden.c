// SPDX-License-Identifier: BSD-2-Clause
/*
 * Protections that the CPU has, or needs: which are on and why the others are
 * not. docs/hardening.md has the table.
 */
#include "x86/harden.h"

#include "lib/assert.h"
#include "lib/log.h"
#include "mm/paging.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/msr.h"
#include "x86/percpu.h"

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

void harden_log(void)
{
	paging_check();
	say("stack protector", true, NULL);
	say("NX", rdmsr(MSR_EFER) & EFER_NXE, NULL);
	say_cr4("SMEP", CR4_SMEP, CPU_SMEP);
	say_cr4("UMIP", CR4_UMIP, CPU_UMIP);
	if (cpu_info.no_smap)
		say("SMAP", false, "QEMU's is wrong");
	else
		say_cr4("SMAP", CR4_SMAP, CPU_SMAP);
}
