/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants a vCPU to start with what no vCPU can have: somebody
 * else's frame or a page that is no table as its root, descriptor pages that are
 * none, entry points that are not canonical, user mode without a user root;
 * then, where the context is not refused, the hypervisor's selectors in every
 * segment register, every bit of RFLAGS, FPU state that the CPU faults on.
 *
 * What must happen: the first kind is -EINVAL and leaves no reference behind,
 * and no vCPU runs; the second kind starts in ring 3 with what ring 3 may have,
 * or takes an exception of its own.
 *
 * Class: PV entry and emulation, page types (compare XSA-42, XSA-45, XSA-444).
 * Same on Xen, but that it leaves out what it does not like of flags.
 *
 * Machine: 2 4
 */
#include <xen/vcpu.h>

#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

#define NOT_CANONICAL 0x0000800000000000UL

static void never(uint64_t arg)
{
	os_panic("a vCPU runs that was refused (%#lx)", arg);
}

static int64_t initialise(unsigned int vcpu, const struct vcpu_guest_context *c)
{
	return hv_vcpu_op(VCPUOP_initialise, vcpu, (void *)c);
}

/* Fields that hold addresses. */
static uint64_t *address_field(struct vcpu_guest_context *c, unsigned int i)
{
	uint64_t *const all[] = {
		&c->kernel_sp, &c->event_callback_eip,
		&c->failsafe_callback_eip, &c->syscall_callback_eip,
		&c->fs_base, &c->gs_base_kernel, &c->gs_base_user,
		&c->trap_ctxt[0].address, &c->trap_ctxt[31].address,
		&c->user_regs.rip,
	};

	return i < sizeof(all) / sizeof(*all) ? all[i] : NULL;
}

static void test_addresses(void)
{
	static const uint64_t bad[] = {
		NOT_CANONICAL, 0xffff7fffffffffff, 1UL << 63,
	};

	for (unsigned int i = 0; i < 3; i++)
		for (unsigned int f = 0;; f++) {
			struct vcpu_guest_context *c = smp_context(1, never, f);
			uint64_t *const field = address_field(c, f);

			if (!field)
				break;
			*field = bad[i];
			const int64_t rc = initialise(1, c);

			if (rc != EINVAL_) {
				test_fail(__LINE__, "field %u: %ld", f, rc);
				return;
			}
		}
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_up, 1, NULL), EINVAL_);
}

static void test_roots(void)
{
	uint64_t *l1 = table_alloc(), *data = page_alloc();
	const uint64_t l3 = *pt_entry(NULL, (void *)PV_VIRT_BASE, 4) & PTE_FRAME;
	const uint64_t bad[] = {
		0, foreign_frame(), absent_frame(), pv_frame(data), l3 / PV_PAGE,
		pv_frame(l1), pv_info->shared_info / PV_PAGE, ~0UL >> 12,
		0xfee00, 0xb8,
	};

	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(l1)), 0);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct vcpu_guest_context *c = smp_context(1, never, i);

		c->ctrlreg[3] = xen_pfn_to_cr3(bad[i]);
		REQUIRE_EQ(initialise(1, c), EINVAL_);
		if (!bad[i])
			continue;
		/* and as user root, behind a good kernel one */
		c = smp_context(1, never, i);
		c->ctrlreg[1] = xen_pfn_to_cr3(bad[i]);
		REQUIRE_EQ(initialise(1, c), EINVAL_);
	}
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_up, 1, NULL), EINVAL_);
	/* nobody holds what was refused */
	data[0] = 1;
	REQUIRE_EQ(pt_protect(data, false), 0);
	REQUIRE_EQ(pt_protect(data, true), 0);
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(l1)), 0);
	REQUIRE_EQ(pt_protect(l1, true), 0);
}

static void test_descriptor_tables(void)
{
	uint64_t *writable = page_alloc(), *good = page_alloc();
	const uint64_t bad[] = {
		foreign_frame(), absent_frame(), pv_frame(pt_root()), ~0UL,
		pv_frame(writable),
	};

	REQUIRE_EQ(pt_protect(good, false), 0);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct vcpu_guest_context *c = smp_context(1, never, i);

		c->gdt_ents = 1024;
		c->gdt_frames[0] = pv_frame(good);
		c->gdt_frames[1] = bad[i];
		REQUIRE_EQ(initialise(1, c), EINVAL_);
	}
	REQUIRE_EQ(pt_protect(good, true), 0);
	static const uint64_t counts[] = { 7169, 8192, 1UL << 32, ~0UL };

	for (unsigned int i = 0; i < 4; i++) {
		struct vcpu_guest_context *c = smp_context(1, never, i);

		c->gdt_ents = counts[i];
		REQUIRE_EQ(initialise(1, c), EINVAL_);
	}
	struct vcpu_guest_context *c = smp_context(1, never, 0);

	c->ldt_ents = 8193;
	REQUIRE_EQ(initialise(1, c), EINVAL_);
	c->ldt_ents = 1;
	c->ldt_base = 0x1008;
	REQUIRE_EQ(initialise(1, c), EINVAL_);
}

