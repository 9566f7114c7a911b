/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The failsafe callback: keeps its frame (rcx r11 ds es fs gs rip cs rflags
 * rsp ss) for the test and leaves trap_try() with TRAP_FAILSAFE.
 */
	.text
	.globl	failsafe_entry
	.type	failsafe_entry, @function
failsafe_entry:
	cld
	movq	%rsp, %rsi
	movabs	$failsafe_frame, %rdi
	movl	$11, %ecx
	rep movsq
	movabs	$try_sp, %rax
	movq	(%rax), %rsp
	movl	$0x102, %eax
	jmp	try_exit

	.section .note.GNU-stack, "", @progbits
