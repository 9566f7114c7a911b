/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Selectors, GDT, TSS, IDT. Each CPU's GDT lies in its descriptor window
 * (mm/layout.h): pages 0-13 are the running guest's, pages 14 and 15 ours.
 * Usable in assembly.
 */
#pragma once

#define SEL_HV_CS 0xe008
#define SEL_HV_DS 0xe010
#define SEL_USER_CS32 0xe023 /* ABI: FLAT_USER_CS32 */
#define SEL_USER_DS 0xe02b /* ABI: FLAT_USER_DS */
#define SEL_USER_CS64 0xe033 /* ABI: FLAT_USER_CS64 */
#define SEL_TSS 0xe040
#define SEL_LDT 0xe050

#define IST_DF 1
#define IST_NMI 2
#define IST_MC 3
#define IST_DB 4

#ifndef __ASSEMBLY__
#include "x86/percpu.h"

struct gate {
	uint64_t low, high;
};

extern struct gate idt[256]; /* a page; CPUs use it in their windows */

/* IDT shared by all CPUs, from entry.S's stubs (boot CPU, once). */
void desc_init_idt(void);
/* GDT page, TSS; loads GDTR, IDTR, TR, segment registers. On the CPU. */
void desc_init_cpu(void);

/* Make this CPU's LDT the first nr entries of its window; 0: none. */
void desc_load_ldt(unsigned nr_entries);
#endif
