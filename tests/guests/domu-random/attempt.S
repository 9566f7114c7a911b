/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * void attempt(void (*fn)(uint64_t), uint64_t arg, uint64_t *sp): calls
 * fn(arg) with *sp set; an exception meanwhile continues at attempt_exit with
 * RSP = *sp (main.c), as if fn had returned. In the end *sp is 0.
 */
	.text
	.globl	attempt, attempt_exit
	.type	attempt, @function
attempt:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdx
	movq	%rsp, (%rdx)
	movq	%rdi, %rax
	movq	%rsi, %rdi
	call	*%rax
attempt_exit:
	cld
	popq	%rdx
	movq	$0, (%rdx)
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret

	.section .note.GNU-stack, "", @progbits
