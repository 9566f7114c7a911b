/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where other CPUs start: x86/smp.c copies this code to a page below 1 MiB
 * and fills the variables at its end. Real mode, CS = page >> 4, IP = 0. Every
 * address is relative to the page; EBX keeps its physical address.
 */
#include "mm/layout.h"
#include "x86/msr.h"

#define HERE(symbol) (symbol - trampoline)

	.section .rodata
	.balign 16
	.globl trampoline, trampoline_end, trampoline_cpu, trampoline_cr3
	.code16
trampoline:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	movzwl	%ax, %ebx
	shl	$4, %ebx

	/* The far jumps and the GDT need the physical address. */
	lea	HERE(1f)(%ebx), %eax
	mov	%eax, HERE(to_32)
	lea	HERE(2f)(%ebx), %eax
	mov	%eax, HERE(to_64)
	lea	HERE(gdt)(%ebx), %eax
	mov	%eax, HERE(gdtr) + 2
	lgdtl	HERE(gdtr)
	mov	$(CR0_PE | CR0_ET), %eax
	mov	%eax, %cr0
	ljmpl	*HERE(to_32)

	.code32
1:	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	HERE(trampoline_cr3)(%ebx), %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	mov	$(CR0_PG | CR0_WP | CR0_ET | CR0_NE | CR0_MP | CR0_PE), %eax
	mov	%eax, %cr0
	ljmp	*HERE(to_64)(%ebx)

	.code64
2:	mov	HERE(trampoline_cpu)(%rbx), %edi
	mov	HERE(entry)(%rbx), %rax
	jmp	*%rax

	.balign 8
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff /* 0x08: code, 32 bit */
	.quad 0x00cf93000000ffff /* 0x10: data */
	.quad 0x00af9b000000ffff /* 0x18: code, 64 bit */
gdtr:
	.word . - gdt - 1
	.long 0
to_32:
	.long 0
	.word 0x08
to_64:
	.long 0
	.word 0x18
trampoline_cr3:
	.long 0 /* boot_l4 */
trampoline_cpu:
	.long 0 /* number of the CPU that is being started */
	.balign 8
entry:
	.quad start64_other
trampoline_end:
