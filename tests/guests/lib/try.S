/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * int trap_try(void (*fn)(uint64_t), uint64_t arg): calls fn(arg) and returns
 * -1; an exception meanwhile continues at try_exit with RSP = try_sp and the
 * vector in EAX.
 */
	.text
	.globl	trap_try, try_exit
	.type	trap_try, @function
trap_try:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movabs	$try_sp, %rax
	pushq	(%rax)
	movq	%rsp, (%rax)
	movq	%rdi, %rax
	movq	%rsi, %rdi
	call	*%rax
	movl	$-1, %eax
try_exit:
	movabs	$try_sp, %rcx
	popq	(%rcx)
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret

	.section .bss
	.balign	8
	.globl	try_sp
try_sp:
	.skip	8

	.section .note.GNU-stack, "", @progbits
