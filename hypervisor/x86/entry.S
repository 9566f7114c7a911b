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
#include "mm/guestcopy.h"
#include "mm/layout.h"
#include "x86/desc.h"
#include "x86/harden.h"
#include "x86/percpu.h"
#include "x86/regs.h"

/* To struct cpu from so many bytes below the top of the main stack. */
#define CPU_FROM(pushed) ((pushed) - CPU_STACK)
#define CPU_FROM_REGS CPU_FROM(REGS_SIZE)

/* Pages that guests see too if entry is isolated (mm/paging.c). */
	.section .entry, "ax"

/* All general registers below error and vector. */
.macro save_registers r11=%r11
	.irp	r, r8, r10, rdx, rsi, rdi, rcx, rax, r9
	push	%\r
	.endr
	pushq	\r11
	.irp	r, rbx, rbp, r12, r13, r14, r15
	push	%\r
	.endr
.endm

.macro restore_registers
	.irp	r, r15, r14, r13, r12, rbp, rbx, r11, r9, rax, rcx, rdi, rsi, \
		rdx, r10, r8
	pop	%\r
	.endr
.endm

/* Code for one of the PATCH_ features: x86/harden.c knows where. */
.macro only_if feature, i1, i2, i3, i4, i5, i6
771:	\i1
	\i2
	\i3
	\i4
	\i5
	\i6
772:	.pushsection .patches, "a"
	.balign	8
	.quad	771b
	.long	772b - 771b, \feature
	.popsection
.endm

/*
 * Isolated entry. While a guest runs, CR3 holds a root with little of ours in
 * it: these pages, the CPU's windows. Whoever enters loads the real root
 * before any C; the other one comes last before the return. RAX is lost. What
 * CPU_CR3 and CPU_GUEST_CR3 say of keeping the TLB is right for that (mm/tlb.h).
 */
.macro load_root from
	only_if	PATCH_ISOLATED, "mov \from, %rax", "mov %rax, %cr3"
.endm

/* The real one, with RSP in any of our stacks. */
	.set	window_mask, ~(PERCPU_SIZE - 1)
	.set	window_cr3, CPU_CR3
.macro load_root_anywhere
	only_if	PATCH_ISOLATED, "mov %rsp, %rax", \
		"and $window_mask, %rax", "mov window_cr3(%rax), %rax", \
		"mov %rax, %cr3"
.endm

/* With the frame on the stack: to `because` if something is to be done before
 * the return, with interrupts off. RCX is the place of the events' two bytes:
 * pending, masked. */
.macro must_stay because
	cmpl	$0, CPU_SOFTIRQ + CPU_FROM_REGS(%rsp)
	jne	\because
	mov	CPU_CURRENT + CPU_FROM_REGS(%rsp), %rcx
	cmpb	$0, VCPU_EXIT_WORK(%rcx)
	jne	\because
	mov	VCPU_INFO(%rcx), %rcx
.endm

/*
 * System calls. The CPU is still on the guest's stack with interrupts off;
 * the stub, one per CPU, saves RSP and loads the main stack, then comes here.
 * RCX is the guest's RIP, R11 its RFLAGS.
 */
.macro syscall_frame_high
	pushq	$SEL_USER_DS
	pushq	CPU_GUEST_RSP + CPU_FROM(8)(%rsp)
	push	%r11
.endm

.macro syscall_frame_low cs, r11=%r11
	pushq	$\cs
	push	%rcx
	pushq	$0
	movl	$VECTOR_SYSCALL, 4(%rsp)
	save_registers \r11
.endm

/* A hypercall's handler, by its number in EAX; R11 is the vCPU. */
.macro call_handler
	lea	REGS_ARGS(%rsp), %rdi
	mov	$(NR_HYPERCALLS - 1), %edx
	cmp	%edx, %eax
	cmova	%edx, %eax		/* there is none of that number */
	incq	VCPU_PERF(%r11, %rax, 8)
	lea	hypercall_table(%rip), %rdx
	mov	(%rdx, %rax, 8), %rdx
	sti
	call	__x86_indirect_thunk_rdx
.endm

	.globl	entry_syscall64, entry_syscall32, entry_sysenter
	.balign	16
entry_syscall64:
	syscall_frame_high
	mov	CPU_CURRENT + CPU_FROM(24)(%rsp), %r11
	cmpb	$0, VCPU_MODE(%r11)
	je	quick_syscall
	cmp	$NR_IRET, %eax
	je	quick_iret
	syscall_frame_low SEL_USER_CS64, (REGS_RFLAGS-REGS_R9)(%rsp)
	call_handler
	test	%rax, %rax
	js	1f
	cli
	must_stay 2f
	cmpb	$0, (%rcx)
	jne	2f			/* perhaps masked */
	mov	REGS_RIP(%rsp), %rcx
	test	%rcx, %rcx
	jns	2f			/* may be just not canonical */
	only_if	PATCH_VERW, "verw data_selector(%rip)"
	/* C kept R12 to R15, RBX, RBP. */
	mov	REGS_R9(%rsp), %r9
	.set	arg, REGS_ARGS
	.irp	r, rdi, rsi, rdx, r10, r8
	mov	arg(%rsp), %\r
	.set	arg, arg + 8
	.endr
	mov	REGS_RFLAGS(%rsp), %r11
	mov	REGS_RFLAGS + 8(%rsp), %rsp
	sysretq
