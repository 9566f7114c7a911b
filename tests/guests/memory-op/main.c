/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves memory_op: counts returned by decrease, increase and populate, in
 * pages and in larger extents; pages that are in use are not given back;
 * exchange, all or nothing, with address limits; the machine's memory map;
 * where the M2P is; reservations; and what is refused.
 */
#include <xen/memory.h>

#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static struct xen_memory_reservation reservation(uint64_t *list, uint64_t nr,
						 unsigned int order)
{
	return (struct xen_memory_reservation){
		.extent_start = list, .nr_extents = nr,
		.extent_order = order, .domid = DOMID_SELF,
	};
}

static int64_t pages_now(void)
{
	struct xen_memory_domain self = { .domid = DOMID_SELF };

	return hv_memory_op(XENMEM_current_reservation, &self);
}

static void test_reservations(void)
{
	struct xen_memory_domain self = { .domid = DOMID_SELF };
	const int64_t max = hv_memory_op(XENMEM_maximum_reservation, &self);

	REQUIRE_EQ(pages_now(), pv_info->nr_pages);
	REQUIRE(max >= pages_now());
	self.domid = 77;
	REQUIRE_EQ(hv_memory_op(XENMEM_current_reservation, &self), ESRCH_);
	REQUIRE_EQ(hv_memory_op(XENMEM_maximum_reservation, &self), ESRCH_);
	self.domid = 0;
	REQUIRE_EQ(hv_memory_op(XENMEM_current_reservation, &self),
		   pages_now());
	REQUIRE_EQ(hv_memory_op(XENMEM_current_reservation, (void *)0x1000),
		   EFAULT_);
}

/* Gives pages away and takes others in their place. */
static void test_balloon(void)
{
	static uint64_t pfns[64], list[64];
	const int64_t before = pages_now();

	for (int i = 0; i < 64; i++) {
		pfns[i] = pfn_alloc();
		list[i] = PV_P2M[pfns[i]];
	}
	struct xen_memory_reservation op = reservation(list, 64, 0);

	REQUIRE_EQ(hv_memory_op(XENMEM_decrease_reservation, &op), 64);
	REQUIRE_EQ(pages_now(), before - 64);
	for (int i = 0; i < 64; i++)
		REQUIRE(PV_M2P[list[i]] != pfns[i]);
	memcpy(list, pfns, sizeof(list));
	op = reservation(list, 64, 0);
	REQUIRE_EQ(hv_memory_op(XENMEM_populate_physmap, &op), 64);
	REQUIRE_EQ(pages_now(), before);
	for (int i = 0; i < 64; i++) {
		REQUIRE_EQ(PV_M2P[list[i]], pfns[i]);
		PV_P2M[pfns[i]] = list[i];
	}
}

/* A new page holds nothing of its last owner's. */
static void test_populated_is_usable(void)
{
	uint64_t pfn = pfn_alloc(), list[1] = { PV_P2M[pfn] };
	struct xen_memory_reservation op = reservation(list, 1, 0);
	volatile uint64_t *va = va_alloc();

	REQUIRE_EQ(hv_memory_op(XENMEM_decrease_reservation, &op), 1);
	list[0] = pfn;
	REQUIRE_EQ(hv_memory_op(XENMEM_populate_physmap, &op), 1);
	PV_P2M[pfn] = list[0];
	REQUIRE_EQ(pt_set((void *)va, list[0] * PV_PAGE | PTE_KERNEL), 0);
	va[0] = 0x99;
	REQUIRE_EQ(va[0], 0x99);
	REQUIRE_EQ(pt_set((void *)va, 0), 0);
}

