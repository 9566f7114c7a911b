/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and back-traces in the log; panic() itself is in lib/assert.h. */
#pragma once

#include <stdint.h>

#include "x86/regs.h"

void regs_show(const struct regs *regs);
/* Our own stack from a frame on; the chain of frame pointers ends at 0 or
 * where it leaves this CPU's stacks. */
void backtrace_show(uint64_t rip, uint64_t rbp);
void backtrace_here(void);

/* First of all; its caller must never return. */
void stack_guard_init(void);
