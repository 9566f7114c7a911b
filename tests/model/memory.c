// SPDX-License-Identifier: BSD-2-Clause
/*
 * Page tables: mmu_update, mmuext_op, update_va_mapping, stores that trap.
 * Frames have a role by their number, so that
 * random requests build trees often enough; one request in a few ignores it.
 */
#include <string.h>

#include "core/domain.h"
#include "mm/paging.h"
#include "pv/decode.h"
#include "pv/emulate.h"
#include "shoji/extension.h"
#include "spec.h"
#include "xen/errno.h"

#define CONTINUED (1u << 31)
#define REQUESTS_MAX 6
#define DATA 0
#define DESC 5

/* Operands */

static unsigned role(uint64_t mfn)
{
	static const uint8_t roles[8] = {1, 1, 2, 3, 4, DATA, DATA, DESC};

	return roles[mfn % 8];
}

static uint64_t any_number(void)
{
	static const uint64_t odd[] = {0, ~0ull, FRAMES, FRAMES - 1,
		DEVICE_FIRST, DEVICE_LAST + 1, 1ull << 28, 1ull << 39};

	return chance(50) ? odd[random_below(sizeof(odd) / sizeof(odd[0]))] :
			    random_below(FRAMES);
}

uint64_t pick_frame(const struct domain *d, unsigned wanted)
{
	uint64_t known, va;

	if (chance(6))
		return any_number();
	if (chance(10) && hardware_remembers(d, &known, &va))
		return known;
	for (unsigned tries = 0; tries < 200; tries++) {
		const uint64_t mfn = random_below(FRAMES);

		if (spec[mfn].owner == d->id &&
			(role(mfn) == wanted || chance(2)))
			return mfn;
	}
	return any_number();
}

static unsigned pick_index(void)
{
	static const uint16_t indexes[] = {
		0, 1, 2, 3, 255, 256, 271, 272, 511};

	if (chance(60))
		return random_below(3);
	return indexes[random_below(sizeof(indexes) / sizeof(indexes[0]))];
}

/* Mostly one whose tables are there, if the vCPU has any. */
uint64_t pick_va(const struct call *c)
{
	uint64_t mfn = spec_domain[c->d->id].kernel_root[c->v->id].n;
	bool follow = mfn < FRAMES && chance(85);
	uint64_t known, va = 0;

	if (chance(25) && hardware_remembers(c->d, &known, &va))
		return va;
	va = 0;
	for (unsigned level = 4; level >= 1; level--) {
		unsigned index = level == 4 ? random_below(2) : pick_index();

		for (unsigned tries = 0; follow && level > 1 && tries < 30 &&
			!(spec[mfn].entry[index] & PTE_P); tries++)
			index = pick_index();
		va |= (uint64_t)index << (12 + 9 * (level - 1));
		follow = follow && level > 1 &&
			(spec[mfn].entry[index] & PTE_P);
		if (follow)
			mfn = (spec[mfn].entry[index] & PTE_ADDR) >> PAGE_SHIFT;
		follow = follow && mfn < FRAMES;
	}
	return va >> 47 & 1 && chance(98) ? va | 0xffffull << 48 : va;
}

uint64_t mapped_frame(const struct call *c, uint64_t va)
{
	uint64_t table, mfn = FRAMES;
	unsigned index;

	if (spec_walk(c->d->id, c->v->id, va, &table, &index))
		mfn = (spec[table].entry[index] & PTE_ADDR) >> PAGE_SHIFT;
	return mfn < FRAMES ? mfn : FRAMES;
}

uint64_t pick_entry(const struct domain *owner, unsigned level)
{
	static const uint64_t odd[] = {PTE_PSE, PTE_PCD, PTE_PWT, PTE_G,
		1ull << 52, PTE_NX, PTE_AVL, PTE_P};
	uint64_t pte = PTE_P | (random_word() & (PTE_US | PTE_A | PTE_D));

	if (chance(20))
		return chance(80) ? 0 : random_word() & ~PTE_P;
	if (chance(level == 1 ? 40 : 90))
		pte |= PTE_RW;
	if (chance(15))
		pte ^= odd[random_below(sizeof(odd) / sizeof(odd[0]))];
	/* Tables and descriptors among data, mostly read-only. */
	if (level == 1 && chance(25))
		return (pte & ~(chance(80) ? PTE_RW : 0)) |
			(pick_frame(owner, chance(50) ? 1 : DESC) <<
					PAGE_SHIFT & PTE_ADDR);
	return pte | (pick_frame(owner, level - 1) << PAGE_SHIFT & PTE_ADDR);
}

