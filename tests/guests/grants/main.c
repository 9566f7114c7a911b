/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves grant tables, version 1, as one domain that grants to itself: table
 * set-up and size, mapping by address and by page-table entry, read-only and
 * twice, unmapping, unmap_and_replace, copies in all combinations, and the
 * status codes of everything that is refused.
 */
#include <xen/grant_table.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

static int64_t setup(uint16_t dom, uint32_t nr, uint64_t *list, int *status)
{
	struct gnttab_setup_table op = {
		.dom = dom, .nr_frames = nr, .frame_list = list,
	};
	const int64_t rc = hv_grant_table_op(GNTTABOP_setup_table, &op, 1);

	*status = op.status;
	return rc;
}

static struct gnttab_map_grant_ref map(uint64_t address, uint32_t flags,
				       uint32_t ref)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = address, .flags = flags, .ref = ref,
		.dom = 0, .status = 99,	/* DOMID_SELF is no granter's name */
	};

	if (hv_grant_table_op(GNTTABOP_map_grant_ref, &op, 1))
		op.status = 88;
	return op;
}

static int unmap(uint64_t address, uint32_t handle)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = address, .handle = handle, .status = 99,
	};

	if (hv_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1))
		op.status = 88;
	return op.status;
}

static void test_set_up(void)
{
	struct gnttab_query_size size = { .dom = DOMID_SELF };
	static uint64_t list[1024];
	int status;

	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_query_size, &size, 1), 0);
	REQUIRE_EQ(size.status, GNTST_okay);
	REQUIRE(size.nr_frames >= 1 && size.nr_frames <= size.max_nr_frames);
	REQUIRE(size.max_nr_frames >= 4 && size.max_nr_frames < 1024);
	REQUIRE_EQ(setup(DOMID_SELF, 1, list, &status), 0);
	REQUIRE_EQ(status, GNTST_okay);
	const uint64_t first = list[0];

	REQUIRE_EQ(setup(DOMID_SELF, 2, list, &status), 0);
	REQUIRE_EQ(status, GNTST_okay);
	REQUIRE_EQ(list[0], first);
	REQUIRE(list[1] != first);
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_query_size, &size, 1), 0);
	REQUIRE(size.nr_frames >= 2);
	REQUIRE_EQ(grant_init(), 0);
}

static void test_set_up_errors(void)
{
	struct gnttab_query_size size = { .dom = 77 };
	static uint64_t list[4];
	int status;

	REQUIRE_EQ(setup(77, 1, list, &status), 0);
	REQUIRE_EQ(status, GNTST_bad_domain);
	REQUIRE_EQ(setup(DOMID_SELF, 100000, list, &status), 0);
	REQUIRE_EQ(status, GNTST_general_error);
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_query_size, &size, 1), 0);
	REQUIRE_EQ(size.status, GNTST_bad_domain);
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_setup_table, (void *)0x1000, 1),
		   EFAULT_);
	REQUIRE_EQ(hv_grant_table_op(99, &size, 1), ENOSYS_);
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_map_grant_ref, NULL, 0), 0);
}

static void test_version(void)
{
	struct gnttab_set_version set = { .version = 1 };
	struct gnttab_get_version get = { .dom = DOMID_SELF };

	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_set_version, &set, 1), 0);
	REQUIRE_EQ(set.version, 1);
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_get_version, &get, 1), 0);
	REQUIRE_EQ(get.version, 1);
	set.version = 3;
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_set_version, &set, 1), EINVAL_);
}

