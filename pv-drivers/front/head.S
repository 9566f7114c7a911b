/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start of day: the ELF notes that make a plain ELF64 file a PV kernel, the
 * entry point, the first stack.
 *
 * The hypervisor enters at pv_entry in 64-bit mode at CPL 3, RSI = address of
 * start_info, events masked, everything of the image mapped. The stack it
 * provides is one page, so a larger one from .bss takes over before any C.
 *
 * The kernel links at PV_VIRT_BASE + its physical address (kernel.ld.h); it
 * supplies void pv_main(struct start_info *), which does not return.
 */
#include <xen/elfnote.h>

#include "pv-drivers/front/layout.h"

.macro note type, value:vararg
	.balign	4
	.long	4, 2f - 1f, \type
	.asciz	"Xen"
1:	\value
2:	.balign	4
.endm

	.section .note.Xen, "a", @note
	note	XEN_ELFNOTE_ENTRY, .quad pv_entry
	note	XEN_ELFNOTE_VIRT_BASE, .quad PV_VIRT_BASE
	note	XEN_ELFNOTE_PADDR_OFFSET, .quad 0
	note	XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
	note	XEN_ELFNOTE_GUEST_OS, .asciz "shoji-front"
	note	XEN_ELFNOTE_GUEST_VERSION, .asciz "1"
	note	XEN_ELFNOTE_LOADER, .asciz "generic"
	note	XEN_ELFNOTE_PAE_MODE, .asciz "yes"
	note	XEN_ELFNOTE_HV_START_LOW, .quad 0xffff800000000000
	note	XEN_ELFNOTE_INIT_P2M, .quad PV_P2M_BASE
	note	XEN_ELFNOTE_MOD_START_PFN, .quad 1
	note	XEN_ELFNOTE_L1_MFN_VALID, .quad 1, 1
	/* pae_pgdir_above_4gb (4) and dom0 (11) */
	note	XEN_ELFNOTE_SUPPORTED_FEATURES, .long 1 << 4 | 1 << 11

	.section .text.entry, "ax"
	.globl	pv_entry
	.type	pv_entry, @function
pv_entry:
	movabs	$pv_entry_regs, %rax
	movq	%rsp, 0(%rax)
	movq	%rbx, 8(%rax)
	movq	%rcx, 16(%rax)
	movq	%rdx, 24(%rax)
	movq	%rdi, 32(%rax)
	movq	%rbp, 40(%rax)
	pushfq
	popq	48(%rax)
	movabs	$pv_stack_top, %rsp
	cld
	xorl	%ebp, %ebp
	movq	%rsi, %rdi
	movabs	$pv_start, %rax
	call	*%rax
	ud2

	.section .bss
	.balign	4096
	.globl	pv_stack, pv_stack_top
pv_stack:
	.skip	PV_STACK_SIZE
pv_stack_top:
	.balign	8
	/* rsp rbx rcx rdx rdi rbp rflags at entry, for whoever asks */
	.globl	pv_entry_regs
pv_entry_regs:
	.skip	56

	.section .note.GNU-stack, "", @progbits
