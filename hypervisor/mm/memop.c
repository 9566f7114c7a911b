/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_op (ABI surface 4.5): how domains get and give back memory, and what
 * they learn of the machine's. The reservation calls and exchange can stop
 * between extents: the extent to go on with travels in the command's upper
 * bits.
 */
#include "core/domain.h"
#include "core/grant.h"
#include "core/refusal.h"
#include "core/subop.h"
#include "core/vcpu.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "mm/heap.h"
#include "mm/memmap.h"
#include "mm/paging.h"
#include "pv/hypercall.h"
#include "xen/memory.h"

/* One extent, which is done in one go: 16 MiB at the most, and for guests
 * without devices 2 MiB. */
#define ORDER_MAX_HARDWARE 12
#define ORDER_MAX 9
/* So many fit into the command word, and their pages into 64 bits. */
#define EXTENTS_MAX (1ull << (63 - MEMOP_EXTENT_SHIFT - ORDER_MAX_HARDWARE))
#define E820_MAX 128

static unsigned order_max(void)
{
	return current->domain->hardware ? ORDER_MAX_HARDWARE : ORDER_MAX;
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
	if (r.nr_extents > EXTENTS_MAX || i > r.nr_extents ||
		r.extent_order > order_max() ||
		(r.mem_flags & XENMEMF_populate_on_demand)) {
		reject(-EINVAL, "%lu extents of order %u: not possible",
			r.nr_extents, r.extent_order);
		return (int64_t)i;
	}
	rc = domain_get_target(r.domid, &b.d);
	if (rc)
		return rc;
	b.list = (gva_t){ r.extent_start.va };
	b.order = r.extent_order;
	b.address_bits = XENMEMF_get_address_bits(r.mem_flags);
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
	struct domain *d; /* the caller's */
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
			buddy_free(out[i], 1ull << e->x.out.extent_order);
		return reject(-ENOMEM, "no free memory of that order");
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

	/* What others take apart and put together is theirs. */
	if (in->domid != DOMID_SELF && in->domid != e->d->id)
		return reject(-EPERM, "only the caller's own pages");
	if (in->extent_order > order_max() || out->extent_order > order_max())
		return reject(-EPERM, "extent order above the limit");
	if (in->domid != out->domid || e->x.nr_exchanged > in->nr_extents ||
		in->nr_extents > EXTENTS_MAX || out->nr_extents > EXTENTS_MAX ||
		in->nr_extents << in->extent_order !=
			out->nr_extents << out->extent_order)
		return reject(-EINVAL, "in and out do not make the same size");
	e->chunk_order = in->extent_order > out->extent_order ?
		in->extent_order : out->extent_order;
	e->in_per_chunk = 1u << (e->chunk_order - in->extent_order);
	e->out_per_chunk = 1u << (e->chunk_order - out->extent_order);
	return 0;
}

/* All that is done is whole chunks; nr_exchanged counts input extents. */
static int64_t exchange(gva_t arg)
{
	struct exchange e = { .d = current->domain };
	uint64_t chunk, chunks;
	int64_t rc;

	if (get_guest(&e.x, arg, 0))
		return -EFAULT;
	rc = check_exchange(&e);
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
	e.x.nr_exchanged = chunk * e.in_per_chunk;
	if (copy_to_guest(gva_add(arg,
				  offsetof(struct xen_memory_exchange,
					  nr_exchanged)),
		    &e.x.nr_exchanged, sizeof(e.x.nr_exchanged)))
		rc = -EFAULT;
	return rc;
}

/* About one domain */

static int64_t set_memory_map(struct domain *d, void *op)
{
	const struct xen_foreign_memory_map *const f = op;
	const size_t size = f->map.nr_entries * sizeof(struct xen_e820_entry);
	void *e820, *old;

	if (f->map.nr_entries > E820_MAX)
		return reject(-EINVAL, "more than 128 entries");
	e820 = heap_alloc(size);
	if (!e820)
		return -ENOMEM;
	if (copy_from_guest(e820, (gva_t){ f->map.buffer.va }, size)) {
		heap_free(e820);
		return -EFAULT;
	}
	spin_lock(&d->pages_lock);
	old = d->e820;
	d->e820 = e820;
	d->nr_e820 = f->map.nr_entries;
	spin_unlock(&d->pages_lock);
	heap_free(old);
	return 0;
}

/* nr_extents pages in all, those it has included; 0 cancels. */
static int64_t claim_pages(struct domain *d, void *op)
{
	const struct xen_memory_reservation *const r = op;

	if (r->extent_order || !gva_null((gva_t){ r->extent_start.va }))
		return reject(-EINVAL, "the order or the list is not zero");
	return frame_claim(d, r->nr_extents);
}

static int64_t acquire_resource(struct domain *d, void *op)
{
	struct xen_mem_acquire_resource *const r = op;

	if (r->pad)
		return reject(-EINVAL, "the padding is not zero");
	if (r->type != XENMEM_resource_grant_table ||
		r->id != XENMEM_resource_grant_table_id_shared)
		return reject(-EOPNOTSUPP, "not the grant table of the domain");
	if (!r->nr_frames)
		r->nr_frames = d->max_grant_frames;
	else if (r->frame >= d->max_grant_frames ||
		r->nr_frames > d->max_grant_frames - r->frame)
		return reject(-EINVAL, "above the limit of grant frames");
	else
		return grant_list_frames(d, (unsigned)r->frame,
			r->nr_frames, (gva_t){ r->frame_list.va });
	return 0;
}

