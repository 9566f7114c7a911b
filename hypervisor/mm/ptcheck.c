/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Validation of guest page tables.
 *
 * A table becomes valid when every present entry has been checked and holds
 * its references (frame.c, I3); it stops to be valid when these have been
 * dropped. A level-1 table is done in one go. Higher tables may need time
 * without bound, so they are walked by a machine whose state is a path of at
 * most three tables (struct pt_walk), and which can stop between any two
 * entries. Tables on a path have their type, a count of 1 and no FT_VALID:
 * nobody else can use or change them; whoever wants one of them drives the
 * walk until it is off the path. A walk only waits for tables of a lower
 * level than its own top, so walks cannot wait for each other in a circle.
 *
 * Level-4 slots 256 to 271 are ours: what a guest puts there is ignored and
 * replaced.
 *
 * Lock: the owner's RANK_PT lock guards its tables' entries, its list of walks
 * and these walks.
 */
#include "mm/ptcheck.h"

#include "core/domain.h"
#include "core/refusal.h"
#include "core/vcpu.h"
#include "lib/assert.h"
#include "lib/rangeset.h"
#include "mm/frame.h"
#include "mm/tlb.h"
#include "pv/hypercall.h"
#include "x86/cpu.h"
#include "x86/harden.h"

/* ABI surface 4.1 rule 7. Bits 52 to 58 are software's; 59 to 62 are
 * protection keys, which guests do not have, so software's too. */
#define L1_ALLOWED                                                         \
	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_G | PTE_AVL |       \
		0x7ff0000000000000ull | PTE_NX)
#define L1_CACHE (PTE_PWT | PTE_PCD | PTE_PAT)
#define UPPER_ALLOWED                                                      \
	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_G | PTE_AVL |     \
		0x7ff0000000000000ull | PTE_NX)

static bool hv_slot(unsigned level, unsigned index)
{
	return level == 4 && index >= HV_SLOT_FIRST && index < HV_SLOT_END;
}

/* References of one level-1 entry */

/* A frame that is no memory: devices and firmware, if d may reach them. */
static int check_device(const struct domain *d, mfn_t mfn)
{
	if (!d->hardware || mfn.n >> (cpu_info.physical_bits - PAGE_SHIFT))
		return reject(-EINVAL, "frame %lx is no memory here", mfn.n);
	return rangeset_contains(d->iomem, mfn.n, mfn.n) ? 0 : reject(-EPERM,
		"frame %lx: device without permission", mfn.n);
}

static inline bool is_memory(mfn_t mfn)
{
	return mfn_valid(mfn) && frame_of(mfn)->owner != DOMID_IO;
}

/* What is no ordinary page of target's, or not to be had. */
static __attribute__((noinline)) int get_special(
	struct domain *d, struct domain *target, uint64_t pte)
{
	const mfn_t mfn = pte_mfn(pte);
	int rc;

	if (!is_memory(mfn))
		return check_device(d, mfn);
	if (!frame_get(mfn, target))
		return -EINVAL;
	if (!(pte & PTE_RW))
		return 0;
	rc = frame_get_writable(mfn);
	if (rc)
		frame_put(mfn);
	return rc;
}

/* Take the references that an entry is to hold, which may change to what the
 * table will have. 0 or -errno. A device's frame is never referenced. */
static inline int get_l1_entry(
	struct domain *d, struct domain *target, uint64_t *pte)
{
	const mfn_t mfn = pte_mfn(*pte);

	if (*pte & ~(L1_ALLOWED | PTE_ADDR | (d->hardware ? L1_CACHE : 0)))
		return reject(-EINVAL, "entry %lx has reserved bits", *pte);
	*pte = (*pte & ~PTE_G) | PTE_US;
	if (mfn_valid(mfn) &&
		frame_get_mapped(frame_of(mfn), target->id, *pte & PTE_RW))
		return 0;
	return get_special(d, target, *pte);
}

static inline void put_l1_entry(uint64_t pte)
{
	const mfn_t mfn = pte_mfn(pte);

	if (is_memory(mfn))
		frame_put_mapped(frame_of(mfn), pte & PTE_RW);
}

/* Most entries of most tables are empty, so they are looked at eight at once. */
static inline bool none_of_8(const uint64_t *e)
{
	return !((e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]) &
		PTE_P);
}

/* The first present entry from i on, PTE_ENTRIES if there is none. */
static inline unsigned next_present(const uint64_t *entry, unsigned i)
{
	while (i < PTE_ENTRIES && !(entry[i] & PTE_P))
		i += i % 8 == 0 && none_of_8(entry + i) ? 8 : 1;
	return i;
}

/* The end of the last present one below end, 0 if there is none. */
static inline unsigned last_present(const uint64_t *entry, unsigned end)
{
	while (end && !(entry[end - 1] & PTE_P))
		end -= end % 8 == 0 && none_of_8(entry + end - 8) ? 8 : 1;
	return end;
}

/* Whole level-1 tables */

static void release_l1(const uint64_t *entry, unsigned end)
{
	while ((end = last_present(entry, end)))
		put_l1_entry(entry[--end]);
}

static int validate_l1(struct domain *d, mfn_t table)
{
	uint64_t *const entry = mfn_direct(table);

	for (unsigned i = next_present(entry, 0); i < PTE_ENTRIES;
		i = next_present(entry, i + 1)) {
		uint64_t pte = entry[i];
		const int rc = get_l1_entry(d, d, &pte);

		if (rc) {
			release_l1(entry, i);
			return rc;
		}
		if (pte != entry[i])
			entry[i] = pte;
	}
	return 0;
}

static bool is_type(const struct frame *f, unsigned level)
{
	return frame_type(f) == (enum frame_type)level && (f->type & FT_COUNT);
}

/* Walks */

static bool on_path(const struct pt_walk *w, mfn_t table)
{
	for (unsigned i = 0; i < w->depth; i++)
		if (mfn_equal(w->at[i].mfn, table))
			return true;
	return false;
}

static void push(struct pt_walk *w, mfn_t table, unsigned level, unsigned next)
{
	ASSERT(w->depth < 4);
	w->at[w->depth].mfn = table;
	w->at[w->depth].level = level;
	w->at[w->depth].next = next;
	w->depth++;
}

static void walk_begin(struct pt_walk *w, struct domain *d, mfn_t root,
	unsigned level, enum pt_walk_state state)
{
	ASSERT(w->state == PT_IDLE);
	if (w->owner)
		domain_put(w->owner);
	domain_ref(d);
	w->owner = d;
	w->state = state;
	w->unwanted = false;
	w->error = 0;
	w->root = root;
	w->root_level = level;
	w->depth = 0;
	list_add_tail(&d->walks, &w->node);
}

/* The owner stays referenced until the vCPU that the walk belongs to is here:
 * it may be about to take the owner's lock. */
static void walk_end(struct pt_walk *w)
{
	w->state = PT_IDLE;
	list_remove(&w->node);
	if (w == &current->walk) {
		domain_put(w->owner);
		w->owner = NULL;
	}
}

static void set_hv_slots(mfn_t table, bool valid)
{
	uint64_t *const entry = mfn_direct(table);

	for (unsigned i = HV_SLOT_FIRST; i < HV_SLOT_END; i++)
		entry[i] = valid ? hv_l4_entry(i) : 0;
}

/* NOLINTBEGIN(misc-no-recursion): a walk wants tables below those on its path,
 * so that each of those that help each other is at a lower level. */
static int walk_run(struct pt_walk *w, const struct frame *until);

/* Somebody else's walk has `table` on its path: drive it until it has not. */
static int help(struct domain *d, struct pt_walk *self, mfn_t table)
{
	struct frame *const f = frame_of(table);
	struct pt_walk *w;

	list_for_each(w, &d->walks, node) {
		if (w == self || !on_path(w, table))
			continue;
		return walk_run(w, f);
	}
	/* Not on any path but our own: a table that contains itself. */
	return reject(-EINVAL, "table %lx is in itself", table.n);
}

