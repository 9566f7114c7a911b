// SPDX-License-Identifier: BSD-2-Clause
/*
 * The instruction decoder (pv/decode.c) and the stores to page tables that it
 * serves (pv/ptwrite.c), against the CPU that runs the test (realcpu.h). Two
 * processes execute the same instruction with the same registers:
 *
 * - In the first, the page of data is read-only, as a page table is. With as
 *   many bytes as the decoder says, the CPU fetches no more; with one less,
 *   it wants that one.
 * - If the first stopped at a store to the data, so would a guest have. What
 *   emulate_pt_write() makes of it is compared with what the second process
 *   does, which may write: data, registers, defined flags, next instruction.
 *
 * Instructions that our tables do not have, and stores that are refused, are
 * no finding: the guest is told.
 */
#include "pv/decode.h"

#include <stdio.h>

#include "pv/emulate.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pvmachine.h"
#include "tests/fuzz/realcpu.h"

#define FLAGS_ARITHMETIC 0x8d5ul
#define FLAGS_BIT_TEST (RFLAGS_CF | RFLAGS_ZF)
#define FLAG_AF 0x10ul

/* Registers: small numbers, addresses of data, or anything. */
static uint64_t take_register(struct input *in)
{
	const unsigned kind = (unsigned)take(in, 1);

	if (kind < 0x60)
		return kind;
	if (kind < 0xe0)
		return REALCPU_DATA + take(in, 2) % PAGE_SIZE;
	return take(in, 8);
}

static struct regs take_registers(struct input *in)
{
	struct regs r = { 0 };

	r.rflags = take(in, 2) & (FLAGS_ARITHMETIC | RFLAGS_DF);
	r.rflags |= RFLAGS_IF | RFLAGS_RESERVED1;
	for (unsigned i = 0; i < 16; i++)
		*emulate_register(&r, i) = take_register(in);
	return r;
}

/* The code is put so that it ends with its page. */
static uint64_t put_code(const uint8_t *bytes, unsigned nr)
{
	memset((void *)REALCPU_CODE, 0x90, PAGE_SIZE);
	memcpy((void *)(REALCPU_CODE_END - nr), bytes, nr);
	return REALCPU_CODE_END - nr;
}

/* WRPKRU would outlive the instruction. */
static bool is_harmless(const struct insn *i)
{
	return !(i->two_byte && i->opcode == 0x01 && i->modrm == 0xef);
}

/* Flags that the CPU defines. */
static uint64_t defined_flags(const struct insn *i)
{
	if (i->two_byte && i->opcode != 0xb0 && i->opcode != 0xb1 &&
		i->opcode != 0xc3)
		return FLAGS_BIT_TEST;
	if (!i->two_byte && (i->opcode < 0x40 || (i->opcode & 0xfc) == 0x80))
		return FLAGS_ARITHMETIC & ~FLAG_AF;
	return FLAGS_ARITHMETIC;
}

/* What the whole instruction does where data is read-only. */
static struct outcome check_length(const uint8_t *bytes, unsigned length,
	struct regs *regs)
{
	struct outcome o;

	if (length > 1) {
		regs->rip = put_code(bytes, length - 1);
		o = realcpu_execute(REALCPU_READER, regs);
		CHECK(o.fetch || o.undefined);
	}
	regs->rip = put_code(bytes, length);
	o = realcpu_execute(REALCPU_READER, regs);
	CHECK(!o.fetch);
	return o;
}

/* The instruction has stopped at a store to address. */
static void check_store(const struct insn *i, const struct regs *regs,
	uint64_t address)
{
	struct regs ours = *regs;
	struct outcome real;

	if (!emulate_pt_write(&ours, address))
		return;
	real = realcpu_execute(REALCPU_WRITER, regs);
	CHECK(real.executed);
	CHECK(!memcmp(machine_table, (void *)REALCPU_DATA, PAGE_SIZE));
	CHECK(!((ours.rflags ^ real.regs.rflags) & defined_flags(i)));
	CHECK(ours.rip == real.regs.rip);
	for (unsigned n = 0; n < 16; n++)
		CHECK(*emulate_register(&ours, n) ==
			*emulate_register(&real.regs, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started, traced;
	struct input in = { data, size };
	uint8_t bytes[INSN_MAX];
	struct outcome o;
	struct regs regs;
	struct insn i;

	if (!started) {
		traced = realcpu_start();
		started = true;
		if (!traced)
			fputs("the CPU is not asked\n", stderr);
	}
	machine_reset();
	take_bytes(&in, bytes, sizeof(bytes));
	if (!insn_decode(&i, bytes, sizeof(bytes)) || !traced ||
		!is_harmless(&i))
		return 0;
	regs = take_registers(&in);
	take_bytes(&in, machine_table, sizeof(machine_table));
	memcpy((void *)REALCPU_DATA, machine_table, PAGE_SIZE);
	o = check_length(bytes, i.length, &regs);
	if (o.fault >= REALCPU_DATA && o.fault < REALCPU_DATA_END)
		check_store(&i, &regs, o.fault);
	return 0;
}