static void test_map(void)
{
	uint64_t *page = page_alloc();
	volatile uint64_t *va = va_alloc();
	const uint32_t ref = grant_give(0, pv_frame(page), false);

	page[0] = 11;
	struct gnttab_map_grant_ref op = map((uint64_t)va, GNTMAP_host_map |
					     GNTMAP_device_map, ref);

	REQUIRE_EQ(op.status, GNTST_okay);
	REQUIRE_EQ(op.dev_bus_addr, machine_address(page));
	REQUIRE_EQ(va[0], 11);
	va[1] = 22;
	REQUIRE_EQ(page[1], 22);
	REQUIRE_EQ(grant_entry(ref)->flags,
		   GTF_permit_access | GTF_reading | GTF_writing);
	REQUIRE(!grant_end(ref));
	/* held as writable: it cannot become a table */
	REQUIRE_EQ(pt_protect(page, false), 0);
	REQUIRE(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(page)) != 0);
	struct gnttab_unmap_grant_ref un = {
		.host_addr = (uint64_t)va, .handle = op.handle,
		.dev_bus_addr = op.dev_bus_addr,
	};

	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_unmap_grant_ref, &un, 1), 0);
	REQUIRE_EQ(un.status, GNTST_okay);
	REQUIRE_EQ(grant_entry(ref)->flags, GTF_permit_access);
	REQUIRE_EQ(*pt_entry(NULL, (void *)va, 1), 0);
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(page)), 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(page)), 0);
	REQUIRE(grant_end(ref));
}

static void write_to(uint64_t va)
{
	*(volatile uint64_t *)va = 1;
}

static void test_map_read_only(void)
{
	uint64_t *page = page_alloc();
	volatile uint64_t *va = va_alloc();
	const uint32_t ref = grant_give(0, pv_frame(page), true);

	page[0] = 33;
	/* a writable mapping of a read-only grant */
	REQUIRE_EQ(map((uint64_t)va, GNTMAP_host_map, ref).status,
		   GNTST_general_error);
	struct gnttab_map_grant_ref op = map((uint64_t)va, GNTMAP_host_map |
					     GNTMAP_readonly, ref);

	REQUIRE_EQ(op.status, GNTST_okay);
	REQUIRE_EQ(va[0], 33);
	REQUIRE_EQ(grant_entry(ref)->flags, GTF_permit_access | GTF_readonly |
		   GTF_reading);
	REQUIRE_EQ(trap_try(write_to, (uint64_t)va), TRAP_PF);
	REQUIRE_EQ(page[0], 33);
	REQUIRE_EQ(unmap((uint64_t)va, op.handle), GNTST_okay);
	REQUIRE(grant_end(ref));
}

static void test_map_twice(void)
{
	uint64_t *page = page_alloc();
	volatile uint64_t *a = va_alloc(), *b = va_alloc();
	const uint32_t ref = grant_give(0, pv_frame(page), false);
	const struct gnttab_map_grant_ref x = map((uint64_t)a, GNTMAP_host_map,
						  ref);
	const struct gnttab_map_grant_ref y = map((uint64_t)b, GNTMAP_host_map |
						  GNTMAP_readonly, ref);

	REQUIRE_EQ(x.status, GNTST_okay);
	REQUIRE_EQ(y.status, GNTST_okay);
	REQUIRE(x.handle != y.handle);
	a[0] = 5;
	REQUIRE_EQ(b[0], 5);
	REQUIRE_EQ(unmap((uint64_t)a, x.handle), GNTST_okay);
	REQUIRE_EQ(b[0], 5);
	REQUIRE_EQ(grant_entry(ref)->flags, GTF_permit_access | GTF_reading);
	REQUIRE_EQ(unmap((uint64_t)b, y.handle), GNTST_okay);
	REQUIRE_EQ(grant_entry(ref)->flags, GTF_permit_access);
	REQUIRE(grant_end(ref));
}

static void test_map_by_pte(void)
{
	uint64_t *page = page_alloc();
	volatile uint64_t *va = va_alloc();
	uint64_t *pte = pt_entry(NULL, (void *)va, 1);
	const uint32_t ref = grant_give(0, pv_frame(page), false);
	/* and the entry's software bits come from the flags */
	const struct gnttab_map_grant_ref op =
		map(machine_address(pte), GNTMAP_host_map |
		    GNTMAP_contains_pte | 1 << 16, ref);

	REQUIRE_EQ(op.status, GNTST_okay);
	REQUIRE_EQ(*pte & 0xe00, 0x200);
	page[0] = 44;
	REQUIRE_EQ(va[0], 44);
	REQUIRE_EQ(unmap(machine_address(pte), op.handle), GNTST_okay);
	REQUIRE_EQ(*pte, 0);
	REQUIRE(grant_end(ref));
}

