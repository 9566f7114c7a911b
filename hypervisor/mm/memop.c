/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_op (ABI surface 4.5): how domains get and give back memory, and what
 * they learn of the machine's. The reservation calls and exchange can stop
 * between extents: the extent to go on with travels in the command's upper
 * bits.
 */
#include "boot/boot.h"
#include "core/domain.h"
#include "core/grant.h"
#include "core/vcpu.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "mm/heap.h"
#include "mm/memmap.h"
#include "mm/paging.h"
#include "mm/tlb.h"
#include "pv/hypercall.h"
#include "x86/atomic.h"
#include "xen/memory.h"

/* One extent: 512 MiB at the most, and for guests without devices 2 MiB. */
#define ORDER_MAX_HARDWARE 17
#define ORDER_MAX 9
#define E820_MAX 128

/* The domain that a call is about; others than the caller want privilege. */
static int subject(uint16_t id, struct domain **d)
{
	struct domain *const self = current->domain;

	if (id != DOMID_SELF && id != self->id && !self->privileged)
		return -EPERM;
	*d = domain_get_or_self(id);
	return *d ? 0 : -ESRCH;
}

/* Reservations */

struct batch {
	struct domain *d;
	gva_t list;
	uint64_t nr;
	unsigned order;
	unsigned address_bits;
	unsigned cmd;
};

static int put_mfn(const struct batch *b, uint64_t i, mfn_t mfn)
{
	const uint64_t value = mfn.n;

	return put_guest(b->list, i, &value);
}

/* A new extent; populate says at which PFN. */
static int add_extent(const struct batch *b, uint64_t i)
{
	uint64_t pfn = PFN_NONE;
	mfn_t mfn;
	int rc;

	if (b->cmd == XENMEM_populate_physmap && get_guest(&pfn, b->list, i))
		return -EFAULT;
	rc = frame_alloc(b->d, b->order, b->address_bits, pfn, &mfn);
	if (rc)
		return rc;
	if (gva_null(b->list) && b->cmd == XENMEM_increase_reservation)
		return 0;
	return put_mfn(b, i, mfn);
}

static int remove_extent(const struct batch *b, uint64_t i)
{
	uint64_t mfn;

	if (get_guest(&mfn, b->list, i))
		return -EFAULT;
	for (uint64_t n = 0; n < 1ull << b->order; n++) {
		const int rc = frame_release(b->d, MFN(mfn + n));

		if (rc)
			return rc;
	}
	return 0;
}

/* Returns the number of extents done; stops at the first that fails. */
static int64_t reservation(struct hypercall_args *a, unsigned cmd, gva_t arg)
{
	uint64_t i = a->arg[0] >> MEMOP_EXTENT_SHIFT;
	struct xen_memory_reservation r;
	struct batch b = { .cmd = cmd };
	int64_t rc;

	if (get_guest(&r, arg, 0))
		return -EFAULT;
	if (r.nr_extents > ~0ull >> (MEMOP_EXTENT_SHIFT + 1) ||
		i > r.nr_extents)
		return (int64_t)i;
	rc = subject(r.domid, &b.d);
	if (rc)
		return rc;
	b.list = (gva_t){ r.extent_start.va };
	b.order = r.extent_order;
	b.address_bits = XENMEMF_get_address_bits(r.mem_flags);
	if (b.order > (current->domain->privileged ? ORDER_MAX_HARDWARE :
						     ORDER_MAX) ||
		(r.mem_flags & XENMEMF_populate_on_demand)) {
		domain_put(b.d);
		return (int64_t)i;
	}
	for (rc = 0; i < r.nr_extents; i++) {
		if (preempt_needed() &&
			i != a->arg[0] >> MEMOP_EXTENT_SHIFT) {
			a->arg[0] = i << MEMOP_EXTENT_SHIFT | cmd;
			rc = -ERESTART;
			break;
		}
		if (cmd == XENMEM_decrease_reservation ?
				remove_extent(&b, i) :
				add_extent(&b, i))
			break;
	}
	domain_put(b.d);
	return rc ? rc : (int64_t)i;
}

