/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The saved frame: what entry.S leaves at the top of a CPU's stack. The
 * offsets are macros so that assembly can use them, and proved below.
 */
#pragma once

#define REGS_R9 0x38
#define REGS_RAX 0x40
#define REGS_ARGS 0x50
#define REGS_VECTOR 0x7c
#define REGS_RIP 0x80
#define REGS_CS 0x88
#define REGS_RFLAGS 0x90
#define REGS_SIZE 0xa8

/* Values of .vector for entries that are not through the IDT. */
#define VECTOR_SYSCALL 0x100
#define VECTOR_SYSENTER 0x101

/* Hypercalls: their numbers are below this; iret's. */
#define NR_HYPERCALLS 64
#define NR_IRET 23

/* Flags of an iret frame (ABI surface 3.3): a system call's, whose RCX and R11
 * need no restoring. */
#define IRET_IN_SYSCALL 0x100

#ifndef __ASSEMBLY__
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct hypercall_args {
	uint64_t arg[5];
};

/* Values of .vector and .error. */
enum {
	TRAP_DEBUG = 1,
	TRAP_NMI = 2,
	TRAP_INVALID_OP = 6,
	TRAP_NO_DEVICE = 7,
	TRAP_GENERAL = 13,
	TRAP_PAGE_FAULT = 14,
	TRAP_MACHINE_CHECK = 18,
	TRAP_INT80 = 0x80,
};

enum { NO_ERROR_CODE = -1 };

struct regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r9, rax, rcx;
	union {
		struct {
			uint64_t rdi, rsi, rdx, r10, r8;
		};
		struct hypercall_args args; /* of a guest kernel's SYSCALL */
	};
	int32_t error;   /* error code pushed by the CPU, or NO_ERROR_CODE */
	uint32_t vector; /* IDT vector, or VECTOR_... */
	uint64_t rip;
	uint64_t cs;
	uint64_t rflags;
	uint64_t rsp;
	uint64_t ss;
};

static_assert(offsetof(struct regs, r9) == REGS_R9, "regs");
static_assert(offsetof(struct regs, rax) == REGS_RAX, "regs");
static_assert(offsetof(struct regs, args) == REGS_ARGS, "regs");
static_assert(offsetof(struct regs, vector) == REGS_VECTOR, "regs");
static_assert(offsetof(struct regs, rip) == REGS_RIP, "regs");
static_assert(offsetof(struct regs, cs) == REGS_CS, "regs");
static_assert(offsetof(struct regs, rflags) == REGS_RFLAGS, "regs");
static_assert(sizeof(struct regs) == REGS_SIZE, "regs");
#endif

#define RFLAGS_CF 0x00001
#define RFLAGS_RESERVED1 0x00002
#define RFLAGS_ZF 0x00040
#define RFLAGS_TF 0x00100
#define RFLAGS_IF 0x00200
#define RFLAGS_DF 0x00400
#define RFLAGS_IOPL 0x03000
#define RFLAGS_NT 0x04000
#define RFLAGS_RF 0x10000
#define RFLAGS_VM 0x20000
#define RFLAGS_AC 0x40000
#define RFLAGS_VIF 0x80000
#define RFLAGS_VIP 0x100000
