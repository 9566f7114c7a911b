/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves mmu_update: each command at work, on page tables and on plain
 * memory; batches and the done count; and every refusal that keeps a guest
 * safe: writable mappings of page tables, frames of others, large pages,
 * reserved bits, the hypervisor's slots, tables that are still writable.
 */
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

static int64_t update(uint64_t ptr, uint64_t val)
{
	const struct mmu_update req = { .ptr = ptr, .val = val };

	return hv_mmu_update(&req, 1, NULL, DOMID_SELF);
}

static bool refused(int64_t rc)
{
	return rc == EINVAL_ || rc == EPERM_ || rc == EBUSY_;
}

static void test_map_page(void)
{
	uint64_t *page = page_alloc();
	volatile uint64_t *va = va_alloc();
	uint64_t *pte = pt_entry(NULL, (void *)va, 1);

	page[5] = 0x1234;
	REQUIRE_EQ(pt_write(pte, machine_address(page) | PTE_KERNEL), 0);
	REQUIRE_EQ(va[5], 0x1234);
	va[6] = 0x5678;
	REQUIRE_EQ(page[6], 0x5678);
	REQUIRE_EQ(*pte & (PTE_FRAME | PTE_P | PTE_RW | PTE_US),
		   machine_address(page) | PTE_P | PTE_RW | PTE_US);
	REQUIRE_EQ(pt_write(pte, 0), 0);
	REQUIRE_EQ(*pte, 0);
}

static void test_plain_memory(void)
{
	uint64_t *page = page_alloc();

	REQUIRE_EQ(update(machine_address(&page[7]), 0xabcdef), 0);
	REQUIRE_EQ(page[7], 0xabcdef);
	REQUIRE_EQ(page[6], 0);
	REQUIRE_EQ(page[8], 0);
}

static void test_not_present_is_free(void)
{
	uint64_t *pte = pt_entry(NULL, va_alloc(), 1);

	REQUIRE_EQ(pt_write(pte, 0xdeadbeef12345000), 0);
	REQUIRE_EQ(*pte, 0xdeadbeef12345000);
	REQUIRE_EQ(pt_write(pte, 0), 0);
}

static void test_preserve_ad(void)
{
	uint64_t *page = page_alloc();
	volatile uint64_t *va = va_alloc();
	uint64_t *pte = pt_entry(NULL, (void *)va, 1);
	const uint64_t frame = machine_address(page);

	REQUIRE_EQ(pt_write(pte, frame | PTE_P | PTE_RW | PTE_US), 0);
	va[0] = 1;
	REQUIRE_EQ(*pte & (PTE_A | PTE_D), PTE_A | PTE_D);
	REQUIRE_EQ(update(machine_address(pte) | MMU_PT_UPDATE_PRESERVE_AD,
			  frame | PTE_P | PTE_US), 0);
	REQUIRE_EQ(*pte & (PTE_A | PTE_D | PTE_RW | PTE_P),
		   PTE_A | PTE_D | PTE_P);
	REQUIRE_EQ(update(machine_address(pte) | MMU_NORMAL_PT_UPDATE,
			  frame | PTE_P | PTE_US), 0);
	REQUIRE_EQ(*pte & (PTE_A | PTE_D | PTE_RW | PTE_P), PTE_P);
	REQUIRE_EQ(pt_write(pte, 0), 0);
}

static void test_no_translate(void)
{
	uint64_t *page = page_alloc();
	volatile uint64_t *va = va_alloc();
	uint64_t *pte = pt_entry(NULL, (void *)va, 1);

	page[0] = 77;
	REQUIRE_EQ(update(machine_address(pte) | MMU_PT_UPDATE_NO_TRANSLATE,
			  machine_address(page) | PTE_KERNEL), 0);
	REQUIRE_EQ(va[0], 77);
	REQUIRE_EQ(pt_write(pte, 0), 0);
}

static void test_machphys(void)
{
	const uint64_t mfn = pv_frame(page_alloc());
	const uint64_t pfn = PV_M2P[mfn];
	const uint64_t ptr = mfn * PV_PAGE | MMU_MACHPHYS_UPDATE;

	REQUIRE_EQ(update(ptr, 0x7654321), 0);
	REQUIRE_EQ(PV_M2P[mfn], 0x7654321);
	REQUIRE_EQ(update(ptr, pfn), 0);
	REQUIRE_EQ(PV_M2P[mfn], pfn);
	REQUIRE(refused(update(foreign_frame() * PV_PAGE |
			       MMU_MACHPHYS_UPDATE, 0)));
	REQUIRE(refused(update(absent_frame() * PV_PAGE |
			       MMU_MACHPHYS_UPDATE, 0)));
}