/*
 * A type reference to a table that an entry of a walk names, or a walk's
 * root. Returns 0 when it is had, 1 when the table was pushed on the path,
 * or -errno.
 */
static int enter_table(struct pt_walk *w, mfn_t table, unsigned level)
{
	struct domain *const d = w->owner;
	struct frame *const f = frame_of(table);
	int rc;

	while (is_type(f, level) && !(f->type & FT_VALID)) {
		rc = help(d, w, table);
		if (rc)
			return rc;
	}
	if (is_type(f, level)) {
		if ((f->type & FT_COUNT) == FT_COUNT)
			return reject(-EBUSY,
				"table %lx: too many entries name it", table.n);
		atomic_add(&f->type, 1);
		return 0;
	}
	if (frame_take_type(f, (enum frame_type)level))
		return reject(-EINVAL, "frame %lx cannot be a level-%u table",
			table.n, level);
	if (level > 1) {
		push(w, table, level, 0);
		return 1;
	}
	rc = validate_l1(d, table);
	if (rc) {
		frame_drop_type(f);
		return rc;
	}
	current->perf[SHOJI_PERF_VALIDATION]++;
	atomic_or(&f->type, FT_VALID);
	return 0;
}

/* Validate one entry of the table on top of the path. */
static int validate_entry(struct pt_walk *w)
{
	const unsigned top = w->depth - 1;
	const unsigned level = w->at[top].level;
	uint64_t *entry = mfn_direct(w->at[top].mfn);
	const unsigned index = next_present(entry, w->at[top].next);
	uint64_t pte;
	int rc;

	w->at[top].next = index;
	if (index == PTE_ENTRIES)
		return 0;
	if (hv_slot(level, index)) {
		w->at[top].next = HV_SLOT_END;
		return 0;
	}
	entry += index;
	pte = *entry;
	if (pte & ~(UPPER_ALLOWED | PTE_ADDR))
		return reject(-EINVAL, "reserved bits in %lx", pte);
	if (!frame_get(pte_mfn(pte), w->owner))
		return -EINVAL;
	rc = enter_table(w, pte_mfn(pte), level - 1);
	if (rc < 0) {
		frame_put(pte_mfn(pte));
		return rc;
	}
	*entry = (pte & ~PTE_G) | PTE_US;
	if (rc == 0)
		w->at[top].next++;
	return 0;
}

/* All entries of the top table are done. */
static void finish_validation(struct pt_walk *w)
{
	const unsigned top = w->depth - 1;

	if (w->at[top].level == 4) {
		set_hv_slots(w->at[top].mfn, true);
		tlb_root_changed();
	}
	current->perf[SHOJI_PERF_VALIDATION]++;
	atomic_or(&frame_of(w->at[top].mfn)->type, FT_VALID);
	w->depth--;
	if (w->depth)
		w->at[w->depth - 1].next++;
	else
		w->state = PT_VALID;
}

/* Drop the reference that an entry holds to a lower table. */
static void leave_table(struct pt_walk *w, mfn_t table, unsigned level)
{
	struct frame *const f = frame_of(table);

	ASSERT(is_type(f, level) && (f->type & FT_VALID));
	if ((f->type & FT_COUNT) > 1) {
		atomic_sub(&f->type, 1);
		frame_put(table);
		return;
	}
	atomic_and(&f->type, ~FT_VALID);
	if (level > 1) {
		push(w, table, level, PTE_ENTRIES);
		return;
	}
	release_l1(mfn_direct(table), PTE_ENTRIES);
	frame_drop_type(f);
	frame_put(table);
}