/* host_map takes the place of what was mapped there. */
static void test_map_over_page(void)
{
	uint64_t *page = page_alloc(), *old = page_alloc();
	const uint32_t ref = grant_give(0, pv_frame(page), false);

	page[0] = 1;
	old[0] = 2;
	const struct gnttab_map_grant_ref op = map((uint64_t)old,
						   GNTMAP_host_map, ref);

	REQUIRE_EQ(op.status, GNTST_okay);
	/* the flush of what was there is the mapper's business */
	REQUIRE_EQ(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0), 0);
	REQUIRE_EQ(*(volatile uint64_t *)old, 1);
	REQUIRE_EQ(unmap((uint64_t)old, op.handle), GNTST_okay);
	REQUIRE_EQ(pt_set(old, machine_address(old) | PTE_KERNEL), 0);
	REQUIRE_EQ(*(volatile uint64_t *)old, 2);
	REQUIRE(grant_end(ref));
}

static void test_map_errors(void)
{
	static const uint64_t places[] = { HYPERVISOR_PLACES };
	const uint64_t va = (uint64_t)va_alloc();
	const uint64_t frame = pv_frame(page_alloc());
	const uint32_t ref = grant_give(0, frame, false);
	const uint32_t other = grant_give(5, frame, false);
	const uint32_t foreign = grant_give(0, foreign_frame(), false);
	struct gnttab_map_grant_ref op = {
		.host_addr = va, .flags = GNTMAP_host_map, .ref = ref,
		.dom = 77,
	};

	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_map_grant_ref, &op, 1), 0);
	REQUIRE_EQ(op.status, GNTST_bad_domain);
	/* no such reference; one that grants nothing, or to somebody else */
	REQUIRE_EQ(map(va, GNTMAP_host_map, 1 << 20).status,
		   GNTST_bad_gntref);
	REQUIRE_EQ(map(va, GNTMAP_host_map, 500).status, GNTST_general_error);
	REQUIRE_EQ(map(va, GNTMAP_host_map, other).status,
		   GNTST_general_error);
	REQUIRE(map(va, GNTMAP_host_map, foreign).status < 0);
	/* neither a mapping nor a device address wanted */
	REQUIRE_EQ(map(va, 0, ref).status, GNTST_bad_gntref);
	/* no table there */
	REQUIRE_EQ(map(0x40000000, GNTMAP_host_map, ref).status,
		   GNTST_general_error);
	for (unsigned int i = 0; i < sizeof(places) / 8; i++)
		REQUIRE_EQ(map(places[i], GNTMAP_host_map, ref).status,
			   GNTST_general_error);
	REQUIRE_EQ(*pt_entry(NULL, (void *)va, 1), 0);
	REQUIRE_EQ(grant_entry(ref)->flags, GTF_permit_access);
	REQUIRE(grant_end(ref) && grant_end(other) && grant_end(foreign));
}

static void test_unmap_errors(void)
{
	const uint64_t va = (uint64_t)va_alloc();
	uint64_t *page = page_alloc();
	const uint32_t ref = grant_give(0, pv_frame(page), false);
	const struct gnttab_map_grant_ref op = map(va, GNTMAP_host_map, ref);

	REQUIRE_EQ(op.status, GNTST_okay);
	REQUIRE_EQ(unmap(va, 0x7fffffff), GNTST_bad_handle);
	REQUIRE_EQ(unmap(va, op.handle + 1), GNTST_bad_handle);
	/* not where it is mapped */
	REQUIRE_EQ(unmap((uint64_t)va_alloc(), op.handle),
		   GNTST_general_error);
	REQUIRE_EQ(unmap(va, op.handle), GNTST_okay);
	REQUIRE_EQ(unmap(va, op.handle), GNTST_bad_handle);
	REQUIRE(grant_end(ref));
}

