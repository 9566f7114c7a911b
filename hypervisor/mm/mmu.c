/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmu_update, mmuext_op and update_va_mapping (ABI surface 4.3, 4.4): they
 * find the entry or table that the guest names and hand it to ptcheck.c,
 * which alone decides. Grant mappings come in here too.
 *
 * Every operation starts with pt_settle(), takes the RANK_PT lock of the
 * domain that owns the tables, and stops between two requests when something
 * more urgent waits.
 */
#include "mm/mmu.h"

#include "core/domain.h"
#include "core/refusal.h"
#include "core/vcpu.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "mm/ptcheck.h"
#include "mm/tlb.h"
#include "pv/hypercall.h"
#include "pv/segment.h"
#include "shoji/extension.h"
#include "x86/harden.h"
#include "x86/smp.h"

/* In a request count: the call goes on; earlier requests are in *done. */
#define CONTINUED (1u << 31)

/* Who a request is about */

struct subject {
	struct domain *tables; /* owner of the page tables */
	struct domain *target; /* owner of the frames they may name */
	/* What the last request was about, with a reference, or MFN_NONE: the
	 * next one is likely to be about the same table. */
	mfn_t held;
};

/* A domain by number, with a reference but for the caller's, which it does not
 * need; the caller must be allowed. */
static int find_domain(uint16_t id, struct domain **d)
{
	struct domain *const self = current->domain;

	if (id == DOMID_SELF || id == self->id) {
		*d = self;
		return 0;
	}
	if (id == DOMID_IO) {
		*d = domain_io;
	} else if (!self->privileged) {
		return reject(-EPERM, "d%u may not act on d%u", self->id, id);
	} else if (id == DOMID_XEN) {
		*d = domain_xen;
	} else {
		*d = domain_get(id);
		return *d ? 0 : reject(-ESRCH, "there is no d%u", id);
	}
	domain_ref(*d);
	return 0;
}

static void put_found(struct domain *d)
{
	if (d != current->domain)
		domain_put(d);
}

static int find_subject(uint32_t foreign, struct subject *s)
{
	const uint32_t tables = foreign >> 16;
	int rc;

	rc = find_domain(
		tables ? (uint16_t)(tables - 1) : DOMID_SELF, &s->tables);
	if (rc)
		return rc;
	rc = find_domain((uint16_t)foreign, &s->target);
	if (rc)
		put_found(s->tables);
	return rc;
}

/* mmu_update */

/* Memory that is no table: an ordinary store, if nobody forbids one. */
static int write_data(mfn_t mfn, uint64_t *entry, uint64_t value)
{
	const int rc = frame_get_writable(mfn);

	if (rc)
		return rc;
	write_once(entry, value);
	frame_put_writable(mfn);
	return 0;
}

static bool hold(struct subject *s, mfn_t mfn)
{
	if (mfn_equal(s->held, mfn))
		return true;
	if (!frame_get(mfn, s->tables))
		return false;
	if (!mfn_none(s->held))
		frame_put(s->held);
	s->held = mfn;
	return true;
}

static int update_entry(struct subject *s, uint64_t address,
	uint64_t pte, enum pt_how how, bool *done, bool *flush)
	REQUIRES(s->tables->pt_lock)
{
	const mfn_t mfn = paddr_mfn(address);
	uint64_t *entry;
	struct frame *f;
	int rc;

	*done = false;
	if (!hold(s, mfn))
		return -EINVAL;
	f = frame_of(mfn);
	entry = direct(address);
	switch (frame_type(f)) {
	case FRAME_L1:
	case FRAME_L2:
	case FRAME_L3:
	case FRAME_L4:
		if (!(f->type & FT_COUNT)) {
			rc = write_data(mfn, entry, pte);
		} else if (!(f->type & FT_VALID)) {
			/* On the path of a walk: finish that first. */
			rc = pt_help(s->tables, mfn);
			if (!rc)
				rc = -ERESTART;
		} else if (frame_type(f) == FRAME_L1) {
			rc = pt_set_l1(
				s->tables, s->target, entry, pte, how, 0);
		} else {
			/* Copies of a root must learn of new entries too. */
			*flush |= (*entry & PTE_P) ||
				(frame_type(f) == FRAME_L4 &&
					this_cpu()->view[0].cr3);
			rc = pt_set_upper(s->tables, entry, frame_type(f), pte,
				how, done);
		}
		break;
	case FRAME_DESC:
		rc = f->type & FT_COUNT ? reject(-EINVAL,
			"frame %lx holds descriptors", mfn.n) :
					  write_data(mfn, entry, pte);
		break;
	default:
		rc = write_data(mfn, entry, pte);
	}
	return rc;
}

