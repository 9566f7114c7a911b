// SPDX-License-Identifier: BSD-2-Clause
/*
 * grant_table_op (ABI surface 4.7). The elements of a batch succeed or fail
 * one by one, each with its status. Unmapping goes in groups: page-table
 * entries first, one TLB flush for the group, then the references, so that a
 * granter never sees as free what a CPU may still write to.
 */
#include "core/domain.h"
#include "core/granttab.h"
#include "core/policy.h"
#include "core/refusal.h"
#include "core/vcpu.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "mm/mmu.h"
#include "mm/paging.h"
#include "mm/tlb.h"
#include "pv/hypercall.h"

#define GROUP 32
#define PTE_AVL_SHIFT 9
#define AVL_BITS 7u
#define BOTH_PARTS (GNTMAP_host_map | GNTMAP_device_map)

/* map */

static uint64_t pte_flags(uint32_t flags)
{
	uint64_t pte = PTE_P | PTE_US | PTE_A |
		       (uint64_t)(flags >> _GNTMAP_guest_avail0 & AVL_BITS)
			       << PTE_AVL_SHIFT;

	if (!(flags & GNTMAP_readonly))
		pte |= PTE_RW | PTE_D;
	return pte;
}

/* With the grant pinned: enter it into the page tables and the handle. */
static int16_t install(struct gnttab_map_grant_ref *op, uint32_t handle,
	const struct grant_pin *pin)
{
	struct grant_map *const m = grant_handle_map(current->domain, handle);

	if ((op->flags & GNTMAP_host_map) &&
		mmu_map_grant(current, pin->mfn, op->host_addr,
			op->flags & GNTMAP_contains_pte, pte_flags(op->flags)))
		return GNTST_general_error;
	m->ref = pin->ref;
	m->frame = (uint32_t)pin->mfn.n;
	m->dom = pin->granter->id;
	m->readonly = pin->readonly;
	m->contains_pte = op->flags & GNTMAP_contains_pte;
	m->parts = op->flags & BOTH_PARTS;
	op->handle = handle;
	op->dev_bus_addr = mfn_paddr(pin->mfn);
	return GNTST_okay;
}

/* On success the mapping keeps the reference to the granter. */
static int16_t map_of(struct gnttab_map_grant_ref *op, struct domain *granter)
{
	struct domain *const d = current->domain;
	const uint32_t handle = grant_handle_new(d);
	struct grant_pin pin;
	int16_t status;

	if (handle == HANDLE_NONE)
		return REJECT_GRANT(GNTST_no_space, "maptrack is full");
	status = grant_pin(
		&pin, granter, op->ref, d, op->flags & GNTMAP_readonly);
	if (status == GNTST_okay) {
		status = install(op, handle, &pin);
		if (status != GNTST_okay)
			grant_unpin(&pin);
	}
	grant_handle_put(d, handle);
	return status;
}

static int16_t map_one(struct gnttab_map_grant_ref *op)
{
	struct domain *granter;
	int16_t status;

	if (!(op->flags & BOTH_PARTS))
		return REJECT_GRANT(GNTST_bad_gntref, "flags %x", op->flags);
	granter = policy_get_peer(current->domain, op->dom);
	if (!granter)
		return REJECT_GRANT(GNTST_bad_domain, POLICY_NO_PEER, op->dom);
	status = map_of(op, granter);
	if (status != GNTST_okay)
		domain_put(granter);
	return status;
}

static int64_t map(void *arg)
{
	struct gnttab_map_grant_ref *const op = arg;

	op->status = map_one(op);
	return 0;
}

/* unmap */

struct unmapped {
	uint32_t handle;
	uint8_t parts; /* what goes; 0: nothing does */
	int16_t status;
};

/* All CPUs forget what the first n of a group unmapped; its references go. */
static void unmap_finish(struct unmapped *group, uint32_t n)
{
	struct domain *const d = current->domain;
	uint8_t parts = 0;

	for (uint32_t i = 0; i < n; i++)
		parts |= group[i].parts;
	if (parts & GNTMAP_host_map)
		tlb_flush(d->dirty_cpus);
	for (uint32_t i = 0; i < n; i++) {
		if (group[i].parts)
			grant_unmap(d, group[i].handle, group[i].parts);
		group[i].parts = 0;
	}
}