/* Exchange */

struct exchange {
	struct domain *d;
	struct xen_memory_exchange x;
	unsigned in_per_chunk, out_per_chunk; /* extents */
	unsigned chunk_order;
};

/* New memory for one chunk, in its output extents. */
static int allocate_chunk(struct exchange *e, mfn_t *out)
{
	const unsigned bits = XENMEMF_get_address_bits(e->x.out.mem_flags);

	for (unsigned i = 0; i < e->out_per_chunk; i++) {
		out[i] = buddy_alloc(e->x.out.extent_order, bits);
		if (!mfn_none(out[i]))
			continue;
		while (i--)
			buddy_free(out[i], e->x.out.extent_order);
		return -ENOMEM;
	}
	return 0;
}

/* Take the chunk's input pages away from the domain; all or none. */
static int steal_chunk(struct exchange *e, uint64_t first, mfn_t *in)
{
	const gva_t list = { e->x.in.extent_start.va };
	unsigned n = 0;
	int rc = 0;

	for (unsigned i = 0; i < e->in_per_chunk && !rc; i++) {
		uint64_t mfn;

		if (get_guest(&mfn, list, first + i))
			rc = -EFAULT;
		for (unsigned p = 0; !rc && p < 1u << e->x.in.extent_order;
			p++) {
			rc = frame_steal(e->d, MFN(mfn + p));
			if (!rc)
				in[n++] = MFN(mfn + p);
		}
	}
	while (rc && n--)
		frame_unsteal(in[n]);
	return rc;
}

/* The new pages become the domain's, at the PFNs it names. */
static int give_chunk(struct exchange *e, uint64_t first, const mfn_t *out)
{
	const gva_t list = { e->x.out.extent_start.va };
	const unsigned order = e->x.out.extent_order;
	int rc = 0;

	for (unsigned i = 0; i < e->out_per_chunk; i++) {
		uint64_t pfn = 0;
		uint64_t mfn = out[i].n;

		if (get_guest(&pfn, list, first + i))
			rc = -EFAULT;
		if (frame_adopt(e->d, out[i], order, pfn))
			rc = -EINVAL;
		else if (put_guest(list, first + i, &mfn))
			rc = -EFAULT;
	}
	return rc;
}

static int exchange_chunk(struct exchange *e, uint64_t chunk)
{
	const unsigned pages = 1u << e->chunk_order;
	mfn_t *const in = heap_alloc(2 * pages * sizeof(mfn_t));
	int rc;

	if (!in)
		return -ENOMEM;
	rc = steal_chunk(e, chunk * e->in_per_chunk, in);
	if (!rc) {
		rc = allocate_chunk(e, in + pages);
		if (rc) {
			for (unsigned i = 0; i < pages; i++)
				frame_unsteal(in[i]);
		} else {
			for (unsigned i = 0; i < pages; i++)
				frame_free_stolen(in[i]);
			rc = give_chunk(
				e, chunk * e->out_per_chunk, in + pages);
		}
	}
	heap_free(in);
	return rc;
}

static int check_exchange(struct exchange *e)
{
	const struct xen_memory_reservation *const in = &e->x.in;
	const struct xen_memory_reservation *const out = &e->x.out;
	const unsigned max =
		current->domain->privileged ? ORDER_MAX_HARDWARE : ORDER_MAX;

	if (in->extent_order > max || out->extent_order > max)
		return -EPERM;
	if (in->domid != out->domid || e->x.nr_exchanged > in->nr_extents ||
		in->nr_extents > ~0ull >> (MEMOP_EXTENT_SHIFT + 1) ||
		out->nr_extents > ~0ull >> (MEMOP_EXTENT_SHIFT + 1) ||
		in->nr_extents << in->extent_order !=
			out->nr_extents << out->extent_order)
		return -EINVAL;
	e->chunk_order = in->extent_order > out->extent_order ?
		in->extent_order : out->extent_order;
	e->in_per_chunk = 1u << (e->chunk_order - in->extent_order);
	e->out_per_chunk = 1u << (e->chunk_order - out->extent_order);
	return 0;
}

