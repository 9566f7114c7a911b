/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running code in user mode, under a second root that lacks some of the
 * kernel's mappings. User code is functions of the image (its slot is in both
 * roots) or what a test writes to USER_PAGE, which lies below 4 GiB.
 */
#pragma once

#include <stdint.h>

#include "pv-drivers/front/regs.h"

#define USER_PAGE 0x10000000UL		/* code and data, writable */
#define TRAP_FAILSAFE 0x102		/* trap_try()'s result for it */

/* Installs the user root, kernel stack, syscall and failsafe callbacks. */
void user_init(void);

/* The user root; slot 1 (the p2m list) is missing in it. */
uint64_t *user_root(void);

/* Registers for entering fn(arg) in 64-bit user mode on the user stack. */
struct pv_regs user_regs(void (*fn)(uint64_t arg), uint64_t arg);

/*
 * Runs the context until an exception or system call ends it: the vector,
 * PV_VECTOR_SYSCALL or TRAP_FAILSAFE, with trap_last filled in.
 */
int user_run(const struct pv_regs *regs);

/* As above, for fn(arg). */
int user_call(void (*fn)(uint64_t arg), uint64_t arg);

/*
 * The iret hypercall with a frame of the test's own making; RPL 0 stays in
 * the kernel. Registers that the frame does not hold are whatever they were.
 */
struct iret_context;
int user_iret(const struct iret_context *frame);

/* Maps a page at va in both roots, in an L4 slot that was empty. */
void user_map(uint64_t va, const void *page);

int64_t callback(unsigned int type, unsigned int flags, void (*entry)(void));

/* What the failsafe callback found. */
struct failsafe_frame {
	uint64_t rcx, r11, ds, es, fs, gs, rip, cs, rflags, rsp, ss;
};
extern struct failsafe_frame failsafe_frame;
void failsafe_entry(void);

extern char user_stack[8192], kernel_stack[16384];
