/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the time records: sane from the first read, consistent while they
 * are rewritten, monotonic over a second of reading and across events, in
 * step with the real-time clock of the machine; the wall clock is its date;
 * a second copy of the record can be registered; setting the wall clock works.
 */
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define MS 1000000UL
#define S 1000000000UL

static uint64_t ns_of(const struct vcpu_time_info *time, uint64_t ticks)
{
	if (time->tsc_shift < 0)
		ticks >>= -time->tsc_shift;
	else
		ticks <<= time->tsc_shift;
	return (unsigned __int128)ticks * time->tsc_to_system_mul >> 32;
}

static struct vcpu_time_info record(void)
{
	volatile struct vcpu_time_info *from = &event_vcpu_info(0)->time;
	struct vcpu_time_info time;

	do
		time = *from;
	while ((time.version & 1) || time.version != from->version);
	return time;
}

static void test_sane(void)
{
	const struct vcpu_time_info time = record();

	REQUIRE(time.version != 0);
	REQUIRE(time.tsc_to_system_mul != 0);
	REQUIRE(time.tsc_shift > -20 && time.tsc_shift < 20);
	REQUIRE(time.tsc_timestamp <= tsc());
	REQUIRE(time.system_time < 3600 * S);
	/* 100 MHz to 10 GHz */
	REQUIRE(ns_of(&time, S) > S / 10 && ns_of(&time, S) < 10 * S);
}

static void test_monotonic(void)
{
	const struct vcpu_time_info time = record();
	uint64_t tsc_before = tsc(), before = now();

	for (const uint64_t end = before + S; before < end;) {
		const uint64_t tsc_then = tsc(), t = now();

		REQUIRE(t >= before);
		/* no jump either, but for what the TSC shows as well: a busy
		 * host stops us for seconds */
		REQUIRE(t - before < ns_of(&time, tsc() - tsc_before) +
				     S / 10);
		tsc_before = tsc_then;
		before = t;
	}
}

static uint64_t ns_at(const struct vcpu_time_info *time, uint64_t when)
{
	return time->system_time + ns_of(time, when - time->tsc_timestamp);
}

/* Xen makes a new record every second, Shoji need not: either way an old one
 * goes on telling the time. */
static void test_old_record(void)
{
	const struct vcpu_time_info old = record();

	for (const uint64_t end = now() + 1200 * MS; now() < end;)
		hv_xen_version(0, NULL);
	const struct vcpu_time_info new = record();
	const uint64_t when = tsc();
	const int64_t apart = ns_at(&new, when) - ns_at(&old, when);

	REQUIRE(apart > -(int64_t)(5 * MS) && apart < (int64_t)(5 * MS));
}

static unsigned int bcd(uint8_t value)
{
	return value / 16 * 10 + value % 16;
}

static uint8_t cmos(uint8_t index)
{
	uint8_t value;

	asm volatile("outb %b1, $0x70; inb $0x71, %b0" : "=a"(value)
		     : "0"(index));
	return value;
}

/* When the RTC began a second: between the last look at the old one and the
 * first at the new one. */
struct moment {
	uint64_t after, before;
	uint8_t second;
};

static struct moment next_second(void)
{
	struct moment m = { .before = now() };
	const uint8_t old = m.second = cmos(0);

	while (m.second == old) {
		m.after = m.before;
		m.before = now();
		m.second = cmos(0);
	}
	m.before = now();
	return m;
}

/* Seconds of the RTC are seconds of ours, though not all may be seen where a
 * busy host stops QEMU; the first and the last one must be seen well. */
static void test_against_rtc(void)
{
	struct physdev_set_iopl op = { .iopl = 1 };
	struct moment first, last;

	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iopl, &op), 0);
	do
		first = next_second();
	while (first.before - first.after > 20 * MS);
	next_second();
	do
		last = next_second();
	while (last.before - last.after > 20 * MS);
	const uint64_t seconds = (60 + bcd(last.second) - bcd(first.second)) %
				 60;

	REQUIRE(last.before - first.after > seconds * 980 * MS);
	REQUIRE(last.after - first.before < seconds * 1020 * MS);
}

static uint64_t rtc_read(void)
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

/* The registers are read one by one, and may change meanwhile. */
static uint64_t rtc_unix(void)
{
	uint64_t before, after = rtc_read();

	do {
		before = after;
		after = rtc_read();
	} while (after != before);
	return after;
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
	const uint64_t before = wall_clock(), rtc = rtc_unix();

	REQUIRE(rtc + 2 >= before && rtc <= wall_clock() + 2);
	REQUIRE(pv_shared->wc_nsec < S);
}

static void test_set_wall_clock(void)
{
	const uint64_t was = wall_clock(), start = now();
	struct xen_platform_op op = {
		.cmd = XENPF_settime64,
		.interface_version = XENPF_INTERFACE_VERSION,
		.u.settime64 = { .secs = 2000000000, .nsecs = 5,
				 .system_time = start },
	};

	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_platform_op, &op), 0);
	REQUIRE_EQ(pv_shared->wc_version % 2, 0);
	const uint64_t is = wall_clock();

	REQUIRE(is >= 2000000000);
	REQUIRE(is <= 2000000001 + (now() - start) / S);
	op.u.settime64.secs = was;
	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_platform_op, &op), 0);
	const uint64_t back = wall_clock();

	REQUIRE(back >= was && back <= was + 1 + (now() - start) / S);
	/* the older form, of 32 bits */
	op.cmd = XENPF_settime32;
	op.u.settime32 = (struct xenpf_settime32){
		.secs = 1900000000, .nsecs = 1000000000, .system_time = start };
	REQUIRE(!on_shoji() || PV_CALL1(__HYPERVISOR_platform_op, &op) ==
				       EINVAL_);
	op.u.settime32.nsecs = 0;
	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_platform_op, &op), 0);
	const uint64_t older = wall_clock();

	REQUIRE(older >= 1900000000);
	REQUIRE(older <= 1900000001 + (now() - start) / S);
	op.cmd = XENPF_settime64;
	op.u.settime64 = (struct xenpf_settime64){
		.secs = was, .system_time = start };
	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_platform_op, &op), 0);
	op.u.settime64.mbz = 1;
	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_platform_op, &op), EINVAL_);
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
	/* a record that was lost is there again when the vCPU comes back, and
	 * its copy with it */
	volatile struct vcpu_time_info *first = &event_vcpu_info(0)->time;
	const uint64_t start = now();

	first->version = first->tsc_to_system_mul = 0;
	second = (struct vcpu_time_info){ 0 };
	/* again if the time was over before it could sleep */
	for (uint64_t wait = 5 * MS;
	     !first->tsc_to_system_mul && wait < PATIENCE; wait *= 10) {
		struct sched_poll poll = { .timeout = start + wait };

		hv_sched_op(SCHEDOP_poll, &poll);
	}
	REQUIRE(first->tsc_to_system_mul != 0);
	REQUIRE_EQ(second.tsc_to_system_mul, first->tsc_to_system_mul);
	REQUIRE_EQ(second.version % 2, 0);
	REQUIRE_EQ(second.system_time, first->system_time);
	area.addr.p = 0;
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &area),
		   0);
}

const struct test tests[] = {
	TEST(sane),
	TEST(monotonic),
	TEST(old_record),
	TEST(against_rtc),
	TEST(wall_clock),
	TEST(set_wall_clock),
	TEST(registered_copy),
	TESTS_END
};