static void release_entry(struct pt_walk *w)
{
	const unsigned top = w->depth - 1;
	const unsigned level = w->at[top].level;
	const uint64_t *const entry = mfn_direct(w->at[top].mfn);
	const unsigned end = last_present(entry, w->at[top].next);

	if (!end) {
		w->at[top].next = 0;
	} else if (hv_slot(level, end - 1)) {
		w->at[top].next = HV_SLOT_FIRST;
	} else {
		w->at[top].next = end - 1;
		leave_table(w, pte_mfn(entry[end - 1]), level - 1);
	}
}

static void finish_release(struct pt_walk *w)
{
	const mfn_t table = w->at[--w->depth].mfn;

	if (w->at[w->depth].level == 4)
		set_hv_slots(table, false);
	frame_drop_type(frame_of(table));
	frame_put(table);
	if (w->depth)
		return;
	if (w->error)
		w->state = PT_FAILED;
	else
		walk_end(w);
}

static int walk_step(struct pt_walk *w)
{
	const unsigned next = w->at[w->depth - 1].next;
	int rc = 0;

	if (w->state == PT_VALIDATING) {
		if (next == PTE_ENTRIES)
			finish_validation(w);
		else
			rc = validate_entry(w);
	} else {
		if (next == 0)
			finish_release(w);
		else
			release_entry(w);
	}
	return rc;
}

/*
 * Run a walk to its end, or until a frame is off its path (valid, or of no
 * type), or until something more urgent waits: -ERESTART.
 */
static int walk_run(struct pt_walk *w, const struct frame *until)
{
	unsigned steps = 0;

	while (w->state == PT_VALIDATING || w->state == PT_RELEASING) {
		int rc;

		if (until && !on_path(w, frame_mfn(until)))
			return 0;
		/* A step is at most one level-1 table. */
		if (++steps % 32 == 0 && preempt_needed())
			return -ERESTART;
		rc = walk_step(w);
		if (rc == -ERESTART)
			return rc;
		if (rc) { /* undo what the path holds, then report */
			w->state = PT_RELEASING;
			w->error = rc;
		}
	}
	return 0;
}

/* NOLINTEND(misc-no-recursion) */
/* References from outside the tables */

/* What an earlier, interrupted pt_get() of this vCPU has come to. */
static bool collect(struct pt_walk *w, struct domain *d, mfn_t table,
	unsigned level, int *rc)
{
	if (w->state == PT_IDLE || w->owner != d ||
		!mfn_equal(w->root, table) || w->root_level != level)
		return false;
	if (w->state == PT_VALID)
		*rc = 0;
	else if (w->state == PT_FAILED)
		*rc = w->error;
	else
		return false;
	walk_end(w);
	return true;
}

/* The result is not wanted any more. */
static int discard(struct pt_walk *w) UNCHECKED
{
	const enum pt_walk_state state = w->state;
	struct domain *const d = w->owner;

	walk_end(w);
	return state == PT_VALID ? pt_put(d, w->root, w->root_level) : 0;
}

int pt_ready(void)
{
	if (current->walk.state == PT_IDLE)
		return 0;
	/* The caller asked for something else when it was interrupted. */
	current->walk.unwanted = true;
	return -ERESTART;
}

/* A reference to a table that is valid already. */
static bool get_valid(struct domain *d, mfn_t table, unsigned level)
{
	struct frame *const f = frame_of(table);

	if (!frame_try_get(table, d))
		return false;
	if (is_type(f, level) && (f->type & FT_VALID) &&
		(f->type & FT_COUNT) != FT_COUNT) {
		atomic_add(&f->type, 1);
		return true;
	}
	frame_put(table);
	return false;
}

int pt_get(struct domain *d, mfn_t table, unsigned level)
{
	struct pt_walk *const w = &current->walk;
	int rc;

	if (collect(w, d, table, level, &rc)) /* explained when it failed */
		return rc ? reject(rc, "table %lx is not valid", table.n) : 0;
	rc = pt_ready();
	if (rc)
		return rc;
	if (d->dying)
		/* mmu_release() has been here, or comes */
		return reject(-EINVAL, "the domain is dying");
	if (get_valid(d, table, level))
		return 0;
	if (!frame_get(table, d))
		return -EINVAL;
	walk_begin(w, d, table, level, PT_VALIDATING);
	rc = enter_table(w, table, level);
	if (rc <= 0) {
		walk_end(w);
		if (rc)
			frame_put(table);
		return rc;
	}
	rc = walk_run(w, NULL);
	if (rc)
		return rc;
	collect(w, d, table, level, &rc);
	return rc;
}

