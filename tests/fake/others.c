// SPDX-License-Identifier: BSD-2-Clause
/*
 * What page tables need of the machine around them: the hypervisor's slots in
 * every root, flushes that other CPUs answer at once, and caches that there
 * are not.
 */
#include "machine.h"
#include "mm/paging.h"
#include "mm/tlb.h"
#include "x86/asm.h"
#include "x86/smp.h"

paddr_t idle_cr3;

uint64_t hv_l4_entry(unsigned slot)
{
	return (uint64_t)slot << PAGE_SHIFT | PTE_P;
}

/* Where another CPU is, its interrupts are on. */
void smp_send_flush(cpumask_t cpus)
{
	const unsigned here = this_cpu()->number;
	unsigned cpu;

	for_each_cpu(cpu, cpus) {
		machine_on_cpu(cpu);
		tlb_answer_requests();
	}
	machine_on_cpu(here);
}

void wbinvd(void)
{
}

void smp_wbinvd(void)
{
}
