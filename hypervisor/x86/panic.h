/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and back-traces in the log; panic() itself is in lib/assert.h. */
#pragma once

#include "x86/regs.h"

void regs_show(const struct regs *regs);
void backtrace_here(void);

/* First of all; its caller must never return. */
void stack_guard_init(void);
