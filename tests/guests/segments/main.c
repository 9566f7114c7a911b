/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves descriptor tables and bases: set_gdt with its audit (DPL raised to
 * 3, system descriptors refused, pages typed and never writable),
 * update_descriptor, LDTs loaded lazily, set_segment_base in all forms, and
 * the exchange of the two GS bases when the mode changes.
 */
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define DATA_DPL3 0x00cff3000000ffffUL
#define DATA_DPL0 0x00cf93000000ffffUL
#define CODE_DPL3 0x00affb000000ffffUL
#define DATA_ABSENT 0x00cf73000000ffffUL
#define TSS_DPL0 0x0000890000000067UL
#define INTERRUPT_GATE 0x00008e0000080000UL
#define DPL_MASK (3UL << 45)

static uint64_t *gdt;		/* in use, read-only */

static int64_t set_gdt(uint64_t *page, unsigned int entries)
{
	const uint64_t frame = pv_frame(page);

	return hv_set_gdt(&frame, entries);
}

static int64_t update(uint64_t *entry, uint64_t desc)
{
	return hv_update_descriptor(machine_address(entry), desc);
}

static void load_ds(uint64_t selector)
{
	asm volatile("mov %0, %%ds" : : "r"((uint32_t)selector));
}

static void load_fs(uint64_t selector)
{
	asm volatile("mov %0, %%fs" : : "r"((uint32_t)selector));
}

static uint32_t access_rights(uint32_t selector)
{
	uint32_t rights = 0;

	asm("lar %1, %0" : "+r"(rights) : "r"(selector) : "cc");
	return rights;
}

static void test_set_gdt(void)
{
	gdt = page_alloc();
	gdt[1] = DATA_DPL3;
	gdt[2] = DATA_DPL0;
	gdt[3] = DATA_ABSENT;
	gdt[4] = CODE_DPL3;
	REQUIRE(set_gdt(gdt, 16) != 0);		/* still writable */
	REQUIRE_EQ(pt_protect(gdt, false), 0);
	REQUIRE_EQ(set_gdt(gdt, 16), 0);
	REQUIRE(pt_protect(gdt, true) != 0);
	/* the audit raised the DPL in place */
	REQUIRE_EQ(gdt[2] & DPL_MASK, DPL_MASK);
	REQUIRE_EQ(trap_try(load_ds, 0x0b), NO_TRAP);
	REQUIRE_EQ(trap_try(load_ds, 0x13), NO_TRAP);
	REQUIRE_EQ(trap_try(load_ds, 0), NO_TRAP);
}

static void test_bad_loads(void)
{
	REQUIRE_EQ(trap_try(load_ds, 0x1b), TRAP_NP);
	REQUIRE_EQ(trap_last.error, 0x18);
	REQUIRE_EQ(trap_try(load_ds, 0x2b), TRAP_GP);	/* empty entry */
	REQUIRE_EQ(trap_last.error, 0x28);
	REQUIRE_EQ(trap_try(load_ds, 0x0b | 4), TRAP_GP); /* no LDT */
	REQUIRE_EQ(trap_last.error, 0x0c);
}

/* Beyond the given entries there is nothing; at 0xe000 the flat ones. */
static void test_limits(void)
{
	REQUIRE_EQ(trap_try(load_ds, 0x1003), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0x1000);
	REQUIRE(access_rights(FLAT_KERNEL_CS) != 0);
	REQUIRE(access_rights(FLAT_KERNEL_SS) != 0);
	REQUIRE(access_rights(FLAT_RING3_CS32) != 0);
	REQUIRE_EQ(access_rights(FLAT_KERNEL_CS) & 0x6000, 0x6000);
}