static void test_pointers(void)
{
	static const uint64_t places[] = { HYPERVISOR_PLACES };

	for (unsigned int i = 0; i < sizeof(places) / 8; i++)
		REQUIRE_EQ(initialise(1, (void *)places[i]), EFAULT_);
	REQUIRE_EQ(initialise(1, (void *)NOT_CANONICAL), EFAULT_);
	REQUIRE_EQ(initialise(1, (void *)0xffff7fffffffff00), EFAULT_);
	REQUIRE_EQ(initialise(4, smp_context(1, never, 0)), ENOENT_);
	REQUIRE_EQ(initialise(~0u, smp_context(1, never, 0)), ENOENT_);
	/* itself, who runs */
	REQUIRE_EQ(initialise(0, smp_context(1, never, 0)), EEXIST_);
	for (unsigned int vcpu = 1; vcpu < 4; vcpu++)
		REQUIRE_EQ(hv_vcpu_op(VCPUOP_up, vcpu, NULL), EINVAL_);
}

static volatile uint64_t its_flags, its_selectors[6], arrived;

static void look(uint64_t arg)
{
	uint64_t flags;
	uint16_t selectors[6];

	asm volatile("pushfq; popq %0" : "=r"(flags));
	asm volatile("pushq $2; popfq" : : : "cc");
	asm volatile("mov %%cs, %0" : "=r"(selectors[0]));
	asm volatile("mov %%ss, %0" : "=r"(selectors[1]));
	asm volatile("mov %%ds, %0" : "=r"(selectors[2]));
	asm volatile("mov %%es, %0" : "=r"(selectors[3]));
	asm volatile("mov %%fs, %0" : "=r"(selectors[4]));
	asm volatile("mov %%gs, %0" : "=r"(selectors[5]));
	its_flags = flags;
	for (int i = 0; i < 6; i++)
		its_selectors[i] = selectors[i];
	arrived = arg;
	for (;;)
		smp_stop();
}

static bool note_start(struct pv_regs *regs)
{
	if (os_vcpu() == 0)
		return false;
	/* the trap flag, or a selector: go on with good ones */
	regs->rflags = 0x2;
	regs->cs = FLAT_KERNEL_CS & ~3UL;
	regs->ss = FLAT_KERNEL_SS;
	regs->rip = (uint64_t)look;
	return true;
}

/* Data segments of the hypervisor's, flags of all kinds. */
static void test_flags_and_data_selectors(void)
{
	struct vcpu_guest_context *c = smp_context(1, look, 11);

	c->user_regs.rflags = ~0UL & ~0x100UL;	/* no TF */
	c->user_regs.ds = 0xe010;
	c->user_regs.es = 0xe040;
	c->user_regs.fs = 0xe008;
	c->user_regs.gs = 0xe050;
	c->failsafe_callback_eip = (uint64_t)look;
	c->flags |= VGCF_failsafe_disables_events;
	REQUIRE_EQ(initialise(1, c), 0);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_up, 1, NULL), 0);
	REQUIRE(smp_wait(&arrived, 11));
	REQUIRE(smp_wait_down(1));
	REQUIRE_EQ(its_selectors[0], FLAT_KERNEL_CS);
	REQUIRE_EQ(its_selectors[1], FLAT_KERNEL_SS);
	/* IOPL, VM, VIF, VIP */
	REQUIRE_EQ(its_flags & 0x1a3000, 0);
	REQUIRE_EQ(its_flags & 0x200, 0x200);
}

/* Code and stack of the hypervisor's, RPL 0: an exception at the start. And an
 * FPU image that FXRSTOR faults on, but in QEMU. */
static void test_code_selectors(void)
{
	static const uint16_t selectors[2][2] = {
		{ 0xe008, 0xe010 }, { 0xe040, FLAT_KERNEL_SS },
	};

	trap_hook = note_start;
	for (unsigned int i = 0; i < 2; i++) {
		struct vcpu_guest_context *c = smp_context(2 + i, look, 22 + i);

		c->user_regs.cs = selectors[i][0];
		c->user_regs.ss = selectors[i][1];
		memset(c->fpu_ctxt.x, 0xff, 512);
		c->flags |= VGCF_i387_valid;
		arrived = 0;
		REQUIRE_EQ(initialise(2 + i, c), 0);
		REQUIRE_EQ(hv_vcpu_op(VCPUOP_up, 2 + i, NULL), 0);
		REQUIRE(smp_wait(&arrived, 22 + i));
		REQUIRE_EQ(its_selectors[0], FLAT_KERNEL_CS);
		REQUIRE_EQ(its_selectors[1], FLAT_KERNEL_SS);
	}
	trap_hook = NULL;
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(addresses),
	TEST(roots),
	TEST(descriptor_tables),
	TEST(pointers),
	TEST(flags_and_data_selectors),
	TEST(code_selectors),
	TEST(all_works),
	TESTS_END
};