/* At most one table's entries: no longer than a step of a walk. */
static int update_run(struct subject *s, uint64_t address, uint64_t val)
	REQUIRES(s->tables->pt_lock)
{
	const uint64_t left = (PAGE_SIZE - address % PAGE_SIZE) / sizeof(val);
	const uint64_t nr = (val & ~PT_RIGHTS) / PAGE_SIZE;
	const struct frame *const f = frame_of(paddr_mfn(address));

	if (!nr || nr > left || val & ~PT_RIGHTS & (PAGE_SIZE - 1))
		return reject(-EINVAL, "value %lx for a run of entries", val);
	if (!hold(s, paddr_mfn(address)))
		return -EINVAL;
	if (frame_type(f) != FRAME_L1 || !(f->type & FT_VALID))
		return reject(-EINVAL, "%lx: no level-1 table", address);
	return pt_set_rights(s->tables, s->target, direct(address), nr,
		val & PT_RIGHTS);
}

static int update_m2p(const struct subject *s, uint64_t address, uint64_t pfn)
	REQUIRES(s->tables->pt_lock)
{
	const mfn_t mfn = paddr_mfn(address);

	if (!frame_get(mfn, s->target))
		return -EINVAL;
	write_once(&m2p[mfn.n], pfn);
	frame_put(mfn);
	return 0;
}

static int update_one(struct subject *s, const struct mmu_update *req,
	bool *done, bool *flush) REQUIRES(s->tables->pt_lock)
{
	const uint64_t address = req->ptr & ~7ull;
	enum pt_how how = PT_REPLACE;

	*done = false;
	switch (req->ptr & 7) {
	case MMU_PT_UPDATE_PRESERVE_AD:
		how = PT_KEEP_AD;
		/* fall through */
	case MMU_NORMAL_PT_UPDATE:
	case MMU_PT_UPDATE_NO_TRANSLATE:
		return update_entry(s, address, req->val, how, done, flush);
	case MMU_MACHPHYS_UPDATE:
		return update_m2p(s, address, req->val);
	case SHOJI_MMU_RIGHTS:
		return update_run(s, address, req->val);
	default:
		return reject(-ENOSYS, "request type %lu", req->ptr & 7);
	}
}

/* The requests of one call; returns how many were done, *rc the outcome. */
static uint32_t update_all(struct subject *s, gva_t list, uint32_t nr,
	int *rc, bool *flush) REQUIRES(s->tables->pt_lock)
{
	uint32_t i;

	*rc = 0;
	s->held = MFN_NONE;
	for (i = 0; i < nr; i++) {
		struct mmu_update req;
		bool done;

		/* Most are a few dozen instructions. */
		if (i % 16 == 0 && i && preempt_needed()) {
			*rc = -ERESTART;
			break;
		}
		*rc = get_guest(&req, list, i);
		if (*rc)
			break;
		*rc = update_one(s, &req, &done, flush);
		if (*rc) {
			i += done;
			break;
		}
	}
	if (!mfn_none(s->held))
		frame_put(s->held);
	return i;
}

/* The number of requests done before this continuation. */
static inline int start_batch(struct hypercall_args *a, uint32_t *done)
{
	const gva_t where = { a->arg[2] };
	const int rc = pt_settle();

	*done = 0;
	if (rc || !(a->arg[1] & CONTINUED))
		return rc;
	a->arg[1] &= ~(uint64_t)CONTINUED;
	return gva_null(where) ? 0 : get_guest(done, where, 0);
}

