/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants a descriptor that lets ring 3 into ring 0: a call gate to
 * the hypervisor's code segment, a task or interrupt gate, a TSS or LDT of its
 * own, a segment of DPL 0; in the GDT, in the LDT, at a page's last entry and
 * behind the limit that it announces; or a way to write to a descriptor page
 * that has been audited.
 *
 * What must happen: what is present is a segment for ring 3, or nothing that
 * ring 3 can use; whatever runs runs in ring 3; the pages stay read-only for
 * every way of writing until nobody uses them, and are audited again then.
 *
 * Class: PV entry and emulation, page types (compare XSA-202, XSA-298). Same on
 * Xen.
 */
#include <xen/vcpu.h>

#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define P (1UL << 47)
#define S (1UL << 44)
#define DPL(n) ((uint64_t)(n) << 45)
#define TYPE(n) ((uint64_t)(n) << 40)
#define FLAT 0x008f00000000ffffUL
#define LONG (1UL << 53)
#define BIG (1UL << 54)
#define CALL_GATE 12

static uint64_t *gdt;

static int64_t set_gdt(uint64_t *page, unsigned int entries)
{
	const uint64_t frame = pv_frame(page);

	return hv_set_gdt(&frame, entries);
}

static int64_t update(uint64_t *entry, uint64_t desc)
{
	return hv_update_descriptor(machine_address(entry), desc);
}

static bool is_usable(uint64_t raw)
{
	return (raw & P) && !(raw & S) && (raw >> 40 & 15) &&
	       ((raw >> 40 & 15) != CALL_GATE || (raw & DPL(3)));
}

/* Every system descriptor there is, by both ways into a GDT. */
static void test_system_descriptors(void)
{
	gdt = page_alloc();
	REQUIRE_EQ(pt_protect(gdt, false), 0);
	REQUIRE_EQ(set_gdt(gdt, 512), 0);
	for (unsigned int i = 0; i < 64; i++) {
		const uint64_t raw = P | TYPE(i % 16) | DPL(i / 16) | 0xe008UL << 16;
		uint64_t *page = page_alloc();

		update(&gdt[10], raw);
		REQUIRE(!is_usable(gdt[10]));
		page[i % 2 ? 511 : 16] = raw;
		REQUIRE_EQ(pt_protect(page, false), 0);
		if (set_gdt(page, 16) == 0) {
			REQUIRE(!is_usable(page[i % 2 ? 511 : 16]));
			REQUIRE_EQ(set_gdt(gdt, 512), 0);
		}
		REQUIRE_EQ(pt_protect(page, true), 0);
		page_free(page);
	}
	REQUIRE_EQ(update(&gdt[10], 0), 0);
}

/* mov %cs, %eax; int $0x80 */
static const uint8_t code[] = { 0x8c, 0xc8, 0xcd, 0x80 };

static int enter(uint64_t cs, uint64_t ss)
{
	const struct iret_context frame = {
		.rip = USER_PAGE, .cs = cs, .rflags = 0x202,
		.rsp = USER_PAGE + 4000, .ss = ss,
	};

	user_init();
	memcpy((void *)USER_PAGE, code, sizeof(code));
	return user_iret(&frame);
}

static void far_call(uint64_t pointer)
{
	asm volatile("rex.w lcall *(%0)" : : "r"(pointer) : "rax", "memory");
}

/* Gates to the hypervisor's segment and to ours, called and jumped through. */
static void test_call_gates(void)
{
	static const uint16_t targets[] = { 0xe008, 0xe033, 0xe010, 0x50 };
	static struct {
		uint64_t offset;
		uint16_t selector;
	} __attribute__((packed)) pointer;
	const uint64_t to = USER_PAGE;

	enter(FLAT_USER_CS, FLAT_USER_SS);
	for (unsigned int i = 0; i < 16; i++) {
		const uint64_t low = P | TYPE(CALL_GATE) | DPL(i / 4) |
				     (uint64_t)targets[i % 4] << 16 |
				     (to & 0xffff) | (to >> 16 & 0xffff) << 48;

		update(&gdt[20], low);
		update(&gdt[21], to >> 32);
		for (int rpl = 0; rpl < 4; rpl++) {
			pointer.selector = 20 * 8 | rpl;
			REQUIRE_EQ(trap_try(far_call, (uint64_t)&pointer),
				   TRAP_GP);
			REQUIRE_EQ(trap_last.error, 20 * 8);
		}
		REQUIRE_EQ(enter(20 * 8 | 3, FLAT_USER_SS), TRAP_GP);
	}
	REQUIRE_EQ(update(&gdt[20], 0), 0);
}