/* A page that is mapped, or a table, or another's, stays. */
static void test_decrease_in_use(void)
{
	uint64_t *page = page_alloc();
	uint64_t spare = pfn_alloc();
	uint64_t list[3] = { PV_P2M[spare], pv_frame(page), 0 };
	struct xen_memory_reservation op = reservation(list, 2, 0);
	const int64_t before = pages_now();

	/*
	 * The hypervisor may count the mapped page as given (it goes when the
	 * last mapping goes) or stop in front of it; it remains usable.
	 */
	const int64_t done = hv_memory_op(XENMEM_decrease_reservation, &op);

	REQUIRE(done == 1 || done == 2);
	page[0] = 1;
	REQUIRE_EQ(*(volatile uint64_t *)page, 1);
	REQUIRE(pages_now() >= before - 2);
	list[0] = foreign_frame();
	op = reservation(list, 1, 0);
	REQUIRE_EQ(hv_memory_op(XENMEM_decrease_reservation, &op), 0);
	list[0] = absent_frame();
	REQUIRE_EQ(hv_memory_op(XENMEM_decrease_reservation, &op), 0);
	list[0] = spare;
	REQUIRE_EQ(hv_memory_op(XENMEM_populate_physmap, &op), 1);
	PV_P2M[spare] = list[0];
}

static void test_populate_limits(void)
{
	uint64_t list[1] = { pfn_alloc() };
	struct xen_memory_reservation op = reservation(list, 1, 0);

	/* no more than the domain's maximum */
	struct xen_memory_domain self = { .domid = DOMID_SELF };
	const int64_t max = hv_memory_op(XENMEM_maximum_reservation, &self);

	if (pages_now() == max)
		REQUIRE_EQ(hv_memory_op(XENMEM_populate_physmap, &op), 0);
	op = reservation(list, 1, 40);
	REQUIRE(hv_memory_op(XENMEM_populate_physmap, &op) <= 0);
	op = reservation((void *)0x1000, 1, 0);
	REQUIRE(hv_memory_op(XENMEM_populate_physmap, &op) <= 0);
	op = reservation(list, 0, 0);
	REQUIRE_EQ(hv_memory_op(XENMEM_populate_physmap, &op), 0);
	op = reservation(list, 1, 0);
	/* no such domain: an error, or nothing done */
	op.domid = 77;
	REQUIRE(hv_memory_op(XENMEM_populate_physmap, &op) <= 0);
	REQUIRE(hv_memory_op(XENMEM_populate_physmap, (void *)0x1000) <= 0);
}

static uint64_t in[1024], out[64];

static struct xen_memory_exchange
exchange(uint64_t nr_in, unsigned int in_order, uint64_t nr_out,
	 unsigned int out_order)
{
	return (struct xen_memory_exchange){
		.in = reservation(in, nr_in, in_order),
		.out = reservation(out, nr_out, out_order),
	};
}

/* What Linux does for DMA: 64 single pages for one run of 64 below 4 GiB. */
static void test_exchange_up(void)
{
	uint64_t pfns[64];
	const int64_t before = pages_now();

	for (int i = 0; i < 64; i++) {
		pfns[i] = pfn_alloc();
		in[i] = PV_P2M[pfns[i]];
	}
	out[0] = pfns[63];	/* the lowest: they come downwards */
	struct xen_memory_exchange op = exchange(64, 0, 1, 6);

	op.out.mem_flags = XENMEMF_address_bits(32);
	REQUIRE_EQ(hv_memory_op(XENMEM_exchange, &op), 0);
	REQUIRE_EQ(op.nr_exchanged, 64);
	REQUIRE_EQ(pages_now(), before);
	REQUIRE_EQ(out[0] % 64, 0);
	REQUIRE(out[0] + 64 <= 1UL << 20);
	for (int i = 0; i < 64; i++) {
		REQUIRE_EQ(PV_M2P[out[0] + i], pfns[63] + i);
		PV_P2M[pfns[63] + i] = out[0] + i;
	}
}

