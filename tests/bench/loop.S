/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine's whole program, started by QEMU as a Multiboot kernel: between
 * marks 0 and 1 a number of instructions that tests/bench/check knows, then the
 * end by isa-debug-exit. 32-bit code without paging.
 */
#define ROUNDS 1000

	.section .text
	.code32
	.balign	4
header:
	.long	0x1badb002, 0, -0x1badb002

	.globl	_start
_start:
	.byte	0x0f, 0x1f, 0x84, 0x00	/* mark 0: mark.h */
	.long	0x5368 << 16
	mov	$ROUNDS, %esi		/* 1 */
again:	mov	%cr3, %eax		/* 7 each round */
	mov	%eax, %cr3
	invlpg	(%esp)
	xor	%edx, %edx
	rdtsc
	dec	%esi
	jnz	again
	mov	$100, %ecx		/* 3 */
	mov	$buffer, %edi
	cld
	rep stosb			/* 100 and one that finds zero */
	mov	$0x10, %ecx		/* 2: the TSC */
	wrmsr
	.byte	0x0f, 0x1f, 0x84, 0x00	/* 1: mark 1, after which it counts */
	.long	0x5368 << 16 | 1
	mov	$1, %eax
	out	%eax, $0xf4
	hlt

	.section .bss
buffer:	.skip	100
	.section .note.GNU-stack, "", @progbits