1:	mov	%rsp, %rdi
	mov	%rax, %rsi
	call	hypercall_failed
	jmp	return_check
2:	mov	%rax, REGS_RAX(%rsp)
	jmp	return_check

full_syscall64:
	syscall_frame_high
not_quick:
	mov	(%rsp), %r11
	syscall_frame_low SEL_USER_CS64
	load_root CPU_CR3 + CPU_FROM_REGS(%rsp)
	mov	CPU_CURRENT + CPU_FROM_REGS(%rsp), %r11
	cmpb	$0, VCPU_MODE(%r11)
	je	3f
	mov	REGS_RAX(%rsp), %eax
	call_handler
	test	%rax, %rax
	js	1b
	jmp	2b
3:	mov	%rsp, %rdi
	call	guest_syscall
	jmp	return_check

entry_syscall32:
	syscall_frame_high
	syscall_frame_low SEL_USER_CS32
	load_root CPU_CR3 + CPU_FROM_REGS(%rsp)
	jmp	3b

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
	syscall_stubs stub_isolated64, full_syscall64

/*
 * The short ways: by SYSCALL from a guest's user space to its kernel, and back
 * by the iret hypercall. They do what guest_syscall() and hypercall_iret() do
 * (pv/deliver.c), and leave to these whatever is not as it nearly always is;
 * they know it before anything but the root has changed. R11 is the vCPU; SS,
 * RSP, RFLAGS of the frame are on the stack.
 */
/* To `fail` if the address in the register is ours. It is lost. */
.macro refuse_ours reg, reg32, fail
	shr	$HV_SHIFT, %\reg
	cmp	$((HV_BASE >> HV_SHIFT) & ((1 << (64 - HV_SHIFT)) - 1)), %\reg32
	je	\fail
.endm

/* What tlb_enter() does, with two registers to lose. */
.macro load_guest_root number, reg, reg2, pushed
	.set	cpu_root, CPU_ROOTS + 8 * \number + CPU_FROM(\pushed)
	mov	cpu_root(%rsp), %\reg
	mov	%\reg, CPU_CR3 + CPU_FROM(\pushed)(%rsp)
	only_if	PATCH_PCID, "mov %\reg, %cr3", "btsq $63, cpu_root(%rsp)", \
		"jmp .Lloaded\@"
	mov	tlb_clock(%rip), %\reg2
	mov	%\reg, %cr3
	mov	%\reg2, CPU_TLB_TIME + CPU_FROM(\pushed)(%rsp)
.Lloaded\@:
.endm

quick_syscall:
	cmpq	$0, VCPU_MODE(%r11)
	jne	not_quick
	cmpl	$0, CPU_SOFTIRQ + CPU_FROM(24)(%rsp)
	jne	not_quick
	push	%rax
	push	%rdx
	push	%rsi
	mov	VCPU_INFO(%r11), %rdx
	cmpw	$0, (%rdx)		/* an event pending, or masked */
	jne	1f
	mov	VCPU_SYSCALL(%r11), %rax
	sar	$47, %rax
	inc	%rax			/* 0 of a kernel's, canonical address */
	jnz	1f
	mov	VCPU_KERNEL_SP(%r11), %rsi
	and	$~15, %rsi
	lea	-56(%rsi), %rax
	refuse_ours rax, eax, 1f
	load_guest_root 2, rax, rdx, 48	/* TLB_KERNEL */
	mov	24(%rsp), %rdx
	mov	32(%rsp), %rax
	only_if	PATCH_SMAP, stac
	access	2f, mov %rcx, -56(%rsi)	/* first what is known not to be ours */
	access	2f, mov %rdx, -48(%rsi)
	access	2f, mov %rcx, -40(%rsi)
	access	2f, movq $SEL_USER_CS64, -32(%rsi)
	access	2f, mov %rdx, -24(%rsi)
	access	2f, mov %rax, -16(%rsi)
	access	2f, movq $SEL_USER_DS, -8(%rsi)
	only_if	PATCH_SMAP, clac
	incq	VCPU_PERF + 8 * NR_HYPERCALLS(%r11)
	movb	$1, VCPU_MODE(%r11)
	swapgs
	mov	VCPU_INFO(%r11), %rcx
	mov	VCPU_SYSCALL + 8(%r11), %al
	mov	%al, 1(%rcx)
	lea	-56(%rsi), %rax
	mov	VCPU_SYSCALL(%r11), %rcx
	mov	%rdx, %r11
	and	$~(RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC), %r11
	pop	%rsi
	pop	%rdx
	only_if	PATCH_VERW, "verw data_selector(%rip)"
	xchg	%rax, (%rsp)
	pop	%rsp
	sysretq
