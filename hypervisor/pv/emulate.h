/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions of guests that trap and are carried out for them. Each returns
 * true when it is done, the frame pointing behind the instruction; false: it
 * is none of ours, deliver the exception.
 */
#pragma once

#include <stdbool.h>

#include "x86/regs.h"

/* #UD: CPUID behind the forced-emulation prefix (ABI surface 3.6), or else the
 * exception is delivered. */
void guest_invalid_op(struct regs *regs);
/* #GP with error code 0: privileged instructions, ports (3.7, 3.8). */
bool emulate_privileged(struct regs *regs);
/* #PF: a store to a level-1 page table (3.11). */
bool emulate_pt_write(struct regs *regs, uint64_t address);

/* Fetch the instruction at RIP; what lies on the next page may be missing.
 * Returns the number of bytes; there is room for INSN_ROOM. */
unsigned emulate_fetch(const struct regs *regs, uint8_t *bytes);
/* A general register of the frame by its number in instructions. */
uint64_t *emulate_register(struct regs *regs, unsigned number);
