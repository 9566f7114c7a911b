/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See guestcopy.h. Every routine is a leaf without stack use.
 */
#include "mm/guestcopy.h"

	.section .text
	.globl	guest_copy
	.globl	guest_load_ds, guest_load_es, guest_load_fs, guest_load_gs
	.globl	guest_xsetbv, guest_xrstor

fault:
	mov	$-14, %eax		/* -EFAULT */
	ret

/* rdi to, rsi from, rdx size */
guest_copy:
	mov	%rdx, %rcx
	shr	$3, %rcx
	access	fault, rep movsq
	mov	%edx, %ecx
	and	$7, %ecx
	access	fault, rep movsb
	xor	%eax, %eax
	ret

guest_load_ds:
	access	fault, mov	%edi, %ds
	xor	%eax, %eax
	ret
guest_load_es:
	access	fault, mov	%edi, %es
	xor	%eax, %eax
	ret
guest_load_fs:
	access	fault, mov	%edi, %fs
	xor	%eax, %eax
	ret
guest_load_gs:
	access	fault, mov	%edi, %gs
	xor	%eax, %eax
	ret

guest_xsetbv:
	xor	%ecx, %ecx
	mov	%edi, %eax
	mov	%rdi, %rdx
	shr	$32, %rdx
	access	fault, xsetbv
	xor	%eax, %eax
	ret

/* rdi area, rsi mask */
guest_xrstor:
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
	access	fault, xrstor64 (%rdi)
	xor	%eax, %eax
	ret

	.section .note.GNU-stack, "", @progbits
