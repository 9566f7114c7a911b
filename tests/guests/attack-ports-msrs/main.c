/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker, an unprivileged domain, wants at the machine: every I/O port
 * (CMOS, PCI configuration, the reset and power registers, the keyboard
 * controller, the serial console, string I/O with pointers of its choice) with
 * the IOPL that the hypervisor gives to everybody; every MSR that means
 * something; control registers. Its user space and dom0's try the same.
 *
 * What must happen: ports read as nothing and take nothing, MSRs are #GP or
 * constants; the machine, its clock and dom0's view of PCI stay what they were;
 * user mode gets #GP.
 *
 * Class: privileged operations, emulation (compare XSA-9, XSA-108, XSA-202).
 * Same on Xen.
 */
#include <xen/physdev.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

static struct child child = { .traps = true };

static uint8_t cmos(uint8_t index)
{
	uint8_t value;

	asm volatile("outb %0, $0x70" : : "a"(index));
	asm volatile("inb $0x71, %0" : "=a"(value));
	return value;
}

static uint32_t pci(uint32_t address)
{
	uint32_t value;

	asm volatile("outl %0, %w1" : : "a"(address), "d"(0xcf8));
	asm volatile("inl %w1, %0" : "=a"(value) : "d"(0xcfc));
	return value;
}

static int64_t set_iopl(unsigned int level)
{
	struct physdev_set_iopl op = { .iopl = level };

	return hv_physdev_op(PHYSDEVOP_set_iopl, &op);
}

static void test_start(void)
{
	struct physdev_set_iopl op = { .iopl = 3 };

	REQUIRE_EQ(set_iopl(1), 0);
	REQUIRE_EQ(child_start(&child), 0);
	REQUIRE_EQ(child_call_with(&child, __HYPERVISOR_physdev_op,
				   PHYSDEVOP_set_iopl, &op, sizeof(op)), 0);
}

/* for all ports in rsi..rcx: in (%dx) to rdi, by `rep`-less loop:
 * 1: mov %esi, %edx; in (%dx), %eax; stos; inc %esi; cmp %ecx, %esi; jb 1b;
 * ud2 */
static const uint8_t read_all[] = {
	0x89, 0xf2, 0x31, 0xc0, 0xec, 0xaa, 0xff, 0xc6, 0x39, 0xce, 0x72, 0xf4,
	0x0f, 0x0b,
};

/* Byte by byte, 2048 ports at a time. */
static void test_read(void)
{
	const uint8_t *found = (const uint8_t *)child.data;

	for (uint64_t port = 0; port < 0x10000; port += 2048) {
		REQUIRE(child_run(&child, read_all, sizeof(read_all),
				  CHILD_VA(CHILD_DATA), port, port + 2048));
		for (uint64_t i = 0; i < 2048; i++) {
			const bool none = found[i] == 0xff || found[i] == 0;

			/* the timer is emulated, so it may count */
			if (none || port + i == 0x42 || port + i == 0x61)
				continue;
			test_fail(__LINE__, "port %#lx gives %#x", port + i,
				  found[i]);
			return;
		}
	}
}

/* mov %esi, %edx; mov %ecx, %eax; out %al; out %ax; out %eax; ud2 */
static const uint8_t write_one[] = {
	0x89, 0xf2, 0x89, 0xc8, 0xee, 0x66, 0xef, 0xef, 0x0f, 0x0b,
};

/* Each of these would end or change the machine. */
static void test_write(void)
{
	static const struct {
		uint16_t port;
		uint32_t value;
	} all[] = {
		{ 0xcf9, 0x06 }, { 0xcf9, 0x0e }, { 0x92, 0x01 },
		{ 0x64, 0xfe }, { 0x604, 0x2000 }, { 0xb004, 0x2000 },
		{ 0x600, 0x2000 }, { 0x501, 0x31 }, { 0xf4, 0x10 },
		{ 0x70, 0x8f }, { 0x71, 0x5a }, { 0xcf8, 0x80000004 },
		{ 0xcfc, 0 }, { 0x3f8, 'X' }, { 0x3fb, 0x80 }, { 0x43, 0x30 },
		{ 0x20, 0x11 }, { 0x21, 0xff }, { 0xa1, 0xff }, { 0x80, 1 },
		{ 0xb2, 0xff }, { 0xfffc, ~0u }, { 0xffff, ~0u },
	};
	const uint8_t day = cmos(0x0f);
	const uint32_t bridge = pci(0x80000000), command = pci(0x80000004);

	for (unsigned int i = 0; i < sizeof(all) / sizeof(*all); i++) {
		REQUIRE(child_run(&child, write_one, sizeof(write_one), 0,
				  all[i].port, all[i].value));
		REQUIRE(child_is_well(&child));
	}
	REQUIRE_EQ(cmos(0x0f), day);
	REQUIRE_EQ(pci(0x80000000), bridge);
	REQUIRE_EQ(pci(0x80000004), command);
	REQUIRE_EQ(cmos(0x0d) & 0x80, 0x80);
}

