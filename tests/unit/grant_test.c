// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/grant.c and grantop.c: what an entry allows, the references that uses
 * hold, unmapping in parts and in groups, copies, limits, the death of either
 * side; and random operations, checked against the entries' bits.
 */
#include <stdlib.h>
#include <string.h>

#include "core/granttab.h"
#include "machine.h"
#include "mm/frame.h"
#include "pv/hypercall.h"
#include "suite.h"
#include "xen/errno.h"

#define REFS 8
#define BOTH (GNTMAP_host_map | GNTMAP_device_map)

static struct domain *d0, *d1;
static mfn_t page[REFS];
static struct grant_entry_v1 *table;

/* d1 offers page[i] by entry i: 0-3 writable to d0, 4-7 read-only. */
static void start(void)
{
	uint64_t mfn;

	machine_reset(1);
	d0 = machine_domain(0, 1);
	d1 = machine_domain(1, 1);
	machine_settle();
	CHECK_EQUAL(grant_list_frames(d1, 0, 1, (gva_t){(uint64_t)&mfn}), 0);
	table = mfn_direct(MFN(mfn));
	for (unsigned i = 0; i < REFS; i++) {
		page[i] = machine_page(d1);
		table[i] = (struct grant_entry_v1){
			.flags =
				GTF_permit_access | (i >= 4 ? GTF_readonly : 0),
			.domid = 0,
			.frame = (uint32_t)page[i].n,
		};
	}
}

static int64_t call(struct domain *d, unsigned cmd, void *ops, unsigned nr)
{
	struct hypercall_args a = {{cmd, (uint64_t)ops, nr}};
	struct vcpu *const before = current;
	int64_t rc;

	machine_enter(d->vcpu[0]);
	do {
		rc = hypercall_grant_table_op(&a);
	} while (rc == -ERESTART);
	machine_enter(before);
	return rc;
}

static struct gnttab_map_grant_ref map(
	uint32_t ref, uint32_t flags, uint64_t at)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = at,
		.flags = flags,
		.ref = ref,
		.dom = 1,
	};

	CHECK_EQUAL(call(d0, GNTTABOP_map_grant_ref, &op, 1), 0);
	return op;
}

static int16_t unmap(uint32_t handle, uint64_t host, uint64_t bus)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = host,
		.dev_bus_addr = bus,
		.handle = handle,
	};

	CHECK_EQUAL(call(d0, GNTTABOP_unmap_grant_ref, &op, 1), 0);
	return op.status;
}

static unsigned refs_of(mfn_t mfn)
{
	return frame_of(mfn)->refs & FR_COUNT;
}

static bool writable(mfn_t mfn)
{
	const struct frame *const f = frame_of(mfn);

	return frame_type(f) == FRAME_WRITABLE && (f->type & FT_COUNT);
}

/* Mapping */

static void map_and_unmap(void)
{
	struct gnttab_map_grant_ref op;

	start();
	op = map(1, GNTMAP_host_map, 0x10000);
	CHECK_EQUAL(op.status, GNTST_okay);
	CHECK_EQUAL(op.dev_bus_addr, mfn_paddr(page[1]));
	CHECK_EQUAL(table[1].flags & (GTF_reading | GTF_writing),
		GTF_reading | GTF_writing);
	CHECK_EQUAL(refs_of(page[1]), 2);
	CHECK(writable(page[1]));
	CHECK(machine_pte(0x10000) && machine_pte(0x10000)->writable);
	CHECK_EQUAL(d0->grants->nr_maps, 1);
	CHECK_EQUAL(unmap(op.handle, 0x10000, 0), GNTST_okay);
	CHECK_EQUAL(table[1].flags, GTF_permit_access);
	CHECK_EQUAL(refs_of(page[1]), 1);
	CHECK(!writable(page[1]));
	CHECK(!machine_pte(0x10000));
	CHECK_EQUAL(d0->grants->nr_maps, 0);
	CHECK(machine_flushes > 0);
	CHECK_EQUAL(unmap(op.handle, 0x10000, 0), GNTST_bad_handle);
}