2:	only_if	PATCH_SMAP, clac
1:	pop	%rsi
	pop	%rdx
	pop	%rax
	jmp	not_quick

quick_iret:
	cmpq	$1, VCPU_MODE(%r11)
	jne	not_quick
	cmpl	$0, CPU_SOFTIRQ + CPU_FROM(24)(%rsp)
	jne	not_quick
	cmpq	$0, VCPU_USER_L4(%r11)
	jl	not_quick		/* MFN_NONE */
	mov	%rcx, CPU_GUEST_RIP + CPU_FROM(24)(%rsp)
	popq	CPU_GUEST_RFLAGS + CPU_FROM(16)(%rsp)
	pop	%rax
	pop	%rcx
	mov	%rax, %rcx
	refuse_ours rcx, ecx, 1f
	only_if	PATCH_SMAP, stac
	/* SS RSP RFLAGS CS RIP of our frame; flags RCX R11 RAX */
	.irp	word, 64, 56, 48, 40, 32, 24, 16, 8, 0
	access	1f, pushq \word(%rax)
	.endr
	only_if	PATCH_SMAP, clac
	mov	48(%rsp), %ecx
	and	$(RFLAGS_IF | RFLAGS_IOPL | RFLAGS_VM | RFLAGS_VIF | RFLAGS_VIP), %ecx
	cmp	$RFLAGS_IF, %ecx
	jne	1f
	mov	40(%rsp), %ecx
	and	64(%rsp), %ecx
	and	$3, %ecx
	cmp	$3, %ecx		/* to user space */
	jne	1f
	incq	VCPU_PERF + 8 * NR_IRET(%r11)
	movb	$0, VCPU_MODE(%r11)
	swapgs
	mov	VCPU_INFO(%r11), %rcx
	movb	$0, 1(%rcx)
	load_guest_root 1, rcx, rax, 72	/* TLB_USER */
	mov	VCPU_INFO(%r11), %rcx
	cmpb	$0, (%rcx)
	pop	%rax
	pop	%r11
	pop	%rcx
	jne	2f			/* an event came */
	only_if	PATCH_VERW, "verw data_selector(%rip)"
	testl	$IRET_IN_SYSCALL, (%rsp)
	lea	8(%rsp), %rsp
	jz	entry_iret
	cmpw	$SEL_USER_CS64, 8(%rsp)
	jne	entry_iret
	cmpw	$SEL_USER_DS, 32(%rsp)
	jne	entry_iret
	mov	(%rsp), %rcx
	sar	$47, %rcx
	jnz	entry_iret		/* may not be canonical */
	mov	(%rsp), %rcx
	mov	16(%rsp), %r11
	mov	24(%rsp), %rsp
	sysretq
2:	movq	$0, (%rsp)
	save_registers
	jmp	return_check
1:	only_if	PATCH_SMAP, clac
	dec	%rsp
	or	$(PERCPU_SIZE - 1), %rsp
	inc	%rsp
	mov	CPU_GUEST_RIP + CPU_FROM(0)(%rsp), %rcx
	mov	CPU_GUEST_RFLAGS + CPU_FROM(0)(%rsp), %r11
	mov	$NR_IRET, %eax
	jmp	full_syscall64

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
	must_stay 3f
	movzwl	(%rcx), %ecx
	dec	%ecx
	cmp	$0xff, %ecx
	jb	3f			/* pending, not masked */
	.set	way_out, CPU_GUEST_CR3 + CPU_FROM_REGS
	only_if	PATCH_ISOLATED, "mov way_out(%rsp), %rax", \
		"mov tlb_keep(%rip), %rcx", "or %rcx, way_out(%rsp)", \
		"mov %rax, %cr3"
	only_if	PATCH_VERW, "verw data_selector(%rip)"
	restore_registers
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
	pushq	$-1			/* NO_ERROR_CODE */
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
	.noaltmacro

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
	only_if	PATCH_SMAP, clac
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
	only_if	PATCH_SMAP, clac
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
	only_if	PATCH_SMAP, clac
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
	only_if	PATCH_ISOLATED, "mov %cr3, %rbx"
	load_root_anywhere
	call	handle_own_exception
	only_if	PATCH_ISOLATED, "mov %rbx, %cr3"
	jmp	return_own

entry_double_fault:
	cld
	only_if	PATCH_SMAP, clac
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
	only_if	PATCH_RETPOLINE, "call 2f", "1: pause", lfence, \
		"jmp 1b", "2: mov %\r, (%rsp)", ret
	jmp	*%\r
	.endr

	.section .note.GNU-stack, "", @progbits
