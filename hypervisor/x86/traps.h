/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions, from guests and our own; called by entry.S with the saved
 * frame, interrupts off.
 */
#pragma once

#include "x86/regs.h"

struct cpu;

/* One stub per vector, for the IDT (x86/desc.c). */
extern const uint64_t entry_stubs[256];

void handle_guest_exception(struct regs *regs);
void handle_own_exception(struct regs *regs);
_Noreturn void handle_double_fault(struct regs *regs);

/* On the way back to the guest with something to do. */
void guest_exit_work(struct regs *regs);

/* STAR, LSTAR, CSTAR, FMASK, SYSENTER registers; on the CPU. */
void syscall_init_cpu(void);

/* Throw away the stack and go to the guest in guest_regs(), or to the idle
 * loop. */
_Noreturn void return_to_guest(void);
_Noreturn void switch_to_idle(void);