/* Report progress; set the arguments up to go on if rc says so. */
static int64_t finish_batch(struct hypercall_args *a, uint32_t before,
	uint32_t done, size_t size, int rc)
{
	const gva_t where = { a->arg[2] };
	const uint32_t total = before + done;

	if (!gva_null(where) && put_guest(where, 0, &total))
		return -EFAULT;
	if (rc == -ERESTART) {
		a->arg[0] += done * size;
		a->arg[1] = ((uint32_t)a->arg[1] - done) | CONTINUED;
	}
	return rc;
}

/* mmu_update(requests, nr, *done, domains): ABI surface 4.3. */
UNGUARDED int64_t hypercall_mmu_update(struct hypercall_args *a)
{
	struct subject s;
	bool flush = false;
	uint32_t before, done;
	int rc = start_batch(a, &before);

	if (rc)
		return rc;
	rc = find_subject((uint32_t)a->arg[3], &s);
	if (rc)
		return rc;
	spin_lock(&s.tables->pt_lock);
	done = update_all(
		&s, (gva_t){ a->arg[0] }, (uint32_t)a->arg[1], &rc, &flush);
	spin_unlock(&s.tables->pt_lock);
	if (flush)
		tlb_flush(s.tables->dirty_cpus);
	put_found(s.tables);
	put_found(s.target);
	return finish_batch(a, before, done, sizeof(struct mmu_update), rc);
}

/* Roots */

/* New roots for the current vCPU or one that does not run. */
static int replace_root(struct vcpu *v, mfn_t *slot, mfn_t root)
	REQUIRES(v->domain->pt_lock)
{
	const mfn_t old = *slot;
	int rc = 0;

	if (!mfn_equal(old, root))
		rc = mfn_none(root) ? pt_ready() : pt_get(v->domain, root, 4);
	if (rc)
		return rc;
	*slot = root;
	if (v == current) {
		tlb_set_root(slot == &v->user_l4 ? TLB_USER : TLB_KERNEL, root);
		if (slot == (v->kernel_mode ? &v->kernel_l4 : &v->user_l4))
			tlb_flush_local();
	}
	return mfn_none(old) || mfn_equal(old, root) ?
		       0 :
		       pt_put(v->domain, old, 4);
}

int mmu_set_roots(struct vcpu *v, mfn_t kernel, mfn_t user)
{
	int rc = pt_settle();

	if (rc)
		return rc;
	spin_lock(&v->domain->pt_lock);
	rc = replace_root(v, &v->kernel_l4, kernel);
	if (!rc)
		rc = replace_root(v, &v->user_l4, user);
	spin_unlock(&v->domain->pt_lock);
	return rc;
}

int mmu_release(struct domain *d)
{
	struct vcpu *v;

	for_each_vcpu(d, v) {
		const int rc = mmu_set_roots(v, MFN_NONE, MFN_NONE);

		if (rc)
			return rc;
	}
	return pt_settle_domain(d);
}

/* A pin is the table's own reference: it goes with its domain. */
int mmu_unpin_all(struct domain *d)
{
	int rc = pt_settle();

	while (!rc) {
		mfn_t pinned;
		bool done;

		rc = frame_find_pinned(d, &pinned);
		if (rc != -EBUSY)
			return rc;
		spin_lock(&d->pt_lock);
		rc = pt_unpin(d, pinned, &done);
		spin_unlock(&d->pt_lock);
		if (rc == -EINVAL)
			rc = 0; /* a tool of dom0 was faster */
	}
	return rc;
}

/* mmuext_op */

/* CPUs that run the vCPUs of a guest's bitmap. */
static int vcpu_cpus(const struct domain *d, gva_t bitmap, cpumask_t *cpus)
{
	uint64_t wanted = 0;

	if (copy_from_guest(&wanted, bitmap, (d->max_vcpus + 7) / 8))
		return reject(-EINVAL, "the vCPU mask is not readable");
	cpus->bits = 0;
	for (unsigned i = 0; i < d->max_vcpus; i++)
		if ((wanted >> i & 1) && d->vcpu[i])
			cpus->bits |= 1ull << read_once(&d->vcpu[i]->cpu);
	cpus->bits &= d->dirty_cpus.bits;
	return 0;
}

