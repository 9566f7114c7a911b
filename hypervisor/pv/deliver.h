/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest kernel sees of traps, events and system calls: frames on its
 * stack (ABI surface 3.2), and back by the iret hypercall.
 */
#pragma once

#include <stdbool.h>

#include "x86/regs.h"

struct vcpu;

/* All act on the current vCPU and its frame at the top of the stack. */

/* Deliver an exception now, with an error code or NO_ERROR_CODE. */
void deliver_trap(struct regs *regs, uint8_t vector, int32_t error);
/* The same for a page fault; the guest finds address in CR2. */
void deliver_page_fault(struct regs *regs, uint64_t address, uint32_t error);
void deliver_event(struct regs *regs);
void deliver_nmi(struct regs *regs);
/* A selector could not be loaded: the frame shows the wanted values. */
void deliver_failsafe(struct regs *regs, uint16_t ds, uint16_t es, uint16_t fs,
	uint16_t gs);

/* Called by entry.S: a system call of guest user space, of 32-bit code. */
void guest_syscall(struct regs *regs);
void guest_sysenter(struct regs *regs);
