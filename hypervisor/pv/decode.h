/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoder of the few x86 instructions that are emulated: prefixes, opcode,
 * ModRM form, immediate, length (Intel SDM volume 2, chapter 2). Pure: bytes
 * in, description out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define INSN_MAX 15
#define INSN_ROOM 16 /* of words, for emulate_fetch() */

struct insn {
	unsigned length;
	unsigned operand; /* bytes: 2, 4 or 8; 1 is the opcode's affair */
	bool lock, rep, repne, address32;
	bool based; /* data other than strings' at RDI are FS's or GS's */
	uint8_t rex; /* 0: none */
	bool two_byte; /* opcode follows 0x0f */
	uint8_t opcode;
	uint8_t modrm; /* if it has one */
	bool memory; /* ModRM names memory */
	unsigned reg, rm; /* register numbers, REX included */
	int64_t immediate; /* sign-extended */
};

/* Decode at most nr bytes in 64-bit mode. False: not one of ours, or the
 * bytes end before the instruction does. */
bool insn_decode(struct insn *i, const uint8_t *bytes, unsigned nr);