/* And back: one run for single pages. */
static void test_exchange_down(void)
{
	uint64_t pfns[64];

	for (int i = 0; i < 64; i++) {
		pfns[i] = pfn_alloc();
		in[i] = PV_P2M[pfns[i]];
	}
	out[0] = pfns[63];
	struct xen_memory_exchange op = exchange(64, 0, 1, 6);

	REQUIRE_EQ(hv_memory_op(XENMEM_exchange, &op), 0);
	in[0] = out[0];
	for (int i = 0; i < 64; i++)
		out[i] = pfns[i];
	op = exchange(1, 6, 64, 0);
	REQUIRE_EQ(hv_memory_op(XENMEM_exchange, &op), 0);
	REQUIRE_EQ(op.nr_exchanged, 1);
	for (int i = 0; i < 64; i++) {
		REQUIRE_EQ(PV_M2P[out[i]], pfns[i]);
		PV_P2M[pfns[i]] = out[i];
	}
}

/* A failing exchange changes nothing. */
static void test_exchange_nothing(void)
{
	uint64_t *mapped = page_alloc(), pfns[64];
	const int64_t before = pages_now();

	for (int i = 0; i < 64; i++) {
		pfns[i] = pfn_alloc();
		in[i] = PV_P2M[pfns[i]];
	}
	out[0] = pfns[63];
	/* no memory that low: 2^18 is 256 KiB */
	struct xen_memory_exchange op = exchange(64, 0, 1, 6);

	op.out.mem_flags = XENMEMF_address_bits(14);
	REQUIRE_EQ(hv_memory_op(XENMEM_exchange, &op), ENOMEM_);
	REQUIRE_EQ(op.nr_exchanged, 0);
	/* the last page of the input is mapped */
	const uint64_t last = in[63];

	in[63] = pv_frame(mapped);
	op = exchange(64, 0, 1, 6);
	REQUIRE(hv_memory_op(XENMEM_exchange, &op) < 0);
	REQUIRE_EQ(op.nr_exchanged, 0);
	/* or not ours */
	in[63] = foreign_frame();
	op = exchange(64, 0, 1, 6);
	REQUIRE(hv_memory_op(XENMEM_exchange, &op) < 0);
	REQUIRE_EQ(op.nr_exchanged, 0);
	in[63] = last;
	REQUIRE_EQ(pages_now(), before);
	for (int i = 0; i < 64; i++)
		REQUIRE_EQ(PV_M2P[in[i]], pfns[i]);
	/* and with good input all is as if nothing had happened */
	op = exchange(64, 0, 1, 6);
	REQUIRE_EQ(hv_memory_op(XENMEM_exchange, &op), 0);
	for (int i = 0; i < 64; i++)
		PV_P2M[pfns[63] + i] = out[0] + i;
}

static void test_exchange_refused(void)
{
	in[0] = PV_P2M[pfn_alloc()];
	/* sizes that do not match */
	struct xen_memory_exchange op = exchange(64, 0, 2, 6);

	REQUIRE_EQ(hv_memory_op(XENMEM_exchange, &op), EINVAL_);
	op = exchange(1, 0, 1, 0);
	op.in.domid = 77;
	op.out.domid = 77;
	REQUIRE(hv_memory_op(XENMEM_exchange, &op) < 0);
	op = exchange(1, 0, 1, 0);
	op.nr_exchanged = 5;
	REQUIRE_EQ(hv_memory_op(XENMEM_exchange, &op), EINVAL_);
	REQUIRE_EQ(hv_memory_op(XENMEM_exchange, (void *)0x1000), EFAULT_);
	op = exchange(1, 0, 1, 0);
	op.in.extent_start = (void *)0x1000;
	REQUIRE(hv_memory_op(XENMEM_exchange, &op) < 0);
}