/* All that is done is whole chunks; nr_exchanged counts input extents. */
static int64_t exchange(gva_t arg)
{
	struct exchange e;
	uint64_t chunk, chunks;
	int64_t rc;

	if (get_guest(&e.x, arg, 0))
		return -EFAULT;
	rc = check_exchange(&e);
	if (!rc)
		rc = subject(e.x.in.domid, &e.d);
	if (rc)
		return rc;
	chunks = e.x.in.nr_extents / e.in_per_chunk;
	for (chunk = e.x.nr_exchanged / e.in_per_chunk; !rc && chunk < chunks;
		chunk++) {
		rc = preempt_needed() && chunk * e.in_per_chunk !=
				e.x.nr_exchanged ? -ERESTART :
			exchange_chunk(&e, chunk);
		if (rc)
			break;
	}
	domain_put(e.d);
	e.x.nr_exchanged = chunk * e.in_per_chunk;
	if (copy_to_guest(gva_add(arg,
				  offsetof(struct xen_memory_exchange,
					  nr_exchanged)),
		    &e.x.nr_exchanged, sizeof(e.x.nr_exchanged)))
		rc = -EFAULT;
	return rc;
}

/* Questions */

static int64_t about_domain(unsigned cmd, gva_t arg)
{
	struct xen_memory_domain md;
	struct domain *d;
	int64_t rc;

	if (get_guest(&md, arg, 0))
		return -EFAULT;
	rc = subject(md.domid, &d);
	if (rc)
		return rc;
	if (cmd == XENMEM_current_reservation)
		rc = (int64_t)d->nr_pages;
	else if (cmd == XENMEM_maximum_reservation)
		rc = (int64_t)d->max_pages;
	else
		rc = (int64_t)d->shared->arch.max_pfn - 1;
	domain_put(d);
	return rc;
}

static int64_t machphys_mapping(gva_t arg)
{
	const struct xen_machphys_mapping map = {
		.v_start = M2P_RO_BASE,
		.v_end = M2P_RO_END,
		.max_mfn = (M2P_RO_END - M2P_RO_BASE) / 8 - 1,
	};

	return put_guest(arg, 0, &map);
}

static int64_t machphys_mfn_list(gva_t arg)
{
	struct xen_machphys_mfn_list list;
	mfn_t mfn = paging_m2p_piece(0);
	uint32_t i;

	if (get_guest(&list, arg, 0))
		return -EFAULT;
	for (i = 0; i < list.max_extents && i < paging_m2p_pieces(); i++) {
		/* A hole of the table repeats what is before it: tools map
		 * every frame of the list. */
		if (!mfn_none(paging_m2p_piece(i)))
			mfn = paging_m2p_piece(i);
		if (put_guest(((gva_t){ list.extent_start.va }), i, &mfn.n))
			return -EFAULT;
	}
	list.nr_extents = i;
	return put_guest(arg, 0, &list);
}

static int64_t memory_map(gva_t arg)
{
	struct domain *const d = current->domain;
	struct xen_memory_map map;

	if (!d->e820)
		return -ENOSYS;
	if (get_guest(&map, arg, 0))
		return -EFAULT;
	if (map.nr_entries > d->nr_e820)
		map.nr_entries = d->nr_e820;
	if (copy_to_guest((gva_t){ map.buffer.va }, d->e820,
		    map.nr_entries * sizeof(struct xen_e820_entry)))
		return -EFAULT;
	return put_guest(arg, 0, &map);
}

static int64_t set_memory_map(gva_t arg)
{
	struct xen_foreign_memory_map f;
	struct domain *d;
	void *e820, *old;
	int64_t rc;

	if (get_guest(&f, arg, 0))
		return -EFAULT;
	if (f.map.nr_entries > E820_MAX)
		return -EINVAL;
	if (!current->domain->privileged)
		return -EPERM;
	rc = subject(f.domid, &d);
	if (rc)
		return rc;
	e820 = heap_alloc(f.map.nr_entries * sizeof(struct xen_e820_entry));
	rc = -ENOMEM;
	if (e820)
		rc = copy_from_guest(e820, (gva_t){ f.map.buffer.va },
			f.map.nr_entries * sizeof(struct xen_e820_entry));
	if (!rc) {
		spin_lock(&d->pages_lock);
		old = d->e820;
		d->e820 = e820;
		d->nr_e820 = f.map.nr_entries;
		spin_unlock(&d->pages_lock);
		e820 = old;
	}
	heap_free(e820);
	domain_put(d);
	return rc;
}