/* Code of every kind: L, D, conforming, readable, accessed, DPL. */
static void test_code_segments(void)
{
	unsigned int entered = 0;

	for (unsigned int i = 0; i < 128; i++) {
		const uint64_t raw = FLAT | P | S | TYPE(8 + i % 8) |
				     DPL(i / 32) | (i & 8 ? LONG : 0) |
				     (i & 16 ? BIG : 0);

		REQUIRE_EQ(update(&gdt[30], raw), 0);
		REQUIRE_EQ(gdt[30] & DPL(3), DPL(3));
		const int vector = enter(30 * 8 | 3, FLAT_USER_SS);

		if (vector == 0x80) {
			entered++;
			REQUIRE_EQ(trap_last.rax & 3, 3);
			REQUIRE_EQ(trap_last.cs & 3, 3);
		} else {
			REQUIRE(vector == TRAP_GP || vector == TRAP_PF ||
				vector == TRAP_UD);
		}
	}
	REQUIRE(entered > 0);
}

/* Stacks: data of every kind, code, limits. */
static void test_stack_segments(void)
{
	for (unsigned int i = 0; i < 64; i++) {
		const uint64_t raw = FLAT | P | S | TYPE(i % 16) | DPL(i / 16);

		REQUIRE_EQ(update(&gdt[31], raw), 0);
		const int vector = enter(FLAT_USER_CS, 31 * 8 | 3);

		REQUIRE(vector == 0x80 || vector == TRAP_GP ||
			vector == TRAP_SS);
		/* writable data alone */
		REQUIRE_EQ(vector == 0x80, i % 16 < 8 && (i & 2));
	}
	REQUIRE_EQ(update(&gdt[30], 0), 0);
	REQUIRE_EQ(update(&gdt[31], 0), 0);
}

static void write_call_page(uint64_t page)
{
	asm volatile("wrmsr" : : "c"(0x40000000), "a"((uint32_t)page),
		     "d"((uint32_t)(page >> 32)));
}

static int64_t clear(const void *page)
{
	return mmuext(MMUEXT_CLEAR_PAGE, pv_frame(page));
}

static int64_t copy(const void *to, const void *from)
{
	const struct mmuext_op op = {
		.cmd = MMUEXT_COPY_PAGE, .arg1.mfn = pv_frame(to),
		.arg2.src_mfn = pv_frame(from),
	};

	return hv_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

/* Whoever else could write to the page for us. */
static void test_ways_to_write(void)
{
	struct vcpu_register_vcpu_info info = { .mfn = pv_frame(gdt) };
	struct vcpu_register_runstate_memory_area area = {
		.addr.p = (uint64_t)gdt,
	};
	const uint64_t before = gdt[1];

	REQUIRE(pt_protect(gdt, true) < 0);
	REQUIRE(pt_write(&gdt[1], P | TYPE(CALL_GATE)) < 0);
	REQUIRE(clear(gdt) < 0);
	REQUIRE(copy(gdt, page_alloc()) < 0);
	REQUIRE_EQ(trap_try(write_call_page, machine_address(gdt)), TRAP_GP);
	REQUIRE(hv_vcpu_op(VCPUOP_register_vcpu_info, 0, &info) < 0);
	REQUIRE_EQ(hv_xen_version(1, (char *)gdt), EFAULT_);
	hv_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area);
	area.addr.p = 0;
	hv_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area);
	REQUIRE(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(gdt)) < 0);
	REQUIRE_EQ(gdt[1], before);
	for (int i = 0; i < 512; i++)
		REQUIRE_EQ(gdt[i] & P, 0);
}