/* Element n: clear the entry; the references stay until the flush. */
static void unmap_begin(struct unmapped *group, uint32_t n,
	const struct gnttab_unmap_grant_ref *op, bool replace)
{
	struct domain *const d = current->domain;
	struct unmapped *const u = &group[n];
	struct grant_map *m = grant_handle_take(d, op->handle);
	const uint64_t second = op->dev_bus_addr; /* or new_addr */
	uint8_t parts;

	*u = (struct unmapped){.handle = op->handle};
	for (uint32_t i = 0; !m && i < n; i++)
		if (group[i].parts && group[i].handle == op->handle) {
			unmap_finish(group, n);
			m = grant_handle_take(d, op->handle);
		}
	if (!m) {
		u->status = REJECT_GRANT(
			GNTST_bad_handle, "there is no mapping %u", op->handle);
		return;
	}
	parts = (op->host_addr ? m->parts & GNTMAP_host_map : 0) |
		(second && !replace ? m->parts & GNTMAP_device_map : 0);
	u->status = GNTST_okay;
	if ((parts & GNTMAP_device_map) && second != mfn_paddr(MFN(m->frame)))
		u->status = REJECT_GRANT(GNTST_bad_dev_addr,
			"bus address %lx: not of mapping %u", second,
			op->handle);
	else if ((parts & GNTMAP_host_map) &&
		 mmu_unmap_grant(current, MFN(m->frame), op->host_addr,
			 m->contains_pte, m->readonly, replace ? second : 0))
		u->status = GNTST_general_error;
	if (u->status == GNTST_okay && parts)
		u->parts = parts;
	else
		grant_handle_put(d, op->handle);
}

/* Elements first..first+nr, at most GROUP. */
static int64_t unmap_group(gva_t ops, uint32_t first, uint32_t nr, bool replace)
{
	struct unmapped group[GROUP];
	int64_t rc = 0;
	uint32_t n;

	for (n = 0; n < nr; n++) {
		struct gnttab_unmap_grant_ref op;

		if (get_guest(&op, ops, first + n)) {
			rc = -EFAULT;
			break;
		}
		unmap_begin(group, n, &op, replace);
	}
	unmap_finish(group, n);
	for (uint32_t i = 0; i < n; i++) {
		const gva_t at = gva_add(ops,
			(uint64_t)(first + i) *
					sizeof(struct gnttab_unmap_grant_ref) +
				offsetof(
					struct gnttab_unmap_grant_ref, status));

		if (copy_to_guest(at, &group[i].status, sizeof(int16_t)))
			rc = -EFAULT;
	}
	return rc;
}

/* copy */

/* One end of a copy: a grant, or a frame of the caller's own. */
struct copy_end {
	struct grant_pin pin;
	bool granted;
	bool readonly;
};

static int16_t copy_own(struct copy_end *e, uint64_t gmfn)
{
	e->pin.mfn = MFN(gmfn);
	if (!frame_get(e->pin.mfn, current->domain))
		return GNTST_bad_page;
	if (!e->readonly && frame_get_writable(e->pin.mfn)) {
		frame_put(e->pin.mfn);
		return GNTST_general_error;
	}
	return GNTST_okay;
}

static int16_t copy_open(struct copy_end *e, const struct gnttab_copy_ptr *p,
	bool granted, bool readonly)
{
	struct domain *d;
	int16_t status;

	*e = (struct copy_end){.granted = granted, .readonly = readonly};
	if (!granted) {
		if (p->domid != DOMID_SELF && p->domid != current->domain->id)
			return REJECT_GRANT(GNTST_permission_denied,
				"d%u without a grant", p->domid);
		return copy_own(e, p->u.gmfn);
	}
	d = policy_get_peer(current->domain, p->domid);
	if (!d)
		return REJECT_GRANT(GNTST_bad_domain, POLICY_NO_PEER, p->domid);
	status = grant_pin(&e->pin, d, p->u.ref, current->domain, readonly);
	if (status != GNTST_okay)
		domain_put(d);
	return status;
}

static void copy_close(struct copy_end *e)
{
	if (e->granted) {
		grant_unpin(&e->pin);
		domain_put(e->pin.granter);
		return;
	}
	if (!e->readonly)
		frame_put_writable(e->pin.mfn);
	frame_put(e->pin.mfn);
}

static int16_t copy_one(const struct gnttab_copy *op)
{
	struct copy_end source, dest;
	int16_t status;

	if ((unsigned)op->source.offset + op->len > PAGE_SIZE ||
		(unsigned)op->dest.offset + op->len > PAGE_SIZE)
		return REJECT_GRANT(GNTST_bad_copy_arg, "beyond a page");
	status = copy_open(
		&source, &op->source, op->flags & GNTCOPY_source_gref, true);
	if (status != GNTST_okay)
		return status;
	status = copy_open(
		&dest, &op->dest, op->flags & GNTCOPY_dest_gref, false);
	if (status == GNTST_okay) {
		/* Both may be one page. */
		memmove((char *)mfn_direct(dest.pin.mfn) + op->dest.offset,
			(const char *)mfn_direct(source.pin.mfn) +
				op->source.offset,
			op->len);
		copy_close(&dest);
	}
	copy_close(&source);
	return status;
}

