/* SPDX-License-Identifier: BSD-2-Clause */
/* Port input and output of guests (ABI surface 8.3). */
#pragma once

#include <stdbool.h>

#include "x86/regs.h"

struct insn;
struct vcpu;

/* The current mode may use IN, OUT, CLI and STI by its virtual IOPL. */
bool ioport_iopl_allows(const struct vcpu *v);

/* Carry out an IN, OUT, INS or OUTS; false: #GP. Moves RIP. */
bool ioport_emulate(struct vcpu *v, struct regs *regs, const struct insn *i);