static void test_unmap_and_replace(void)
{
	volatile uint64_t *va = va_alloc(), *spare = va_alloc();
	uint64_t *page = page_alloc(), *next = page_alloc();
	const uint32_t ref = grant_give(0, pv_frame(page), false);
	const struct gnttab_map_grant_ref op = map((uint64_t)va,
						   GNTMAP_host_map, ref);
	struct gnttab_unmap_and_replace un = {
		.host_addr = (uint64_t)va, .new_addr = (uint64_t)spare,
		.handle = op.handle,
	};

	next[0] = 66;
	REQUIRE_EQ(op.status, GNTST_okay);
	REQUIRE_EQ(pt_set((void *)spare, machine_address(next) | PTE_KERNEL),
		   0);
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_unmap_and_replace, &un, 1), 0);
	REQUIRE_EQ(un.status, GNTST_okay);
	REQUIRE_EQ(va[0], 66);
	REQUIRE_EQ(*pt_entry(NULL, (void *)spare, 1), 0);
	REQUIRE(grant_end(ref));
	REQUIRE_EQ(pt_set((void *)va, 0), 0);
}

struct end {
	uint32_t ref;		/* 0: by frame */
	uint64_t *page;
	uint16_t offset;
};

static int copy(struct end from, struct end to, uint16_t len)
{
	struct gnttab_copy op = {
		.source = { .domid = DOMID_SELF, .offset = from.offset },
		.dest = { .domid = DOMID_SELF, .offset = to.offset },
		.len = len, .status = 99,
		.flags = (from.ref ? GNTCOPY_source_gref : 0) |
			 (to.ref ? GNTCOPY_dest_gref : 0),
	};

	if (from.ref)
		op.source.u.ref = from.ref;
	else
		op.source.u.gmfn = pv_frame(from.page);
	if (to.ref)
		op.dest.u.ref = to.ref;
	else
		op.dest.u.gmfn = pv_frame(to.page);
	if (hv_grant_table_op(GNTTABOP_copy, &op, 1))
		return 88;
	return op.status;
}

static void test_copy(void)
{
	uint64_t *a = page_alloc(), *b = page_alloc();
	const uint32_t ra = grant_give(0, pv_frame(a), true);
	const uint32_t rb = grant_give(0, pv_frame(b), false);

	for (int i = 0; i < 512; i++)
		a[i] = i;
	for (int form = 0; form < 4; form++) {
		const struct end from = { form & 1 ? ra : 0, a, 800 };
		const struct end to = { form & 2 ? rb : 0, b, 1600 };

		memset(b, 0, PV_PAGE);
		REQUIRE_EQ(copy(from, to, 160), GNTST_okay);
		for (int i = 0; i < 512; i++)
			REQUIRE_EQ(b[i], i >= 200 && i < 220 ? i - 100 : 0);
	}
	REQUIRE_EQ(grant_entry(ra)->flags & ~GTF_readonly, GTF_permit_access);
	REQUIRE_EQ(grant_entry(rb)->flags, GTF_permit_access);
	/* whole pages, odd bytes, nothing */
	REQUIRE_EQ(copy((struct end){ ra, a, 0 }, (struct end){ rb, b, 0 },
			4096), GNTST_okay);
	REQUIRE_EQ(memcmp(a, b, PV_PAGE), 0);
	REQUIRE_EQ(copy((struct end){ ra, a, 8 }, (struct end){ rb, b, 3 }, 1),
		   GNTST_okay);
	REQUIRE_EQ(((uint8_t *)b)[3], 1);
	REQUIRE_EQ(copy((struct end){ ra, a, 0 }, (struct end){ rb, b, 0 }, 0),
		   GNTST_okay);
	REQUIRE(grant_end(ra) && grant_end(rb));
}