/* dom0 has an address latched; the child's must not replace it. */
static void test_pci_latch(void)
{
	uint32_t value;

	asm volatile("outl %0, %w1" : : "a"(0x80000000), "d"(0xcf8));
	REQUIRE(child_run(&child, write_one, sizeof(write_one), 0, 0xcf8,
			  0x80000008));
	asm volatile("inl %w1, %0" : "=a"(value) : "d"(0xcfc));
	REQUIRE_EQ(value & 0xffff, 0x8086);
}

/* mov $0x71, %edx; rep insb with rdi, rcx; ud2 -- and rep outsb from rsi */
static const uint8_t string_in[] = {
	0xba, 0x71, 0, 0, 0, 0xf3, 0x6c, 0x0f, 0x0b,
};
static const uint8_t string_out[] = {
	0xba, 0x80, 0, 0, 0, 0xf3, 0x6e, 0x0f, 0x0b,
};

static void test_string_pointers(void)
{
	static const uint64_t bad[] = {
		HYPERVISOR_PLACES,
		0xffff82d040200000, 0xffff830000000000, 0xffff800000000000,
		0x0000800000000000, 0xffff7ffffffffff8, 0xffff87ffffffffff,
		CHILD_VA(CHILD_L1), CHILD_VA(CHILD_L4), 0x1000, ~0UL,
	};

	for (unsigned int i = 0; i < sizeof(bad) / 8; i++) {
		REQUIRE(child_run(&child, string_in, sizeof(string_in), bad[i],
				  0, ~0UL));
		REQUIRE(child_run(&child, string_out, sizeof(string_out), 0,
				  bad[i], ~0UL));
		REQUIRE(child_is_well(&child));
	}
}

/* rdmsr to (rdi); ud2 -- wrmsr of edx:eax = 0:rsi; ud2 */
static const uint8_t read_msr[] = {
	0x0f, 0x32, 0x48, 0x89, 0x07, 0x48, 0x89, 0x57, 0x08, 0x0f, 0x0b,
};
static const uint8_t write_msr[] = {
	0x89, 0xf0, 0x31, 0xd2, 0x0f, 0x30, 0x48, 0xc7, 0x07, 0x77, 0, 0, 0,
	0x0f, 0x0b,
};

#define UNTOUCHED 0x5555

static const uint32_t msrs[] = {
	0x10, 0x1b, 0x2c, 0x34, 0x3a, 0x48, 0x49, 0x79, 0x8b, 0xc1, 0xce, 0xe7,
	0xfe, 0x10a, 0x10b, 0x122, 0x140, 0x174, 0x175, 0x176, 0x179, 0x17a,
	0x186, 0x198, 0x199, 0x19a, 0x1a0, 0x1d9, 0x1f2, 0x200, 0x250, 0x277,
	0x2ff, 0x309, 0x345, 0x38d, 0x38f, 0x400, 0x401, 0x480, 0x48b, 0x4e0,
	0x600, 0x6a0, 0x6a2, 0x6e0, 0x800, 0x802, 0x830, 0xc80, 0xd90, 0xda0,
	0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc00000e7,
	0xc0010000, 0xc0010010, 0xc0010015, 0xc0010061, 0xc0010114, 0xc0010117,
	0xc0011029, 0xc0011027,
};

static bool is_address_of_hypervisor(uint64_t value)
{
	return value >= 0xffff800000000000 && value < 0xffff880000000000;
}

