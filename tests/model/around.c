// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the fake machine lacks for real page tables: the frame allocator's
 * memory, and instructions.
 */
#include "core/domain.h"
#include "core/vcpu.h"
#include "lib/assert.h"
#include "lib/symbols.h"
#include "machine.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "mm/memmap.h"
#include "model.h"
#include "pv/decode.h"
#include "pv/emulate.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "xen/errno.h"

void fake_pagetable_reset(void);

void fake_pagetable_reset(void)
{
	nr_frames = FRAMES;
	for (unsigned i = 0; i < FRAMES; i++)
		m2p[i] = PFN_NONE;
	cpu_info.physical_bits = 40;
	buddy_free_range(PAGE_SIZE, FRAMES * PAGE_SIZE);
	fake_selectors_reset();
}

bool memmap_machine(unsigned index, struct xen_e820_entry *entry)
{
	(void)index;
	(void)entry;
	return false;
}

/* Instructions: as pv/emulate.c does both. */

unsigned emulate_fetch(const struct regs *regs, uint8_t *bytes)
{
	return copy_from_guest(bytes, (gva_t){regs->rip}, INSN_ROOM) ?
		0 :
		INSN_MAX;
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