static void test_batch(void)
{
	static struct mmu_update reqs[64];
	uint64_t *page = page_alloc();
	unsigned int done = 99;

	for (int i = 0; i < 64; i++)
		reqs[i] = (struct mmu_update){ machine_address(&page[i]), i };
	REQUIRE_EQ(hv_mmu_update(reqs, 64, &done, DOMID_SELF), 0);
	REQUIRE_EQ(done, 64);
	for (int i = 0; i < 64; i++)
		REQUIRE_EQ(page[i], i);
	REQUIRE_EQ(hv_mmu_update(reqs, 0, &done, DOMID_SELF), 0);
}

static void test_batch_stops(void)
{
	uint64_t *page = page_alloc();
	unsigned int done = 99;
	const struct mmu_update reqs[4] = {
		{ machine_address(&page[0]), 1 },
		{ machine_address(&page[1]), 2 },
		{ foreign_frame() * PV_PAGE, 3 },
		{ machine_address(&page[3]), 4 },
	};

	REQUIRE_EQ(hv_mmu_update(reqs, 4, &done, DOMID_SELF), EINVAL_);
	REQUIRE_EQ(done, 2);
	REQUIRE_EQ(page[1], 2);
	REQUIRE_EQ(page[3], 0);
}

static void test_bad_requests(void)
{
	uint64_t *page = page_alloc();

	/* 7 is Shoji's own (tests/guests/rights) */
	for (unsigned int cmd = 4; cmd < 7; cmd++)
		REQUIRE_EQ(update(machine_address(page) | cmd, 0), ENOSYS_);
	REQUIRE_EQ(hv_mmu_update((void *)0x1000, 1, NULL, DOMID_SELF),
		   EFAULT_);
	REQUIRE_EQ(update(absent_frame() * PV_PAGE, 0), EINVAL_);
	const struct mmu_update req = { machine_address(page), 0 };

	REQUIRE_EQ(hv_mmu_update(&req, 1, NULL, 99), ESRCH_);
}

static void test_no_writable_table(void)
{
	uint64_t *pte = pt_entry(NULL, va_alloc(), 1);

	for (int level = 1; level <= 4; level++) {
		uint64_t *table = pt_entry(NULL, pv_image, level);
		const uint64_t frame = machine_address(table) & PTE_FRAME;

		REQUIRE(refused(pt_write(pte, frame | PTE_KERNEL)));
		REQUIRE_EQ(*pte, 0);
		REQUIRE_EQ(pt_write(pte, frame | PTE_RO), 0);
		REQUIRE(refused(pt_write(pte, frame | PTE_KERNEL)));
		REQUIRE_EQ(pt_write(pte, 0), 0);
	}
}

static void test_foreign_frame(void)
{
	uint64_t *pte = pt_entry(NULL, va_alloc(), 1);
	const uint64_t frame = foreign_frame() * PV_PAGE;

	REQUIRE(refused(pt_write(pte, frame | PTE_KERNEL)));
	REQUIRE(refused(pt_write(pte, frame | PTE_RO)));
	REQUIRE_EQ(*pte, 0);
	REQUIRE(refused(update(frame, 0)));
}

static void test_reserved_bits(void)
{
	uint64_t *page = page_alloc();
	uint64_t *pte = pt_entry(NULL, va_alloc(), 1);
	const uint64_t frame = machine_address(page);

	/* software bits are the guest's own */
	REQUIRE_EQ(pt_write(pte, frame | PTE_KERNEL | 0xe00), 0);
	REQUIRE_EQ(*pte & 0xe00, 0xe00);
	/* address bits beyond the machine's */
	REQUIRE(refused(pt_write(pte, frame | PTE_KERNEL | 1UL << 51)));
	REQUIRE_EQ(pt_write(pte, 0), 0);
}

static void test_no_large_pages(void)
{
	uint64_t *l2e = pt_entry(NULL, va_alloc(), 2) + 8;
	const uint64_t frame = machine_address(page_alloc()) & ~0x1fffffUL;

	REQUIRE_EQ(*l2e, 0);
	REQUIRE(refused(pt_write(l2e, frame | PTE_KERNEL | 0x80)));
	REQUIRE_EQ(*l2e, 0);
	uint64_t *l3e = pt_entry(NULL, pv_image, 3) - 1;

	REQUIRE(refused(pt_write(l3e, PTE_KERNEL | 0x80)));
}

static void test_hypervisor_slots(void)
{
	uint64_t *l4 = pt_root();
	uint64_t *l3 = table_alloc();

	for (int slot = 256; slot < 272; slot++) {
		const uint64_t before = l4[slot];

		REQUIRE(refused(pt_write(&l4[slot],
					 machine_address(l3) | PTE_KERNEL)));
		REQUIRE(refused(pt_write(&l4[slot], 0)));
		REQUIRE_EQ(l4[slot], before);
	}
	REQUIRE_EQ(pt_write(&l4[272], machine_address(l3) | PTE_KERNEL), 0);
	REQUIRE_EQ(pt_write(&l4[272], 0), 0);
	REQUIRE_EQ(pt_write(&l4[255], machine_address(l3) | PTE_KERNEL), 0);
	REQUIRE_EQ(pt_write(&l4[255], 0), 0);
	REQUIRE_EQ(pt_protect(l3, true), 0);
}