int pt_put(struct domain *d, mfn_t table, unsigned level)
{
	struct pt_walk *const w = &current->walk;
	struct frame *const f = frame_of(table);

	if (level > 1 && (f->type & FT_COUNT) == 1) {
		walk_begin(w, d, table, level, PT_RELEASING);
		leave_table(w, table, level);
		return walk_run(w, NULL);
	}
	/* Nothing is pushed: the walk is not looked at. */
	leave_table(w, table, level);
	return 0;
}

int pt_help(struct domain *d, mfn_t table)
{
	return help(d, NULL, table);
}

int pt_pin(struct domain *d, mfn_t table, unsigned level)
{
	const int rc = pt_get(d, table, level);

	if (rc)
		return rc;
	if (!(atomic_or(&frame_of(table)->type, FT_PINNED) & FT_PINNED))
		return 0;
	/* Pinned already, so this is not the last reference. */
	pt_put(d, table, level);
	return reject(-EINVAL, "frame %lx is pinned already", table.n);
}

int pt_unpin(struct domain *d, mfn_t table, bool *done)
{
	struct frame *const f = frame_of(table);
	int rc;

	*done = false;
	if (!frame_get(table, d))
		return -EINVAL;
	rc = f->type & FT_PINNED ?
		pt_ready() :
		reject(-EINVAL, "frame %lx is not pinned", table.n);
	if (!rc) {
		*done = true;
		atomic_and(&f->type, ~FT_PINNED);
		rc = pt_put(d, table, frame_type(f));
	}
	frame_put(table);
	return rc;
}

/* Run one walk to its end; its result stays unless nobody wants it. */
static int settle(struct pt_walk *w, bool drop_result)
{
	const int rc = walk_run(w, NULL);

	if (rc || w->state == PT_IDLE)
		return rc;
	return drop_result ? discard(w) : 0;
}

int pt_settle_own(void)
{
	struct pt_walk *const w = &current->walk;
	struct domain *const d = w->owner;
	int rc;

	domain_ref(d);
	spin_lock(&d->pt_lock);
	rc = settle(w, w->unwanted);
	spin_unlock(&d->pt_lock);
	if (!rc && w->state == PT_IDLE && w->owner) {
		domain_put(w->owner);
		w->owner = NULL;
	}
	domain_put(d);
	return rc;
}

int pt_settle_domain(struct domain *d)
{
	int rc = pt_settle();

	if (!rc)
		rc = pt_ready();
	spin_lock(&d->pt_lock);
	while (!rc && !list_empty(&d->walks))
		rc = settle(list_first(&d->walks, struct pt_walk, node), true);
	spin_unlock(&d->pt_lock);
	return rc;
}

/* Entries of valid tables */

/* Write an entry; *old becomes what was there. False: PT_COMPARE differs. */
static inline bool exchange_entry(
	uint64_t *entry, uint64_t pte, enum pt_how how, uint64_t *old)
{
	if (__builtin_expect(how == PT_REPLACE, true)) {
		*old = atomic_xchg(entry, pte);
		return true;
	}
	if (how == PT_COMPARE)
		return atomic_cas(entry, old, pte);
	*old = read_once(entry);
	while (!atomic_cas(entry, old, pte | (*old & (PTE_A | PTE_D))))
		;
	return true;
}