static int clear_or_copy(struct domain *d, const struct mmuext_op *op)
{
	const mfn_t to = MFN(op->arg1.mfn);
	const mfn_t from = MFN(op->arg2.src_mfn);
	int rc = -EINVAL;

	if (!frame_get(to, d))
		return reject(-EINVAL, "the domain has no such page");
	if (op->cmd == MMUEXT_CLEAR_PAGE || frame_get(from, d)) {
		/* Whatever forbids it, the ABI has one answer. */
		rc = frame_get_writable(to) ? -EINVAL : 0;
		if (!rc && op->cmd == MMUEXT_CLEAR_PAGE)
			clear_page(mfn_direct(to));
		else if (!rc)
			copy_page(mfn_direct(to), mfn_direct(from));
		if (!rc)
			frame_put_writable(to);
		if (op->cmd == MMUEXT_COPY_PAGE)
			frame_put(from);
	}
	frame_put(to);
	return rc;
}

static int pin(struct domain *d, const struct mmuext_op *op, bool *done)
{
	int rc;

	spin_lock(&d->pt_lock);
	if (op->cmd == MMUEXT_UNPIN_TABLE)
		rc = pt_unpin(d, MFN(op->arg1.mfn), done);
	else
		rc = pt_pin(d, MFN(op->arg1.mfn),
			op->cmd - MMUEXT_PIN_L1_TABLE + 1);
	spin_unlock(&d->pt_lock);
	return rc;
}

/* *done: the root is in place, though work may remain. */
static int set_root(struct vcpu *v, mfn_t *slot, mfn_t root, bool *done)
{
	int rc;

	spin_lock(&v->domain->pt_lock);
	rc = replace_root(v, slot, root);
	*done = mfn_equal(*slot, root);
	spin_unlock(&v->domain->pt_lock);
	return rc;
}

static int set_kernel_root(struct vcpu *v, mfn_t root, bool *done)
{
	int rc = 0;

	*done = mfn_equal(v->kernel_l4, root);
	if (*done)
		tlb_flush_local();
	else
		rc = set_root(v, &v->kernel_l4, root, done);
	if (*done)
		segment_flush_ldt(v);
	return rc;
}

static int new_root(struct vcpu *v, const struct mmuext_op *op, bool *done)
{
	const mfn_t root = MFN(op->arg1.mfn);

	/* What is none to us is a frame that there is not to a guest. */
	if (mfn_none(root))
		return reject(-EINVAL, "there is no such frame");
	if (op->cmd == MMUEXT_NEW_BASEPTR)
		return set_kernel_root(v, root, done);
	return set_root(v, &v->user_l4, root.n ? root : MFN_NONE, done);
}

int mmu_new_kernel_root(struct vcpu *v, mfn_t root)
{
	bool done;
	const int rc = pt_settle();

	return rc ? rc : set_kernel_root(v, root, &done);
}

static int flush(struct vcpu *v, const struct mmuext_op *op)
{
	cpumask_t cpus = v->domain->dirty_cpus;

	switch (op->cmd) {
	case MMUEXT_TLB_FLUSH_LOCAL:
		tlb_flush_local();
		return 0;
	case MMUEXT_INVLPG_LOCAL:
		tlb_flush_page_local(op->arg1.linear_addr);
		return 0;
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
		if (vcpu_cpus(v->domain, (gva_t){ op->arg2.vcpumask.va },
			    &cpus))
			return -EINVAL;
	}
	if (op->cmd == MMUEXT_TLB_FLUSH_ALL ||
		op->cmd == MMUEXT_TLB_FLUSH_MULTI)
		tlb_flush(cpus);
	else
		tlb_flush_page(cpus, op->arg1.linear_addr);
	return 0;
}

