/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See guestcopy.h. Every routine is a leaf without stack use.
 */
	.section .text
	.globl	guest_access_start, guest_access_end, guest_access_fault
	.globl	guest_copy
	.globl	guest_load_ds, guest_load_es, guest_load_fs, guest_load_gs
	.globl	guest_xsetbv, guest_xrstor

guest_access_fault:
	mov	$-14, %eax		/* -EFAULT */
	ret

guest_access_start:

/* rdi to, rsi from, rdx size */
guest_copy:
	mov	%rdx, %rcx
	shr	$3, %rcx
	jz	2f
	cmp	$16, %rcx
	ja	3f
1:	mov	(%rsi), %rax
	mov	%rax, (%rdi)
	add	$8, %rsi
	add	$8, %rdi
	dec	%ecx
	jnz	1b
2:	and	$7, %edx
	jnz	4f
	xor	%eax, %eax
	ret
3:	rep movsq
	jmp	2b
4:	mov	(%rsi), %al
	mov	%al, (%rdi)
	inc	%rsi
	inc	%rdi
	dec	%edx
	jnz	4b
	xor	%eax, %eax
	ret

guest_load_ds:
	mov	%edi, %ds
	xor	%eax, %eax
	ret
guest_load_es:
	mov	%edi, %es
	xor	%eax, %eax
	ret
guest_load_fs:
	mov	%edi, %fs
	xor	%eax, %eax
	ret
guest_load_gs:
	mov	%edi, %gs
	xor	%eax, %eax
	ret

guest_xsetbv:
	xor	%ecx, %ecx
	mov	%edi, %eax
	mov	%rdi, %rdx
	shr	$32, %rdx
	xsetbv
	xor	%eax, %eax
	ret

/* rdi area, rsi mask */
guest_xrstor:
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
	xrstor64 (%rdi)
	xor	%eax, %eax
	ret

guest_access_end:
	.section .note.GNU-stack, "", @progbits
