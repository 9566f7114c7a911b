/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves physdev_op as dom0 uses it: I/O privilege and port bitmaps, IO-APIC
 * reads, mapping and unmapping PIRQs with their errors, setting up a GSI; and
 * two real interrupts through bound PIRQs, the keyboard controller's edge and
 * the real-time clock's, masked and counted.
 */
#include <xen/event_channel.h>
#include <xen/physdev.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define MS 1000000UL

static void out8(uint16_t port, uint8_t value)
{
	asm volatile("outb %b0, %w1" : : "a"(value), "d"(port));
}

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %w1, %b0" : "=a"(value) : "d"(port));
	return value;
}

static void try_in(uint64_t port)
{
	in8(port);
}

static void try_in_from_user(uint64_t port)
{
	in8(port);
	asm volatile("syscall");
}

static void try_in16_from_user(uint64_t port)
{
	asm volatile("inw %w0, %%ax; syscall" : : "d"(port) : "rax");
}

static int64_t set_iopl(unsigned int level)
{
	struct physdev_set_iopl op = { .iopl = level };

	return hv_physdev_op(PHYSDEVOP_set_iopl, &op);
}

static void test_iopl(void)
{
	REQUIRE_EQ(trap_try(try_in, 0x71), TRAP_GP);
	for (unsigned int level = 1; level <= 3; level++) {
		REQUIRE_EQ(set_iopl(level), 0);
		REQUIRE_EQ(trap_try(try_in, 0x71), NO_TRAP);
	}
	REQUIRE_EQ(set_iopl(4), EINVAL_);
	REQUIRE_EQ(set_iopl(0), 0);
	REQUIRE_EQ(trap_try(try_in, 0x71), TRAP_GP);
}

/* User mode may use the ports whose bits are clear, whatever the IOPL. */
static void test_io_bitmap(void)
{
	static uint8_t bitmap[8192];
	struct physdev_set_iobitmap op = {
		.bitmap = bitmap, .nr_ports = 0x100,
	};

	for (unsigned int i = 0; i < sizeof(bitmap); i++)
		bitmap[i] = 0xff;
	bitmap[0x71 / 8] &= ~(1 << 0x71 % 8);
	REQUIRE_EQ(user_call(try_in_from_user, 0x71), TRAP_GP);
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iobitmap, &op), 0);
	REQUIRE_EQ(user_call(try_in_from_user, 0x71), PV_VECTOR_SYSCALL);
	REQUIRE_EQ(user_call(try_in_from_user, 0x70), TRAP_GP);
	/* read when used: a change counts at once; beyond nr_ports nothing */
	bitmap[0x70 / 8] &= ~(1 << 0x70 % 8);
	REQUIRE_EQ(user_call(try_in_from_user, 0x70), PV_VECTOR_SYSCALL);
	/* two ports in one access, whose bits are in two bytes */
	REQUIRE_EQ(user_call(try_in16_from_user, 0x77), TRAP_GP);
	bitmap[0x77 / 8] &= ~(1 << 0x77 % 8);
	REQUIRE_EQ(user_call(try_in16_from_user, 0x77), TRAP_GP);
	bitmap[0x78 / 8] &= ~(1 << 0x78 % 8);
	REQUIRE_EQ(user_call(try_in16_from_user, 0x77), PV_VECTOR_SYSCALL);
	bitmap[0x170 / 8] = 0;
	REQUIRE_EQ(user_call(try_in_from_user, 0x170), TRAP_GP);
	op.nr_ports = 65537;
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iobitmap, &op), EINVAL_);
	op = (struct physdev_set_iobitmap){ 0 };
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iobitmap, &op), 0);
	REQUIRE_EQ(user_call(try_in_from_user, 0x71), TRAP_GP);
}

static void test_apic_read(void)
{
	struct physdev_apic op = { .apic_physbase = 0xfec00000, .reg = 1 };

	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_apic_read, &op), 0);
	REQUIRE_EQ(op.value & 0xff, 0x20);		/* version */
	REQUIRE_EQ(op.value >> 16 & 0xff, 23);		/* last entry */
	op.apic_physbase = 0xfed00000;
	REQUIRE(hv_physdev_op(PHYSDEVOP_apic_read, &op) < 0);
}