static int64_t current_reservation(struct domain *d, void *)
{
	return (int64_t)d->nr_pages;
}

static int64_t maximum_reservation(struct domain *d, void *)
{
	return (int64_t)d->max_pages;
}

/* The guest's own word: it must not look like an error of ours. */
static int64_t maximum_gpfn(struct domain *d, void *)
{
	return (int64_t)((d->shared->arch.max_pfn - 1) & INT64_MAX);
}

static int64_t memory_map(struct domain *d, void *op)
{
	struct xen_memory_map *const map = op;
	int64_t rc = -ENOSYS;

	spin_lock(&d->pages_lock);
	if (d->e820) {
		if (map->nr_entries > d->nr_e820)
			map->nr_entries = d->nr_e820;
		rc = copy_to_guest((gva_t){ map->buffer.va }, d->e820,
			map->nr_entries * sizeof(struct xen_e820_entry));
	} else {
		reject(-ENOSYS, "d%u was given no memory map", d->id);
	}
	spin_unlock(&d->pages_lock);
	return rc;
}

/* About the machine */

static int64_t maximum_ram_page(struct domain *, void *)
{
	return (int64_t)nr_frames - 1;
}

static int64_t machphys_mapping(struct domain *, void *op)
{
	struct xen_machphys_mapping *const map = op;

	map->v_start = M2P_RO_BASE;
	map->v_end = M2P_RO_END;
	map->max_mfn = (M2P_RO_END - M2P_RO_BASE) / 8 - 1;
	return 0;
}

static int64_t machphys_mfn_list(struct domain *, void *op)
{
	struct xen_machphys_mfn_list *const list = op;
	mfn_t mfn = paging_m2p_piece(0);
	uint32_t i;

	for (i = 0; i < list->max_extents && i < paging_m2p_pieces(); i++) {
		/* A hole of the table repeats what is before it: tools map
		 * every frame of the list. */
		if (!mfn_none(paging_m2p_piece(i)))
			mfn = paging_m2p_piece(i);
		if (put_guest(((gva_t){ list->extent_start.va }), i, &mfn.n))
			return -EFAULT;
	}
	list->nr_extents = i;
	return 0;
}

static int64_t machine_memory_map(struct domain *, void *op)
{
	struct xen_memory_map *const map = op;
	struct xen_e820_entry entry;
	unsigned nr;

	for (nr = 0; memmap_machine(nr, &entry); nr++) {
		if (nr >= map->nr_entries)
			return reject(-EINVAL, "the list is too short");
		if (put_guest(((gva_t){ map->buffer.va }), nr, &entry))
			return -EFAULT;
	}
	map->nr_entries = nr;
	return 0;
}

static int64_t nothing_shared(struct domain *, void *)
{
	return 0;
}

static int64_t get_vnumainfo(struct domain *, void *)
{
	return reject(-EOPNOTSUPP, "there is no such information");
}

/* memory_op(cmd, arg) */
int64_t hypercall_memory_op(struct hypercall_args *a)
{
	static const struct subop ops[] = {
		[XENMEM_maximum_ram_page] = { .fn = maximum_ram_page },
		[XENMEM_current_reservation] = SUBOP_ON(
			current_reservation, xen_memory_domain, domid),
		[XENMEM_maximum_reservation] = SUBOP_ON(
			maximum_reservation, xen_memory_domain, domid),
		[XENMEM_machphys_mfn_list] = SUBOP(machphys_mfn_list,
			xen_machphys_mfn_list, .back = true),
		[XENMEM_memory_map] = SUBOP(
			memory_map, xen_memory_map, .back = true),
		[XENMEM_machine_memory_map] = SUBOP(machine_memory_map,
			xen_memory_map, .back = true, .dom0 = true),
		[XENMEM_machphys_mapping] = SUBOP(machphys_mapping,
			xen_machphys_mapping, .back = true),
		[XENMEM_set_memory_map] = SUBOP_ON(set_memory_map,
			xen_foreign_memory_map, domid, .dom0 = true),
		[XENMEM_maximum_gpfn] = SUBOP_ON(
			maximum_gpfn, xen_memory_domain, domid),
		[XENMEM_get_sharing_freed_pages] = { .fn = nothing_shared },
		[XENMEM_get_sharing_shared_pages] = { .fn = nothing_shared },
		[XENMEM_claim_pages] = SUBOP_ON(claim_pages,
			xen_memory_reservation, domid, .dom0 = true),
		[XENMEM_get_vnumainfo] = { .fn = get_vnumainfo },
		[XENMEM_acquire_resource] = SUBOP_ON(acquire_resource,
			xen_mem_acquire_resource, domid, .back = true,
			.dom0 = true),
	};
	const unsigned cmd = (unsigned)a->arg[0] & MEMOP_CMD_MASK;
	const gva_t arg = { a->arg[1] };

	switch (cmd) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
		return reservation(a, cmd, arg);
	case XENMEM_exchange:
		return exchange(arg);
	default:
		return SUBOP_RUN(ops, cmd, arg);
	}
}
