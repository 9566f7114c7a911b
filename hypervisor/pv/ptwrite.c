/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stores of a guest kernel to its level-1 page tables, which it has mapped
 * read-only (ABI surface 3.11). The store is decoded, applied to a copy of
 * the entry, and the new entry goes the way of every other (pt_set_l1). The
 * address is the fault's. Instructions that read and write repeat if the
 * hardware has set Accessed or Dirty in between.
 */
#include "core/domain.h"
#include "core/vcpu.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "mm/mmu.h"
#include "mm/ptcheck.h"
#include "pv/decode.h"
#include "pv/emulate.h"
#include "xen/errno.h"

/* Flags that arithmetic changes. */
#define FLAGS_ARITHMETIC 0x8d5ull

/* What becomes of the operand. */
enum op { NONE, STORE, AND, OR, XOR, XCHG, CMPXCHG, BTS, BTR, BTC,
	/* The ModRM reg field says what, and there is an immediate. */
	LOGIC_GROUP, MOV_GROUP, BIT_GROUP };

static const uint8_t one_byte[256] = {
	[0x08] = OR, [0x09] = OR,
	[0x20] = AND, [0x21] = AND,
	[0x30] = XOR, [0x31] = XOR,
	[0x80] = LOGIC_GROUP, [0x81] = LOGIC_GROUP, [0x83] = LOGIC_GROUP,
	[0x86] = XCHG, [0x87] = XCHG,
	[0x88] = STORE, [0x89] = STORE,
	[0xc6] = MOV_GROUP, [0xc7] = MOV_GROUP,
};

static const uint8_t two_byte[256] = {
	[0xab] = BTS, [0xb3] = BTR, [0xbb] = BTC,
	[0xba] = BIT_GROUP,
	[0xb0] = CMPXCHG, [0xb1] = CMPXCHG,
	[0xc3] = STORE,
};

static const uint8_t groups[][8] = {
	{ [1] = OR, [4] = AND, [6] = XOR },
	{ [0] = STORE },
	{ [5] = BTS, [6] = BTR, [7] = BTC },
};

/* A store, decoded. */
struct store {
	enum op op;
	unsigned size; /* bytes */
	uint64_t value;
	unsigned reg; /* XCHG: gets the old value */
	bool string; /* STOS or MOVS: moves RDI (RSI), counts RCX */
};

static uint64_t mask_of(unsigned size)
{
	return size == 8 ? ~0ull : (1ull << 8 * size) - 1;
}

/* STOS and MOVS: the value is in RAX or at RSI; the fault is at RDI. */
static bool decode_string(struct regs *regs, const struct insn *i,
	uint64_t address, struct store *s)
{
	s->op = STORE;
	s->string = true;
	if (i->address32 || regs->rdi != address)
		return false;
	if (i->opcode >= 0xaa) {
		s->value = regs->rax;
		return true;
	}
	return !i->based &&
		!copy_from_guest(&s->value, (gva_t){ regs->rsi }, s->size);
}

static bool decode(struct regs *regs, const struct insn *i, uint64_t address,
	struct store *s)
{
	const bool byte_form = i->two_byte ? i->opcode == 0xb0 :
					     !(i->opcode & 1);

	*s = (struct store){
		.size = byte_form ? 1 : i->operand,
		.reg = i->reg,
	};
	if (i->two_byte && (i->opcode == 0xba || i->opcode == 0xc3))
		s->size = i->operand;
	if (!i->two_byte && (i->opcode & 0xf0) == 0xa0)
		return decode_string(regs, i, address, s);
	if (!i->memory)
		return false;
	/* AH to BH are registers 4 to 7 of a byte instruction without REX. */
	if (s->size == 1 && !i->rex && i->reg >= 4 && i->opcode != 0x80 &&
		i->opcode != 0xc6)
		return false;
	s->value = *emulate_register(regs, i->reg);
	s->op = i->two_byte ? two_byte[i->opcode] : one_byte[i->opcode];
	if (s->op >= LOGIC_GROUP) {
		s->value = (uint64_t)i->immediate;
		s->op = groups[s->op - LOGIC_GROUP][i->reg & 7];
	}
	return s->op != NONE;
}

/* ZF, SF, PF of a result; CF, OF, AF clear. */
static uint64_t logic_flags(uint64_t result, unsigned size)
{
	uint64_t flags = 0;

	if (!(result & mask_of(size)))
		flags |= RFLAGS_ZF;
	if (result >> (8 * size - 1) & 1)
		flags |= 0x80;
	if (!(__builtin_popcountll(result & 0xff) & 1))
		flags |= 0x04;
	return flags;
}

/* Flags of a - b, as CMP sets them. */
static uint64_t compare_flags(uint64_t a, uint64_t b, unsigned size)
{
	const uint64_t result = (a - b) & mask_of(size);
	const unsigned sign = 8 * size - 1;
	uint64_t flags = logic_flags(result, size);

	if (a < b)
		flags |= RFLAGS_CF;
	if ((a ^ b ^ result) & 0x10)
		flags |= 0x10;
	if (((a ^ b) & (a ^ result)) >> sign & 1)
		flags |= 0x800;
	return flags;
}