/* Nobody writes at random to what the hypervisor shares with domains. */
bool is_shared(uint64_t mfn)
{
	return mfn < FRAMES && (frames[mfn].refs & FR_SHARED);
}

/* The domain that a call names, as the ABI numbers it. */
uint16_t pick_domain(const struct call *c)
{
	if (chance(c->d->id ? 92 : 40))
		return DOMID_SELF;
	if (chance(5))
		return (uint16_t)(chance(50) ? DOMID_IO : DOMAINS + 3);
	return (uint16_t)random_below(DOMAINS);
}

const struct domain *domain_or_self(const struct call *c, uint16_t id)
{
	struct domain *const d = id == DOMID_SELF ? c->d : domain_of_id(id);

	return d ? d : c->d;
}

/* Whom page tables belong to; *id DOMAINS for DOMID_IO, who has no frame. */
static int find(const struct call *c, uint16_t dom, uint16_t *id)
{
	*id = dom == DOMID_SELF ? c->d->id : dom;
	if (*id == c->d->id)
		return 0;
	if (dom == DOMID_IO) {
		*id = DOMAINS;
		return 0;
	}
	if (c->d->id != 0)
		return -EPERM;
	return *id < DOMAINS && spec_domain[*id].exists ? 0 : -ESRCH;
}

/* Batches of requests */

/* How many requests of a batch are done after this piece of it. */
static uint32_t progress(struct call *c, int64_t rc)
{
	return rc == -ERESTART ?
		c->nr - ((uint32_t)c->a.arg[1] & ~CONTINUED) : c->done;
}

static void account_batch(struct call *c, int64_t rc, int64_t refused,
	int64_t (*apply)(struct call *c, unsigned i))
{
	uint32_t done;

	if (refused) {
		/* Before it looks, the vCPU ends what it had begun. */
		if (rc != -ERESTART)
			same_answer(c, rc, refused);
		return;
	}
	done = progress(c, rc);
	if (done < c->accounted || done > c->nr ||
		(rc == 0 && done != c->nr))
		differs("%u of %u requests done, %u before", done, c->nr,
			c->accounted);
	for (; c->accounted < done && !c->lost; c->accounted++)
		same_answer(c, 0, apply(c, c->accounted));
	if (c->lost)
		return;
	if (rc && rc != -ERESTART && !may_refuse(c))
		same_answer(c, rc, apply(c, c->accounted));
	/* Validation that failed may have made entries fit. */
	if (rc && rc != -ERESTART && (may_refuse(c) || spec_failed))
		spec_compare_contents();
}

static void start_batch(struct call *c, unsigned size)
{
	c->nr = 1 + (chance(30) ? random_below(REQUESTS_MAX) : 0);
	c->a.arg[0] = (uint64_t)c->list;
	c->a.arg[1] = c->nr;
	c->a.arg[2] = (uint64_t)&c->done;
	_Static_assert(REQUESTS_MAX * sizeof(struct mmuext_op) <= CALL_BYTES,
		"room");
	memset(c->list, 0, REQUESTS_MAX * size);
}

/* mmu_update */

/* The same memory in another way. */
static uint64_t pick_change(uint64_t pte)
{
	static const uint64_t bits[] = {PTE_RW, PTE_RW, PTE_RW, PTE_NX, PTE_D,
		PTE_AVL, PTE_PCD, PTE_G, PTE_P};

	return pte ^ bits[random_below(sizeof(bits) / sizeof(bits[0]))];
}

/* A table of d's in use, of one of the types; FRAMES: none. */
static uint64_t find_table(uint16_t d, unsigned first, unsigned last)
{
	for (unsigned tries = 0; tries < 60; tries++) {
		const uint64_t mfn = random_below(FRAMES);

		if (spec[mfn].owner == d && spec[mfn].count &&
			spec[mfn].type >= first && spec[mfn].type <= last)
			return mfn;
	}
	return FRAMES;
}

/* Two requests of one call, with no flush between: a table is let go, and
 * mapped writable. */