/* One request; d is whose tables or pages it is about. */
static int extended_op(struct domain *d, const struct mmuext_op *op, bool *done)
{
	struct vcpu *const v = current;

	*done = false;
	switch (op->cmd) {
	case MMUEXT_UNPIN_TABLE:
	case MMUEXT_PIN_L1_TABLE:
	case MMUEXT_PIN_L2_TABLE:
	case MMUEXT_PIN_L3_TABLE:
	case MMUEXT_PIN_L4_TABLE:
		return pin(d, op, done);
	case MMUEXT_CLEAR_PAGE:
	case MMUEXT_COPY_PAGE:
		return clear_or_copy(d, op);
	case MMUEXT_MARK_SUPER:
	case MMUEXT_UNMARK_SUPER:
		return reject(-EOPNOTSUPP, "no superpages are counted here");
	}
	if (d != v->domain)
		return reject(-EPERM, "only for the caller's own domain");
	switch (op->cmd) {
	case MMUEXT_NEW_BASEPTR:
	case MMUEXT_NEW_USER_BASEPTR:
		return new_root(v, op, done);
	case MMUEXT_TLB_FLUSH_LOCAL:
	case MMUEXT_INVLPG_LOCAL:
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
	case MMUEXT_TLB_FLUSH_ALL:
	case MMUEXT_INVLPG_ALL:
		return flush(v, op);
	case MMUEXT_SET_LDT:
		return segment_set_ldt(
			v, op->arg1.linear_addr, op->arg2.nr_ents);
	case MMUEXT_FLUSH_CACHE:
		if (!d->hardware)
			return reject(-EACCES, "only for domains with devices");
		wbinvd();
		return 0;
	case MMUEXT_FLUSH_CACHE_GLOBAL:
		if (!d->hardware)
			return reject(-EINVAL, "only for domains with devices");
		smp_wbinvd();
		return 0;
	default:
		return reject(-ENOSYS, "there is no operation %u", op->cmd);
	}
}

/* mmuext_op(ops, nr, *done, domain): ABI surface 4.4. */
UNGUARDED int64_t hypercall_mmuext_op(struct hypercall_args *a)
{
	const gva_t list = { a->arg[0] };
	struct domain *d;
	uint32_t before, i, nr;
	int rc = start_batch(a, &before);

	if (rc)
		return rc;
	nr = (uint32_t)a->arg[1];
	rc = find_domain((uint16_t)a->arg[3], &d);
	if (rc)
		return rc;
	for (i = 0; i < nr; i++) {
		struct mmuext_op op;
		bool done = false;

		if (i && preempt_needed())
			rc = -ERESTART;
		else
			rc = get_guest(&op, list, i);
		if (!rc)
			rc = extended_op(d, &op, &done);
		if (rc) {
			i += rc == -ERESTART && done;
			break;
		}
	}
	put_found(d);
	return finish_batch(a, before, i, sizeof(struct mmuext_op), rc);
}

/* Entries by virtual address */

static uint64_t *find_l1_unchecked(struct vcpu *v, uint64_t va)
	REQUIRES(v->domain->pt_lock)
{
	uint64_t *table;

	if (mfn_none(v->kernel_l4) || !is_canonical(va) ||
		(va >= HV_BASE && va < HV_END))
		return NULL;
	table = mfn_direct(v->kernel_l4);
#pragma GCC unroll 3
	for (unsigned shift = 39; shift > 12; shift -= 9) {
		const uint64_t pte = read_once(&table[va >> shift & 511]);

		if (!(pte & PTE_P))
			return NULL;
		table = direct(pte & PTE_ADDR);
	}
	return &table[va >> 12 & 511];
}

uint64_t *mmu_find_l1(struct vcpu *v, uint64_t va)
{
	uint64_t *const entry = find_l1_unchecked(v, va);
	const struct frame *f;

	if (!entry)
		return NULL;
	f = frame_of(direct_mfn(entry));
	if (frame_type(f) != FRAME_L1 || !(f->type & FT_VALID) ||
		f->owner != v->domain->id)
		return NULL;
	return entry;
}

static int flush_after(struct vcpu *v, uint64_t va, uint64_t flags)
{
	const uint64_t where = flags & ~(uint64_t)UVMF_FLUSHTYPE_MASK;
	cpumask_t cpus;

	if (!flags)
		return 0;
	cpus = v->domain->dirty_cpus;
	if (where == UVMF_LOCAL)
		cpus.bits = 1ull << this_cpu()->number;
	else if (where != UVMF_ALL &&
		vcpu_cpus(v->domain, (gva_t){ where }, &cpus))
		return -EFAULT;
	switch (flags & UVMF_FLUSHTYPE_MASK) {
	case UVMF_TLB_FLUSH:
		tlb_flush(cpus);
		break;
	case UVMF_INVLPG:
		tlb_flush_page(cpus, va);
	}
	return 0;
}

