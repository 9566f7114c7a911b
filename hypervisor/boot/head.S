/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry from the boot loader, multiboot 1 (QEMU's -kernel, old loaders) or 2
 * (GRUB on BIOS and UEFI): 32-bit protected mode, paging off, EAX a magic
 * number, EBX the physical address of the loader's information, no stack.
 *
 * Builds the boot page tables (the first 4 GiB at 0 and in the direct map, the
 * image and CPU 0's window at their final addresses), enters long mode and
 * calls boot_main() on CPU 0's stack. Other CPUs come from trampoline.S and use
 * the same tables to get to their own stack; start_cpu, 0 at first, says whose
 * start it is.
 */
#include "mm/layout.h"
#include "x86/msr.h"
#include "x86/percpu.h"
#include "x86/regs.h"

#define PHYS(symbol) (symbol - IMAGE_BASE + IMAGE_PADDR)
#define SLOT(va) (((va) >> 39 & 511) * 8)

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x10003 /* page-aligned modules, memory map, addresses */
#define MB2_MAGIC 0xe85250d6

#define PT_TABLE 0x003 /* present, writable */
#define PT_LARGE 0x083

	.globl layout_image_base, layout_image_paddr, layout_percpu_base
	.set layout_image_base, IMAGE_BASE
	.set layout_image_paddr, IMAGE_PADDR
	.set layout_percpu_base, PERCPU_BASE

	.section .head, "ax"
	.code32
	.balign 8
multiboot1:
	.long MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
	.long PHYS(multiboot1) /* where this header is */
	.long IMAGE_PADDR
	.long PHYS(image_load_end)
	.long PHYS(image_end)
	.long PHYS(start)

	.balign 8
multiboot2:
	.long MB2_MAGIC, 0, multiboot2_end - multiboot2
	.long -(MB2_MAGIC + (multiboot2_end - multiboot2))

	.balign 8
	.short 1, 0 /* needed: command line, modules, memory map */
	.long 20, 1, 3, 6
	.balign 8
	.short 1, 1 /* wanted: loader, screen, ACPI, EFI */
	.long 28, 2, 8, 12, 14, 15
	.balign 8
	.short 6, 0 /* page-aligned modules */
	.long 8
	.balign 8
	.short 3, 0 /* entry */
	.long 12, PHYS(start)
	.balign 8
	.short 5, 1 /* a frame buffer of any size */
	.long 20, 0, 0, 0
	.balign 8
	.short 0, 0
	.long 8
multiboot2_end:

	.globl start
start:
	cli
	cld
	mov	%eax, %ebp
	lgdt	PHYS(boot_gdtr)
	ljmp	$0x08, $PHYS(1f)
1:	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es

	/* Long mode, no-execute; SYSCALL is taken for granted with it. */
	mov	%ebx, %edi
	mov	$0x80000000, %eax
	cpuid
	mov	$PHYS(no_long_mode), %esi
	cmp	$0x80000001, %eax
	jb	fail
	mov	$0x80000001, %eax
	cpuid
	mov	%edi, %ebx
	test	$(1 << 29), %edx
	jz	fail
	mov	$PHYS(no_nx), %esi
	test	$(1 << 20), %edx
	jz	fail

	/* 4 GiB in 2 MiB pages. */
	mov	$PHYS(boot_l2), %edi
	mov	$PT_LARGE, %eax
	mov	$2048, %ecx
1:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	1b
	movl	$PHYS(boot_l2) + PT_TABLE, PHYS(boot_l3)
	movl	$PHYS(boot_l2) + 0x1000 + PT_TABLE, PHYS(boot_l3) + 8
	movl	$PHYS(boot_l2) + 0x2000 + PT_TABLE, PHYS(boot_l3) + 16
	movl	$PHYS(boot_l2) + 0x3000 + PT_TABLE, PHYS(boot_l3) + 24
	movl	$PHYS(boot_l3) + PT_TABLE, PHYS(boot_l4)
	movl	$PHYS(boot_l3) + PT_TABLE, PHYS(boot_l4) + SLOT(DIRECT_BASE)

	/* The image, at the start of slot 271; CPU windows 1 GiB above. */
	movl	$PHYS(boot_l3_image) + PT_TABLE, \
		PHYS(boot_l4) + SLOT(IMAGE_BASE)
	movl	$PHYS(boot_l2_image) + PT_TABLE, PHYS(boot_l3_image)
	movl	$IMAGE_PADDR + PT_LARGE, PHYS(boot_l2_image)
	movl	$PHYS(boot_l2_cpu) + PT_TABLE, PHYS(boot_l3_image) + 8
	movl	$PHYS(boot_l1_cpu) + PT_TABLE, PHYS(boot_l2_cpu)

	/* The window's pages 0-1, 4-7, 12-15 (x86/percpu.h). */
	mov	$PHYS(cpu0_pages) + PT_TABLE, %eax
	xor	%ecx, %ecx
1:	bt	%ecx, PHYS(cpu_window_map)
	jnc	2f
	mov	%eax, PHYS(boot_l1_cpu)(, %ecx, 8)
	add	$0x1000, %eax
2:	inc	%ecx
	cmp	$16, %ecx
	jb	1b

	/* From the trampoline too: 32 bits, paging off, our GDT. */
	.globl start_paging
start_paging:
	mov	$0x10, %eax
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$PHYS(boot_l4), %eax
	mov	%eax, %cr3
	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	mov	$(CR0_PG | CR0_WP | CR0_ET | CR0_NE | CR0_MP | CR0_PE), %eax
	mov	%eax, %cr0
	ljmp	$0x18, $PHYS(start64_low)

/* Says why (ESI) on the serial port and in the corner of a text screen. */
fail:
	mov	$0xb8000, %edi
	mov	$0x3f8, %edx
1:	lodsb
	test	%al, %al
	jz	2f
	outb	%al, %dx
	mov	$0x4f, %ah
	stosw
	jmp	1b
2:	hlt
	jmp	2b

no_long_mode:
	.asciz "Shoji: this CPU has no 64-bit mode\r\n"
no_nx:
	.asciz "Shoji: this CPU has no no-execute bit\r\n"

	.code64
start64_low:
	movabs	$start64, %rax
	jmp	*%rax

	.text
start64:
	movabs	$PERCPU_BASE + CPU_STACK - REGS_SIZE, %rsp
	mov	start_cpu(%rip), %eax
	test	%eax, %eax
	jnz	1f
	mov	%ebp, %edi
	mov	%ebx, %esi
	xor	%ebp, %ebp
	push	%rbp /* the end of back-traces; aligns the stack */
	call	boot_main
1:	mov	idle_cr3(%rip), %rcx
	mov	%rcx, %cr3
	shl	$PERCPU_SHIFT, %rax
	add	%rax, %rsp
	xor	%ebp, %ebp
	push	%rbp
	call	smp_cpu_main
	ud2

	.section .rodata
	.balign 8
	.globl cpu_window_map
cpu_window_map:
	.long 0xf0f3
	.globl boot_gdt
boot_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff /* 0x08: code, 32 bit */
	.quad 0x00cf93000000ffff /* 0x10: data */
	.quad 0x00af9b000000ffff /* 0x18: code, 64 bit */
boot_gdtr:
	.word . - boot_gdt - 1
	.long PHYS(boot_gdt)

	.section .bss.page, "aw", @nobits
	.balign 4096
	.globl boot_l4, cpu0_pages
boot_l4:	.skip 4096
boot_l3:	.skip 4096
boot_l2:	.skip 4 * 4096
boot_l3_image:	.skip 4096
boot_l2_image:	.skip 4096
boot_l2_cpu:	.skip 4096
boot_l1_cpu:	.skip 4096
cpu0_pages:	.skip 10 * 4096