/* The operand's new value; *flags what the instruction does to RFLAGS. False:
 * CMPXCHG does not store. */
static bool compute(const struct store *s, const struct regs *regs,
	uint64_t old, uint64_t *new, uint64_t *flags)
{
	const uint64_t mask = mask_of(s->size);
	const uint64_t bit = 1ull << (s->value & (8 * s->size - 1));

	*flags = regs->rflags & FLAGS_ARITHMETIC;
	switch (s->op) {
	case STORE:
	case XCHG:
		*new = s->value & mask;
		return true;
	case AND:
	case OR:
	case XOR:
		*new = (s->op == AND ? old & s->value :
				s->op == OR ? old | s->value :
					      old ^ s->value) & mask;
		*flags = logic_flags(*new, s->size);
		return true;
	case BTS:
	case BTR:
	case BTC:
		*new = s->op == BTS ? old | bit :
			s->op == BTR ? old & ~bit : old ^ bit;
		*flags &= ~(uint64_t)RFLAGS_CF;
		*flags |= old & bit ? RFLAGS_CF : 0;
		return true;
	default:
		*flags = compare_flags(regs->rax & mask, old, s->size);
		*new = *flags & RFLAGS_ZF ? s->value & mask : old;
		return *flags & RFLAGS_ZF;
	}
}

static void write_register(struct regs *regs, unsigned number, uint64_t value,
	unsigned size)
{
	uint64_t *const reg = emulate_register(regs, number);

	if (size == 4)
		*reg = (uint32_t)value;
	else
		*reg = (*reg & ~mask_of(size)) | (value & mask_of(size));
}

/* Apply to one entry, whose operand starts at bit shift. RANK_PT held. */
static int apply(struct domain *d, uint64_t *entry, unsigned shift,
	const struct store *s, struct regs *regs) REQUIRES(d->pt_lock)
{
	const uint64_t mask = mask_of(s->size);
	uint64_t old, operand, new, flags;
	int rc;

	do {
		bool stores;

		old = read_once(entry);
		operand = old >> shift & mask;
		stores = compute(s, regs, operand, &new, &flags);
		rc = 0;
		if (stores)
			rc = pt_set_l1(d, d, entry,
				(old & ~(mask << shift)) | new << shift,
				PT_COMPARE, old);
	} while (rc == -EAGAIN);
	if (rc)
		return rc;
	regs->rflags = (regs->rflags & ~FLAGS_ARITHMETIC) | flags;
	if (s->op == XCHG)
		write_register(regs, s->reg, operand, s->size);
	else if (s->op == CMPXCHG && !(flags & RFLAGS_ZF))
		write_register(regs, 0, operand, s->size);
	return 0;
}

/* The entry that a store at a guest address hits, if the address is mapped
 * read-only to one of the domain's level-1 tables. */
static uint64_t *target_entry(struct vcpu *v, uint64_t address)
	REQUIRES(v->domain->pt_lock)
{
	const uint64_t *const map = mmu_find_l1(v, address);
	const uint64_t pte = map ? read_once(map) : 0;
	const struct frame *f;

	if (!(pte & PTE_P) || (pte & PTE_RW) || !mfn_valid(pte_mfn(pte)))
		return NULL;
	f = frame_of(pte_mfn(pte));
	if (f->owner != v->domain->id || frame_type(f) != FRAME_L1 ||
		!(f->type & FT_VALID))
		return NULL;
	return direct(mfn_paddr(pte_mfn(pte)) +
		(address % PAGE_SIZE & ~7ull));
}

static void advance_string(struct regs *regs, const struct insn *i,
	const struct store *s)
{
	const uint64_t step =
		regs->rflags & RFLAGS_DF ? -(uint64_t)s->size : s->size;

	regs->rdi += step;
	if (i->opcode < 0xaa)
		regs->rsi += step;
	if ((i->rep || i->repne) && --regs->rcx)
		return; /* the next element traps again */
	regs->rip += i->length;
}

bool emulate_pt_write(struct regs *regs, uint64_t address)
{
	struct vcpu *const v = current;
	uint8_t bytes[INSN_ROOM];
	uint64_t *entry;
	struct insn i;
	struct store s;
	int rc = -EINVAL;

	if (!(v->domain->vm_assist & 1ull << VMASST_TYPE_writable_pagetables))
		return false;
	if (!insn_decode(&i, bytes,
		    emulate_fetch(regs, bytes)) ||
		!decode(regs, &i, address, &s) || address % s.size)
		return false;
	spin_lock(&v->domain->pt_lock);
	entry = target_entry(v, address);
	if (entry)
		rc = apply(v->domain, entry, (address & 7) * 8, &s, regs);
	spin_unlock(&v->domain->pt_lock);
	if (rc)
		return false;
	if (s.string)
		advance_string(regs, &i, &s);
	else
		regs->rip += i.length;
	return true;
}
