/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants to drown the hypervisor in exceptions, or to have INT n
 * reach what is not meant for it: every vector from the kernel and from user
 * mode, with and without a handler, with a descriptor privilege of 0 and of 3;
 * handlers that fault themselves, have no address a guest may execute, or never
 * come back.
 *
 * What must happen: a vector without a handler, or not for user mode, is #GP
 * with the vector in its error code; storms stay with the guest that makes
 * them, which dies if its own handlers cannot go on, and dom0 keeps running.
 *
 * Class: PV entry and emulation (compare XSA-67, XSA-183, XSA-265). Same on
 * Xen.
 */
#include <xen/sched.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

static uint8_t *code;

/* INT n, and UD2 in case it does nothing. */
static void prepare(unsigned int vector)
{
	user_init();
	code = (uint8_t *)USER_PAGE;
	code[0] = 0xcd;
	code[1] = vector;
	code[2] = 0x0f;
	code[3] = 0x0b;
}

static void run(uint64_t arg)
{
	(void)arg;
	((void (*)(void))USER_PAGE)();
}

static int run_in_user_mode(void)
{
	struct pv_regs regs = user_regs(NULL, 0);

	regs.rip = USER_PAGE;
	return user_run(&regs);
}

/* The table that trap_init() made: 3 and 4 are for user mode, and 0x80. */
static bool has_handler(unsigned int n, bool user)
{
	if (n == 0x80 || n == 3 || n == 4)
		return true;
	return n < 32 && !user;
}

/*
 * QEMU's TCG (7.2) gives the error code n * 16 + 2 instead of n * 8 + 2, which
 * means another vector to any hypervisor: where that one is there, n is left
 * out.
 */
static bool refused(int vector, unsigned int n)
{
	return vector == TRAP_GP && trap_last.rip == USER_PAGE &&
	       (trap_last.error == (n << 3 | 2) ||
		trap_last.error == (n << 4 | 2));
}

static void every_vector(bool user)
{
	for (unsigned int n = user ? 0 : 32; n < 256; n++) {
		if (!has_handler(n, user) && has_handler(2 * n & 255, user))
			continue;
		prepare(n);
		const int vector = user ? run_in_user_mode() :
					  trap_try(run, 0);
		const bool ok = has_handler(n, user) ?
			(unsigned int)vector == n &&
			trap_last.rip == USER_PAGE + 2 : refused(vector, n);

		if (!ok) {
			test_fail(__LINE__, "int %u: vector %d error %#lx", n,
				  vector, trap_last.error);
			return;
		}
	}
}

static void test_every_vector_of_user_mode(void)
{
	every_vector(true);
}

static void test_vectors_without_handler(void)
{
	every_vector(false);
}

static void breakpoint_loop(uint64_t rounds)
{
	for (uint64_t i = 0; i < rounds; i++)
		asm volatile("int3");
	asm volatile("int $0x80");
}

static void test_storm(void)
{
	const uint64_t before = now();

	trap_count(TRAP_BP);
	const int vector = user_call(breakpoint_loop, 5000);

	REQUIRE_EQ(trap_try(breakpoint_loop, 5000), 0x80);
	trap_hook = NULL;
	REQUIRE_EQ(vector, 0x80);
	REQUIRE_EQ(trap_counted, 10000);
	REQUIRE(now() > before);
}

static struct child child;
static uint64_t bad_address;
static unsigned int bad_vector;

static void set_handler(struct vcpu_guest_context *context)
{
	context->trap_ctxt[bad_vector].address = bad_address;
}

static const uint8_t int3[] = { 0xcc };

/* With the handler of `vector` at `address`. */
static bool start(unsigned int vector, uint64_t address)
{
	child = (struct child){ .traps = true, .adjust = set_handler };
	bad_vector = vector;
	bad_address = address;
	return child_start(&child) == 0;
}

/* #BP's handler there is executed at once: #PF, whose handler is well. */
static void test_handler_in_the_hypervisor(void)
{
	static const uint64_t places[] = {
		HYPERVISOR_PLACES,
		0xffff82d040200000, 0xffff830000000000, 0xffff800000000000,
		0x7ffffffff000, 0x1000,
	};

	for (unsigned int i = 0; i < sizeof(places) / sizeof(*places); i++) {
		REQUIRE(start(TRAP_BP, places[i]));
		REQUIRE(child_run(&child, int3, sizeof(int3), 0, 0, 0));
		REQUIRE(child_is_well(&child));
		REQUIRE(child_end(&child));
	}
}

/* The handler of #PF faults at its first byte, down to the stack's end. */
static void test_page_faults_without_end(void)
{
	static const uint64_t places[] = {
		HYPERVISOR_PLACES,
		0xffff82d040200000, 0xffff830000000000, 0x1000,
	};

	for (unsigned int i = 0; i < sizeof(places) / sizeof(*places); i++) {
		REQUIRE(start(TRAP_PF, places[i]));
		child_tell(&child, CHILD_LOAD, 0, 0);
		REQUIRE_EQ(child_fate(&child), SHUTDOWN_crash);
		REQUIRE(child_end(&child));
	}
}

/* The handler of #BP is an INT3 for each frame that fits on the stack. */
static void test_breakpoints_without_end(void)
{
	REQUIRE(start(TRAP_BP, CHILD_VA(CHILD_SPARE)));
	child_launch(&child, int3, sizeof(int3), 0, 0, 0);
	REQUIRE_EQ(child_fate(&child), SHUTDOWN_crash);
	REQUIRE(child_end(&child));
}

static void test_no_handler(void)
{
	REQUIRE(start(TRAP_UD, 0));
	REQUIRE(child_run(&child, int3, sizeof(int3), 0, 0, 0));
	child_tell(&child, CHILD_UD2, 0, 0);
	REQUIRE_EQ(child_fate(&child), SHUTDOWN_crash);
	REQUIRE(child_end(&child));
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(every_vector_of_user_mode),
	TEST(vectors_without_handler),
	TEST(storm),
	TEST(handler_in_the_hypervisor),
	TEST(page_faults_without_end),
	TEST(breakpoints_without_end),
	TEST(no_handler),
	TEST(all_works),
	TESTS_END
};