static int64_t set_ldt(const void *base, unsigned int entries)
{
	const struct mmuext_op op = {
		.cmd = MMUEXT_SET_LDT, .arg1.linear_addr = (uint64_t)base,
		.arg2.nr_ents = entries,
	};

	return hv_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static void load_ds(uint64_t selector)
{
	asm volatile("mov %0, %%ds" : : "r"((uint32_t)selector));
}

/* The LDT's page is let go, changed, and used again. */
static void test_ldt_audited_again(void)
{
	uint64_t *ldt = page_alloc();

	ldt[1] = FLAT | P | S | TYPE(2);
	REQUIRE_EQ(pt_protect(ldt, false), 0);
	REQUIRE_EQ(set_ldt(ldt, 512), 0);
	REQUIRE_EQ(trap_try(load_ds, 0xf), NO_TRAP);
	REQUIRE(pt_protect(ldt, true) < 0);
	REQUIRE_EQ(trap_try(load_ds, 0), NO_TRAP);
	REQUIRE_EQ(set_ldt(NULL, 0), 0);
	REQUIRE_EQ(pt_protect(ldt, true), 0);
	ldt[5] = P | TYPE(CALL_GATE - 3) | 0xe008UL << 16;	/* a TSS */
	REQUIRE_EQ(pt_protect(ldt, false), 0);
	REQUIRE_EQ(set_ldt(ldt, 512), 0);
	REQUIRE(trap_try(load_ds, 0xf) != NO_TRAP);
	REQUIRE_EQ(set_ldt(NULL, 0), 0);
	REQUIRE_EQ(pt_protect(ldt, true), 0);
	/* beyond the limit, with what is behind it mapped */
	ldt[5] = ldt[1];
	REQUIRE_EQ(pt_protect(ldt, false), 0);
	for (unsigned int entries = 1; entries < 5; entries++) {
		REQUIRE_EQ(set_ldt(ldt, entries), 0);
		REQUIRE_EQ(trap_try(load_ds, 5 * 8 | 7), TRAP_GP);
		REQUIRE_EQ(trap_last.error, 5 * 8 | 4);
	}
	REQUIRE_EQ(set_ldt(NULL, 0), 0);
	REQUIRE_EQ(trap_try(load_ds, 0), NO_TRAP);
}

/* LDTs that are, or reach into, what is not the guest's. */
static void test_ldt_places(void)
{
	static const uint64_t bad[] = {
		0xffff808000001000, 0xffff878040000000,
		0xffff800000000000, 0xffff7ffffffff000 + 4096 - 8,
		0xffff82d040200000, 0xffff87fffffff000, 0x0000800000000000,
		0x1001,
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		REQUIRE_EQ(set_ldt((void *)bad[i], 8192), EINVAL_);
	/* the last page of the lower half, and what comes behind it */
	if (set_ldt((void *)0x00007ffffffff000, 8192) == 0) {
		for (uint64_t index = 0; index < 8192; index += 511)
			REQUIRE(trap_try(load_ds, index * 8 | 7) != NO_TRAP);
	}
	/* page tables as an LDT: they are of another type */
	REQUIRE_EQ(set_ldt(pt_root(), 512), 0);
	REQUIRE(trap_try(load_ds, 0xf) != NO_TRAP);
	REQUIRE_EQ(set_ldt(NULL, 0), 0);
	REQUIRE_EQ(trap_try(load_ds, 0), NO_TRAP);
}

static void test_all_works(void)
{
	REQUIRE_EQ(hv_set_gdt(NULL, 0), 0);
	REQUIRE_EQ(pt_protect(gdt, true), 0);
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(system_descriptors),
	TEST(call_gates),
	TEST(code_segments),
	TEST(stack_segments),
	TEST(ways_to_write),
	TEST(ldt_audited_again),
	TEST(ldt_places),
	TEST(all_works),
	TESTS_END
};