static bool unlink_and_map(struct call *c)
{
	struct mmu_update *const list = (void *)c->list;
	const uint64_t upper = find_table(c->d->id, 2, 4);
	const uint64_t l1 = find_table(c->d->id, 1, 1);
	const unsigned index = random_below(3);

	if (upper == FRAMES || l1 == FRAMES ||
		!(spec[upper].entry[index] & PTE_P))
		return false;
	start_batch(c, sizeof(*list));
	c->nr = 2;
	c->a.arg[1] = 2;
	c->a.arg[3] = DOMID_SELF;
	list[0].ptr = upper << PAGE_SHIFT | index << 3;
	list[0].val = 0;
	list[1].ptr = l1 << PAGE_SHIFT | random_below(4) << 3;
	list[1].val = (spec[upper].entry[index] & PTE_ADDR) | PTE_P | PTE_RW;
	trace("  %lx = 0, %lx = %lx", list[0].ptr, list[1].ptr, list[1].val);
	return true;
}

/* Other rights for some entries in a row, mostly of a table. */
static void generate_run(const struct domain *owner, struct mmu_update *req)
{
	const uint64_t table = find_table(owner->id, 1, 1);
	const uint64_t mfn =
		table < FRAMES && chance(90) ? table : pick_frame(owner, 1);
	const uint64_t nr = chance(90) ? 1 + random_below(3) :
					 random_below(600);

	req->ptr = mfn << PAGE_SHIFT | pick_index() << 3 | SHOJI_MMU_RIGHTS;
	req->val = nr << PAGE_SHIFT | (random_word() & (PTE_RW | PTE_NX));
	if (chance(3))
		req->val ^= 1ull << random_below(64);
}

/* dom0 may make writable what the owner of the tables had from it read-only. */
static void lend_run(const struct domain *owner, const struct mmu_update *req)
{
	const uint64_t mfn = req->ptr >> PAGE_SHIFT;

	for (unsigned i = req->ptr >> 3 & 511; mfn < FRAMES && i < 512; i++)
		hardware_lend(owner, spec[mfn].entry[i]);
}

static void generate_update(struct call *c)
{
	struct mmu_update *const list = (void *)c->list;
	const uint16_t tables = pick_domain(c);
	const uint16_t target = tables == DOMID_SELF || chance(40) ?
		pick_domain(c) : tables;
	unsigned wanted = random_below(6);

	if (chance(4) && unlink_and_map(c))
		return;
	if (wanted == DESC && chance(80))
		wanted = 1;
	start_batch(c, sizeof(*list));
	c->a.arg[3] = target |
		(tables == DOMID_SELF ? 0 : (uint64_t)(tables + 1) << 16);
	for (unsigned i = 0; i < c->nr; i++) {
		const struct domain *const owner = domain_or_self(c, tables);
		const uint64_t mfn = pick_frame(owner, wanted);
		const unsigned cmd = chance(70) ? 0 : random_below(5);
		const unsigned index = pick_index();

		if (is_shared(mfn)) {
			c->nr = i;
			break;
		}
		list[i].ptr = mfn << PAGE_SHIFT | index << 3 | cmd;
		list[i].val = cmd == MMU_MACHPHYS_UPDATE ?
			random_below(FRAMES) :
			pick_entry(domain_or_self(c, target),
				wanted && wanted != DESC ? wanted : 1);
		if (mfn < FRAMES && chance(20))
			list[i].val = pick_change(spec[mfn].entry[index]);
		if (c->d->id == 0 && owner != c->d && tables < DOMAINS)
			hardware_lend(owner, list[i].val);
		if (chance(15)) {
			generate_run(owner, &list[i]);
			if (c->d->id == 0 && tables < DOMAINS)
				lend_run(owner, &list[i]);
		}
		trace("  %lx = %lx", list[i].ptr, list[i].val);
	}
	c->a.arg[1] = c->nr;
	trace("  tables %x target %x", tables, target);
}

static int update_subject(
	const struct call *c, uint16_t *tables, uint16_t *target)
{
	const uint32_t foreign = (uint32_t)c->a.arg[3];
	const int rc = find(c, foreign >> 16 ?
		(uint16_t)((foreign >> 16) - 1) : DOMID_SELF, tables);

	return rc ? rc : find(c, (uint16_t)foreign, target);
}