/* Of the two ways in, each wants its own. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Old and new name the same frame: only the writable reference may differ. */
static ALWAYS_INLINE int change_rights(
	uint64_t *entry, uint64_t pte, enum pt_how how, uint64_t *old)
{
	const mfn_t mfn = pte_mfn(pte);
	const uint64_t had = read_once(entry);
	int rc;

	if (pte & ~had & PTE_RW) {
		rc = frame_get_writable(mfn);
		if (rc)
			return rc;
	}
	if (!exchange_entry(entry, pte, how, old)) {
		if (pte & ~had & PTE_RW)
			frame_put_writable(mfn);
		return -EAGAIN;
	}
	if (had & ~pte & PTE_RW)
		frame_put_writable(mfn);
	return 0;
}

/* The same memory with other rights? A frame of somebody else (a grant) must
 * not become writable by the way. */
static ALWAYS_INLINE bool same_frame(
	uint64_t had, uint64_t pte, const struct domain *target)
{
	const uint64_t same = PTE_ADDR | L1_CACHE | PTE_P;

	if (((had ^ pte) & same) || (pte & ~(L1_ALLOWED | PTE_ADDR)) ||
		!is_memory(pte_mfn(pte)))
		return false;
	return !(pte & ~had & PTE_RW) ||
		frame_of(pte_mfn(pte))->owner == target->id;
}

UNGUARDED int pt_set_l1(struct domain *d, struct domain *target,
	uint64_t *entry, uint64_t pte, enum pt_how how, uint64_t old)
{
	int rc;

	if (pte & PTE_P) {
		if (same_frame(read_once(entry), pte, target))
			return change_rights(
				entry, (pte & ~PTE_G) | PTE_US, how, &old);
		rc = get_l1_entry(d, target, &pte);
		if (rc)
			return rc;
	}
	if (!exchange_entry(entry, pte, how, &old)) {
		if (pte & PTE_P)
			put_l1_entry(pte);
		return -EAGAIN;
	}
	if (old & PTE_P)
		put_l1_entry(old);
	return 0;
}

int pt_set_rights(struct domain *d, struct domain *target, uint64_t *entry,
	uint64_t nr, uint64_t rights)
{
	int rc = 0;

	for (; nr && !rc; nr--, entry++) {
		uint64_t had = read_once(entry);
		const uint64_t pte =
			(had & ~(PT_RIGHTS | PTE_A | PTE_D)) | rights;

		if (!(had & PTE_P))
			return reject(-EINVAL, "entry %lx not present", had);
		rc = same_frame(had, pte, target) ?
			     change_rights(entry, pte, PT_KEEP_AD, &had) :
			     pt_set_l1(d, target, entry, pte, PT_KEEP_AD, 0);
	}
	return rc;
}

static void exchange_upper(uint64_t *entry, unsigned level, uint64_t pte,
	enum pt_how how, uint64_t *old)
{
	exchange_entry(entry, pte, how, old);
	if (level == 4)
		tlb_root_changed();
}

int pt_set_upper(struct domain *d, uint64_t *entry, unsigned level,
	uint64_t pte, enum pt_how how, bool *done)
{
	const unsigned index = (uint64_t)entry % PAGE_SIZE / sizeof(*entry);
	uint64_t old = read_once(entry);
	int rc;

	*done = false;
	if (hv_slot(level, index))
		return reject(-EINVAL, "slot %u is the hypervisor's", index);
	if (pte & PTE_P) {
		if (pte & ~(UPPER_ALLOWED | PTE_ADDR))
			return reject(-EINVAL, "reserved bits in %lx", pte);
		pte = (pte & ~PTE_G) | PTE_US;
		if (!((old ^ pte) & (PTE_ADDR | PTE_P))) {
			exchange_upper(entry, level, pte, how, &old);
			*done = true;
			return 0;
		}
		rc = pt_get(d, pte_mfn(pte), level - 1);
	} else {
		rc = old & PTE_P ? pt_ready() : 0;
	}
	if (rc)
		return rc;
	*done = true;
	exchange_upper(entry, level, pte, how, &old);
	return old & PTE_P ? pt_put(d, pte_mfn(old), level - 1) : 0;
}