/* Entries of the I/O APIC are the hypervisor's: a write changes none. */
static void test_apic_write(void)
{
	struct physdev_apic op = { .apic_physbase = 0xfec00000, .reg = 0x24 };

	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_apic_read, &op), 0);
	const uint32_t before = op.value;

	op.value = before ^ 0xff;
	const int64_t rc = hv_physdev_op(PHYSDEVOP_apic_write, &op);

	REQUIRE(rc == 0 || rc == EPERM_ || rc == EINVAL_);
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_apic_read, &op), 0);
	REQUIRE_EQ(op.value, before);
	op.apic_physbase = 0xfed00000;
	REQUIRE(hv_physdev_op(PHYSDEVOP_apic_write, &op) < 0);
}

static void test_alloc_vector(void)
{
	struct physdev_irq op = { .irq = 9 };

	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_alloc_irq_vector, &op), 0);
	REQUIRE_EQ(op.vector, 9);
	op.irq = 1000; /* there is no such line, which Xen leaves open */
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_alloc_irq_vector, &op),
		   on_shoji() ? EINVAL_ : 0);
}

static int64_t map_gsi(int gsi, int pirq, int *got)
{
	struct physdev_map_pirq op = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI,
		.index = gsi, .pirq = pirq,
	};
	const int64_t rc = hv_physdev_op(PHYSDEVOP_map_pirq, &op);

	*got = op.pirq;
	return rc;
}

static int64_t unmap(int pirq)
{
	struct physdev_unmap_pirq op = { .domid = DOMID_SELF, .pirq = pirq };

	return hv_physdev_op(PHYSDEVOP_unmap_pirq, &op);
}

static void test_map_pirq(void)
{
	int pirq;

	for (int gsi = 1; gsi < 16; gsi++) {
		if (gsi == 2)
			continue;	/* the cascade */
		const int64_t rc = map_gsi(gsi, gsi, &pirq);

		/* the hypervisor may keep its serial line's */
		if (gsi == 4 && rc)
			continue;
		REQUIRE_EQ(rc, 0);
		REQUIRE_EQ(pirq, gsi);
	}
	/* the same again is no error */
	REQUIRE_EQ(map_gsi(1, 1, &pirq), 0);
}

static void test_map_pirq_errors(void)
{
	int pirq;
	struct physdev_map_pirq op = {
		.domid = 77, .type = MAP_PIRQ_TYPE_GSI, .index = 1, .pirq = 1,
	};

	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_map_pirq, &op), ESRCH_);
	REQUIRE(map_gsi(5000, 5000, &pirq) < 0);
	REQUIRE(map_gsi(-1, 5, &pirq) < 0);
	op = (struct physdev_map_pirq){ .domid = DOMID_SELF, .type = 77 };
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_map_pirq, &op), EINVAL_);
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_map_pirq, (void *)0x1000),
		   EFAULT_);
	/* MSI of a device that is not there */
	op = (struct physdev_map_pirq){
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI_SEG,
		.index = -1, .pirq = -1, .bus = 0, .devfn = 0x10 << 3,
	};
	REQUIRE(hv_physdev_op(PHYSDEVOP_map_pirq, &op) < 0);
	REQUIRE_EQ(unmap(5000), EINVAL_);
	REQUIRE_EQ(unmap(-1), EINVAL_);
}

static int64_t setup_gsi(int gsi, uint8_t level, uint8_t low)
{
	struct physdev_setup_gsi op = {
		.gsi = gsi, .triggering = level, .polarity = low,
	};

	return hv_physdev_op(PHYSDEVOP_setup_gsi, &op);
}

static void test_setup_gsi(void)
{
	int pirq;
	const int64_t rc = setup_gsi(16, 1, 1);

	REQUIRE(rc == 0 || rc == EEXIST_);
	REQUIRE_EQ(setup_gsi(5000, 1, 1), EINVAL_);
	REQUIRE_EQ(setup_gsi(-1, 1, 1), EINVAL_);
	/* The line of the hypervisor's own console. */
	REQUIRE_EQ(setup_gsi(4, 0, 0), EEXIST_);
	REQUIRE_EQ(map_gsi(16, 16, &pirq), 0);
	REQUIRE_EQ(unmap(16), 0);
	REQUIRE_EQ(unmap(16), EINVAL_);
}

static void test_bind_errors(void)
{
	REQUIRE_EQ(event_bind_pirq(5000, 0), EINVAL_);
	REQUIRE_EQ(event_bind_pirq(~0u, 0), EINVAL_);
	const int64_t port = event_bind_pirq(3, 0);

	REQUIRE(port > 0);
	REQUIRE_EQ(event_bind_pirq(3, 0), EEXIST_);
	struct evtchn_status st = { .dom = DOMID_SELF, .port = port };

	REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_status, &st), 0);
	REQUIRE_EQ(st.status, EVTCHNSTAT_pirq);
	REQUIRE_EQ(st.u.pirq, 3);
	REQUIRE_EQ(event_close(port), 0);
	const int64_t again = event_bind_pirq(3, 0);

	REQUIRE(again > 0);
	REQUIRE_EQ(event_close(again), 0);
}

