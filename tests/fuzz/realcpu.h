/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU that runs the test, as an oracle: traced processes execute single
 * instructions with given registers, and never run by themselves. Their code
 * and data pages are shared with the test; code ends with its page, and behind
 * it lies one that can be read and written but not executed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "x86/regs.h"

/* Below 2 GiB, so that 32-bit displacements reach them. */
#define REALCPU_CODE 0x10000000ul
#define REALCPU_CODE_END 0x10001000ul
#define REALCPU_DATA 0x10010000ul
#define REALCPU_DATA_END 0x10011000ul

/* A process whose data page is read-only, and one that may write it. */
enum realcpu { REALCPU_READER, REALCPU_WRITER };

struct outcome {
	bool executed;
	bool undefined; /* there is no such instruction */
	uint64_t fault; /* address of a page fault, or 0 */
	bool fetch; /* it wanted a byte behind the end of the code */
	struct regs regs;
};

/* False: processes cannot be traced here, or not as on a CPU. */
bool realcpu_start(void);
struct outcome realcpu_execute(enum realcpu cpu, const struct regs *regs);
