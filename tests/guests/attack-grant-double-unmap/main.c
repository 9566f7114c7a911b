/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wants: one use of a grant counted off twice, so that the granter takes back a
 * page that is still mapped and writable. Way: unmap twice, many times in one
 * batch, with a handle that has a new owner by now, by halves (host mapping,
 * device address; one batch), with handles that never were. Instead: the first counts,
 * the others are bad handles; while one mapping is left dom0's page is in use.
 *
 * Class: grant tables, pin and handle counting (XSA-224, 255). The same on Xen.
 */
#include <xen/grant_table.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/attacker.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define A CHILD_VA(40)
#define B CHILD_VA(41)
#define USED (GTF_permit_access | GTF_reading | GTF_writing)

static uint64_t *page;
static uint32_t ref;

static void test_start(void)
{
	REQUIRE_EQ(grant_init(), 0);
	page = page_alloc();
	REQUIRE(attacker_start());
	ref = grant_give(attacker.id, pv_frame(page), false);
}

static bool in_use(uint64_t va)
{
	if (!attacker_stores(va, 0x1234) || page[0] != 0x1234 ||
	    grant_entry(ref)->flags != USED || grant_end(ref) ||
	    pt_protect(page, false))
		return false;
	const bool held = refused(mmuext(MMUEXT_PIN_L1_TABLE,
					 pv_frame(page)));

	return pt_protect(page, true) == 0 && held;
}

static bool unused(void)
{
	return grant_entry(ref)->flags == GTF_permit_access &&
	       dom0_page_is_free(page);
}

static void test_twice(void)
{
	uint32_t a, b;

	REQUIRE_EQ(attacker_grant_map(A, GNTMAP_host_map, ref, &a), 0);
	REQUIRE_EQ(attacker_grant_map(B, GNTMAP_host_map, ref, &b), 0);
	REQUIRE_EQ(attacker_grant_unmap(A, a), GNTST_okay);
	for (int i = 0; i < 8; i++) {
		REQUIRE_EQ(attacker_grant_unmap(A, a), GNTST_bad_handle);
		REQUIRE_EQ(attacker_grant_unmap(B, a), GNTST_bad_handle);
		REQUIRE_EQ(attacker_grant_unmap(0, a), GNTST_bad_handle);
	}
	REQUIRE(in_use(B));
	REQUIRE_EQ(attacker_grant_unmap(B, b), GNTST_okay);
	REQUIRE(unused());
}

/* One batch, the flush of which comes after all of it. */
static void test_in_one_batch(void)
{
	struct gnttab_unmap_grant_ref ops[40];
	uint32_t a, b;

	REQUIRE_EQ(attacker_grant_map(A, GNTMAP_host_map, ref, &a), 0);
	REQUIRE_EQ(attacker_grant_map(B, GNTMAP_host_map, ref, &b), 0);
	for (int i = 0; i < 40; i++)
		ops[i] = (struct gnttab_unmap_grant_ref){
			.host_addr = i % 3 == 2 ? B : A, .handle = a,
			.status = 99,
		};
	memcpy(attacker.mailbox->room, ops, sizeof(ops));
	REQUIRE_EQ(attacker_call(__HYPERVISOR_grant_table_op,
				 GNTTABOP_unmap_grant_ref, CHILD_ROOM, 40, 0),
		   0);
	memcpy(ops, attacker.mailbox->room, sizeof(ops));
	REQUIRE_EQ(ops[0].status, GNTST_okay);
	for (int i = 1; i < 40; i++)
		REQUIRE(ops[i].status < 0);
	REQUIRE(in_use(B));
	REQUIRE_EQ(attacker_grant_unmap(B, b), GNTST_okay);
	REQUIRE(unused());
}

/* The handle comes back for another mapping. */
static void test_old_handle(void)
{
	uint32_t old, handle;

	REQUIRE_EQ(attacker_grant_map(A, GNTMAP_host_map, ref, &old), 0);
	REQUIRE_EQ(attacker_grant_unmap(A, old), GNTST_okay);
	REQUIRE_EQ(attacker_grant_map(B, GNTMAP_host_map, ref, &handle), 0);
	/* whoever it is of now, nothing of it is at A */
	REQUIRE(attacker_grant_unmap(A, old) < 0);
	REQUIRE(in_use(B));
	REQUIRE_EQ(attacker_grant_unmap(B, handle), GNTST_okay);
	REQUIRE(unused());
}

static void test_no_handles(void)
{
	static const uint32_t bad[] = {
		1, 2, 100, 511, 512, 4095, 4096, 0x10000, 0x7fffffff,
		0x80000000, 0xfffffffe, 0xffffffff,
	};
	uint32_t handle;

	REQUIRE_EQ(attacker_grant_map(A, GNTMAP_host_map, ref, &handle), 0);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (bad[i] != handle)
			REQUIRE_EQ(attacker_grant_unmap(A, bad[i]),
				   GNTST_bad_handle);
	REQUIRE(in_use(A));
	REQUIRE_EQ(attacker_grant_unmap(A, handle), GNTST_okay);
	REQUIRE(unused());
}