static int64_t apply_update(struct call *c, unsigned i)
{
	const struct mmu_update *const req = (struct mmu_update *)c->list + i;
	const uint64_t mfn = req->ptr >> PAGE_SHIFT;
	const unsigned cmd = req->ptr & 7;
	uint16_t tables, target;

	update_subject(c, &tables, &target);
	if (cmd == MMU_MACHPHYS_UPDATE)
		return spec_set_m2p(target, mfn, req->val);
	if (cmd > MMU_PT_UPDATE_NO_TRANSLATE && cmd != SHOJI_MMU_RIGHTS)
		return -ENOSYS;
	/* The tree's own check will not allow what the target does; a run
	 * needs a table, which only the walk knows. */
	if ((target != tables || cmd == SHOJI_MMU_RIGHTS) &&
		spec_half_done(mfn))
		lose_track();
	if (cmd == SHOJI_MMU_RIGHTS)
		return spec_set_rights(tables, target, mfn,
			req->ptr >> 3 & 511, req->val);
	return spec_write(tables, target, mfn, req->ptr >> 3 & 511, req->val,
		cmd == MMU_PT_UPDATE_PRESERVE_AD);
}

static void account_update(struct call *c, int64_t rc)
{
	const struct mmu_update *const list = (struct mmu_update *)c->list;
	uint16_t tables, target;

	/* How much of a run was done, before it was refused for what others
	 * have not finished? */
	if (rc && rc != -ERESTART && may_refuse(c) && c->done < c->nr &&
		(list[c->done].ptr & 7) == SHOJI_MMU_RIGHTS)
		lose_track();
	account_batch(c, rc, update_subject(c, &tables, &target),
		apply_update);
}

/* mmuext_op */

/* Mostly where a page is mapped that may become part of an LDT. */
static uint64_t pick_ldt(const struct call *c)
{
	uint64_t va = 0;

	for (unsigned tries = 0; tries < 20; tries++) {
		uint64_t mfn;

		va = pick_va(c);
		mfn = mapped_frame(c, va);
		if (mfn < FRAMES && (!spec[mfn].count ||
				spec[mfn].type == FRAME_DESC))
			break;
	}
	return va;
}

static void generate_ext(struct call *c)
{
	static const uint8_t cmds[] = {MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE,
		MMUEXT_PIN_L3_TABLE, MMUEXT_PIN_L4_TABLE, MMUEXT_PIN_L4_TABLE,
		MMUEXT_UNPIN_TABLE, MMUEXT_UNPIN_TABLE, MMUEXT_UNPIN_TABLE,
		MMUEXT_NEW_BASEPTR, MMUEXT_NEW_BASEPTR, MMUEXT_NEW_USER_BASEPTR,
		MMUEXT_CLEAR_PAGE, MMUEXT_COPY_PAGE, MMUEXT_TLB_FLUSH_LOCAL,
		MMUEXT_TLB_FLUSH_ALL, MMUEXT_INVLPG_LOCAL, MMUEXT_INVLPG_ALL,
		MMUEXT_MARK_SUPER, 14, 21, MMUEXT_SET_LDT, MMUEXT_SET_LDT};
	struct mmuext_op *const list = (void *)c->list;
	const uint16_t dom = chance(90) ? DOMID_SELF : pick_domain(c);
	const struct domain *const owner = domain_or_self(c, dom);

	start_batch(c, sizeof(*list));
	c->a.arg[3] = dom;
	for (unsigned i = 0; i < c->nr; i++) {
		unsigned wanted;

		list[i].cmd = cmds[random_below(sizeof(cmds))];
		wanted = list[i].cmd <= MMUEXT_PIN_L4_TABLE ?
				list[i].cmd + 1u :
			list[i].cmd == MMUEXT_UNPIN_TABLE ?
				1 + random_below(4) :
			list[i].cmd >= MMUEXT_CLEAR_PAGE ? random_below(5) : 4;
		list[i].arg1.mfn = pick_frame(owner, wanted);
		list[i].arg2.src_mfn = pick_frame(owner, DATA);
		if (list[i].cmd == MMUEXT_CLEAR_PAGE ||
			list[i].cmd == MMUEXT_COPY_PAGE)
			if (is_shared(list[i].arg1.mfn))
				list[i].cmd = MMUEXT_TLB_FLUSH_ALL;
		if (list[i].cmd == MMUEXT_SET_LDT) {
			list[i].arg1.linear_addr = chance(5) ?
				random_word() : pick_ldt(c);
			list[i].arg2.nr_ents = chance(5) ? 8193 :
				random_below(6) * 512 - chance(50);
		}
		trace("  ext %u %lx %lx", list[i].cmd, list[i].arg1.mfn,
			list[i].arg2.src_mfn);
	}
	trace("  domain %x", dom);
}

/* Of requests about the caller itself. */
static int64_t apply_own(struct call *c, const struct mmuext_op *op)
{
	struct spec_domain *const s = &spec_domain[c->d->id];
	int rc;

	switch (op->cmd) {
	case MMUEXT_NEW_BASEPTR:
		rc = op->arg1.mfn == ~0ull ? -EINVAL :
			spec_set_root(c->d->id, &s->kernel_root[c->v->id],
				MFN(op->arg1.mfn));
		if (!rc)
			spec_flush_ldt(c->d->id, c->v->id);
		return rc;
	case MMUEXT_SET_LDT:
		return spec_set_ldt(c->d->id, c->v->id,
			op->arg1.linear_addr, op->arg2.nr_ents);
	case MMUEXT_NEW_USER_BASEPTR:
		return op->arg1.mfn == ~0ull ? -EINVAL :
			spec_set_root(c->d->id, &s->user_root[c->v->id],
				op->arg1.mfn ? MFN(op->arg1.mfn) : MFN_NONE);
	case MMUEXT_TLB_FLUSH_LOCAL:
	case MMUEXT_TLB_FLUSH_ALL:
	case MMUEXT_INVLPG_LOCAL:
	case MMUEXT_INVLPG_ALL:
		return 0;
	default:
		return -ENOSYS;
	}
}

static int64_t apply_ext(struct call *c, unsigned i)
{
	const struct mmuext_op *const op = (struct mmuext_op *)c->list + i;
	const uint64_t mfn = op->arg1.mfn;
	uint16_t id;

	find(c, (uint16_t)c->a.arg[3], &id);
	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE:
	case MMUEXT_PIN_L2_TABLE:
	case MMUEXT_PIN_L3_TABLE:
	case MMUEXT_PIN_L4_TABLE:
		return spec_pin(id, mfn, op->cmd - MMUEXT_PIN_L1_TABLE + 1);
	case MMUEXT_UNPIN_TABLE:
		return spec_unpin(id, mfn);
	case MMUEXT_CLEAR_PAGE:
		return spec_clear(id, mfn);
	case MMUEXT_COPY_PAGE:
		return spec_copy(id, mfn, op->arg2.src_mfn);
	case MMUEXT_MARK_SUPER:
		return -EOPNOTSUPP;
	default:
		return id != c->d->id ? -EPERM : apply_own(c, op);
	}
}

static void account_ext(struct call *c, int64_t rc)
{
	const unsigned before = c->accounted;
	uint16_t id;

	account_batch(c, rc, find(c, (uint16_t)c->a.arg[3], &id), apply_ext);
	if (!before && !rc && !is_together() && c->accounted && id == c->d->id)
		for (unsigned i = 0; i < c->nr; i++)
			hardware_flushed((struct mmuext_op *)c->list + i);
}

/* update_va_mapping and ..._otherdomain */

static void generate_va(struct call *c)
{
	const uint16_t target = c->kind->fn == hypercall_update_va_mapping ?
		DOMID_SELF : pick_domain(c);
	uint64_t table;
	unsigned index;

	c->a.arg[0] = pick_va(c);
	c->a.arg[1] = pick_entry(domain_or_self(c, target), 1);
	if (chance(20) &&
		spec_walk(c->d->id, c->v->id, c->a.arg[0], &table, &index))
		c->a.arg[1] = pick_change(spec[table].entry[index]);
	c->a.arg[2] = chance(50) ? UVMF_NONE : UVMF_INVLPG | UVMF_ALL;
	c->a.arg[3] = target;
	trace("  va %lx = %lx target %x", c->a.arg[0], c->a.arg[1], target);
}

static void account_va(struct call *c, int64_t rc)
{
	uint16_t target;
	uint64_t table;
	unsigned index;
	int64_t expected = find(c, (uint16_t)c->a.arg[3], &target);

	if (rc == -ERESTART || (!expected && rc && may_refuse(c)))
		return;
	if (!expected)
		expected = spec_walk(c->d->id, c->v->id, c->a.arg[0], &table,
				   &index) ?
			spec_write_l1(c->d->id, target, table, index,
				c->a.arg[1], false) :
			-EINVAL;
	same_answer(c, rc, expected);
}

/* Stores that trap, of RBX (RAX compared) to [RCX] */

enum store { MOV, XCHG, AND, OR, CMPXCHG, STORES };

static int64_t trapped_store(struct hypercall_args *a)
{
	static const uint8_t code[STORES][INSN_ROOM] = {
		[MOV] = {0x48, 0x89, 0x19},
		[XCHG] = {0x48, 0x87, 0x19},
		[AND] = {0xf0, 0x48, 0x21, 0x19},
		[OR] = {0xf0, 0x48, 0x09, 0x19},
		[CMPXCHG] = {0xf0, 0x48, 0x0f, 0xb1, 0x19},
	};
	struct regs regs = {
		.rip = (uint64_t)code[a->arg[3]],
		.rcx = a->arg[0],
		.rbx = a->arg[1],
		.rax = a->arg[2],
	};

	return emulate_pt_write(&regs, a->arg[0]) ? 0 : -EINVAL;
}

static void generate_store(struct call *c)
{
	uint64_t mfn = FRAMES;

	c->d->vm_assist |= 1ull << VMASST_TYPE_writable_pagetables;
	for (unsigned tries = 0; tries < 12; tries++) {
		c->a.arg[0] = pick_va(c) | pick_index() << 3;
		mfn = mapped_frame(c, c->a.arg[0]);
		if (mfn < FRAMES && spec[mfn].count &&
			spec[mfn].type == FRAME_L1)
			break;
	}
	c->a.arg[1] = pick_entry(c->d, 1);
	c->a.arg[3] = random_below(STORES);
	if (mfn < FRAMES && chance(80))
		c->a.arg[2] = spec[mfn].entry[c->a.arg[0] >> 3 & 511];
	trace("  %lx: %lx (%lx) store %lu", c->a.arg[0], c->a.arg[1],
		c->a.arg[2], c->a.arg[3]);
}

/* What the instruction leaves in an entry; CMPXCHG may leave it alone. */
static bool store_result(const struct call *c, uint64_t had, uint64_t *pte)
{
	*pte = c->a.arg[1];
	switch (c->a.arg[3]) {
	case AND:
		*pte &= had;
		return true;
	case OR:
		*pte |= had;
		return true;
	case CMPXCHG:
		return had == c->a.arg[2];
	default:
		return true;
	}
}

static int64_t apply_store(const struct call *c)
{
	const uint16_t d = c->d->id;
	const unsigned at = c->a.arg[0] >> 3 & 511;
	uint64_t table, mfn, pte;
	unsigned index;

	if (!spec_walk(d, c->v->id, c->a.arg[0], &table, &index))
		return -EINVAL;
	pte = spec[table].entry[index];
	mfn = (pte & PTE_ADDR) >> PAGE_SHIFT;
	if (!(pte & PTE_P) || (pte & PTE_RW) || mfn >= FRAMES ||
		spec[mfn].owner != d)
		return -EINVAL;
	if (spec_half_done(mfn))
		lose_track();
	if (!spec[mfn].count || spec[mfn].type != FRAME_L1)
		return -EINVAL;
	return store_result(c, spec[mfn].entry[at], &pte) ?
		spec_write_l1(d, d, mfn, at, pte, false) ? -EINVAL : 0 :
		0;
}

static void account_store(struct call *c, int64_t rc)
{
	int64_t expected;

	if (rc && may_refuse(c))
		return;
	expected = apply_store(c);
	if (!c->lost)
		same_answer(c, rc, expected);
}

const struct call_kind memory_calls[] = {
	{"mmu_update", 50, hypercall_mmu_update, generate_update,
		account_update, false},
	{"mmuext_op", 30, hypercall_mmuext_op, generate_ext, account_ext,
		false},
	{"update_va_mapping", 20, hypercall_update_va_mapping, generate_va,
		account_va, false},
	{"update_va_mapping_otherdomain", 6,
		hypercall_update_va_mapping_otherdomain, generate_va,
		account_va, false},
	{"trapped store", 10, trapped_store, generate_store, account_store,
		false},
	{0},
};