static void test_gdt_refused(void)
{
	static const uint64_t bad[] = { TSS_DPL0, INTERRUPT_GATE,
					0x0000820000000fffUL /* LDT */ };

	REQUIRE_EQ(set_gdt(gdt, 0xe000 / 8 + 1), EINVAL_);
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t *page = page_alloc();

		page[5] = bad[i];
		REQUIRE_EQ(pt_protect(page, false), 0);
		REQUIRE(set_gdt(page, 16) != 0);
		REQUIRE_EQ(pt_protect(page, true), 0);
	}
	const uint64_t foreign = foreign_frame();

	REQUIRE_EQ(hv_set_gdt(&foreign, 16), EINVAL_);
	REQUIRE_EQ(set_gdt(pt_root(), 16), EINVAL_);
	REQUIRE_EQ(hv_set_gdt((void *)0x1000, 16), EFAULT_);
	REQUIRE_EQ(set_gdt(gdt, 7169), EINVAL_);
	/* the old one is still there */
	REQUIRE_EQ(trap_try(load_ds, 0x0b), NO_TRAP);
	REQUIRE_EQ(trap_try(load_ds, 0), NO_TRAP);
}

static void test_gdt_replaced(void)
{
	uint64_t *page = page_alloc();

	page[7] = DATA_DPL3;
	REQUIRE_EQ(pt_protect(page, false), 0);
	REQUIRE_EQ(set_gdt(page, 512), 0);
	REQUIRE_EQ(trap_try(load_ds, 0x3b), NO_TRAP);
	REQUIRE_EQ(trap_try(load_ds, 0x0b), TRAP_GP);
	REQUIRE_EQ(trap_try(load_ds, 0), NO_TRAP);
	/* the old page is free, the new one not */
	REQUIRE_EQ(pt_protect(gdt, true), 0);
	REQUIRE(pt_protect(page, true) != 0);
	REQUIRE_EQ(pt_protect(gdt, false), 0);
	REQUIRE_EQ(set_gdt(gdt, 16), 0);
	REQUIRE_EQ(pt_protect(page, true), 0);
}

static void test_update_descriptor(void)
{
	REQUIRE_EQ(update(&gdt[6], DATA_DPL3), 0);
	REQUIRE_EQ(trap_try(load_ds, 0x33), NO_TRAP);
	REQUIRE_EQ(trap_try(load_ds, 0), NO_TRAP);
	REQUIRE_EQ(update(&gdt[6], DATA_DPL0), 0);
	REQUIRE_EQ(gdt[6] & DPL_MASK, DPL_MASK);
	REQUIRE_EQ(update(&gdt[6], 0), 0);
	REQUIRE_EQ(gdt[6], 0);
	REQUIRE_EQ(trap_try(load_ds, 0x33), TRAP_GP);
}

static void test_update_refused(void)
{
	REQUIRE_EQ(update(&gdt[6], TSS_DPL0), EINVAL_);
	REQUIRE_EQ(update(&gdt[6], INTERRUPT_GATE), EINVAL_);
	REQUIRE_EQ(gdt[6], 0);
	REQUIRE_EQ(hv_update_descriptor(machine_address(&gdt[6]) + 1,
					DATA_DPL3), EINVAL_);
	REQUIRE_EQ(update(&pt_root()[6], DATA_DPL3), EINVAL_);
	REQUIRE_EQ(pt_root()[6], 0);
	REQUIRE_EQ(hv_update_descriptor(foreign_frame() * PV_PAGE, 0),
		   EINVAL_);
	REQUIRE_EQ(hv_update_descriptor(absent_frame() * PV_PAGE, 0),
		   EINVAL_);
}

/* Plain memory of our own may be written this way, too. */
static void test_update_plain(void)
{
	uint64_t *page = page_alloc();

	REQUIRE_EQ(update(&page[3], DATA_DPL3), 0);
	REQUIRE_EQ(page[3] | 1UL << 40, DATA_DPL3 | 1UL << 40);
}

