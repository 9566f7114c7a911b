/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions in test guests. trap_try() runs a function and says which
 * exception ended it; trap_hook lets a test handle one and go on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pv-drivers/front/regs.h"

#define NO_TRAP (-1)

enum {
	TRAP_DE, TRAP_DB, TRAP_NMI, TRAP_BP, TRAP_OF, TRAP_BR, TRAP_UD,
	TRAP_NM, TRAP_DF, TRAP_TS = 10, TRAP_NP, TRAP_SS, TRAP_GP, TRAP_PF,
	TRAP_MF = 16, TRAP_AC, TRAP_MC, TRAP_XM,
};

/* The registers and CR2 record at the exception that ended trap_try(). */
extern struct pv_regs trap_last;
extern uint64_t trap_cr2;
extern bool trap_masked;	/* upcalls were masked in the handler */

/* Registers pv_exceptions[] and int 0x80, the latter with DPL 3. */
void trap_init(void);

/*
 * Calls fn(arg); the vector of the exception that ended it, or NO_TRAP. The
 * boot vCPU only. An exception from user mode ends it as well.
 */
int trap_try(void (*fn)(uint64_t arg), uint64_t arg);

/* Leaves the innermost trap_try() with the given result, from a handler. */
void trap_leave(struct pv_regs *regs, int result);

/* Called first, in the handler; true means handled, resume as regs say. */
extern bool (*trap_hook)(struct pv_regs *regs);

/* Handles exceptions of this vector by counting them, from 0, until trap_hook
 * is set to something else. */
void trap_count(unsigned int vector);
extern unsigned int trap_counted;
