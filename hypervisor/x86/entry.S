/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ways in and out: system-call stubs, exception and interrupt stubs, the
 * return to the guest. Each only saves, switches stack, calls C, restores.
 *
 * From a guest, the frame is struct regs (x86/regs.h) at the very top of the
 * CPU's main stack:
 *
 *	top ->	ss rsp rflags cs rip | error, vector | r8 ... r15
 *
 * Exceptions in the hypervisor itself leave the same frame wherever the stack
 * happens to be. The guest's GS base stays loaded all the time.
 */
#include "core/vcpu.h"
#include "mm/layout.h"
#include "x86/desc.h"
#include "x86/harden.h"
#include "x86/percpu.h"
#include "x86/regs.h"

/* From the frame at the top of the main stack to struct cpu. */
#define CPU_FROM_REGS (REGS_SIZE - CPU_STACK)

/* Pages that guests see too if entry is isolated (mm/paging.c). */
	.section .entry, "ax"

/* All general registers below error and vector. */
.macro save_registers
	.irp	r, r8, r10, rdx, rsi, rdi, rcx, rax, r9, r11, rbx, rbp, r12, \
		r13, r14, r15
	push	%\r
	.endr
.endm

.macro restore_registers
	.irp	r, r15, r14, r13, r12, rbp, rbx, r11, r9, rax, rcx, rdi, rsi, \
		rdx, r10, r8
	pop	%\r
	.endr
.endm

/* Around code for one of the PATCH_ features: x86/harden.c knows where. */
.macro begin_for
771:
.endm

.macro end_for feature
772:	.pushsection .patches, "a"
	.balign	8
	.quad	771b
	.long	772b - 771b, \feature
	.popsection
.endm

/*
 * Isolated entry. While a guest runs, CR3 holds a root with little of ours in
 * it: these pages, the CPU's windows. Whoever enters loads the real root
 * before any C; the other one comes last before the return. RAX is lost.
 */
.macro load_root from
	begin_for
	mov	\from, %rax
	mov	%rax, %cr3
	end_for	PATCH_ISOLATED
.endm

/* The real one, with RSP in any of our stacks. */
.macro load_root_anywhere
	begin_for
	mov	%rsp, %rax
	and	$~(PERCPU_SIZE - 1), %rax
	mov	CPU_CR3(%rax), %rax
	mov	%rax, %cr3
	end_for	PATCH_ISOLATED
.endm

/* EFLAGS.AC is the guest's, and would let us touch all of its memory. */
.macro forbid_guest_memory
	begin_for
	clac
	end_for	PATCH_SMAP
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
	load_root CPU_CR3 + CPU_FROM_REGS(%rsp)
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
	load_root CPU_CR3 + CPU_FROM_REGS(%rsp)
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
	load_root CPU_CR3 + CPU_FROM_REGS(%rsp)
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
	load_root CPU_GUEST_CR3 + CPU_FROM_REGS(%rsp)
	begin_for
	verw	data_selector(%rip)	/* empties the CPU's buffers of our data */
	end_for	PATCH_VERW
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
data_selector:
	.word	SEL_HV_DS

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
	.if (\vector == 8) || (\vector >= 10 && \vector <= 14) || \
		(\vector == 17) || (\vector == 21)
	.else
	pushq	$0
	.endif
	movl	$\vector, 4(%rsp)
	.if (\vector == 1) || (\vector == 2) || (\vector == 18)
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
	.section .entry, "ax"

entry_exception:
	cld
	forbid_guest_memory
	save_registers
	load_root_anywhere /* in ring 0, IRETQ to the guest may have failed */
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
	forbid_guest_memory
	save_registers
	mov	%rsp, %rdi
	testb	$3, REGS_CS(%rsp)
	jz	1f
	load_root CPU_CR3 + CPU_FROM_REGS(%rsp)
	call	irq_dispatch
	jmp	return_check
1:	call	irq_dispatch
	jmp	return_own

/*
 * #DB, NMI and #MC arrive on stacks of their own, because they can hit the
 * system-call stubs while RSP is the guest's. From a guest, move the frame to
 * the main stack and go on as for any exception; else stay here, and leave CR3
 * as it was: it may hold the guest's root, just before or after a guest ran.
 */
entry_ist:
	cld
	forbid_guest_memory
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
	load_root CPU_CR3 + CPU_FROM_REGS(%rsp)
	mov	%rsp, %rdi
	call	handle_guest_exception
	jmp	return_check
2:	mov	%rsp, %rdi
	begin_for
	mov	%cr3, %rbx
	end_for	PATCH_ISOLATED
	load_root_anywhere
	call	handle_own_exception
	begin_for
	mov	%rbx, %cr3
	end_for	PATCH_ISOLATED
	jmp	return_own

entry_double_fault:
	cld
	forbid_guest_memory
	save_registers
	load_root_anywhere
	mov	%rsp, %rdi
	call	handle_double_fault
	ud2

/*
 * Indirect calls and jumps of C. Where a guest could have taught the CPU their
 * target, they are returns, whose predicted target is the loop.
 */
	.section .text
	.irp	r, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, \
		r13, r14, r15
	.globl	__x86_indirect_thunk_\r
	.balign	32
__x86_indirect_thunk_\r:
	begin_for
	call	2f
1:	pause
	lfence
	jmp	1b
2:	mov	%\r, (%rsp)
	ret
	end_for	PATCH_RETPOLINE
	jmp	*%\r
	.endr

	.section .note.GNU-stack, "", @progbits
