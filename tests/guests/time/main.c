/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the time records: sane from the first read, consistent while they
 * are rewritten, monotonic over a second of reading and across events, in
 * step with the real-time clock of the machine; the wall clock is its date;
 * a second copy of the record can be registered; setting the wall clock works.
 */
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/vcpu.h>

#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define MS 1000000UL
#define S 1000000000UL

static void test_sane(void)
{
	volatile struct vcpu_time_info *time = &event_vcpu_info(0)->time;

	REQUIRE_EQ(time->version % 2, 0);
	REQUIRE(time->version != 0);
	REQUIRE(time->tsc_to_system_mul != 0);
	REQUIRE(time->tsc_shift > -20 && time->tsc_shift < 20);
	REQUIRE(time->tsc_timestamp <= tsc());
	REQUIRE(time->system_time < 3600 * S);
	/* 100 MHz to 10 GHz */
	unsigned __int128 ns = (unsigned __int128)1000000000 *
			       time->tsc_to_system_mul >> 32;

	if (time->tsc_shift < 0)
		ns >>= -time->tsc_shift;
	else
		ns <<= time->tsc_shift;
	REQUIRE((uint64_t)ns > S / 10 && (uint64_t)ns < 10 * S);
}

static void test_monotonic(void)
{
	uint64_t before = now();

	for (const uint64_t end = before + S; before < end;) {
		const uint64_t t = now();

		REQUIRE(t >= before);
		/* no jump either: a second would be one */
		REQUIRE(t - before < S);
		before = t;
	}
}

/* The record itself is refreshed about once a second. */
static void test_refreshed(void)
{
	volatile struct vcpu_time_info *time = &event_vcpu_info(0)->time;

	for (const uint64_t end = now() + 500 * MS; now() < end;)
		hv_xen_version(0, NULL);
	REQUIRE(now() - time->system_time < 3 * S);
}

static uint8_t cmos(uint8_t index)
{
	uint8_t value;

	asm volatile("outb %b1, $0x70; inb $0x71, %b0" : "=a"(value)
		     : "0"(index));
	return value;
}

static void wait_second(void)
{
	const uint8_t second = cmos(0);

	while (cmos(0) == second)
		;
}

/* Two ticks of the RTC are two seconds of ours. */
static void test_against_rtc(void)
{
	struct physdev_set_iopl op = { .iopl = 1 };

	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iopl, &op), 0);
	/* a busy host may stop QEMU in the middle: three tries */
	for (int i = 0; i < 3; i++) {
		wait_second();
		const uint64_t start = now();

		wait_second();
		wait_second();
		const uint64_t took = now() - start;

		if (took > 1900 * MS && took < 2100 * MS)
			return;
	}
	REQUIRE(!"two seconds long");
}

static unsigned int bcd(uint8_t value)
{
	return value / 16 * 10 + value % 16;
}

static uint64_t rtc_unix(void)
{
	const unsigned int year = 2000 + bcd(cmos(9));
	const unsigned int month = bcd(cmos(8)), day = bcd(cmos(7));
	static const uint16_t before[] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334,
	};
	uint64_t days = (year - 1970) * 365UL + (year - 1969) / 4 +
			before[month - 1] + day - 1;

	if (month > 2 && year % 4 == 0)
		days++;
	return days * 86400 + bcd(cmos(4)) * 3600 + bcd(cmos(2)) * 60 +
	       bcd(cmos(0));
}

static uint64_t wall_clock(void)
{
	const uint32_t version = pv_shared->wc_version;
	const uint64_t base = pv_shared->wc_sec +
			      ((uint64_t)pv_shared->wc_sec_hi << 32);

	if (version % 2)
		return 0;
	return base + (pv_shared->wc_nsec + now()) / S;
}

static void test_wall_clock(void)
{
	const int64_t difference = wall_clock() - rtc_unix();

	REQUIRE(difference >= -2 && difference <= 2);
	REQUIRE(pv_shared->wc_nsec < S);
}

static void test_set_wall_clock(void)
{
	const uint64_t was = wall_clock();
	struct xen_platform_op op = {
		.cmd = XENPF_settime64,
		.interface_version = XENPF_INTERFACE_VERSION,
		.u.settime64 = { .secs = 2000000000, .nsecs = 5,
				 .system_time = now() },
	};

	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_platform_op, &op), 0);
	REQUIRE_EQ(pv_shared->wc_version % 2, 0);
	const uint64_t is = wall_clock();

	REQUIRE(is >= 2000000000 && is <= 2000000002);
	op.u.settime64.secs = was;
	op.u.settime64.system_time = now();
	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_platform_op, &op), 0);
	REQUIRE(wall_clock() >= was && wall_clock() <= was + 2);
	op.interface_version++;
	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_platform_op, &op), EACCES_);
}

static struct vcpu_time_info second __attribute__((aligned(64)));

static void test_registered_copy(void)
{
	struct vcpu_register_time_memory_area area = {
		.addr.p = (uint64_t)&second,
	};
	const int64_t rc = hv_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0,
				      &area);

	REQUIRE_EQ(rc, 0);
	for (const uint64_t end = now() + 50 * MS; now() < end;)
		hv_xen_version(0, NULL);
	REQUIRE_EQ(second.version % 2, 0);
	REQUIRE_EQ(second.tsc_to_system_mul,
		   event_vcpu_info(0)->time.tsc_to_system_mul);
	REQUIRE(second.system_time != 0);
	REQUIRE(second.system_time <= now());
	area.addr.p = 0;
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &area),
		   0);
}

const struct test tests[] = {
	TEST(sane),
	TEST(monotonic),
	TEST(refreshed),
	TEST(against_rtc),
	TEST(wall_clock),
	TEST(set_wall_clock),
	TEST(registered_copy),
	TESTS_END
};