static void test_machine_map(void)
{
	static struct xen_e820_entry map[128];
	struct xen_memory_map op = { .nr_entries = 128, .buffer = map };
	uint64_t ram = 0;

	REQUIRE_EQ(hv_memory_op(XENMEM_machine_memory_map, &op), 0);
	REQUIRE(op.nr_entries >= 2 && op.nr_entries <= 128);
	bool lapic = false;

	for (unsigned int i = 0; i < op.nr_entries; i++) {
		REQUIRE(map[i].size != 0);
		if (i)
			REQUIRE(map[i].addr >= map[i - 1].addr +
					       map[i - 1].size);
		if (map[i].type == XEN_E820_RAM)
			ram += map[i].size;
		else if (map[i].addr <= 0xfee00000 &&
			 map[i].addr + map[i].size > 0xfee00000)
			lapic = true;
	}
	/* 512 MiB but for the firmware's share */
	REQUIRE(ram > 480UL << 20 && ram <= 512UL << 20);
	REQUIRE(lapic);
	op.nr_entries = 1;
	REQUIRE_EQ(hv_memory_op(XENMEM_machine_memory_map, &op), EINVAL_);
	op = (struct xen_memory_map){ 128, (void *)0x1000 };
	REQUIRE_EQ(hv_memory_op(XENMEM_machine_memory_map, &op), EFAULT_);
}

static void test_m2p_place(void)
{
	struct xen_machphys_mapping op;

	REQUIRE_EQ(hv_memory_op(XENMEM_machphys_mapping, &op), 0);
	REQUIRE_EQ(op.v_start, 0xffff800000000000);
	REQUIRE(op.v_end > op.v_start && op.v_end <= 0xffff804000000000);
	REQUIRE(op.max_mfn >= pv_frame(pv_info));
	const int64_t highest = hv_memory_op(XENMEM_maximum_ram_page, NULL);

	REQUIRE(highest >= 120 << 8);
	REQUIRE(highest < 1 << 24);
	for (uint64_t pfn = 0; pfn < pv_info->nr_pages; pfn++)
		REQUIRE(PV_P2M[pfn] <= (uint64_t)highest);
}

static void test_m2p_frames(void)
{
	static uint64_t list[512];
	struct xen_machphys_mfn_list op = {
		.max_extents = 512, .extent_start = list,
	};
	volatile uint64_t *va = va_alloc();

	REQUIRE_EQ(hv_memory_op(XENMEM_machphys_mfn_list, &op), 0);
	REQUIRE(op.nr_extents >= 1);
	/* tools map these read-only as DOMID_XEN's */
	const struct mmu_update req = {
		.ptr = machine_address(pt_entry(NULL, (void *)va, 1)),
		.val = list[0] * PV_PAGE | PTE_RO,
	};

	REQUIRE_EQ(hv_mmu_update(&req, 1, NULL, DOMID_XEN), 0);
	for (int i = 0; i < 512; i++)
		REQUIRE_EQ(va[i], PV_M2P[i]);
	const struct mmu_update rw = { req.ptr, req.val | PTE_RW };

	REQUIRE(hv_mmu_update(&rw, 1, NULL, DOMID_XEN) < 0);
	REQUIRE_EQ(pt_set((void *)va, 0), 0);
}

static void test_refused(void)
{
	struct xen_memory_domain self = { .domid = DOMID_SELF };
	uint64_t add[3] = { DOMID_SELF };
	uint64_t zero[8] = { 0 };

	REQUIRE(hv_memory_op(XENMEM_add_to_physmap, add) < 0);
	REQUIRE_EQ(hv_memory_op(XENMEM_get_sharing_freed_pages, NULL), 0);
	REQUIRE_EQ(hv_memory_op(XENMEM_get_sharing_shared_pages, NULL), 0);
	REQUIRE_EQ(hv_memory_op(8, zero), ENOSYS_);
	REQUIRE_EQ(hv_memory_op(60, zero), ENOSYS_);
	REQUIRE(hv_memory_op(XENMEM_maximum_gpfn, &self) >= -1);
}

const struct test tests[] = {
	TEST(reservations),
	TEST(balloon),
	TEST(populated_is_usable),
	TEST(decrease_in_use),
	TEST(populate_limits),
	TEST(exchange_up),
	TEST(exchange_down),
	TEST(exchange_nothing),
	TEST(exchange_refused),
	TEST(machine_map),
	TEST(m2p_place),
	TEST(m2p_frames),
	TEST(refused),
	TESTS_END
};
