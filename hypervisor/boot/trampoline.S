/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where other CPUs start: x86/smp.c copies this code to a page below 1 MiB.
 * Real mode, CS = page >> 4, IP = 0. In the GDT of head.S, and with paging off
 * as at its beginning, they go on there.
 */
#include "mm/layout.h"
#include "x86/msr.h"

#define PHYS(symbol) (symbol - IMAGE_BASE + IMAGE_PADDR)

	.section .rodata
	.balign 16
	.globl trampoline, trampoline_end
	.code16
trampoline:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	gdtr - trampoline
	mov	$(CR0_PE | CR0_ET), %eax
	mov	%eax, %cr0
	ljmpl	$0x08, $PHYS(start_paging)
gdtr:
	.word	4 * 8 - 1
	.long	PHYS(boot_gdt)
trampoline_end:
