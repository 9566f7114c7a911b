// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the CPUs remember of page tables. A guest's accesses walk the tables
 * that its CPU has loaded, as the hardware does, and each CPU keeps what they
 * found: translations of pages, and which table an entry of a higher level
 * names (Intel SDM volume 3, 4.10), with PCID a guest's kernel and its user
 * space apart. Only the instructions that flush make it forget. After every
 * step nothing may be remembered that its guest must not use any more (frame.c,
 * I5 and I6).
 */
#include <string.h>

#include "core/domain.h"
#include "core/granttab.h"
#include "lib/assert.h"
#include "machine.h"
#include "mm/frame.h"
#include "mm/paging.h"
#include "mm/tlb.h"
#include "spec.h"
#include "x86/asm.h"

#define CPUS 2
#define CACHED 64

struct cached {
	uint64_t va; /* as far as the level translates it */
	uint64_t mfn;
	unsigned level; /* of the table that mfn is; 0: a page */
	unsigned number; /* PCID */
	bool writable;
	uint16_t owner; /* of the frame, at that time */
	uint64_t address; /* that was accessed */
};

static struct tlb {
	uint64_t root;
	unsigned number;
	unsigned nr;
	struct cached cached[CACHED];
} tlbs[CPUS];

static struct tlb *tlb(void)
{
	return &tlbs[this_cpu()->number];
}

/* Instructions */

/* Forget what is under the number loaded: all of it, or all but the other
 * pages' translations. */
static void forget(bool all, uint64_t va)
{
	struct tlb *const t = tlb();
	unsigned kept = 0;

	for (unsigned i = 0; i < t->nr; i++)
		if (t->cached[i].number != t->number ||
			(!all && !t->cached[i].level &&
				t->cached[i].va != va >> PAGE_SHIFT))
			t->cached[kept++] = t->cached[i];
	t->nr = kept;
}

void write_cr3(uint64_t value)
{
	tlb()->root = (value & ~TLB_KEEP) >> PAGE_SHIFT;
	tlb()->number = tlb_keep ? value & PAGE_MASK : 0;
	ASSERT(!(value & ~tlb_keep & TLB_KEEP)); /* a fault without PCID */
	if (!(value & TLB_KEEP))
		forget(true, 0);
}

uint64_t read_cr4(void)
{
	return 0;
}

void write_cr4(uint64_t value)
{
	(void)value;
	tlb()->nr = 0;
}

/* The page, and all of the higher levels. */
void invlpg(uint64_t va)
{
	forget(false, va);
}

/* Accesses */

static uint64_t part_of(uint64_t va, unsigned level)
{
	return va >> (PAGE_SHIFT + 9 * level);
}

static void remember(uint64_t va, uint64_t mfn, unsigned level, bool writable)
{
	struct tlb *const t = tlb();
	const unsigned at = t->nr < CACHED ? t->nr++ : random_below(CACHED);

	t->cached[at] =
		(struct cached){part_of(va, level), mfn, level, t->number,
			writable, frames[mfn].owner, va & ~(uint64_t)PAGE_MASK};
}

static const struct cached *find(uint64_t va, unsigned level)
{
	const struct tlb *const t = tlb();

	for (unsigned i = 0; i < t->nr; i++)
		if (t->cached[i].level == level &&
			t->cached[i].number == t->number &&
			t->cached[i].va == part_of(va, level))
			return &t->cached[i];
	return NULL;
}

/* One step down; the hardware notes that it used the entry. */
static bool descend(uint64_t va, struct cached *at, bool write)
{
	const unsigned index = va >> (12 + 9 * (at->level - 1)) & 511;
	uint64_t *const entry = (uint64_t *)mfn_direct(MFN(at->mfn)) + index;
	const uint64_t used = PTE_A |
		(write && at->level == 1 && at->writable ? PTE_D : 0);

	if (!(*entry & PTE_P) || (at->level == 4 && index >> 4 == 16))
		return false;
	at->writable &= *entry & PTE_RW ? true : false;
	*entry |= used & (at->writable ? ~0ull : ~PTE_D);
	spec[at->mfn].entry[index] |= used & (at->writable ? ~0ull : ~PTE_D);
	at->mfn = (*entry & PTE_ADDR) >> PAGE_SHIFT;
	at->level--;
	if (at->mfn >= FRAMES)
		return false; /* a device */
	at->owner = frames[at->mfn].owner;
	return true;
}

/* The frame that the CPU finds at an address: false for a fault. */
static bool translate(uint64_t va, bool write, struct cached *found)
{
	const struct cached *known = find(va, 0);

	if (known && (!write || known->writable)) {
		*found = *known;
		return true;
	}
	*found = (struct cached){
		.mfn = tlb()->root, .level = 4, .writable = true};
	for (unsigned level = 1; level < 4 && chance(90); level++) {
		known = find(va, level);
		if (known) {
			*found = *known;
			break;
		}
	}
	if (!found->mfn)
		return false;
	while (found->level) {
		if (!descend(va, found, write))
			return false;
		remember(va, found->mfn, found->level, found->writable);
	}
	return !write || found->writable;
}

static void differs_about(unsigned cpu, const struct cached *c)
{
	const struct frame *const f = &frames[c->mfn];

	differs("CPU %u (d%u) still %s frame %lx at level %u: it was d%u's, is "
		"d%u's, type %x",
		cpu, cpu_of(cpu)->vcpu->domain->id,
		c->writable ? "writes" : "reads", c->mfn, c->level, c->owner,
		f->owner, f->type);
}

/* dom0 puts pages of one domain into tables of another: the owner + 1. */
static uint8_t lent[DOMAINS][FRAMES];

void hardware_lend(const struct domain *to, uint64_t pte)
{
	const uint64_t mfn = (pte & PTE_ADDR) >> PAGE_SHIFT;

	if (mfn < FRAMES && frames[mfn].owner < DOMAINS)
		lent[to->id][mfn] = (uint8_t)(frames[mfn].owner + 1);
}

/* Who maps a stranger's page has a grant for it. dom0 needs none. */
static bool granted(const struct domain *d, const struct cached *c)
{
	const struct grant_table *const t = domain_of_id(c->owner)->grants;

	for (unsigned i = 0; i < REFS; i++) {
		const struct grant_use *const u = &t->use[0][i];

		if (u->frame == c->mfn && u->domid == d->id &&
			(u->writers || (u->readers && !c->writable)))
			return true;
	}
	return false;
}

static bool may_use(const struct domain *d, const struct cached *c)
{
	const struct frame *const f = &frames[c->mfn];
	/* Another CPU may have changed the type, and not flushed yet. */
	const bool changing = is_together() && !(f->type & FT_VALID);

	if (f->owner != c->owner)
		return false;
	/* It is walked: nobody may write to it, of whatever count. */
	if (c->level)
		return changing || frame_type(f) == (enum frame_type)c->level;
	if (c->writable && (f->type & FT_COUNT) && !changing &&
		frame_type(f) <= FRAME_DESC)
		return false;
	return c->owner == d->id || d->privileged || granted(d, c) ||
		lent[d->id][c->mfn] == c->owner + 1;
}

/* What is under another number counts if it can be used without a flush. */
static bool usable(unsigned cpu, const struct cached *c)
{
	return c->number == tlbs[cpu].number ||
	       (cpu_of(cpu)->root[c->number] & TLB_KEEP);
}

void hardware_check(void)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		const struct vcpu *const v = cpu_of(cpu)->vcpu;

		for (unsigned i = 0; i < tlbs[cpu].nr; i++) {
			const struct cached *const c = &tlbs[cpu].cached[i];

			if (usable(cpu, c) && !may_use(v->domain, c))
				differs_about(cpu, c);
		}
	}
}

static bool should_be_gone(const struct mmuext_op *op, const struct cached *c)
{
	switch (op->cmd) {
	case MMUEXT_INVLPG_LOCAL:
	case MMUEXT_INVLPG_ALL:
		return !c->level && c->va == op->arg1.linear_addr >> PAGE_SHIFT;
	case MMUEXT_NEW_USER_BASEPTR:
		return tlb_keep && c->number == TLB_USER;
	case MMUEXT_NEW_BASEPTR:
	case MMUEXT_TLB_FLUSH_LOCAL:
	case MMUEXT_TLB_FLUSH_ALL:
		return true;
	default:
		return false;
	}
}

void hardware_flushed(const struct mmuext_op *op)
{
	const bool everywhere =
		op->cmd == MMUEXT_TLB_FLUSH_ALL || op->cmd == MMUEXT_INVLPG_ALL;

	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		if (cpu != this_cpu()->number &&
			(!everywhere ||
				cpu_of(cpu)->vcpu->domain != current->domain))
			continue;
		for (unsigned i = 0; i < tlbs[cpu].nr; i++) {
			const struct cached *const c = &tlbs[cpu].cached[i];

			if (usable(cpu, c) && should_be_gone(op, c))
				differs("CPU %u: after flush %u, %lx -> %lx is "
					"remembered",
					cpu, op->cmd, c->address, c->mfn);
		}
	}
}

/* The clock of flushes starts anywhere, and somebody else's flushes move it on,
 * so that its narrow copies in the frames go round. */
void hardware_start(void)
{
	static const uint64_t times[] = {
		1, 0x6fff, 0x7fff, 0xfff0, 0xfffffff0, 0xfffffffffffffff0};

	memset(tlbs, 0, sizeof(tlbs));
	memset(lent, 0, sizeof(lent));
	tlb_clock = times[random_below(6)];
	tlb_keep = chance(50) ? TLB_KEEP : 0;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		cpu_of(cpu)->tlb_time = tlb_clock;
}

void hardware_time_passes(void)
{
	static const uint32_t flushes[] = {
		1, 0x100, 0x7000, 0x8000, 0xffff, 0x80000000};

	tlb_clock += flushes[random_below(6)];
}

/* Something that a CPU remembers of d's pages: what is done with that is worth
 * trying. */
bool hardware_remembers(const struct domain *d, uint64_t *mfn, uint64_t *va)
{
	const unsigned cpu = random_below(CPUS);
	const struct tlb *const t = &tlbs[cpu];

	for (unsigned tries = 0; t->nr && tries < 4; tries++) {
		const struct cached *const c = &t->cached[random_below(t->nr)];

		if (c->owner != d->id || (c->level && tries < 3))
			continue;
		*mfn = c->mfn;
		*va = c->address;
		return true;
	}
	return false;
}

/* Guests */

struct access {
	uint64_t va, value;
	bool write;
	bool user;
};

static uint64_t pick_value(const struct call *c)
{
	if (chance(20))
		return random_word();
	return pick_entry(c->d, 1 + random_below(4));
}

static void generate_access(struct call *c)
{
	struct access *const list = (void *)c->list;

	c->nr = 1 + random_below(4);
	for (unsigned i = 0; i < c->nr; i++) {
		for (unsigned tries = 0; tries < 8; tries++) {
			list[i].va = pick_va(c) | random_below(4) << 3;
			if (find(list[i].va, 0) ||
				mapped_frame(c, list[i].va) < FRAMES)
				break;
		}
		list[i].write = chance(60);
		list[i].user = chance(25);
		list[i].value = pick_value(c);
		trace("  %s%s %lx, %lx", list[i].user ? "user " : "",
			list[i].write ? "write" : "read", list[i].va,
			list[i].value);
	}
	c->a.arg[0] = (uint64_t)c;
}

/* By a system call, or a return from one. */
static void change_mode(struct vcpu *v, bool user)
{
	if (v->kernel_mode == !user || mfn_none(v->user_l4))
		return;
	v->kernel_mode = !user;
	tlb_enter(user ? TLB_USER : TLB_KERNEL);
}

static int64_t guest_accesses(struct hypercall_args *a)
{
	struct call *const c = (struct call *)a->arg[0];
	const struct access *const list = (void *)c->list;

	for (; c->done < c->nr; c->done++) {
		const struct access *const at = &list[c->done];
		const unsigned index = at->va >> 3 & 511;
		struct cached found;

		together_gap();
		change_mode(c->v, at->user);
		if (!translate(at->va, at->write, &found))
			continue; /* a fault: the guest goes on */
		if (!may_use(c->d, &found))
			differs_about(this_cpu()->number, &found);
		if (!at->write || is_shared(found.mfn))
			continue;
		((uint64_t *)mfn_direct(MFN(found.mfn)))[index] = at->value;
		spec[found.mfn].entry[index] = at->value;
	}
	change_mode(c->v, false);
	return 0;
}

static void account_access(struct call *c, int64_t rc)
{
	(void)c;
	(void)rc;
}

const struct call_kind access_calls[] = {
	{"accesses", 60, guest_accesses, generate_access, account_access, true},
	{0},
};
