// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the fake machine lacks for real page tables: interrupts that ask for a
 * flush, the frame allocator's memory, the hypervisor's slots, selectors.
 */
#include "core/domain.h"
#include "core/vcpu.h"
#include "lib/assert.h"
#include "lib/symbols.h"
#include "machine.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/guestcopy.h"
#include "mm/guestmem.h"
#include "mm/memmap.h"
#include "mm/paging.h"
#include "mm/tlb.h"
#include "model.h"
#include "pv/emulate.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/smp.h"
#include "xen/errno.h"

paddr_t idle_cr3 = 0;

void fake_pagetable_reset(void);

void fake_pagetable_reset(void)
{
	nr_frames = FRAMES;
	for (unsigned i = 0; i < FRAMES; i++)
		m2p[i] = PFN_NONE;
	cpu_info.physical_bits = 40;
	buddy_free_range(PAGE_SIZE, FRAMES * PAGE_SIZE);
}

uint64_t hv_l4_entry(unsigned slot)
{
	return (uint64_t)slot << PAGE_SHIFT | PTE_P;
}

bool memmap_machine(unsigned index, struct xen_e820_entry *entry)
{
	(void)index;
	(void)entry;
	return false;
}

void wbinvd(void)
{
}

void smp_wbinvd(void)
{
}

/* Where the other CPU is, its interrupts are on. */
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

/* Selectors and their bases are nobody's here. */

int guest_load_ds(uint16_t selector)
{
	return selector ? -EFAULT : 0;
}

int guest_load_es(uint16_t selector)
{
	return guest_load_ds(selector);
}

int guest_load_fs(uint16_t selector)
{
	return guest_load_ds(selector);
}

int guest_load_gs(uint16_t selector)
{
	return guest_load_ds(selector);
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

uint64_t rdmsr(uint32_t msr)
{
	return msr;
}

void wrmsr(uint32_t msr, uint64_t value)
{
	(void)msr;
	(void)value;
}

void swapgs(void)
{
}

/* Instructions: as pv/emulate.c does both. */

unsigned emulate_fetch(const struct regs *regs, uint8_t *bytes, unsigned max)
{
	return copy_from_guest(bytes, (gva_t){regs->rip}, max) ? 0 : max;
}

uint64_t *emulate_register(struct regs *regs, unsigned number)
{
	uint64_t *const order[] = {&regs->rax, &regs->rcx, &regs->rdx,
		&regs->rbx};

	ASSERT(number < 4);
	return order[number];
}

/* For %p of the hypervisor's own printf: there are no symbols. */
const char *symbol_name(uint64_t address, uint64_t *offset)
{
	(void)address;
	(void)offset;
	return NULL;
}
