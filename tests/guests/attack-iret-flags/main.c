/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants a bit in RFLAGS that ring 3 cannot give itself: IOPL for
 * the ports and the interrupt flag, VM, VIF and VIP, or interrupts off. POPF
 * ignores them, but the hypervisor loads RFLAGS from the guest's iret frame
 * in ring 0, by IRETQ or SYSRET. So every bit of the 64 is tried, one by one
 * and all together, to user mode and to the kernel, by both returns, and from
 * system calls made with them.
 *
 * What must happen: pushf at the destination shows none of them, CLI faults,
 * the timer still comes, and NT, AC, TF, DF stay the guest's own.
 *
 * Class: PV entry and emulation (compare XSA-44, XSA-202, XSA-204). Same on
 * Xen.
 */
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define TF 0x100UL
#define IF 0x200UL
#define FORBIDDEN (0x3000UL | 1UL << 17 | 3UL << 19)	/* IOPL VM VIF VIP */
#define MEANINGLESS (0x28UL | 1UL << 15 | ~0x3fffffUL)

/* pushfq; pop %rax; cli; int $0x80 */
static const uint8_t code[] = { 0x9c, 0x58, 0xfa, 0xcd, 0x80 };

static int enter(uint64_t cs, uint64_t rflags, uint64_t flags)
{
	const struct iret_context frame = {
		.flags = flags, .rip = USER_PAGE, .cs = cs, .rflags = rflags,
		.rsp = USER_PAGE + 4000, .ss = FLAT_USER_SS,
	};
	const int vector = user_iret(&frame);

	event_disable(0);
	hv_set_debugreg(6, 0xffff0ff0);
	return vector;
}

static bool harmless(uint64_t cs, uint64_t rflags, uint64_t flags)
{
	const int vector = enter(cs, rflags, flags);

	if (rflags & TF)
		return vector == TRAP_DB && !(trap_last.rflags & FORBIDDEN);
	/* CLI is not allowed: the vCPU's own IOPL is 0 */
	return vector == TRAP_GP && trap_last.error == 0 &&
	       trap_last.rip == USER_PAGE + 2 &&
	       !(trap_last.rax & (FORBIDDEN | MEANINGLESS)) &&
	       (trap_last.rax & IF) && !(trap_last.rflags & FORBIDDEN);
}

static void try_all(uint64_t cs, uint64_t flags)
{
	user_init();
	event_init();
	memcpy((void *)USER_PAGE, code, sizeof(code));
	for (unsigned int bit = 0; bit < 66; bit++) {
		const uint64_t rflags = bit < 64 ? 1UL << bit :
					bit == 64 ? ~0UL : ~TF;

		if (!harmless(cs, rflags, flags)) {
			test_fail(__LINE__, "RFLAGS %#lx: vector %ld, flags "
				  "%#lx in the frame, pushf %#lx", rflags,
				  trap_last.vector, trap_last.rflags,
				  trap_last.rax);
			return;
		}
	}
}

static void test_to_user(void)
{
	try_all(FLAT_USER_CS, 0);
}

static void test_to_kernel(void)
{
	try_all(FLAT_KERNEL_CS & ~3UL, 0);
}

static void test_to_user_by_sysret(void)
{
	try_all(FLAT_USER_CS, VGCF_in_syscall);
}

static void test_to_kernel_by_sysret(void)
{
	try_all(FLAT_KERNEL_CS & ~3UL, VGCF_in_syscall);
}

/* What POPF lets through in user mode, then a system call: the handler has
 * none of it. */
static uint64_t handler_flags;

static bool note_flags(struct pv_regs *regs)
{
	(void)regs;
	asm volatile("pushfq; popq %0" : "=r"(handler_flags));
	return false;
}

void popf_and_syscall(uint64_t flags);
asm(".text\npopf_and_syscall: pushq %rdi; popfq; syscall; ud2\n");

static void test_system_calls(void)
{
	for (unsigned int bit = 0; bit < 32; bit++) {
		if (1UL << bit == TF)
			continue;
		trap_hook = note_flags;
		const int vector = user_call(popf_and_syscall, 1UL << bit);

		trap_hook = NULL;
		REQUIRE_EQ(vector, PV_VECTOR_SYSCALL);
		REQUIRE_EQ(handler_flags & (FORBIDDEN | 0x44500), 0);
		REQUIRE_EQ(handler_flags & IF, IF);
		REQUIRE_EQ(trap_last.rflags & FORBIDDEN, 0);
	}
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(to_user),
	TEST(to_kernel),
	TEST(to_user_by_sysret),
	TEST(to_kernel_by_sysret),
	TEST(system_calls),
	TEST(all_works),
	TESTS_END
};