static int64_t set_ldt(const void *base, unsigned int entries)
{
	const struct mmuext_op op = {
		.cmd = MMUEXT_SET_LDT, .arg1.linear_addr = (uint64_t)base,
		.arg2.nr_ents = entries,
	};

	return hv_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static void test_ldt(void)
{
	uint64_t *ldt = page_alloc();

	ldt[1] = DATA_DPL0;
	ldt[2] = DATA_ABSENT;
	REQUIRE_EQ(pt_protect(ldt, false), 0);
	REQUIRE_EQ(set_ldt(ldt, 16), 0);
	/* the page is typed at the first use of a selector */
	REQUIRE_EQ(trap_try(load_ds, 0x0f), NO_TRAP);
	REQUIRE_EQ(ldt[1] & DPL_MASK, DPL_MASK);
	REQUIRE(pt_protect(ldt, true) != 0);
	REQUIRE_EQ(trap_try(load_ds, 0x17), TRAP_NP);
	REQUIRE_EQ(trap_last.error, 0x14);
	REQUIRE_EQ(trap_try(load_ds, 0x87), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0x84);
	REQUIRE_EQ(update(&ldt[3], DATA_DPL3), 0);
	REQUIRE_EQ(trap_try(load_ds, 0x1f), NO_TRAP);
	REQUIRE_EQ(trap_try(load_ds, 0), NO_TRAP);
	REQUIRE_EQ(set_ldt(NULL, 0), 0);
	REQUIRE_EQ(trap_try(load_ds, 0x0f), TRAP_GP);
	REQUIRE_EQ(pt_protect(ldt, true), 0);
}

/* An LDT page that is writable, or bad, shows when a selector is loaded. */
static void test_ldt_bad_page(void)
{
	uint64_t *ldt = page_alloc();

	ldt[1] = DATA_DPL3;
	REQUIRE_EQ(set_ldt(ldt, 16), 0);
	REQUIRE_EQ(trap_try(load_ds, 0x0f), TRAP_PF);
	REQUIRE_EQ(trap_cr2, (uint64_t)&ldt[1]);
	REQUIRE_EQ(set_ldt((void *)0x5000, 16), 0);
	REQUIRE_EQ(trap_try(load_ds, 0x0f), TRAP_PF);
	REQUIRE_EQ(trap_cr2, 0x5008);
	REQUIRE_EQ(set_ldt(NULL, 0), 0);
}

static void test_ldt_refused(void)
{
	static const uint64_t places[] = { HYPERVISOR_PLACES };
	uint64_t *ldt = page_alloc();

	REQUIRE_EQ(set_ldt((char *)ldt + 8, 16), EINVAL_);
	REQUIRE_EQ(set_ldt(ldt, 8193), EINVAL_);
	for (unsigned int i = 0; i < sizeof(places) / 8; i++)
		REQUIRE_EQ(set_ldt((void *)(places[i] & ~4095UL), 16),
			   EINVAL_);
	REQUIRE_EQ(set_ldt((void *)0x0000800000000000, 16), EINVAL_);
}

static uint64_t read_fs0(void)
{
	uint64_t value;

	asm volatile("movq %%fs:0, %0" : "=r"(value));
	return value;
}

static uint64_t read_gs0(void)
{
	uint64_t value;

	asm volatile("movq %%gs:0, %0" : "=r"(value));
	return value;
}

static void test_segment_base(void)
{
	uint64_t *a = page_alloc(), *b = page_alloc();

	a[0] = 0xa;
	b[0] = 0xb;
	REQUIRE_EQ(hv_set_segment_base(SEGBASE_FS, (uint64_t)a), 0);
	REQUIRE_EQ(read_fs0(), 0xa);
	REQUIRE_EQ(hv_set_segment_base(SEGBASE_GS_KERNEL, (uint64_t)b), 0);
	REQUIRE_EQ(read_gs0(), 0xb);
	REQUIRE_EQ(hv_set_segment_base(SEGBASE_GS_USER, (uint64_t)a), 0);
	REQUIRE_EQ(read_gs0(), 0xb);
}

static void test_segment_base_refused(void)
{
	for (int which = 0; which < 3; which++)
		REQUIRE_EQ(hv_set_segment_base(which, 0x0000800000000000),
			   EINVAL_);
	REQUIRE_EQ(hv_set_segment_base(4, 0), EINVAL_);
	REQUIRE_EQ(read_gs0(), 0xb);
	REQUIRE_EQ(read_fs0(), 0xa);
}

/* Loading a selector sets the base from the descriptor. */
static void test_selector_load(void)
{
	REQUIRE_EQ(trap_try(load_fs, 0x0b), NO_TRAP);
	REQUIRE_EQ(update(&gdt[6], DATA_DPL3 | 0x1000UL << 16), 0);
	REQUIRE_EQ(trap_try(load_fs, 0x33), NO_TRAP);
	REQUIRE_EQ(trap_try(load_fs, 0), NO_TRAP);
}

static uint64_t user_gs, user_fs;

static void user_bases(uint64_t unused)
{
	(void)unused;
	user_gs = read_gs0();
	user_fs = read_fs0();
	asm volatile("syscall");
}

static uint64_t handler_gs;

static bool note_gs(struct pv_regs *regs)
{
	(void)regs;
	handler_gs = read_gs0();
	return false;
}

static void test_gs_exchange(void)
{
	uint64_t *a = page_alloc(), *b = page_alloc();

	a[0] = 0xa1;
	b[0] = 0xb1;
	user_init();
	REQUIRE_EQ(hv_set_segment_base(SEGBASE_GS_KERNEL, (uint64_t)b), 0);
	REQUIRE_EQ(hv_set_segment_base(SEGBASE_GS_USER, (uint64_t)a), 0);
	REQUIRE_EQ(hv_set_segment_base(SEGBASE_FS, (uint64_t)a), 0);
	trap_hook = note_gs;
	const int vector = user_call(user_bases, 0);

	trap_hook = NULL;
	REQUIRE_EQ(vector, PV_VECTOR_SYSCALL);
	REQUIRE_EQ(user_gs, 0xa1);
	REQUIRE_EQ(user_fs, 0xa1);
	REQUIRE_EQ(handler_gs, 0xb1);
	REQUIRE_EQ(read_gs0(), 0xb1);
}

static uint16_t user_gs_selector;

static void user_selector(uint64_t unused)
{
	(void)unused;
	asm volatile("mov %%gs, %0" : "=r"(user_gs_selector));
	asm volatile("syscall");
}

/* The user's GS selector is set from the kernel; a bad one becomes null. */
static void test_user_gs_selector(void)
{
	REQUIRE_EQ(update(&gdt[6], DATA_DPL3), 0);
	REQUIRE_EQ(hv_set_segment_base(SEGBASE_GS_USER_SEL, 0x33), 0);
	REQUIRE_EQ(user_call(user_selector, 0), PV_VECTOR_SYSCALL);
	REQUIRE_EQ(user_gs_selector, 0x33);
	REQUIRE_EQ(hv_set_segment_base(SEGBASE_GS_USER_SEL, 0x7b), 0);
	REQUIRE_EQ(user_call(user_selector, 0), PV_VECTOR_SYSCALL);
	REQUIRE_EQ(user_gs_selector & ~3, 0);
	REQUIRE_EQ(hv_set_segment_base(SEGBASE_GS_USER_SEL, 0), 0);
}

static void test_gdt_cleared(void)
{
	REQUIRE_EQ(hv_set_gdt(NULL, 0), 0);
	REQUIRE_EQ(pt_protect(gdt, true), 0);
	REQUIRE_EQ(trap_try(load_ds, 0x0b), TRAP_GP);
}

const struct test tests[] = {
	TEST(set_gdt),
	TEST(bad_loads),
	TEST(limits),
	TEST(gdt_refused),
	TEST(gdt_replaced),
	TEST(update_descriptor),
	TEST(update_refused),
	TEST(update_plain),
	TEST(ldt),
	TEST(ldt_bad_page),
	TEST(ldt_refused),
	TEST(segment_base),
	TEST(segment_base_refused),
	TEST(selector_load),
	TEST(gs_exchange),
	TEST(user_gs_selector),
	TEST(gdt_cleared),
	TESTS_END
};
