/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants a return to an address that is not canonical: some CPUs
 * fault on SYSRET with it in ring 0, on the guest's stack. It puts the last
 * instruction of the lower half of the address space to work: a SYSCALL there,
 * or an instruction that the hypervisor emulates, continues at the boundary;
 * and it asks for such addresses with the iret hypercall.
 *
 * What must happen: #GP for the guest, with the address in its frame, every
 * time; a stack pointer of that kind is the guest's own business.
 *
 * Class: PV entry and emulation (compare XSA-7). Same on Xen. QEMU itself
 * faults at the destination and not in SYSRET: there this proves the frames
 * and the arithmetic, on a real Intel CPU the check.
 */
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define BOUNDARY 0x0000800000000000UL
#define LAST_PAGE (BOUNDARY - PV_PAGE)

static uint8_t *page;		/* mapped at LAST_PAGE */

/* Its last bytes; returns where they start. */
static uint64_t put_code(const void *code, unsigned int size)
{
	if (!page) {
		page = page_alloc();
		user_map(LAST_PAGE, page);
	}
	memcpy(page + PV_PAGE - size, code, size);
	return BOUNDARY - size;
}

static int run(uint64_t address)
{
	return trap_try((void (*)(uint64_t))address, 0);
}

/* mov $17, %eax; xor %edi, %edi; xor %esi, %esi; syscall */
static const uint8_t call[] = { 0xb8, 17, 0, 0, 0, 0x31, 0xff, 0x31, 0xf6,
				0x0f, 0x05 };

static void test_hypercall(void)
{
	const uint64_t start = put_code(call, sizeof(call));

	for (int i = 0; i < 100; i++) {
		REQUIRE_EQ(run(start), TRAP_GP);
		REQUIRE_EQ(trap_last.error, 0);
		REQUIRE_EQ(trap_last.rip, BOUNDARY);
		REQUIRE_EQ(trap_last.rax, 4 << 16 | 17);
		REQUIRE_EQ(trap_last.cs & 3, 0);
	}
}

static int enter(uint64_t cs, uint64_t rip, uint64_t rsp, uint64_t flags)
{
	const struct iret_context frame = {
		.flags = flags, .rip = rip, .cs = cs, .rflags = 0x202,
		.rsp = rsp, .ss = FLAT_USER_SS,
	};

	return user_iret(&frame);
}

static uint64_t user_sp(void)
{
	return (uint64_t)(user_stack + sizeof(user_stack) - 64);
}

/* Of user space, and its kernel returns the short way without looking. */
static void test_system_call(void)
{
	const uint64_t start = put_code(call, sizeof(call));

	REQUIRE_EQ(enter(FLAT_USER_CS, start, user_sp(), 0),
		   PV_VECTOR_SYSCALL);
	REQUIRE_EQ(trap_last.rip, BOUNDARY);
	REQUIRE_EQ(enter(FLAT_USER_CS, trap_last.rip, trap_last.rsp,
			 VGCF_in_syscall), TRAP_GP);
	REQUIRE_EQ(trap_last.rip, BOUNDARY);
	REQUIRE_EQ(trap_last.cs & 3, 3);
	REQUIRE_EQ(trap_last.error, 0);
}

static void test_iret(void)
{
	static const uint64_t bad[] = {
		BOUNDARY, BOUNDARY + 1, 0x0001000000000000, 1UL << 62,
		1UL << 63, 0xffff7fffffffffff, 0xfffe800000000000,
		0x8000ffffffffffff, 0x7fffffffffffffff,
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (int way = 0; way < 4; way++) {
			const uint64_t cs = way & 1 ? FLAT_USER_CS :
					    FLAT_KERNEL_CS & ~3UL;

			REQUIRE_EQ(enter(cs, bad[i], user_sp(),
					 way & 2 ? VGCF_in_syscall : 0),
				   TRAP_GP);
			REQUIRE_EQ(trap_last.rip, bad[i]);
			REQUIRE_EQ(trap_last.rsp, user_sp());
			REQUIRE_EQ(trap_last.cs & 3, way & 1 ? 3 : 0);
		}
}

/* Emulated, RIP moved on by the hypervisor. */
static void test_emulated(void)
{
	static const uint8_t cpuid[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f,
					 0xa2 };
	static const uint8_t clts[] = { 0x0f, 0x06 };
	static const uint8_t read_cr4[] = { 0x0f, 0x20, 0xe0 };
	static const uint8_t read_dr6[] = { 0x0f, 0x21, 0xf0 };
	static const struct {
		const uint8_t *code;
		unsigned int size;
	} all[] = {
		{ cpuid, 7 }, { clts, 2 }, { read_cr4, 3 }, { read_dr6, 3 },
	};

	for (unsigned int i = 0; i < sizeof(all) / sizeof(*all); i++) {
		const uint64_t start = put_code(all[i].code, all[i].size);

		REQUIRE_EQ(run(start), TRAP_GP);
		REQUIRE_EQ(trap_last.rip, BOUNDARY);
	}
}

/* INT3 and INT n point behind themselves. */
static void test_interrupts(void)
{
	static const uint8_t int3[] = { 0xcc }, int_80[] = { 0xcd, 0x80 };

	REQUIRE_EQ(run(put_code(int3, 1)), TRAP_BP);
	REQUIRE_EQ(trap_last.rip, BOUNDARY);
	REQUIRE_EQ(run(put_code(int_80, 2)), 0x80);
	REQUIRE_EQ(trap_last.rip, BOUNDARY);
}

/* An instruction that starts below and ends beyond. */
static void test_cut_short(void)
{
	static const uint8_t prefix[] = { 0x0f, 0x0b, 'x', 'e', 'n' };
	static const uint8_t rdmsr[] = { 0x0f };

	const int vector = run(put_code(prefix, sizeof(prefix)));

	REQUIRE(vector == TRAP_UD || vector == TRAP_PF);
	REQUIRE(trap_last.rip >= BOUNDARY - 5 && trap_last.rip < BOUNDARY);
	REQUIRE_EQ(run(put_code(rdmsr, sizeof(rdmsr))), TRAP_GP);
	REQUIRE_EQ(trap_last.rip, BOUNDARY - 1);
}

/* Loaded as it is, and shown in the next frame. */
static void test_stack_pointers(void)
{
	static const uint64_t odd[] = {
		HYPERVISOR_PLACES,
		0, 1, BOUNDARY, 0xffff7ffffffffff8, 0xffff800000000000,
		0xffff830000000000, ~0UL, 0xdead000000000000,
	};
	static const uint8_t int_80[] = { 0xcd, 0x80 };

	user_init();
	memcpy((void *)USER_PAGE, int_80, 2);
	for (unsigned int i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		for (int way = 0; way < 2; way++) {
			REQUIRE_EQ(enter(FLAT_USER_CS, USER_PAGE, odd[i],
					 way ? VGCF_in_syscall : 0), 0x80);
			REQUIRE_EQ(trap_last.rsp, odd[i]);
		}
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(hypercall),
	TEST(system_call),
	TEST(iret),
	TEST(emulated),
	TEST(interrupts),
	TEST(cut_short),
	TEST(stack_pointers),
	TEST(all_works),
	TESTS_END
};
