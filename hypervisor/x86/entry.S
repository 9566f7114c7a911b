/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ways in and out: system-call stubs, exception and interrupt stubs, the
 * return to the guest. Each only saves, switches stack, calls C, restores.
 *
 * From a guest, the frame is struct regs (x86/regs.h) at the very top of the
 * CPU's main stack:
 *
 *	top ->	ss rsp rflags cs rip | error, vector | rdi ... r15
 *
 * Exceptions in the hypervisor itself leave the same frame wherever the stack
 * happens to be. The guest's GS base stays loaded all the time.
 */
#include "core/vcpu.h"
#include "mm/layout.h"
#include "x86/desc.h"
#include "x86/percpu.h"
#include "x86/regs.h"

/* From the frame at the top of the main stack to struct cpu. */
#define CPU_FROM_REGS (REGS_SIZE - CPU_STACK)

	.section .text

/* All general registers below error and vector. */
.macro save_registers
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
.endm

.macro restore_registers
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
.endm

/*
 * System calls. The CPU is still on the guest's stack with interrupts off;
 * the stub, one per CPU, saves RSP and loads the main stack, then comes here.
 * RCX is the guest's RIP, R11 its RFLAGS.
 */
.macro syscall_frame cs, vector
	pushq	$SEL_USER_DS
	pushq	CPU_GUEST_RSP - CPU_STACK + 8(%rsp)
	push	%r11
	pushq	$\cs
	push	%rcx
	pushq	$0
	movl	$\vector, 4(%rsp)
	save_registers
.endm

	.globl	entry_syscall64, entry_syscall32, entry_sysenter
	.balign	16
entry_syscall64:
	syscall_frame SEL_USER_CS64, VECTOR_SYSCALL
	mov	CPU_CURRENT + CPU_FROM_REGS(%rsp), %rbx
	mov	%rsp, %rdi
	cmpb	$0, VCPU_MODE(%rbx)
	je	1f
	call	hypercall
	jmp	return_check
1:	call	guest_syscall64
	jmp	return_check

entry_syscall32:
	syscall_frame SEL_USER_CS32, VECTOR_SYSCALL
	mov	%rsp, %rdi
	call	guest_syscall32
	jmp	return_check

/* SYSENTER loads the main stack and saves nothing: the frame says so (ABI
 * surface 3.2). */
entry_sysenter:
	pushq	$SEL_USER_DS
	pushq	$0
	pushfq
	pushq	$3
	pushq	$0
	pushq	$0
	movl	$VECTOR_SYSENTER, 4(%rsp)
	pushq	$2			/* NT, TF, AC: not cleared by the CPU */
	popfq
	save_registers
	mov	%rsp, %rdi
	call	guest_sysenter
	jmp	return_check

/* Without a register to spare, where the CPU's window is must be in the code:
 * 32 bytes for each CPU. */
.macro syscall_stubs name, target
	.globl	\name
	.balign	32
\name:
	.set	window, 0
	.rept	CPUS_MAX
	.balign	32
	mov	%rsp, percpu_base + window + CPU_GUEST_RSP(%rip)
	lea	percpu_base + window + CPU_STACK(%rip), %rsp
	jmp	\target
	.set	window, window + (1 << PERCPU_SHIFT)
	.endr
.endm
	syscall_stubs stub_syscall64, entry_syscall64
	syscall_stubs stub_syscall32, entry_syscall32

/*
 * Back to the guest whose frame is at the top of the main stack, unless
 * something is to be done first.
 */
	.globl	return_to_guest
return_to_guest:
	and	$~(PERCPU_SIZE - 1), %rsp
	add	$(CPU_STACK - REGS_SIZE), %rsp