static int64_t machine_memory_map(gva_t arg)
{
	struct xen_memory_map map;
	unsigned nr;
	struct xen_e820_entry entry;

	if (!current->domain->hardware)
		return -EPERM;
	if (get_guest(&map, arg, 0))
		return -EFAULT;
	for (nr = 0; memmap_machine(nr, &entry); nr++) {
		if (nr >= map.nr_entries)
			return -EINVAL;
		if (put_guest(((gva_t){ map.buffer.va }), nr, &entry))
			return -EFAULT;
	}
	map.nr_entries = nr;
	return put_guest(arg, 0, &map);
}

/* Others */

/* claim_pages: nr_extents pages in all, those it has included; 0 cancels. */
static int64_t claim_pages(gva_t arg)
{
	struct xen_memory_reservation r;
	struct domain *d;
	int64_t rc;

	if (get_guest(&r, arg, 0))
		return -EFAULT;
	if (r.extent_order || !gva_null((gva_t){ r.extent_start.va }))
		return -EINVAL;
	if (!current->domain->privileged)
		return -EPERM;
	rc = subject(r.domid, &d);
	if (rc)
		return rc;
	rc = frame_claim(d, r.nr_extents);
	domain_put(d);
	return rc;
}

static int64_t acquire_resource(gva_t arg)
{
	struct xen_mem_acquire_resource r;
	struct domain *d;
	int64_t rc;

	if (get_guest(&r, arg, 0))
		return -EFAULT;
	if (r.pad)
		return -EINVAL;
	if (!current->domain->privileged)
		return -EPERM;
	if (r.type != XENMEM_resource_grant_table ||
		r.id != XENMEM_resource_grant_table_id_shared)
		return -EOPNOTSUPP;
	rc = subject(r.domid, &d);
	if (rc)
		return rc;
	if (!r.nr_frames) {
		r.nr_frames = d->max_grant_frames;
		rc = put_guest(arg, 0, &r);
	}
	for (uint32_t i = 0; !rc && i < r.nr_frames; i++) {
		mfn_t mfn;

		rc = r.frame + i < d->max_grant_frames ?
			grant_table_frame(d, (unsigned)r.frame + i, &mfn) :
			-EINVAL;
		if (!rc)
			rc = put_guest(((gva_t){ r.frame_list.va }), i,
				&mfn.n);
	}
	domain_put(d);
	return rc;
}

/* memory_op(cmd, arg) */
int64_t hypercall_memory_op(struct hypercall_args *a)
{
	const unsigned cmd = (unsigned)a->arg[0] & MEMOP_CMD_MASK;
	const gva_t arg = { a->arg[1] };

	switch (cmd) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
		return reservation(a, cmd, arg);
	case XENMEM_exchange:
		return exchange(arg);
	case XENMEM_maximum_ram_page:
		return (int64_t)nr_frames - 1;
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
	case XENMEM_maximum_gpfn:
		return about_domain(cmd, arg);
	case XENMEM_machphys_mapping:
		return machphys_mapping(arg);
	case XENMEM_machphys_mfn_list:
		return machphys_mfn_list(arg);
	case XENMEM_memory_map:
		return memory_map(arg);
	case XENMEM_set_memory_map:
		return set_memory_map(arg);
	case XENMEM_machine_memory_map:
		return machine_memory_map(arg);
	case XENMEM_get_sharing_freed_pages:
	case XENMEM_get_sharing_shared_pages:
		return 0;
	case XENMEM_claim_pages:
		return claim_pages(arg);
	case XENMEM_acquire_resource:
		return acquire_resource(arg);
	case XENMEM_get_vnumainfo:
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
}
