// SPDX-License-Identifier: BSD-2-Clause
/*
 * Debug registers that nobody watches. What a CPU would refuse, or the
 * hypervisor must not have there, ends the test.
 */
#include "lib/assert.h"
#include "mm/addr.h"
#include "mm/layout.h"
#include "x86/asm.h"

static void breakpoint(uint64_t address)
{
	ASSERT(is_canonical(address));
	ASSERT(address < HV_BASE - 7 || address >= HV_END);
}

void write_dr0(uint64_t value)
{
	breakpoint(value);
}

void write_dr1(uint64_t value)
{
	breakpoint(value);
}

void write_dr2(uint64_t value)
{
	breakpoint(value);
}

void write_dr3(uint64_t value)
{
	breakpoint(value);
}

uint64_t read_dr6(void)
{
	return 0xffff0ff0;
}

void write_dr6(uint64_t value)
{
	ASSERT(!(value >> 32));
}

/* Reserved bits (SDM volume 3, 18.2), and general detect. */
void write_dr7(uint64_t value)
{
	ASSERT((value & 0xffffffff0000fc00ull) == 0x400);
}