return_check:
	cli
	mov	CPU_CURRENT + CPU_FROM_REGS(%rsp), %rbx
	cmpl	$0, CPU_SOFTIRQ + CPU_FROM_REGS(%rsp)
	jne	3f
	cmpb	$0, VCPU_EXIT_WORK(%rbx)
	jne	3f
	/* upcall pending (low byte) and not masked (high byte)? */
	mov	VCPU_INFO(%rbx), %rax
	movzwl	(%rax), %eax
	dec	%eax
	cmp	$0xff, %eax
	jb	3f
	/* SYSRET only for what came by SYSCALL, to canonical addresses. */
	cmpl	$VECTOR_SYSCALL, REGS_VECTOR(%rsp)
	jne	2f
	mov	REGS_RIP(%rsp), %rcx
	mov	%rcx, %rax
	shl	$16, %rax
	sar	$16, %rax
	cmp	%rcx, %rax
	jne	2f
	restore_registers
	mov	8(%rsp), %rcx
	mov	24(%rsp), %r11
	mov	32(%rsp), %rsp
	sysretq
2:	restore_registers
	add	$8, %rsp
	.globl	entry_iret
entry_iret:
	iretq
3:	mov	%rsp, %rdi
	call	guest_exit_work
	jmp	return_check

/* The same, after the FPU, segments and so on were loaded: C's last word. */
	.globl	switch_to_idle
switch_to_idle:
	and	$~(PERCPU_SIZE - 1), %rsp
	add	$(CPU_STACK - REGS_SIZE), %rsp
	xor	%ebp, %ebp
	call	idle_loop
	ud2

/*
 * Exceptions and interrupts, one stub per vector, 16 bytes each.
 */
	.macro	stub vector
	.balign	16
	.if (\vector == 8) || (\vector >= 10 && \vector <= 14) || (\vector == 17) || (\vector == 21)
	.else
	pushq	$0
	.endif
	movl	$\vector, 4(%rsp)
	.if (\vector == 1)
	jmp	entry_ist
	.elseif (\vector == 2)
	jmp	entry_ist
	.elseif (\vector == 18)
	jmp	entry_ist
	.elseif (\vector == 8)
	jmp	entry_double_fault
	.elseif (\vector >= 32) && (\vector != 128)
	jmp	entry_interrupt
	.else
	jmp	entry_exception
	.endif
	.endm

	.altmacro
	.balign	16
stubs:
	.set	v, 0
	.rept	256
	stub	%v
	.set	v, v + 1
	.endr

	.section .data.rel.ro, "aw"
	.globl	entry_stubs
	.balign	8
entry_stubs:
	.set	v, 0
	.rept	256
	.quad	stubs + 16 * v
	.set	v, v + 1
	.endr
	.section .text

entry_exception:
	cld
	save_registers
	mov	%rsp, %rdi
	testb	$3, REGS_CS(%rsp)
	jz	1f
	call	handle_guest_exception
	jmp	return_check
1:	call	handle_own_exception
return_own:
	restore_registers
	add	$8, %rsp
	iretq

entry_interrupt:
	cld
	save_registers
	mov	%rsp, %rdi
	testb	$3, REGS_CS(%rsp)
	jz	1f
	call	irq_dispatch
	jmp	return_check
1:	call	irq_dispatch
	jmp	return_own

/*
 * #DB, NMI and #MC arrive on stacks of their own, because they can hit the
 * system-call stubs while RSP is the guest's. From a guest, move the frame to
 * the main stack and go on as for any exception; else stay here.
 */
entry_ist:
	cld
	save_registers
	testb	$3, REGS_CS(%rsp)
	jz	2f
	mov	%rsp, %rsi
	mov	%rsp, %rdi
	and	$~(PERCPU_SIZE - 1), %rdi
	add	$(CPU_STACK - REGS_SIZE), %rdi
	mov	%rdi, %rsp
	mov	$(REGS_SIZE / 8), %ecx
	rep movsq
	mov	%rsp, %rdi
	call	handle_guest_exception
	jmp	return_check
2:	mov	%rsp, %rdi
	call	handle_own_exception
	jmp	return_own

entry_double_fault:
	cld
	save_registers
	mov	%rsp, %rdi
	call	handle_double_fault
	ud2

	.section .note.GNU-stack, "", @progbits