static int64_t copy(void *arg)
{
	struct gnttab_copy *const op = arg;

	op->status = copy_one(op);
	return 0;
}

/* The table */

/* The domain that an operation names. */
static int16_t target(uint16_t dom, struct domain **d)
{
	switch (domain_get_target(dom, d)) {
	case 0:
		return GNTST_okay;
	case -EPERM:
		return GNTST_permission_denied;
	default:
		return GNTST_bad_domain;
	}
}

static int64_t setup_table(void *arg)
{
	struct gnttab_setup_table *const op = arg;
	struct domain *d;
	int rc;

	op->status = target(op->dom, &d);
	if (op->status != GNTST_okay)
		return 0;
	rc = grant_list_frames(d, 0, op->nr_frames, op->frame_list);
	if (rc)
		op->status = rc == -EFAULT ? GNTST_bad_virt_addr
					   : GNTST_general_error;
	domain_put(d);
	return 0;
}

static int64_t query_size(void *arg)
{
	struct gnttab_query_size *const op = arg;
	struct domain *d;

	op->status = target(op->dom, &d);
	if (op->status != GNTST_okay)
		return 0;
	op->nr_frames = read_once(&d->grants->nr_frames);
	op->max_nr_frames = d->grants->max_frames;
	domain_put(d);
	return 0;
}

static int64_t set_version(void *arg)
{
	struct gnttab_set_version *const op = arg;
	const bool known = op->version == 1;

	op->version = 1;
	return known ? 0 : reject(-EINVAL, "only version 1 is known");
}

static int64_t get_version(void *arg)
{
	struct gnttab_get_version *const op = arg;
	struct domain *d;
	const int rc = domain_get_target(op->dom, &d);

	if (rc)
		return rc;
	domain_put(d);
	op->version = 1;
	return 0;
}

/* Each element is read once, and written back when it is done. */
#define OP(fn, type, single) {fn, sizeof(struct type), single}

static const struct {
	int64_t (*one)(void *op);
	size_t size;
	bool single; /* the count must be 1 */
} ops_table[] = {
	[GNTTABOP_map_grant_ref] = OP(map, gnttab_map_grant_ref, false),
	[GNTTABOP_setup_table] = OP(setup_table, gnttab_setup_table, true),
	[GNTTABOP_copy] = OP(copy, gnttab_copy, false),
	[GNTTABOP_query_size] = OP(query_size, gnttab_query_size, true),
	[GNTTABOP_set_version] = OP(set_version, gnttab_set_version, true),
	[GNTTABOP_get_version] = OP(get_version, gnttab_get_version, true),
};

/* done elements of the batch are finished: go on behind them. */
static int64_t restart(struct hypercall_args *a, uint32_t done, size_t size)
{
	a->arg[1] += (uint64_t)done * size;
	a->arg[2] = (uint32_t)a->arg[2] - done;
	return -ERESTART;
}

static int64_t unmap_batch(struct hypercall_args *a, bool replace)
{
	const uint32_t nr = (uint32_t)a->arg[2];
	uint32_t i = 0;

	while (i < nr) {
		const uint32_t n = nr - i < GROUP ? nr - i : GROUP;
		const int64_t rc =
			unmap_group((gva_t){a->arg[1]}, i, n, replace);

		if (rc)
			return rc;
		i += n;
		if (i < nr && preempt_needed())
			return restart(
				a, i, sizeof(struct gnttab_unmap_grant_ref));
	}
	return 0;
}

int64_t hypercall_grant_table_op(struct hypercall_args *a)
{
	const uint32_t cmd = (uint32_t)a->arg[0];
	const uint32_t nr = (uint32_t)a->arg[2];

	if (cmd == GNTTABOP_unmap_grant_ref ||
		cmd == GNTTABOP_unmap_and_replace)
		return unmap_batch(a, cmd == GNTTABOP_unmap_and_replace);
	if (cmd >= sizeof(ops_table) / sizeof(ops_table[0]) ||
		!ops_table[cmd].one)
		return reject(-ENOSYS, "there is no operation %u", cmd);
	if (ops_table[cmd].single && nr != 1)
		return reject(-EINVAL, "the count is not 1");
	for (uint32_t i = 0; i < nr; i++) {
		const size_t size = ops_table[cmd].size;
		const gva_t at = gva_add((gva_t){a->arg[1]}, i * size);
		uint64_t op[8];
		int64_t rc;

		if (i && preempt_needed())
			return restart(a, i, size);
		if (copy_from_guest(op, at, size))
			return -EFAULT;
		rc = ops_table[cmd].one(op);
		if (copy_to_guest(at, op, size))
			return -EFAULT;
		if (rc)
			return rc;
	}
	return 0;
}
