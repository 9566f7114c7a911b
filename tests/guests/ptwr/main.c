/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the emulation of stores to read-only L1 tables (vm_assist 2): every
 * form Linux uses works, on whole entries and parts of them, with the
 * instruction's registers and flags as on hardware; stores that would map
 * what mmu_update refuses, or that are not aligned, or that go to other
 * levels, fault as they would without the emulation.
 */
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

static uint64_t *l1;		/* entries of a read-only table, all 0 */
static uint64_t frame;		/* machine address of a page to map */

/* The hypervisor may add G and a software mark of its own, bit 52. */
static uint64_t seen(uint64_t entry)
{
	return entry & ~(0x100UL | 1UL << 52);
}

static void set_up(void)
{
	if (l1)
		return;
	l1 = pt_entry(NULL, va_alloc(), 1) + 64;
	frame = machine_address(page_alloc());
	if (hv_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables))
		os_panic("cannot enable writable page tables");
}

/* A test's failed store shows as a trap; none is expected here. */
static int try_store(void (*fn)(uint64_t), uint64_t arg)
{
	set_up();
	return trap_try(fn, arg);
}

static void store64(uint64_t value)
{
	asm volatile("movq %1, %0" : "+m"(l1[0]) : "r"(value));
}

static void test_mov64(void)
{
	set_up();
	REQUIRE_EQ(try_store(store64, frame | PTE_KERNEL), NO_TRAP);
	REQUIRE_EQ(seen(l1[0]), frame | PTE_KERNEL);
	REQUIRE_EQ(try_store(store64, 0), NO_TRAP);
	REQUIRE_EQ(seen(l1[0]), 0);
	REQUIRE_EQ(try_store(store64, 0x120456789abcde00), NO_TRAP);
	REQUIRE_EQ(seen(l1[0]), 0x120456789abcde00);
	REQUIRE_EQ(try_store(store64, 0), NO_TRAP);
}

/* The written entry is what the CPU then uses. */
static void test_takes_effect(void)
{
	set_up();
	uint64_t *page = page_alloc();
	volatile uint64_t *va = va_alloc();
	uint64_t *pte = pt_entry(NULL, (void *)va, 1);

	page[3] = 0xc0ffee;
	*(volatile uint64_t *)pte = machine_address(page) | PTE_KERNEL;
	REQUIRE_EQ(va[3], 0xc0ffee);
	/* and the page is held as writable */
	REQUIRE_EQ(pt_protect(page, false), 0);
	REQUIRE(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(page)) != 0);
	*(volatile uint64_t *)pte = 0;
	REQUIRE_EQ(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0), 0);
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(page)), 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(page)), 0);
}

static uint64_t exchanged;

static void exchange(uint64_t value)
{
	exchanged = value;
	asm volatile("xchgq %1, %0" : "+m"(l1[1]), "+r"(exchanged));
}

static void test_xchg(void)
{
	REQUIRE_EQ(try_store(exchange, frame | PTE_KERNEL), NO_TRAP);
	REQUIRE_EQ(exchanged, 0);
	REQUIRE_EQ(seen(l1[1]), frame | PTE_KERNEL);
	REQUIRE_EQ(try_store(exchange, 0), NO_TRAP);
	REQUIRE_EQ(seen(exchanged), frame | PTE_KERNEL);
	REQUIRE_EQ(seen(l1[1]), 0);
}

static void and_byte(uint64_t arg)
{
	(void)arg;
	asm volatile("lock andb $0xfd, %0" : "+m"(*(uint8_t *)&l1[2]));
}

static void or_byte(uint64_t arg)
{
	(void)arg;
	asm volatile("lock orb $0x02, %0" : "+m"(*(uint8_t *)&l1[2]));
}

/* Linux write-protects with `lock and` on the entry's first byte. */
static void test_lock_and_or_byte(void)
{
	set_up();
	l1[2] = frame | PTE_KERNEL;
	REQUIRE_EQ(try_store(and_byte, 0), NO_TRAP);
	REQUIRE_EQ(seen(l1[2]), frame | (PTE_KERNEL & ~PTE_RW));
	REQUIRE_EQ(try_store(or_byte, 0), NO_TRAP);
	REQUIRE_EQ(seen(l1[2]), frame | PTE_KERNEL);
	l1[2] = 0;
	REQUIRE_EQ(seen(l1[2]), 0);
}

static bool carry;

