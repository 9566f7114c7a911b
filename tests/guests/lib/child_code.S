/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a child domain runs; position-independent, copied into its code page.
 * RBX is the mailbox: state 0, op 8, args 16-48, result 56, turns 64, room 72.
 */
#define CHILD_MAILBOX_VA 0x40006000	/* CHILD_VA(CHILD_MAILBOX) */

	.text
	.globl	child_code, child_code_end
child_code:
1:	incq	64(%rbx)
	cmpq	$1, (%rbx)
	je	2f
	movl	$29, %eax		/* sched_op yield */
	xorl	%edi, %edi
	xorl	%esi, %esi
	syscall
	jmp	1b
2:	movq	8(%rbx), %rax
	movq	16(%rbx), %rdi
	movq	24(%rbx), %rsi
	movq	32(%rbx), %rdx
	movq	40(%rbx), %r10
	movq	48(%rbx), %r8
	cmpq	$-1, %rax
	je	3f
	cmpq	$-2, %rax
	je	4f
	cmpq	$-3, %rax
	je	5f
	cmpq	$-4, %rax
	je	7f
	cmpq	$-5, %rax
	je	8f
	syscall
	jmp	6f
3:	movq	(%rdi), %rax
	jmp	6f
4:	movq	%rsi, (%rdi)
	jmp	6f
5:	ud2
7:	incq	64(%rbx)		/* a hog, until state is not 1 */
	cmpq	$1, (%rbx)
	je	7b
	jmp	1b
6:	movq	%rax, 56(%rbx)
	movq	$2, (%rbx)
	jmp	1b
/* run what is at RDI with these registers; it comes back by an exception */
8:	movq	%rdi, %r15
	movq	72(%rbx), %rax
	movq	80(%rbx), %rcx
	movq	88(%rbx), %rdx
	movq	96(%rbx), %rsi
	movq	104(%rbx), %rdi
	movq	112(%rbx), %rbp
	movq	120(%rbx), %r8
	movq	128(%rbx), %r9
	jmp	*%r15
/* every exception and callback: say so, on a fresh stack */
	.globl	child_trap
child_trap:
	movl	$CHILD_MAILBOX_VA, %ebx
	movl	%ebx, %esp
	pushq	$2
	popfq
	movl	$0x7777, %eax
	jmp	6b
child_code_end:

	.section .note.GNU-stack, "", @progbits