static void map_read_only(void)
{
	struct gnttab_map_grant_ref op;

	start();
	CHECK_EQUAL(
		map(4, GNTMAP_host_map, 0x10000).status, GNTST_general_error);
	CHECK_EQUAL(table[4].flags, GTF_permit_access | GTF_readonly);
	op = map(4, GNTMAP_host_map | GNTMAP_readonly, 0x10000);
	CHECK_EQUAL(op.status, GNTST_okay);
	CHECK(!machine_pte(0x10000)->writable && !writable(page[4]));
	CHECK_EQUAL(table[4].flags & (GTF_reading | GTF_writing), GTF_reading);
	CHECK_EQUAL(unmap(op.handle, 0x10000, 0), GNTST_okay);
	CHECK_EQUAL(table[4].flags, GTF_permit_access | GTF_readonly);
}

/* The bits go with the last use of their kind. */
static void map_twice(void)
{
	uint32_t a, b;

	start();
	a = map(2, GNTMAP_host_map, 0x10000).handle;
	b = map(2, GNTMAP_host_map | GNTMAP_readonly, 0x20000).handle;
	CHECK_EQUAL(refs_of(page[2]), 3);
	CHECK_EQUAL(unmap(a, 0x10000, 0), GNTST_okay);
	CHECK_EQUAL(table[2].flags & (GTF_reading | GTF_writing), GTF_reading);
	CHECK_EQUAL(unmap(b, 0x20000, 0), GNTST_okay);
	CHECK_EQUAL(table[2].flags, GTF_permit_access);
}

static void map_refused(void)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = 0x10000,
		.flags = GNTMAP_host_map,
		.dom = 33,
	};

	start();
	CHECK_EQUAL(call(d0, GNTTABOP_map_grant_ref, &op, 1), 0);
	CHECK_EQUAL(op.status, GNTST_bad_domain);
	CHECK_EQUAL(map(1, 0, 0x10000).status, GNTST_bad_gntref);
	CHECK_EQUAL(
		map(100000, GNTMAP_host_map, 0x10000).status, GNTST_bad_gntref);
	CHECK_EQUAL(map(100, GNTMAP_host_map, 0x10000).status,
		GNTST_general_error); /* nothing is offered there */
	table[1].domid = 5;
	CHECK_EQUAL(
		map(1, GNTMAP_host_map, 0x10000).status, GNTST_general_error);
	table[2].flags = GTF_accept_transfer;
	CHECK_EQUAL(
		map(2, GNTMAP_host_map, 0x10000).status, GNTST_general_error);
	table[3].frame = 4000; /* not d1's */
	CHECK_EQUAL(map(3, GNTMAP_host_map, 0x10000).status, GNTST_bad_page);
	table[3].frame = 0x7fffffff;
	CHECK_EQUAL(map(3, GNTMAP_host_map, 0x10000).status, GNTST_bad_page);
	CHECK_EQUAL(table[3].flags, GTF_permit_access);
	/* No entry to map it at: everything is undone. */
	CHECK_EQUAL(map(0, GNTMAP_host_map, 0).status, GNTST_general_error);
	CHECK_EQUAL(table[0].flags, GTF_permit_access);
	CHECK_EQUAL(refs_of(page[0]), 1);
	CHECK_EQUAL(d0->grants->nr_maps, 0);
}

/* A page table is never mapped writable. */
static void page_table_is_safe(void)
{
	start();
	frame_of(page[1])->type = (uint32_t)FRAME_L1 << FT_SHIFT | FT_VALID | 1;
	CHECK_EQUAL(
		map(1, GNTMAP_host_map, 0x10000).status, GNTST_general_error);
	CHECK_EQUAL(map(1, GNTMAP_host_map | GNTMAP_readonly, 0x10000).status,
		GNTST_okay);
	CHECK_EQUAL(frame_of(page[1])->type,
		(uint32_t)FRAME_L1 << FT_SHIFT | FT_VALID | 1);
}