static void test_status_and_eoi(void)
{
	struct physdev_irq_status_query query = { .irq = 1 };
	struct physdev_eoi eoi = { .irq = 1 };

	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_irq_status_query, &query), 0);
	query.irq = 5000;
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_irq_status_query, &query), EINVAL_);
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_eoi, &eoi), 0);
	eoi.irq = 5000;
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_eoi, &eoi), EINVAL_);
	REQUIRE_EQ(hv_physdev_op(1000, &eoi), ENOSYS_);
}

static volatile unsigned int interrupts;

static void done(uint32_t irq)
{
	struct physdev_eoi eoi = { .irq = irq };

	hv_physdev_op(PHYSDEVOP_eoi, &eoi);
}

static void keyboard(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	if (in8(0x64) & 1)
		in8(0x60);
	interrupts++;
	done(1);
}

static bool wait_interrupts(unsigned int wanted)
{
	for (const uint64_t end = now() + PATIENCE; now() < end;)
		if (interrupts >= wanted)
			return true;
	return false;
}

static void controller_wait(void)
{
	while (in8(0x64) & 2)
		;
}

static void command(uint8_t code, uint8_t value)
{
	controller_wait();
	out8(0x64, code);
	controller_wait();
	out8(0x60, value);
}

/* Command D2 makes a byte appear as if the keyboard had sent it. */
static void test_keyboard_interrupt(void)
{
	REQUIRE_EQ(set_iopl(1), 0);
	const int64_t rc = setup_gsi(1, 0, 0);

	REQUIRE(rc == 0 || rc == EEXIST_);
	const int64_t port = event_bind_pirq(1, 0);

	REQUIRE(port > 0);
	while (in8(0x64) & 1)
		in8(0x60);
	command(0x60, 0x61);		/* interrupt 1 on */
	event_init();
	event_register(port, keyboard, NULL);
	event_enable(0);
	interrupts = 0;
	for (unsigned int i = 1; i <= 20; i++) {
		command(0xd2, 0x40 + i);
		REQUIRE(wait_interrupts(i));
	}
	/* masked it waits, and comes when unmasked */
	event_mask(port);
	command(0xd2, 0x5a);
	for (const uint64_t end = now() + PATIENCE;
	     !event_pending(port) && now() < end;)
		;
	REQUIRE(event_pending(port));
	REQUIRE_EQ(interrupts, 20);
	REQUIRE_EQ(event_unmask(port), 0);
	REQUIRE(wait_interrupts(21));
	command(0x60, 0x60);
	event_disable(0);
	REQUIRE_EQ(event_close(port), 0);
}

static uint8_t cmos(uint8_t index)
{
	out8(0x70, index);
	return in8(0x71);
}

static void set_cmos(uint8_t index, uint8_t value)
{
	out8(0x70, index);
	out8(0x71, value);
}

static void clock(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	interrupts++;
	cmos(0x0c);
	done(8);
}

/* The RTC's periodic interrupt at 64 Hz. */
static void test_rtc_interrupt(void)
{
	const int64_t port = event_bind_pirq(8, 0);

	REQUIRE(port > 0);
	const uint8_t a = cmos(0x0a), b = cmos(0x0b);

	interrupts = 0;
	event_register(port, clock, NULL);
	event_enable(0);
	set_cmos(0x0a, (a & 0xf0) | 10);
	set_cmos(0x0b, b | 0x40);
	cmos(0x0c);
	const uint64_t start = now();
	const bool came = wait_interrupts(20);
	const uint64_t took = now() - start;

	set_cmos(0x0b, b);
	set_cmos(0x0a, a);
	cmos(0x0c);
	event_disable(0);
	REQUIRE_EQ(event_close(port), 0);
	REQUIRE(came);
	REQUIRE(took > 200 * MS);
}

const struct test tests[] = {
	TEST(iopl),
	TEST(io_bitmap),
	TEST(apic_read),
	TEST(apic_write),
	TEST(alloc_vector),
	TEST(map_pirq),
	TEST(map_pirq_errors),
	TEST(setup_gsi),
	TEST(bind_errors),
	TEST(status_and_eoi),
	TEST(keyboard_interrupt),
	TEST(rtc_interrupt),
	TESTS_END
};