static void test_copy_errors(void)
{
	uint64_t *a = page_alloc(), *b = page_alloc();
	const uint32_t ra = grant_give(0, pv_frame(a), false);
	const uint32_t rb = grant_give(0, pv_frame(b), true);
	const struct end from = { ra, a, 0 }, to = { 0, b, 0 };

	REQUIRE_EQ(copy((struct end){ ra, a, 4000 }, to, 100),
		   GNTST_bad_copy_arg);
	REQUIRE_EQ(copy(from, (struct end){ 0, b, 4000 }, 100),
		   GNTST_bad_copy_arg);
	REQUIRE_EQ(copy(from, (struct end){ rb, b, 0 }, 100),
		   GNTST_general_error);
	REQUIRE_EQ(copy((struct end){ 1 << 20, a, 0 }, to, 100),
		   GNTST_bad_gntref);
	REQUIRE_EQ(copy((struct end){ 500, a, 0 }, to, 100),
		   GNTST_general_error);
	/* to a page table, by frame */
	REQUIRE(copy(from, (struct end){ 0, pt_root(), 0 }, 8) < 0);
	REQUIRE(grant_end(ra) && grant_end(rb));
}

/* A failing element does not stop the others. */
static void test_batches(void)
{
	static struct gnttab_copy ops[200];
	uint64_t *a = page_alloc(), *b = page_alloc();

	for (int i = 0; i < 200; i++) {
		a[i] = i + 1;
		ops[i] = (struct gnttab_copy){
			.source = { .u.gmfn = pv_frame(a), .offset = i * 8,
				    .domid = DOMID_SELF },
			.dest = { .u.gmfn = pv_frame(b), .offset = i * 8,
				  .domid = DOMID_SELF },
			.len = i == 100 ? 5000 : 8, .status = 99,
		};
	}
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_copy, ops, 200), 0);
	for (int i = 0; i < 200; i++) {
		REQUIRE_EQ(ops[i].status, i == 100 ? GNTST_bad_copy_arg : 0);
		REQUIRE_EQ(b[i], i == 100 ? 0 : i + 1);
	}
}

static void test_map_many(void)
{
	static struct gnttab_map_grant_ref maps[100];
	static struct gnttab_unmap_grant_ref unmaps[100];
	uint64_t *page = page_alloc();
	const uint32_t ref = grant_give(0, pv_frame(page), false);

	for (int i = 0; i < 100; i++)
		maps[i] = (struct gnttab_map_grant_ref){
			.host_addr = (uint64_t)va_alloc(), .dom = 0,
			.flags = GNTMAP_host_map, .ref = ref,
		};
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_map_grant_ref, maps, 100), 0);
	page[7] = 0x777;
	for (int i = 0; i < 100; i++) {
		REQUIRE_EQ(maps[i].status, GNTST_okay);
		REQUIRE_EQ(((volatile uint64_t *)maps[i].host_addr)[7], 0x777);
		unmaps[i] = (struct gnttab_unmap_grant_ref){
			.host_addr = maps[i].host_addr,
			.handle = maps[i].handle,
		};
	}
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_unmap_grant_ref, unmaps, 100),
		   0);
	for (int i = 0; i < 100; i++)
		REQUIRE_EQ(unmaps[i].status, GNTST_okay);
	REQUIRE_EQ(grant_entry(ref)->flags, GTF_permit_access);
	REQUIRE(grant_end(ref));
}

const struct test tests[] = {
	TEST(set_up),
	TEST(set_up_errors),
	TEST(version),
	TEST(map),
	TEST(map_read_only),
	TEST(map_twice),
	TEST(map_by_pte),
	TEST(map_over_page),
	TEST(map_errors),
	TEST(unmap_errors),
	TEST(unmap_and_replace),
	TEST(copy),
	TEST(copy_errors),
	TEST(batches),
	TEST(map_many),
	TESTS_END
};