/* While an entry is used, what the guest writes there changes nothing. */
static void entry_changed_while_mapped(void)
{
	uint32_t a, b;

	start();
	a = map(1, GNTMAP_host_map, 0x10000).handle;
	table[1].frame = (uint32_t)page[2].n;
	b = map(1, GNTMAP_host_map, 0x20000).handle;
	CHECK(mfn_equal(machine_pte(0x20000)->mfn, page[1]));
	table[1].flags = GTF_invalid;
	CHECK_EQUAL(
		map(1, GNTMAP_host_map, 0x30000).status, GNTST_general_error);
	CHECK_EQUAL(unmap(a, 0x10000, 0), GNTST_okay);
	CHECK_EQUAL(unmap(b, 0x20000, 0), GNTST_okay);
	CHECK_EQUAL(refs_of(page[1]), 1);
	CHECK_EQUAL(refs_of(page[2]), 1);
}

static void parts(void)
{
	struct gnttab_map_grant_ref op;

	start();
	op = map(1, BOTH, 0x10000);
	CHECK_EQUAL(unmap(op.handle, 0x10000, 0), GNTST_okay);
	CHECK_EQUAL(refs_of(page[1]), 2); /* the device may still use it */
	CHECK_EQUAL(unmap(op.handle, 0, op.dev_bus_addr + 4096),
		GNTST_bad_dev_addr);
	CHECK_EQUAL(unmap(op.handle, 0, op.dev_bus_addr), GNTST_okay);
	CHECK_EQUAL(refs_of(page[1]), 1);
	CHECK_EQUAL(unmap(op.handle, 0, op.dev_bus_addr), GNTST_bad_handle);
	op = map(1, GNTMAP_device_map, 0);
	CHECK_EQUAL(op.status, GNTST_okay);
	CHECK_EQUAL(unmap(op.handle, 0, op.dev_bus_addr), GNTST_okay);
}

/* Each part by an element of its own, of one batch, and once too often. */
static void parts_in_a_batch(void)
{
	struct gnttab_unmap_grant_ref unmaps[5] = {};
	uint32_t a, b;

	start();
	a = map(1, BOTH, 0x10000).handle;
	b = map(2, GNTMAP_host_map, 0x20000).handle;
	for (unsigned i = 0; i < 5; i++)
		unmaps[i].handle = i == 1 ? b : a;
	unmaps[0].host_addr = unmaps[4].host_addr = 0x10000;
	unmaps[1].host_addr = 0x20000;
	unmaps[2].dev_bus_addr = unmaps[3].dev_bus_addr = mfn_paddr(page[1]);
	machine_flushes = 0;
	CHECK_EQUAL(call(d0, GNTTABOP_unmap_grant_ref, unmaps, 5), 0);
	for (unsigned i = 0; i < 5; i++)
		CHECK_EQUAL(unmaps[i].status,
			i < 3 ? GNTST_okay : GNTST_bad_handle);
	CHECK_EQUAL(machine_flushes, 1);
	CHECK_EQUAL(d0->grants->nr_maps, 0);
	CHECK_EQUAL(refs_of(page[1]), 1);
	CHECK_EQUAL(refs_of(page[2]), 1);
}

static void wrong_address(void)
{
	struct gnttab_map_grant_ref op;

	start();
	op = map(1, GNTMAP_host_map, 0x10000);
	map(2, GNTMAP_host_map, 0x20000);
	CHECK_EQUAL(unmap(op.handle, 0x20000, 0), GNTST_general_error);
	CHECK_EQUAL(unmap(op.handle, 0x30000, 0), GNTST_general_error);
	CHECK_EQUAL(refs_of(page[1]), 2);
	CHECK_EQUAL(unmap(op.handle, 0x10000, 0), GNTST_okay);
}

