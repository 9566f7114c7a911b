/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything by which the hypervisor enters a running kernel: the event
 * callback, exceptions 0-31 and int 0x80, the system call callback. All build
 * a struct pv_regs, call C with it, and return through the iret hypercall,
 * which also restores the upcall mask from the saved RFLAGS.IF.
 *
 * On the stack at entry, low to high:
 *	rcx r11 [error] rip cs rflags rsp ss
 * After the stub, with the two registers loaded back:
 *	vector error rip cs rflags rsp ss
 */
#include <xen/xen.h>

#include "pv-drivers/front/regs.h"

	.text

.macro stub name, vector, has_error
	.globl	\name
	.type	\name, @function
\name:
	movq	0(%rsp), %rcx
	movq	8(%rsp), %r11
.if \has_error
	addq	$8, %rsp
	movq	$\vector, 0(%rsp)
.else
	movq	$\vector, 0(%rsp)
	movq	$0, 8(%rsp)
.endif
	jmp	common
.endm

.altmacro
.macro exception vector
	.if \vector == 8 || \vector == 10 || \vector == 11 || \vector == 12 \
	|| \vector == 13 || \vector == 14 || \vector == 17 || \vector == 21
	stub	pv_exception_\vector, \vector, 1
	.else
	stub	pv_exception_\vector, \vector, 0
	.endif
.endm

.set i, 0
.rept 32
	exception %i
	.set i, i + 1
.endr
	stub	pv_int80, 0x80, 0
	stub	pv_event, PV_VECTOR_EVENT, 0
	stub	pv_syscall, PV_VECTOR_SYSCALL, 0

common:
	pushq	%r11
	pushq	%rax
	pushq	%rbp
	pushq	%rbx
	pushq	%rdx
	pushq	%rcx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cld
	movq	%rsp, %rdi
	movq	%rsp, %rbx
	andq	$-16, %rsp
	movabs	$pv_enter, %rax
	call	*%rax
	movq	%rbx, %rdi

/*
 * pv_resume(regs): the words before rip become what iret wants there, rax r11
 * rcx flags. Nothing live is ever below RSP, so events may come in between.
 */
	.globl	pv_resume
	.type	pv_resume, @function
pv_resume:
	movq	%rdi, %rsp
	movq	PV_REGS_RCX(%rsp), %rax
	movq	%rax, PV_REGS_VECTOR(%rsp)
	movq	$0, PV_REGS_VECTOR + 8(%rsp)
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rcx
	popq	%rdx
	popq	%rbx
	popq	%rbp
	movl	$__HYPERVISOR_iret, %eax
	syscall
	ud2

	.section .rodata
	.balign	8
	.globl	pv_exceptions
pv_exceptions:
.macro address vector
	.quad	pv_exception_\vector
.endm
.set i, 0
.rept 32
	address	%i
	.set i, i + 1
.endr

	.section .note.GNU-stack, "", @progbits