/* The device's half and the CPU's: each goes once. */
static void test_by_halves(void)
{
	struct gnttab_unmap_grant_ref op;
	uint32_t handle;

	REQUIRE_EQ(attacker_grant_map(A, GNTMAP_host_map | GNTMAP_device_map,
				      ref, &handle), 0);
	for (int i = 0; i < 4; i++) {
		op = (struct gnttab_unmap_grant_ref){
			.dev_bus_addr = machine_address(page),
			.handle = handle,
		};
		REQUIRE_EQ(attacker_with(__HYPERVISOR_grant_table_op,
					 GNTTABOP_unmap_grant_ref, &op,
					 sizeof(op)), 0);
		REQUIRE(attacker_stores(A, 7) && page[0] == 7);
		REQUIRE_EQ(grant_entry(ref)->flags, USED);
		REQUIRE(!grant_end(ref));
	}
	REQUIRE_EQ(attacker_grant_unmap(A, handle), GNTST_okay);
	REQUIRE_EQ(attacker_grant_unmap(A, handle), GNTST_bad_handle);
	REQUIRE(unused());
}

/* Four elements of one batch that unmap one handle, and what each says. */
struct halves {
	struct {
		uint64_t host, bus;	/* bus 1: the page's, 2: another */
	} part[4];
	int16_t want[4];		/* mapped for a device, too */
	int16_t want_host[4];		/* mapped for the CPU alone */
};

#define OKAY GNTST_okay
#define GONE GNTST_bad_handle
#define BUS GNTST_bad_dev_addr
#define WRONG GNTST_general_error

static const struct halves halves[] = {
	/* host, device */
	{ { { A, 0 }, { 0, 1 }, { A, 0 }, { 0, 1 } },
	  { OKAY, OKAY, GONE, GONE }, { OKAY, GONE, GONE, GONE } },
	/* twice the same half: the second is nothing, while another is left */
	{ { { A, 0 }, { A, 0 }, { 0, 1 }, { 0, 1 } },
	  { OKAY, OKAY, OKAY, GONE }, { OKAY, GONE, GONE, GONE } },
	{ { { 0, 1 }, { 0, 1 }, { A, 0 }, { A, 0 } },
	  { OKAY, OKAY, OKAY, GONE }, { OKAY, OKAY, OKAY, GONE } },
	{ { { A, 1 }, { A, 1 }, { A, 0 }, { 0, 1 } },
	  { OKAY, GONE, GONE, GONE }, { OKAY, GONE, GONE, GONE } },
	{ { { A, 0 }, { A, 1 }, { A, 1 }, { A, 0 } },
	  { OKAY, OKAY, GONE, GONE }, { OKAY, GONE, GONE, GONE } },
	/* none of the halves */
	{ { { 0, 0 }, { A, 0 }, { 0, 0 }, { A, 1 } },
	  { OKAY, OKAY, OKAY, OKAY }, { OKAY, OKAY, GONE, GONE } },
	/* at other places: matters for the half that is left */
	{ { { 0, 2 }, { A, 0 }, { 0, 2 }, { A, 1 } },
	  { BUS, OKAY, BUS, OKAY }, { OKAY, OKAY, GONE, GONE } },
	{ { { B, 0 }, { A, 0 }, { B, 0 }, { A, 1 } },
	  { WRONG, OKAY, OKAY, OKAY }, { WRONG, OKAY, GONE, GONE } },
	/* of two one of which is wrong, neither goes */
	{ { { A, 2 }, { B, 1 }, { B, 2 }, { A, 1 } },
	  { BUS, WRONG, BUS, OKAY }, { OKAY, GONE, GONE, GONE } },
	{ { { 0, 1 }, { B, 2 }, { A, 2 }, { A, 0 } },
	  { OKAY, WRONG, OKAY, GONE }, { OKAY, WRONG, OKAY, GONE } },
};

static bool unmap_halves(const struct halves *h, bool device)
{
	const uint64_t bus[] = {
		0, machine_address(page), machine_address(page) + PV_PAGE,
	};
	const int16_t *const want = device ? h->want : h->want_host;
	struct gnttab_unmap_grant_ref ops[4];
	uint32_t handle;
	bool right = true;

	if (attacker_grant_map(A, GNTMAP_host_map |
			       (device ? GNTMAP_device_map : 0), ref, &handle))
		return false;
	for (int i = 0; i < 4; i++)
		ops[i] = (struct gnttab_unmap_grant_ref){
			.host_addr = h->part[i].host,
			.dev_bus_addr = bus[h->part[i].bus],
			.handle = handle, .status = 99,
		};
	memcpy(attacker.mailbox->room, ops, sizeof(ops));
	if (attacker_call(__HYPERVISOR_grant_table_op,
			  GNTTABOP_unmap_grant_ref, CHILD_ROOM, 4, 0))
		return false;
	memcpy(ops, attacker.mailbox->room, sizeof(ops));
	for (int i = 0; i < 4; i++)
		right &= ops[i].status == want[i];
	if (!right)
		print("# %s: %d %d %d %d\n", device ? "both" : "host",
		      ops[0].status, ops[1].status, ops[2].status,
		      ops[3].status);
	return right && attacker_grant_unmap(A, handle) == GONE && unused();
}

static void test_halves_in_one_batch(void)
{
	for (unsigned int i = 0; i < sizeof(halves) / sizeof(*halves); i++) {
		REQUIRE(unmap_halves(&halves[i], true));
		REQUIRE(unmap_halves(&halves[i], false));
	}
}

static void test_counts(void)
{
	REQUIRE(grant_end(ref));
	REQUIRE(attacker_gone());
}

const struct test tests[] = {
	TEST(start),
	TEST(twice),
	TEST(in_one_batch),
	TEST(old_handle),
	TEST(no_handles),
	TEST(by_halves),
	TEST(halves_in_one_batch),
	TEST(counts),
	TESTS_END
};