/* A batch of more than a group, one flush per group, preempted in between. */
static void groups(void)
{
	struct gnttab_map_grant_ref maps[100];
	struct gnttab_unmap_grant_ref unmaps[100];

	start();
	machine_preempt = true;
	for (unsigned i = 0; i < 100; i++)
		maps[i] = (struct gnttab_map_grant_ref){
			.host_addr = 0x100000 + i * 4096,
			.flags = GNTMAP_host_map,
			.ref = i % 4,
			.dom = 1,
		};
	CHECK_EQUAL(call(d0, GNTTABOP_map_grant_ref, maps, 100), 0);
	machine_flushes = 0;
	for (unsigned i = 0; i < 100; i++) {
		CHECK_EQUAL(maps[i].status, GNTST_okay);
		unmaps[i] = (struct gnttab_unmap_grant_ref){
			.host_addr = maps[i].host_addr,
			.handle = i == 50 ? 12345 : maps[i].handle,
		};
	}
	CHECK_EQUAL(call(d0, GNTTABOP_unmap_grant_ref, unmaps, 100), 0);
	CHECK(machine_flushes <= 4);
	for (unsigned i = 0; i < 100; i++)
		CHECK_EQUAL(unmaps[i].status,
			i == 50 ? GNTST_bad_handle : GNTST_okay);
	CHECK_EQUAL(d0->grants->nr_maps, 1);
	CHECK_EQUAL(refs_of(page[2]), 2);
	CHECK_EQUAL(refs_of(page[1]), 1);
}

static void map_limit(void)
{
	struct gnttab_map_grant_ref op;
	unsigned nr = 0;

	start();
	while ((op = map(4, GNTMAP_device_map | GNTMAP_readonly, 0)).status ==
		GNTST_okay)
		nr++;
	CHECK_EQUAL(op.status, GNTST_no_space);
	CHECK_EQUAL(nr, 2 * MAPS_PER_PAGE);
	CHECK_EQUAL(unmap(17, 0, mfn_paddr(page[4])), GNTST_okay);
	op = map(4, GNTMAP_device_map | GNTMAP_readonly, 0);
	CHECK_EQUAL(op.status, GNTST_okay);
	CHECK_EQUAL(op.handle, 17);
}

/* Copies */

static int16_t copy(
	uint32_t ref, uint16_t from, mfn_t to, uint16_t at, uint16_t len)
{
	struct gnttab_copy op = {
		.source = {{.ref = ref}, 1, from},
		.dest = {{.gmfn = to.n}, DOMID_SELF, at},
		.len = len,
		.flags = GNTCOPY_source_gref,
	};

	CHECK_EQUAL(call(d0, GNTTABOP_copy, &op, 1), 0);
	return op.status;
}

static void copies(void)
{
	struct gnttab_copy back;
	mfn_t own;

	start();
	own = machine_page(d0);
	memset(mfn_direct(page[4]), 'x', 4096);
	CHECK_EQUAL(copy(4, 100, own, 200, 50), GNTST_okay);
	CHECK_EQUAL(((char *)mfn_direct(own))[199], 0);
	CHECK_EQUAL(((char *)mfn_direct(own))[200], 'x');
	CHECK_EQUAL(((char *)mfn_direct(own))[249], 'x');
	CHECK_EQUAL(((char *)mfn_direct(own))[250], 0);
	CHECK_EQUAL(copy(4, 4000, own, 0, 97), GNTST_bad_copy_arg);
	CHECK_EQUAL(copy(4, 0, own, 4096, 0), GNTST_okay);
	CHECK_EQUAL(copy(4, 0, page[0], 0, 1), GNTST_bad_page);
	CHECK_EQUAL(copy(4, 0, MFN(1ull << 50), 0, 1), GNTST_bad_page);
	back = (struct gnttab_copy){
		.source = {{.gmfn = own.n}, DOMID_SELF, 200},
		.dest = {{.ref = 5}, 1, 0},
		.len = 50,
		.flags = GNTCOPY_dest_gref,
	};
	CHECK_EQUAL(call(d0, GNTTABOP_copy, &back, 1), 0);
	CHECK_EQUAL(back.status, GNTST_general_error); /* read-only */
	back.dest.u.ref = 1;
	CHECK_EQUAL(call(d0, GNTTABOP_copy, &back, 1), 0);
	CHECK_EQUAL(back.status, GNTST_okay);
	CHECK_EQUAL(((char *)mfn_direct(page[1]))[49], 'x');
	back.source.domid = 1;
	CHECK_EQUAL(call(d0, GNTTABOP_copy, &back, 1), 0);
	CHECK_EQUAL(back.status, GNTST_permission_denied);
	for (unsigned i = 0; i < REFS; i++) {
		CHECK_EQUAL(refs_of(page[i]), 1);
		CHECK(!(table[i].flags & (GTF_reading | GTF_writing)));
	}
	CHECK_EQUAL(refs_of(own), 1);
}

