/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shortest handlers there are: for UD2, which they step over, and for
 * events, which they take back. Both return by IRETQ, which
 * wants selectors of ring 3 (ABI surface 3.1).
 */
	.text
	.globl	bench_ud2, bench_event
bench_ud2:
	pop	%rcx
	pop	%r11
	addq	$2, (%rsp)
	orb	$3, 8(%rsp)
	orb	$3, 32(%rsp)
	iretq

bench_event:
	pop	%rcx
	pop	%r11
	push	%rax
	mov	bench_vcpu_info(%rip), %rax
	movw	$0, (%rax)	/* nothing pending, not masked */
	movq	$0, 8(%rax)	/* no word of ports */
	mov	bench_pending(%rip), %rax
	movq	$0, (%rax)	/* no port of the first 64 */
	pop	%rax
	orb	$3, 8(%rsp)
	orb	$3, 32(%rsp)
	iretq

	.section .note.GNU-stack, "", @progbits
