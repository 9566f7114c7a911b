// SPDX-License-Identifier: BSD-2-Clause
/* The CMOS clock: read once at boot, dom0's afterwards. */
#include "x86/cmos.h"

#include "x86/asm.h"

#define INDEX_PORT 0x70
#define DATA_PORT 0x71
#define STATUS_A 10
#define STATUS_B 11
#define UPDATING 0x80
#define BINARY 0x04
#define HOURS_24 0x02
#define SPINS 100000

static uint8_t cmos_read(uint8_t index)
{
	outb(INDEX_PORT, index);
	return inb(DATA_PORT);
}

struct date {
	unsigned second, minute, hour, day, month, year;
};

static unsigned number(uint8_t value, bool binary)
{
	return binary ? value : (value >> 4) * 10u + (value & 15);
}

static struct date read_date(void)
{
	const uint8_t status = cmos_read(STATUS_B);
	const bool binary = status & BINARY;
	const uint8_t hour = cmos_read(4);
	struct date d = {
		.second = number(cmos_read(0), binary),
		.minute = number(cmos_read(2), binary),
		.hour = number(hour & 0x7f, binary),
		.day = number(cmos_read(7), binary),
		.month = number(cmos_read(8), binary),
		.year = number(cmos_read(9), binary),
	};

	if (!(status & HOURS_24))
		d.hour = d.hour % 12 + (hour & 0x80 ? 12 : 0);
	d.year += d.year < 70 ? 2000 : 1900;
	return d;
}

/* Days since 1970-01-01; years begin in March, so that the leap day is last. */
static uint64_t days(const struct date *d)
{
	const unsigned year = d->month > 2 ? d->year : d->year - 1;
	const unsigned month = d->month > 2 ? d->month - 3 : d->month + 9;

	return 365ull * year + year / 4 - year / 100 + year / 400 +
		(153 * month + 2) / 5 + d->day - 1 - 719468;
}

uint64_t cmos_time(void)
{
	struct date d, again;

	for (unsigned i = 0; i < SPINS; i++)
		if (!(cmos_read(STATUS_A) & UPDATING))
			break;
	again = read_date();
	do {
		d = again;
		again = read_date();
	} while (d.second != again.second);
	if (d.month < 1 || d.month > 12 || d.day < 1 || d.day > 31)
		return 0;
	return days(&d) * 86400 + d.hour * 3600ull + d.minute * 60 + d.second;
}
