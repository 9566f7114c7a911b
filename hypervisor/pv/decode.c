/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See decode.h. One table per opcode map says what follows the opcode; what
 * is not in the table is not ours.
 */
#include "pv/decode.h"

/* What follows an opcode. */
enum {
	NONE = 0, /* not ours */
	PLAIN = 1,
	MODRM = 2,
	IMM8 = 4, /* one byte, sign-extended */
	IMM = 8, /* operand size, at most 4 bytes */
	NO_MOD = 16, /* ModRM names registers, whatever its mod says */
};

static const uint8_t one_byte[256] = {
	[0x08] = MODRM, [0x09] = MODRM, /* or m,r */
	[0x20] = MODRM, [0x21] = MODRM, /* and m,r */
	[0x30] = MODRM, [0x31] = MODRM, /* xor m,r */
	[0x6c] = PLAIN, [0x6d] = PLAIN, /* ins */
	[0x6e] = PLAIN, [0x6f] = PLAIN, /* outs */
	[0x80] = MODRM | IMM8, [0x81] = MODRM | IMM, [0x83] = MODRM | IMM8,
	[0x86] = MODRM, [0x87] = MODRM, /* xchg */
	[0x88] = MODRM, [0x89] = MODRM, /* mov m,r */
	[0xa4] = PLAIN, [0xa5] = PLAIN, /* movs */
	[0xaa] = PLAIN, [0xab] = PLAIN, /* stos */
	[0xc6] = MODRM | IMM8, [0xc7] = MODRM | IMM, /* mov m,imm */
	[0xe4] = IMM8, [0xe5] = IMM8, [0xe6] = IMM8, [0xe7] = IMM8,
	[0xec] = PLAIN, [0xed] = PLAIN, [0xee] = PLAIN, [0xef] = PLAIN,
	[0xfa] = PLAIN, [0xfb] = PLAIN, /* cli, sti */
};

static const uint8_t two_byte[256] = {
	[0x01] = MODRM, /* xsetbv, rdtscp by their ModRM */
	[0x06] = PLAIN, /* clts */
	[0x08] = PLAIN, [0x09] = PLAIN, /* invd, wbinvd */
	[0x20] = MODRM | NO_MOD, [0x21] = MODRM | NO_MOD, /* mov r,cr or dr */
	[0x22] = MODRM | NO_MOD, [0x23] = MODRM | NO_MOD,
	[0x30] = PLAIN, [0x31] = PLAIN, [0x32] = PLAIN, /* msrs, rdtsc */
	[0xa2] = PLAIN, /* cpuid */
	[0xab] = MODRM, [0xb3] = MODRM, [0xbb] = MODRM, /* bts, btr, btc */
	[0xba] = MODRM | IMM8,
	[0xb0] = MODRM, [0xb1] = MODRM, /* cmpxchg */
	[0xc3] = MODRM, /* movnti */
};

struct cursor {
	const uint8_t *bytes;
	unsigned nr, at;
	bool short_of; /* wanted more than there is */
};

static uint8_t next(struct cursor *c)
{
	if (c->at >= c->nr || c->at >= INSN_MAX) {
		c->short_of = true;
		return 0;
	}
	return c->bytes[c->at++];
}

static int64_t next_signed(struct cursor *c, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)next(c) << 8 * i;
	return (int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size);
}

/* Prefixes; returns the first byte after them. */
static uint8_t prefixes(struct insn *i, struct cursor *c)
{
	for (;;) {
		const uint8_t byte = next(c);

		switch (byte) {
		case 0x66:
			i->operand = 2;
			break;
		case 0x67:
			i->address32 = true;
			break;
		case 0xf0:
			i->lock = true;
			break;
		case 0xf2:
			i->repne = true;
			break;
		case 0xf3:
			i->rep = true;
			break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
			break; /* of no meaning in 64-bit mode */
		case 0x64:
		case 0x65:
			i->based = true;
			break;
		default:
			if ((byte & 0xf0) != 0x40)
				return byte;
			/* REX counts only right before the opcode. */
			i->rex = byte;
			if (byte & 8)
				i->operand = 8;
			return next(c);
		}
	}
}

/* ModRM, SIB and displacement; the address itself is not needed. */
static void modrm(struct insn *i, struct cursor *c, bool no_mod)
{
	const uint8_t m = next(c);
	const unsigned mod = no_mod ? 3 : m >> 6;

	i->modrm = m;
	i->memory = mod != 3;
	i->reg = (m >> 3 & 7) | (i->rex & 4) << 1;
	i->rm = (m & 7) | (i->rex & 1) << 3;
	if (!i->memory)
		return;
	if ((m & 7) == 4) {
		const uint8_t sib = next(c);

		if (mod == 0 && (sib & 7) == 5)
			next_signed(c, 4);
	} else if (mod == 0 && (m & 7) == 5) {
		next_signed(c, 4);
	}
	if (mod == 1)
		next(c);
	else if (mod == 2)
		next_signed(c, 4);
}

bool insn_decode(struct insn *i, const uint8_t *bytes, unsigned nr)
{
	struct cursor c = { .bytes = bytes, .nr = nr };
	uint8_t follows;

	*i = (struct insn){ .operand = 4 };
	i->opcode = prefixes(i, &c);
	if (i->opcode == 0x0f) {
		i->two_byte = true;
		i->opcode = next(&c);
	}
	follows = i->two_byte ? two_byte[i->opcode] : one_byte[i->opcode];
	if (follows == NONE || c.short_of)
		return false;
	if (follows & MODRM)
		modrm(i, &c, follows & NO_MOD);
	if (follows & IMM8)
		i->immediate = next_signed(&c, 1);
	else if (follows & IMM)
		i->immediate = next_signed(&c, i->operand == 2 ? 2 : 4);
	i->length = c.at;
	return !c.short_of;
}