/* The table */

static void table_size(void)
{
	uint64_t list[5];
	struct gnttab_query_size size = {.dom = DOMID_SELF};
	struct gnttab_setup_table op = {.dom = DOMID_SELF,
		.nr_frames = 3,
		.frame_list = {(uint64_t)list}};
	struct gnttab_set_version version = {1};

	start();
	CHECK_EQUAL(call(d0, GNTTABOP_query_size, &size, 1), 0);
	CHECK_EQUAL(size.nr_frames, 1);
	CHECK_EQUAL(size.max_nr_frames, 4);
	CHECK_EQUAL(call(d0, GNTTABOP_setup_table, &op, 1), 0);
	CHECK_EQUAL(op.status, GNTST_okay);
	CHECK(frame_of(MFN(list[2]))->owner == 0 && list[0] != list[1]);
	op.nr_frames = 5;
	CHECK_EQUAL(call(d0, GNTTABOP_setup_table, &op, 1), 0);
	CHECK_EQUAL(op.status, GNTST_general_error);
	op.dom = 1;
	CHECK_EQUAL(call(d0, GNTTABOP_setup_table, &op, 1), 0);
	CHECK_EQUAL(op.status, GNTST_general_error);
	op.dom = 0;
	CHECK_EQUAL(call(d1, GNTTABOP_setup_table, &op, 1), 0);
	CHECK_EQUAL(op.status, GNTST_permission_denied);
	CHECK_EQUAL(call(d0, GNTTABOP_setup_table, &op, 2), -EINVAL);
	CHECK_EQUAL(call(d0, GNTTABOP_set_version, &version, 1), 0);
	version.version = 2;
	CHECK_EQUAL(call(d0, GNTTABOP_set_version, &version, 1), -EINVAL);
	CHECK_EQUAL(version.version, 1);
	CHECK_EQUAL(call(d0, GNTTABOP_transfer, &op, 1), -ENOSYS);
	CHECK_EQUAL(call(d0, 77, &op, 1), -ENOSYS);
}

static void no_memory(void)
{
	start();
	machine_alloc_fails_after = 0;
	CHECK_EQUAL(
		map(1, GNTMAP_host_map, 0x10000).status, GNTST_no_space);
	CHECK_EQUAL(grant_grow(d0, 2), -ENOMEM);
	CHECK_EQUAL(d0->grants->nr_frames, 1);
}

/* Death */

static void stop(struct domain *d)
{
	for (unsigned i = 0; i < nr_cpus; i++) {
		machine_on_cpu(i);
		if (current->domain == d) {
			current->running = false;
			machine_enter(cpu_of(i)->idle_vcpu);
		}
	}
	machine_on_cpu(0);
}

