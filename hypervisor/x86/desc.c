// SPDX-License-Identifier: BSD-2-Clause
/*
 * Descriptor tables. The first reserved GDT page (selectors 0xe000 up) is
 * each CPU's own, because of its TSS and LDT; the second is empty. Code and
 * data descriptors have their accessed bit set, so that loading them writes
 * nothing. The IDT is the same for all CPUs.
 */
#include "x86/desc.h"

#include "x86/asm.h"
#include "x86/traps.h"

#define DESC_CODE64_0 0x00af9b000000ffff
#define DESC_DATA_0 0x00cf93000000ffff
#define DESC_CODE32_3 0x00cffb000000ffff
#define DESC_DATA_3 0x00cff3000000ffff
#define DESC_CODE64_3 0x00affb000000ffff
#define TYPE_LDT 0x82ull /* present */
#define TYPE_TSS 0x89ull
#define GATE_INTERRUPT 0x8e00ull

struct gate idt[256] __attribute__((aligned(PAGE_SIZE)));

void desc_init_idt(void)
{
	static const uint8_t ist[256] = {
		[1] = IST_DB, [2] = IST_NMI, [8] = IST_DF, [18] = IST_MC
	};

	for (unsigned i = 0; i < 256; i++) {
		const uint64_t at = entry_stubs[i];
		const uint64_t dpl = i == 3 || i == 4 || i == 0x80 ? 3 : 0;

		idt[i].low = (at & 0xffff) | (uint64_t)SEL_HV_CS << 16 |
			(uint64_t)ist[i] << 32 |
			(GATE_INTERRUPT | dpl << 13) << 32 |
			(at >> 16 & 0xffff) << 48;
		idt[i].high = at >> 32;
	}
}

static uint64_t *own_descriptor(unsigned selector)
{
	return (uint64_t *)(DESC_WINDOW(this_cpu()->number) + selector);
}

static void set_system(
	unsigned selector, uint64_t type, uint64_t base, uint32_t limit)
{
	uint64_t *const d = own_descriptor(selector);

	d[1] = base >> 32;
	d[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | type << 40 |
		(uint64_t)(limit >> 16 & 15) << 48 | (base >> 24 & 0xff) << 56;
}

static void init_tss(struct cpu *cpu)
{
	const uint64_t window = (uint64_t)cpu;

	cpu->tss = (struct tss){ .iomap = sizeof(struct tss) };
	cpu->tss.rsp[0] = window + CPU_STACK;
	cpu->tss.ist[IST_DF - 1] = window + CPU_STACK_DF;
	cpu->tss.ist[IST_NMI - 1] = window + CPU_STACK_NMI;
	cpu->tss.ist[IST_MC - 1] = window + CPU_STACK_MC;
	cpu->tss.ist[IST_DB - 1] = window + CPU_STACK_DB;
}

/* CS by a far return; the data segments null, but SS. */
static void load_segments(void)
{
	__asm__ volatile("push %0; lea 1f(%%rip), %%rax; push %%rax; lretq\n"
			 "1: mov %1, %%ss\n"
			 "mov %2, %%ds; mov %2, %%es\n"
			 "mov %2, %%fs; mov %2, %%gs"
		:
		: "i"(SEL_HV_CS), "r"(SEL_HV_DS), "r"(0)
		: "rax", "memory");
}

void desc_init_cpu(void)
{
	struct cpu *const cpu = this_cpu();

	*own_descriptor(SEL_HV_CS) = DESC_CODE64_0;
	*own_descriptor(SEL_HV_DS) = DESC_DATA_0;
	*own_descriptor(SEL_USER_CS32 & ~7) = DESC_CODE32_3;
	*own_descriptor(SEL_USER_DS & ~7) = DESC_DATA_3;
	*own_descriptor(SEL_USER_CS64 & ~7) = DESC_CODE64_3;
	init_tss(cpu);
	set_system(SEL_TSS, TYPE_TSS, (uint64_t)&cpu->tss,
		sizeof(cpu->tss) - 1);
	lgdt((struct descriptor_table){
		0xffff, (uint64_t)own_descriptor(0) });
	load_segments();
	lidt((struct descriptor_table){
		sizeof(idt) - 1, (uint64_t)cpu + CPU_IDT });
	ltr(SEL_TSS);
	desc_load_ldt(0);
}

void desc_load_ldt(unsigned nr_entries)
{
	if (!nr_entries) {
		lldt(0);
		return;
	}
	set_system(SEL_LDT, TYPE_LDT, (uint64_t)own_descriptor(DESCWIN_LDT),
		nr_entries * 8 - 1);
	lldt(SEL_LDT);
}