static int64_t update_va(struct domain *target, const struct hypercall_args *a)
{
	struct vcpu *const v = current;
	const uint64_t va = a->arg[0];
	uint64_t *entry;
	int rc;

	spin_lock(&v->domain->pt_lock);
	entry = mmu_find_l1(v, va);
	rc = entry ? pt_set_l1(v->domain, target, entry, a->arg[1], PT_REPLACE,
			     0) :
		     reject(-EINVAL, "%lx: no level-1 table there", va);
	spin_unlock(&v->domain->pt_lock);
	return rc ? rc : flush_after(v, va, a->arg[2]);
}

/* update_va_mapping(va, pte, flags): ABI surface 2.1, 14. */
int64_t hypercall_update_va_mapping(struct hypercall_args *a)
{
	const int rc = pt_settle();

	return rc ? rc : update_va(current->domain, a);
}

/* The same with the entry's frame owned by another domain. */
int64_t hypercall_update_va_mapping_otherdomain(struct hypercall_args *a)
{
	struct domain *target;
	int64_t rc = pt_settle();

	if (rc)
		return rc;
	rc = find_domain((uint16_t)a->arg[3], &target);
	if (rc)
		return rc;
	rc = update_va(target, a);
	put_found(target);
	return rc;
}

/* Grant mappings */

/* The entry at a virtual or machine address, with its table's reference in
 * *table (MFN_NONE: none was needed). RANK_PT held. */
static uint64_t *grant_entry(struct vcpu *v, uint64_t host_addr,
	bool contains_pte, mfn_t *table) REQUIRES(v->domain->pt_lock)
{
	const struct frame *f;

	*table = MFN_NONE;
	if (!contains_pte)
		return mmu_find_l1(v, host_addr);
	if (host_addr & 7 || !frame_get(paddr_mfn(host_addr), v->domain))
		return NULL;
	f = frame_of(paddr_mfn(host_addr));
	if (frame_type(f) == FRAME_L1 && (f->type & FT_COUNT) &&
		(f->type & FT_VALID)) {
		*table = paddr_mfn(host_addr);
		return direct(host_addr);
	}
	frame_put(paddr_mfn(host_addr));
	return NULL;
}

int mmu_map_grant(struct vcpu *v, mfn_t mfn, uint64_t host_addr,
	bool contains_pte, uint64_t pte_flags)
{
	struct domain *const owner = domain_of_id(frame_of(mfn)->owner);
	uint64_t *entry;
	mfn_t table;
	int rc;

	spin_lock(&v->domain->pt_lock);
	entry = grant_entry(v, host_addr, contains_pte, &table);
	rc = entry ? pt_set_l1(v->domain, owner, entry,
			     mfn_paddr(mfn) | pte_flags, PT_REPLACE, 0) :
		     reject(-EINVAL, "%lx: no level-1 entry", host_addr);
	if (!mfn_none(table))
		frame_put(table);
	spin_unlock(&v->domain->pt_lock);
	return rc;
}

int mmu_unmap_grant(struct vcpu *v, mfn_t mfn, uint64_t host_addr,
	bool contains_pte, bool readonly, uint64_t replacement)
{
	struct domain *const d = v->domain;
	uint64_t *entry, *source = NULL;
	mfn_t table;
	uint64_t pte = 0;
	int rc = -EINVAL;

	spin_lock(&v->domain->pt_lock);
	entry = grant_entry(v, host_addr, contains_pte, &table);
	if (replacement) {
		source = mmu_find_l1(v, replacement);
		pte = source ? *source : 0;
	}
	if (entry && (*entry & PTE_P) && mfn_equal(pte_mfn(*entry), mfn) &&
		!(*entry & PTE_RW) == readonly && (!replacement || source)) {
		rc = pt_set_l1(v->domain, d, entry, pte, PT_REPLACE, 0);
		if (!rc && source)
			rc = pt_set_l1(v->domain, d, source, 0, PT_REPLACE, 0);
	} else {
		reject(rc, "%lx does not map frame %lx so", host_addr, mfn.n);
	}
	if (!mfn_none(table))
		frame_put(table);
	spin_unlock(&v->domain->pt_lock);
	return rc;
}