/* The granter dies: its page stays until it is unmapped, then all is gone. */
static void granter_dies(void)
{
	unsigned before;
	uint32_t handle;

	start();
	before = machine_allocations;
	handle = map(1, GNTMAP_host_map, 0x10000).handle;
	stop(d1);
	machine_destroy(d1);
	CHECK_EQUAL(refs_of(page[1]), 1);
	CHECK(domain_of_id(1) == d1);
	CHECK_EQUAL(map(2, GNTMAP_host_map, 0x20000).status, GNTST_bad_domain);
	CHECK_EQUAL(unmap(handle, 0x10000, 0), GNTST_okay);
	machine_settle();
	CHECK(domain_of_id(1) == NULL);
	CHECK(machine_allocations < before);
}

static void mapper_dies(void)
{
	start();
	/* The other way round: d1 maps what d0 offers. */
	mfn_t own = machine_page(d0);
	uint64_t mfn;
	struct grant_entry_v1 *theirs;
	struct gnttab_map_grant_ref op = {.host_addr = 0x10000,
		.flags = GNTMAP_host_map,
		.ref = 9,
		.dom = 0};

	CHECK_EQUAL(grant_list_frames(d0, 0, 1, (gva_t){(uint64_t)&mfn}), 0);
	theirs = mfn_direct(MFN(mfn));
	theirs[9] =
		(struct grant_entry_v1){GTF_permit_access, 1, (uint32_t)own.n};
	CHECK_EQUAL(call(d1, GNTTABOP_map_grant_ref, &op, 1), 0);
	CHECK_EQUAL(op.status, GNTST_okay);
	stop(d1);
	machine_preempt = true;
	machine_destroy(d1);
	CHECK_EQUAL(theirs[9].flags, GTF_permit_access);
	CHECK_EQUAL(refs_of(own), 1);
	CHECK(domain_of_id(1) == NULL);
}

/* Random operations */

#define SLOTS 24

static void random_operations(void)
{
	struct {
		bool used;
		uint32_t handle;
		unsigned ref;
		bool ro;
	} slot[SLOTS] = {0};

	start();
	srand(3);
	for (unsigned n = 0; n < 20000; n++) {
		const unsigned i = (unsigned)rand() % SLOTS;
		const uint64_t at = 0x100000 + i * 4096ull;
		const unsigned ref = (unsigned)rand() % REFS;
		const bool ro = rand() & 1;

		if (slot[i].used) {
			CHECK_EQUAL(unmap(slot[i].handle, at, 0), GNTST_okay);
			slot[i].used = false;
		} else {
			const struct gnttab_map_grant_ref op = map(ref,
				GNTMAP_host_map | (ro ? GNTMAP_readonly : 0),
				at);

			CHECK_EQUAL(op.status, ref >= 4 && !ro
						       ? GNTST_general_error
						       : GNTST_okay);
			slot[i].used = op.status == GNTST_okay;
			slot[i].handle = op.handle;
			slot[i].ref = ref;
			slot[i].ro = ro;
		}
		for (unsigned r = 0; r < REFS; r++) {
			unsigned all = 0, writers = 0;

			for (unsigned j = 0; j < SLOTS; j++)
				if (slot[j].used && slot[j].ref == r) {
					all++;
					writers += !slot[j].ro;
				}
			CHECK_EQUAL(refs_of(page[r]), 1 + all);
			CHECK_EQUAL(!!(table[r].flags & GTF_reading), all > 0);
			CHECK_EQUAL(
				!!(table[r].flags & GTF_writing), writers > 0);
			CHECK_EQUAL(writable(page[r]), writers > 0);
		}
	}
}

SUITE({"map_and_unmap", map_and_unmap}, {"map_read_only", map_read_only},
	{"map_twice", map_twice}, {"map_refused", map_refused},
	{"page_table_is_safe", page_table_is_safe},
	{"entry_changed_while_mapped", entry_changed_while_mapped},
	{"parts", parts}, {"parts_in_a_batch", parts_in_a_batch},
	{"wrong_address", wrong_address}, {"groups", groups},
	{"map_limit", map_limit}, {"copies", copies},
	{"table_size", table_size}, {"no_memory", no_memory},
	{"granter_dies", granter_dies}, {"mapper_dies", mapper_dies},
	{"random_operations", random_operations})
