/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of CPUs as xl writes them: "all", "0-3,^1,7". A leading "^" takes CPUs
 * out again, in the order of writing.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/domconfig.h"

static void set_range(uint8_t *map, unsigned from, unsigned to, bool on)
{
	for (unsigned cpu = from; cpu <= to; cpu++)
		if (on)
			map[cpu / 8] |= 1 << cpu % 8;
		else
			map[cpu / 8] &= ~(1 << cpu % 8);
}

static bool take_number(const char **at, unsigned nr, unsigned *number)
{
	char *end;
	unsigned long value;

	if (!isdigit((unsigned char)**at))
		return false;
	value = strtoul(*at, &end, 10);
	*at = end;
	*number = value;
	return value < nr;
}

int cpu_list_parse(const char *text, uint8_t *map, unsigned nr)
{
	const char *at = text;

	memset(map, 0, (nr + 7) / 8);
	while (*at) {
		unsigned from = 0, to = nr - 1;
		bool on = true;

		at += strspn(at, " \t,");
		if (*at == '^') {
			on = false;
			at++;
		}
		if (!strncmp(at, "all", 3))
			at += 3;
		else if (!take_number(&at, nr, &from))
			return -EINVAL;
		else if (*at != '-')
			to = from;
		else if (at++, !take_number(&at, nr, &to) || to < from)
			return -EINVAL;
		at += strspn(at, " \t");
		if (*at && *at != ',')
			return -EINVAL;
		set_range(map, from, to, on);
	}
	for (unsigned i = 0; i < (nr + 7) / 8; i++)
		if (map[i])
			return 0;
	return -EINVAL;
}

static bool has(const uint8_t *map, unsigned nr, unsigned cpu)
{
	return cpu < nr && map[cpu / 8] >> cpu % 8 & 1;
}

void cpu_list_print(const uint8_t *map, unsigned nr, char *text, size_t size)
{
	size_t length = 0;
	unsigned count = 0;

	text[0] = 0;
	for (unsigned cpu = 0; cpu < nr; cpu++)
		count += has(map, nr, cpu);
	if (count == nr) {
		snprintf(text, size, "all");
		return;
	}
	for (unsigned cpu = 0; cpu < nr && length < size; cpu++) {
		unsigned end = cpu;

		if (!has(map, nr, cpu))
			continue;
		while (has(map, nr, end + 1))
			end++;
		length += snprintf(text + length, size - length,
			end > cpu ? "%s%u-%u" : "%s%u", length ? "," : "", cpu,
			end);
		cpu = end;
	}
}