static void test_msrs(void)
{
	for (unsigned int i = 0; i < sizeof(msrs) / sizeof(*msrs); i++) {
		child.data[0] = child.data[1] = UNTOUCHED;
		REQUIRE(child_run(&child, read_msr, sizeof(read_msr),
				  CHILD_VA(CHILD_DATA), 0, msrs[i]));
		const uint64_t value = child.data[0] | child.data[1] << 32;

		/* STAR, LSTAR and the like would tell where it is */
		REQUIRE(!is_address_of_hypervisor(value));
		for (uint64_t bit = 0; bit < 32; bit += 15)
			REQUIRE(child_run(&child, write_msr, sizeof(write_msr),
					  CHILD_VA(CHILD_DATA), 1u << bit,
					  msrs[i]));
	}
	/* had LSTAR or EFER changed this would be the end */
	REQUIRE(child_is_well(&child));
	REQUIRE_INTACT();
}

static void user_in(uint64_t port)
{
	asm volatile("inb %%dx, %%al" : : "d"((uint16_t)port) : "rax");
}

static void user_rdmsr(uint64_t msr)
{
	asm volatile("rdmsr" : : "c"((uint32_t)msr) : "rax", "rdx");
}

static void user_wrmsr(uint64_t msr)
{
	asm volatile("wrmsr" : : "c"((uint32_t)msr), "a"(0), "d"(0));
}

static void user_cr(uint64_t value)
{
	asm volatile("mov %0, %%cr3" : : "r"(value));
}

static void user_dr(uint64_t value)
{
	asm volatile("mov %0, %%dr0" : : "r"(value));
}

static void user_clts(uint64_t value)
{
	(void)value;
	asm volatile("clts");
}

static void user_xsetbv(uint64_t value)
{
	asm volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"(0));
}

static void user_cli(uint64_t value)
{
	(void)value;
	asm volatile("cli");
}

/* What its kernel may, dom0's user space may not. */
static void test_user_space(void)
{
	static const struct {
		void (*fn)(uint64_t arg);
		uint64_t arg;
	} all[] = {
		{ user_in, 0x71 }, { user_in, 0xcf8 }, { user_in, 0xffff },
		{ user_rdmsr, 0xc0000100 }, { user_rdmsr, 0x1b },
		{ user_wrmsr, 0xc0000101 }, { user_wrmsr, 0xc0000102 },
		{ user_wrmsr, 0x40000000 }, { user_dr, 0 }, { user_clts, 0 },
		{ user_cli, 0 }, { user_cr, 0 },
	};

	for (unsigned int i = 0; i < sizeof(all) / sizeof(*all); i++) {
		REQUIRE_EQ(user_call(all[i].fn, all[i].arg), TRAP_GP);
		REQUIRE_EQ(trap_last.cs & 3, 3);
	}
	REQUIRE_EQ(user_call(user_cr, machine_address(user_root())), TRAP_GP);
	const int vector = user_call(user_xsetbv, 3);

	/* #UD while the kernel has not set CR4.OSXSAVE */
	REQUIRE(vector == TRAP_GP || vector == TRAP_UD);
}

/* The bitmap of ports that user space may use, at bad places. */
static void test_port_bitmap(void)
{
	static const uint64_t bad[] = {
		HYPERVISOR_PLACES,
		0xffff82d040200000, 0xffff830000000000, 0x0000800000000000,
		0xffff7ffffffffff0, 0x1000, ~0UL,
	};
	struct physdev_set_iobitmap op;

	for (unsigned int i = 0; i < sizeof(bad) / 8; i++)
		for (uint32_t nr = 1; nr <= 0x10000; nr *= 16) {
			op = (struct physdev_set_iobitmap){ .nr_ports = nr };
			memcpy(&op.bitmap, &bad[i], 8);
			hv_physdev_op(PHYSDEVOP_set_iobitmap, &op);
			REQUIRE_EQ(user_call(user_in, nr - 1), TRAP_GP);
			REQUIRE_EQ(user_call(user_in, 0), TRAP_GP);
		}
	op.nr_ports = 0x10001;
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iobitmap, &op), EINVAL_);
	op = (struct physdev_set_iobitmap){ 0 };
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iobitmap, &op), 0);
}

static void test_all_works(void)
{
	REQUIRE(child_end(&child));
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(start),
	TEST(read),
	TEST(write),
	TEST(pci_latch),
	TEST(string_pointers),
	TEST(msrs),
	TEST(user_space),
	TEST(port_bitmap),
	TEST(all_works),
	TESTS_END
};
