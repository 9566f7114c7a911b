/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of an interrupted context, as entry.S leaves them on the
 * stack. The hardware half (from rip on) is what the hypervisor pushed; the
 * hypervisor's CS word carries the upcall mask of the interrupted context in
 * bits 32-39, and its RPL says who was interrupted: 0 kernel, 3 user.
 */
#pragma once

#define PV_REGS_RCX 72		/* offset of rcx */
#define PV_REGS_VECTOR 120	/* offset of vector */

#define PV_VECTOR_EVENT 0x100	/* the event callback */
#define PV_VECTOR_SYSCALL 0x101	/* a SYSCALL from user mode */

#ifndef __ASSEMBLY__
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct pv_regs {
	uint64_t r15, r14, r13, r12;	/*   0 */
	uint64_t r10, r9, r8;		/*  32 */
	uint64_t rdi, rsi;		/*  56 */
	uint64_t rcx, rdx, rbx, rbp;	/*  72 */
	uint64_t rax, r11;		/* 104 */
	uint64_t vector;		/* 120 */
	uint64_t error;			/* 128, 0 where there is none */
	uint64_t rip;			/* 136 */
	uint64_t cs;			/* 144 */
	uint64_t rflags;		/* 152 */
	uint64_t rsp;			/* 160 */
	uint64_t ss;			/* 168 */
};

static_assert(offsetof(struct pv_regs, rcx) == PV_REGS_RCX, "rcx");
static_assert(offsetof(struct pv_regs, vector) == PV_REGS_VECTOR, "vector");
static_assert(sizeof(struct pv_regs) == 176, "struct pv_regs");

/* Continues the context that regs describes, in kernel or user mode. */
_Noreturn void pv_resume(const struct pv_regs *regs);

/* Entry points for the trap table and the callbacks. */
void pv_event(void);
void pv_int80(void);
void pv_syscall(void);
extern void (*const pv_exceptions[32])(void);

/* What entry.S calls: events go to event.c, the rest to os_trap(). */
void pv_enter(struct pv_regs *regs);
#endif