static void bit_reset(uint64_t bit)
{
	asm volatile("lock btrq %2, %0" : "+m"(l1[3]), "=@ccc"(carry)
		     : "r"(bit));
}

static void bit_set(uint64_t bit)
{
	asm volatile("lock btsq %2, %0" : "+m"(l1[3]), "=@ccc"(carry)
		     : "r"(bit));
}

static void test_lock_btr_bts(void)
{
	set_up();
	l1[3] = frame | PTE_KERNEL;
	REQUIRE_EQ(try_store(bit_reset, 1), NO_TRAP);
	REQUIRE(carry);
	REQUIRE_EQ(seen(l1[3]), frame | (PTE_KERNEL & ~PTE_RW));
	REQUIRE_EQ(try_store(bit_reset, 1), NO_TRAP);
	REQUIRE(!carry);
	REQUIRE_EQ(try_store(bit_set, 1), NO_TRAP);
	REQUIRE(!carry);
	REQUIRE_EQ(seen(l1[3]), frame | PTE_KERNEL);
	REQUIRE_EQ(try_store(bit_set, 63), NO_TRAP);
	REQUIRE_EQ(seen(l1[3]), frame | PTE_KERNEL | PTE_NX);
	l1[3] = 0;
	REQUIRE_EQ(seen(l1[3]), 0);
}

static uint64_t compare_rax;
static bool compare_zero;

static void compare_exchange(uint64_t value)
{
	asm volatile("lock cmpxchgq %3, %0"
		     : "+m"(l1[4]), "+a"(compare_rax), "=@ccz"(compare_zero)
		     : "r"(value));
}

static void test_lock_cmpxchg(void)
{
	compare_rax = 0;
	REQUIRE_EQ(try_store(compare_exchange, frame | PTE_KERNEL), NO_TRAP);
	REQUIRE(compare_zero);
	REQUIRE_EQ(seen(l1[4]), frame | PTE_KERNEL);
	compare_rax = 0x1111;
	REQUIRE_EQ(try_store(compare_exchange, 0), NO_TRAP);
	REQUIRE(!compare_zero);
	REQUIRE_EQ(seen(compare_rax), frame | PTE_KERNEL);
	REQUIRE_EQ(seen(l1[4]), frame | PTE_KERNEL);
	REQUIRE_EQ(try_store(compare_exchange, 0), NO_TRAP);
	REQUIRE(compare_zero);
	REQUIRE_EQ(seen(l1[4]), 0);
}

static void store32(uint64_t value)
{
	asm volatile("movl %1, %0" : "+m"(((uint32_t *)&l1[5])[value >> 32])
		     : "r"((uint32_t)value));
}

/* Half an entry at a time, upper half first, as a 32-bit kernel would. */
static void test_mov32(void)
{
	set_up();
	const uint64_t value = frame | PTE_KERNEL | PTE_NX;

	REQUIRE_EQ(try_store(store32, value >> 32 | 1UL << 32), NO_TRAP);
	REQUIRE_EQ(seen(l1[5]), value & ~0xffffffffUL);
	REQUIRE_EQ(try_store(store32, value & 0xffffffff), NO_TRAP);
	REQUIRE_EQ(seen(l1[5]), value);
	REQUIRE_EQ(try_store(store32, 0), NO_TRAP);
	REQUIRE_EQ(try_store(store32, 1UL << 32), NO_TRAP);
	REQUIRE_EQ(seen(l1[5]), 0);
}

static void store_small(uint64_t size)
{
	if (size == 1)
		asm volatile("movb $0x20, %0" : "+m"(*(uint8_t *)&l1[5]));
	else if (size == 2)
		asm volatile("movw $0x220, %0" : "+m"(*(uint16_t *)&l1[5]));
	else
		asm volatile("movq $0x40, %0" : "+m"(l1[5]));
}

static void test_immediate_and_narrow(void)
{
	REQUIRE_EQ(try_store(store_small, 8), NO_TRAP);
	REQUIRE_EQ(seen(l1[5]), 0x40);
	REQUIRE_EQ(try_store(store_small, 1), NO_TRAP);
	REQUIRE_EQ(seen(l1[5]), 0x20);
	REQUIRE_EQ(try_store(store_small, 2), NO_TRAP);
	REQUIRE_EQ(seen(l1[5]), 0x220);
	l1[5] = 0;
	REQUIRE_EQ(seen(l1[5]), 0);
}