static void test_writable_is_no_table(void)
{
	uint64_t *l1 = page_alloc();
	uint64_t *l2e = pt_entry(NULL, va_alloc(), 2) + 8;

	REQUIRE(refused(pt_write(l2e, machine_address(l1) | PTE_KERNEL)));
	REQUIRE_EQ(pt_protect(l1, false), 0);
	REQUIRE_EQ(pt_write(l2e, machine_address(l1) | PTE_KERNEL), 0);
	REQUIRE(refused(pt_protect(l1, true)));
	REQUIRE_EQ(pt_write(l2e, 0), 0);
	REQUIRE_EQ(pt_protect(l1, true), 0);
}

/* A new table is audited: one bad entry and it is not taken. */
static void test_table_audit(void)
{
	uint64_t *l1 = page_alloc();
	uint64_t *l2e = pt_entry(NULL, va_alloc(), 2) + 8;

	l1[511] = foreign_frame() * PV_PAGE | PTE_KERNEL;
	REQUIRE_EQ(pt_protect(l1, false), 0);
	REQUIRE(refused(pt_write(l2e, machine_address(l1) | PTE_KERNEL)));
	REQUIRE_EQ(pt_protect(l1, true), 0);
	l1[511] = machine_address(l1) | PTE_KERNEL;	/* itself, writable */
	REQUIRE_EQ(pt_protect(l1, false), 0);
	REQUIRE(refused(pt_write(l2e, machine_address(l1) | PTE_KERNEL)));
	REQUIRE_EQ(pt_protect(l1, true), 0);
	REQUIRE_EQ(*l2e, 0);
}

static void test_levels_do_not_mix(void)
{
	uint64_t *l1 = table_alloc();
	uint64_t *l2e = pt_entry(NULL, va_alloc(), 2) + 8;
	uint64_t *l3e = pt_entry(NULL, pv_image, 3) - 1;

	REQUIRE_EQ(pt_write(l2e, machine_address(l1) | PTE_KERNEL), 0);
	REQUIRE(refused(pt_write(l3e, machine_address(l1) | PTE_KERNEL)));
	REQUIRE_EQ(pt_write(l2e, 0), 0);
	REQUIRE_EQ(pt_write(l3e, machine_address(l1) | PTE_KERNEL), 0);
	REQUIRE(refused(pt_write(l2e, machine_address(l1) | PTE_KERNEL)));
	REQUIRE_EQ(pt_write(l3e, 0), 0);
	REQUIRE_EQ(pt_protect(l1, true), 0);
}

static void read_at(uint64_t va)
{
	(void)*(volatile uint64_t *)va;
}

/* Without US the page stays the kernel's to use. */
static void test_supervisor_page(void)
{
	uint64_t *page = page_alloc();
	void *va = va_alloc();

	REQUIRE_EQ(pt_write(pt_entry(NULL, va, 1),
			    machine_address(page) | PTE_P | PTE_RW), 0);
	REQUIRE_EQ(trap_try(read_at, (uint64_t)va), NO_TRAP);
	REQUIRE_EQ(pt_set(va, 0), 0);
	REQUIRE_EQ(trap_try(read_at, (uint64_t)va), TRAP_PF);
}

/* Device memory: dom0 may map what is not RAM, such as the BIOS ROM. */
static void test_device_memory(void)
{
	volatile uint8_t *va = va_alloc();

	REQUIRE_EQ(pt_write(pt_entry(NULL, (void *)va, 1),
			    0xf0000UL | PTE_RO), 0);
	/* the reset vector's far jump */
	REQUIRE_EQ(pt_set((void *)va, 0xff000UL | PTE_RO), 0);
	REQUIRE_EQ(va[0xff0], 0xea);
	REQUIRE_EQ(pt_set((void *)va, 0), 0);
}

const struct test tests[] = {
	TEST(map_page),
	TEST(plain_memory),
	TEST(not_present_is_free),
	TEST(preserve_ad),
	TEST(no_translate),
	TEST(machphys),
	TEST(batch),
	TEST(batch_stops),
	TEST(bad_requests),
	TEST(no_writable_table),
	TEST(foreign_frame),
	TEST(reserved_bits),
	TEST(no_large_pages),
	TEST(hypervisor_slots),
	TEST(writable_is_no_table),
	TEST(table_audit),
	TEST(levels_do_not_mix),
	TEST(supervisor_page),
	TEST(device_memory),
	TESTS_END
};
