/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants the hypervisor to load, in its own name, a selector that
 * the CPU refuses or that is the hypervisor's: the iret hypercall takes CS and
 * SS from the guest's stack, and the IRETQ or SYSRET behind it runs in ring 0,
 * where a fault is the hypervisor's own. So it tries every selector there is,
 * by both ways of returning, to user mode and to its kernel.
 *
 * What must happen: the flat selectors work; with every other one the guest
 * gets #GP, #NP or #SS that names the selector, as if at the destination. Never
 * does anything run below ring 3, and no selector stops the hypervisor.
 *
 * Class: PV entry and emulation (compare XSA-42, XSA-44, XSA-202). Same on Xen,
 * but that a frame that says it returns from a system call takes SYSRET there
 * whatever its selectors: the flat ones are loaded, as good a refusal.
 */
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define FIRST_RESERVED 0xe000

/* `mov %cs, %eax; int $0x80`, in 64-bit and 32-bit mode alike. */
static const uint8_t code[] = { 0x8c, 0xc8, 0xcd, 0x80 };

static int enter(uint64_t cs, uint64_t ss, uint64_t flags)
{
	const struct iret_context frame = {
		.flags = flags, .rip = USER_PAGE, .cs = cs, .rflags = 0x202,
		.rsp = USER_PAGE + 4000, .ss = ss,
	};

	return user_iret(&frame);
}

static void prepare(void)
{
	user_init();
	memcpy((void *)USER_PAGE, code, sizeof(code));
}

static bool is_flat_code(uint64_t selector)
{
	return (selector | 3) == FLAT_USER_CS64 ||
	       (selector | 3) == FLAT_USER_CS32;
}

/* The refusal that the CPU has for it, or (for allowed) the landing. */
static bool as_it_should(int vector, uint64_t selector, bool allowed)
{
	if (vector == 0x80)
		return allowed && (trap_last.rax & 3) == 3;
	if (vector != TRAP_GP && vector != TRAP_NP && vector != TRAP_SS)
		return false;
	return trap_last.error == 0 ||
	       (trap_last.error & ~3UL) == (selector & 0xfffc);
}

static bool try_cs(uint64_t selector, uint64_t flags)
{
	const int vector = enter(selector, FLAT_USER_SS, flags);
	const bool allowed = is_flat_code(flags ? trap_last.cs & 0xffff :
						  selector);

	if (as_it_should(vector, selector, allowed))
		return true;
	test_fail(__LINE__, "CS %#lx, flags %#lx: vector %d, error %#lx",
		  selector, flags, vector, trap_last.error);
	return false;
}

/* Which data segments the hypervisor has for its guests is its own affair. */
static bool try_ss(uint64_t selector, uint64_t flags)
{
	const int vector = enter(FLAT_USER_CS, selector, flags);

	if (as_it_should(vector, selector, flags ||
			 selector >= FIRST_RESERVED))
		return true;
	test_fail(__LINE__, "SS %#lx, flags %#lx: vector %d, error %#lx",
		  selector, flags, vector, trap_last.error);
	return false;
}

static void test_every_user_cs(void)
{
	prepare();
	for (uint64_t selector = 3; selector < 0x10000; selector += 8)
		if (!try_cs(selector, 0))
			return;
	REQUIRE_EQ(enter(FLAT_USER_CS64, FLAT_USER_SS, 0), 0x80);
	REQUIRE_EQ(enter(FLAT_USER_CS32, FLAT_USER_SS, 0), 0x80);
}

static void test_every_user_ss(void)
{
	prepare();
	for (uint64_t selector = 3; selector < 0x10000; selector += 8)
		if (!try_ss(selector, 0))
			return;
	REQUIRE_EQ(enter(FLAT_USER_CS64, FLAT_USER_SS, 0), 0x80);
}

/* What SYSRET would load is fixed: other selectors must not take that way. */
static void test_return_of_a_system_call(void)
{
	prepare();
	for (uint64_t selector = FIRST_RESERVED; selector < FIRST_RESERVED + 256;
	     selector++)
		if ((selector & 3) == 3 && (!try_cs(selector, VGCF_in_syscall) ||
					    !try_ss(selector, VGCF_in_syscall)))
			return;
	for (uint64_t selector = 3; selector < 256; selector += 8)
		if (!try_cs(selector, VGCF_in_syscall) ||
		    !try_ss(selector, VGCF_in_syscall))
			return;
	REQUIRE_EQ(enter(FLAT_USER_CS32, FLAT_USER_SS, VGCF_in_syscall), 0x80);
	/* 32-bit mode it is, not the 64-bit one that SYSRET goes to */
	REQUIRE_EQ(trap_last.cs & 0xffff, FLAT_USER_CS32);
}

/* There is no LDT: every selector of it is beyond its limit. */
static void test_ldt_selectors(void)
{
	prepare();
	for (uint64_t selector = 7; selector < 0x10000; selector += 8 * 61) {
		if (!try_cs(selector, VGCF_in_syscall))
			return;
		REQUIRE_EQ(enter(selector, FLAT_USER_SS, 0), TRAP_GP);
		REQUIRE_EQ(enter(FLAT_USER_CS, selector, 0), TRAP_GP);
	}
}

/* RPL 0 to 2: only 0 means the kernel, and that runs in ring 3, too. */
static void test_kernel_selectors(void)
{
	prepare();
	for (uint64_t selector = FIRST_RESERVED; selector < FIRST_RESERVED + 256;
	     selector++) {
		if ((selector & 4) || (selector & 3) == 3)
			continue;
		if (!try_cs(selector, 0) || !try_cs(selector, VGCF_in_syscall))
			return;
	}
	REQUIRE_EQ(enter(FLAT_KERNEL_CS & ~3UL, FLAT_KERNEL_SS & ~3UL, 0),
		   0x80);
	REQUIRE_EQ(trap_last.rax & 0xffff, FLAT_KERNEL_CS);
	REQUIRE_EQ(trap_last.cs & 0xffff, FLAT_KERNEL_CS & ~3UL);
}

/* Bits above the selector are not the hypervisor's to keep. */
static void test_wide_selectors(void)
{
	prepare();
	REQUIRE_EQ(enter(~0xffffUL | FLAT_USER_CS, ~0xffffUL | FLAT_USER_SS, 0),
		   0x80);
	REQUIRE_EQ(trap_last.cs & 0xffff, FLAT_USER_CS);
	REQUIRE_EQ(trap_last.ss & 0xffff, FLAT_USER_SS);
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(every_user_cs),
	TEST(every_user_ss),
	TEST(return_of_a_system_call),
	TEST(ldt_selectors),
	TEST(kernel_selectors),
	TEST(wide_selectors),
	TEST(all_works),
	TESTS_END
};