static void string_store(uint64_t count)
{
	void *to = &l1[8];

	asm volatile("rep stosq" : "+D"(to), "+c"(count)
		     : "a"(frame | PTE_P | PTE_US) : "memory");
}

static void string_move(uint64_t count)
{
	static uint64_t from[16];
	void *to = &l1[8], *source = from;

	for (int i = 0; i < 16; i++)
		from[i] = i * 0x1000;
	asm volatile("rep movsq" : "+D"(to), "+S"(source), "+c"(count)
		     : : "memory");
}

static void test_string_stores(void)
{
	REQUIRE_EQ(try_store(string_store, 16), NO_TRAP);
	for (int i = 0; i < 16; i++)
		REQUIRE_EQ(seen(l1[8 + i]), frame | PTE_P | PTE_US);
	REQUIRE_EQ(seen(l1[24]), 0);
	REQUIRE_EQ(try_store(string_move, 16), NO_TRAP);
	for (int i = 0; i < 16; i++)
		REQUIRE_EQ(seen(l1[8 + i]), i * 0x1000UL);
	for (int i = 0; i < 16; i++)
		l1[8 + i] = 0;
}

static void store_unaligned(uint64_t offset)
{
	asm volatile("movq %1, %0"
		     : "+m"(*(uint64_t *)((char *)&l1[6] + offset))
		     : "r"(0x1000UL));
}

static void test_unaligned(void)
{
	for (unsigned int offset = 1; offset < 8; offset++) {
		REQUIRE_EQ(try_store(store_unaligned, offset), TRAP_PF);
		REQUIRE_EQ(trap_last.error, 3);
		REQUIRE_EQ(trap_cr2, (uint64_t)&l1[6] + offset);
		REQUIRE_EQ(seen(l1[6]), 0);
		REQUIRE_EQ(seen(l1[7]), 0);
	}
}

static void test_refused_values(void)
{
	set_up();
	const uint64_t table = machine_address(l1) & PTE_FRAME;
	const uint64_t bad[] = {
		table | PTE_KERNEL,			/* itself */
		machine_address(pt_root()) | PTE_KERNEL,
		foreign_frame() * PV_PAGE | PTE_KERNEL,
		frame | PTE_KERNEL | 1UL << 51,
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		REQUIRE_EQ(try_store(store64, bad[i]), TRAP_PF);
		REQUIRE_EQ(trap_last.error, 3);
		REQUIRE_EQ(trap_cr2, (uint64_t)&l1[0]);
		REQUIRE_EQ(seen(l1[0]), 0);
	}
	/* read-only mappings of tables are fine */
	REQUIRE_EQ(try_store(store64, table | PTE_RO), NO_TRAP);
	REQUIRE_EQ(try_store(store64, 0), NO_TRAP);
}

static void set_table_entry(uint64_t level)
{
	uint64_t *entry = pt_entry(NULL, pv_image, level);

	asm volatile("movq %1, %0" : "+m"(*entry) : "r"(*entry));
}

static void test_upper_levels(void)
{
	for (int level = 2; level <= 4; level++) {
		REQUIRE_EQ(try_store(set_table_entry, level), TRAP_PF);
		REQUIRE_EQ(trap_last.error, 3);
	}
}

static void store_plain(uint64_t va)
{
	asm volatile("movq %1, %0" : "+m"(*(uint64_t *)va) : "r"(0xe00UL));
}

/* A read-only page that is no table. */
static void test_plain_page(void)
{
	uint64_t *page = page_alloc();

	REQUIRE_EQ(pt_protect(page, false), 0);
	REQUIRE_EQ(try_store(store_plain, (uint64_t)page), TRAP_PF);
	REQUIRE_EQ(page[0], 0);
	/* as a pinned L1 the same store is emulated */
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(page)), 0);
	REQUIRE_EQ(try_store(store_plain, (uint64_t)page + 8), NO_TRAP);
	REQUIRE_EQ(page[1], 0xe00);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(page)), 0);
	REQUIRE_EQ(pt_protect(page, true), 0);
}

const struct test tests[] = {
	TEST(mov64),
	TEST(takes_effect),
	TEST(xchg),
	TEST(lock_and_or_byte),
	TEST(lock_btr_bts),
	TEST(lock_cmpxchg),
	TEST(mov32),
	TEST(immediate_and_narrow),
	TEST(string_stores),
	TEST(unaligned),
	TEST(refused_values),
	TEST(upper_levels),
	TEST(plain_page),
	TESTS_END
};
