// SPDX-License-Identifier: BSD-2-Clause
/*
 * hypervisor/lib on the host: formatted output against the C library's, range
 * sets against arrays of bits under random operations, string
 * functions against the C library's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bitmap.h"
#include "lib/printf.h"
#include "lib/rangeset.h"
#include "mm/heap.h"
#include "suite.h"
#include "xen/errno.h"

/* What the files need of others */

const char *symbol_name(uint64_t address, uint64_t *offset);

const char *symbol_name(uint64_t address, uint64_t *offset)
{
	if (address < 0x1000)
		return NULL;
	*offset = address - 0x1000;
	return "start_here";
}

void *heap_alloc(size_t size)
{
	return calloc(1, size);
}

void heap_free(void *object)
{
	free(object);
}

void *hv_memcpy(void *to, const void *from, size_t size);
void *hv_memmove(void *to, const void *from, size_t size);
void *hv_memset(void *to, int byte, size_t size);
int hv_memcmp(const void *a, const void *b, size_t size);
size_t hv_strlen(const char *s);
size_t hv_strnlen(const char *s, size_t max);
int hv_strcmp(const char *a, const char *b);
int hv_strncmp(const char *a, const char *b, size_t max);
char *hv_strchr(const char *s, int c);
char *hv_strstr(const char *s, const char *part);
void string_copy(char *to, const char *from, size_t size);
uint64_t string_number(const char *s, const char **end, unsigned base);

/* Formats: what the C library prints is right. */

#define SAME(...)                                                          \
	do {                                                               \
		char ours[200], theirs[200];                               \
		const int n = format_string(ours, sizeof(ours), __VA_ARGS__); \
		const int m = snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
                                                                           \
		CHECK_EQUAL(n, m);                                         \
		CHECK(!strcmp(ours, theirs));                              \
	} while (0)

static void print_integers(void)
{
	static const long values[] = { 0, 1, -1, 9, 10, 255, 256, -128, 65536,
		2147483647, -2147483648, 9223372036854775807,
		-9223372036854775807 - 1 };

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const long v = values[i];

		SAME("%ld %lu %lx", v, v, v);
		SAME("%d %u %x", (int)v, (unsigned)v, (unsigned)v);
		SAME("%hd %hu %hhd %hhu", (short)v, (unsigned short)v,
			(signed char)v, (unsigned char)v);
		SAME("[%8ld] [%-8ld] [%08ld]", v, v, v);
		SAME("[%.5ld] [%8.5ld] [%-8.5ld] [%8.5lx]", v, v, v, v);
		SAME("[%20lx] [%-20lx] [%020lx] [%*ld]", v, v, v, 12, v);
		SAME("%zu %lld", (size_t)v, (long long)v);
	}
	SAME("%#x %#lx %#018lx", 255, 0xfffful, 0xdeadbeeful);
}

static void print_text(void)
{
	SAME("%s|%10s|%-10s|%.2s|%10.2s|%%|%c|%5c|%-5c|", "abc", "abc", "abc",
		"abc", "abc", 'x', 'y', 'z');
	SAME("%.*s|%-*s|", 3, "abcdef", -6, "ab");
	SAME("plain");
	SAME("%s", "");
}

static void print_addresses(void)
{
	char text[64];

	format_string(text, sizeof(text), "%p", (void *)0x1234);
	CHECK(!strcmp(text, "0000000000001234"));
	format_string(text, sizeof(text), "%pS", (void *)0x1010);
	CHECK(!strcmp(text, "start_here+0x10"));
	format_string(text, sizeof(text), "%pS", (void *)0x10);
	CHECK(!strcmp(text, "0000000000000010"));
	/* One that we do not have is seen. */
	format_string(text, sizeof(text), "%d %o", 1, 8u);
	CHECK(!strcmp(text, "1 %o"));
}

static void print_cut(void)
{
	char text[8];

	memset(text, 'x', sizeof(text));
	CHECK_EQUAL(format_string(text, 4, "%s", "abcdef"), 6);
	CHECK(!strcmp(text, "abc"));
	CHECK(text[4] == 'x');
	CHECK_EQUAL(format_string(text, 1, "%d", 12345), 5);
	CHECK(text[0] == '\0');
}

/* Range sets, against one byte per number */

#define NUMBERS 400

static void check_set(const struct rangeset *set, const uint8_t *model)
{
	for (unsigned i = 0; i < NUMBERS; i++)
		CHECK(rangeset_contains(set, i, i) == model[i]);
	for (unsigned i = 0; i + 1 < set->nr; i++)
		CHECK(set->range[i].last + 1 < set->range[i + 1].first);
	for (unsigned i = 0; i < 50; i++) {
		const unsigned first = (unsigned)rand() % NUMBERS;
		const unsigned last =
			first + (unsigned)rand() % (NUMBERS - first);
		bool all = true;

		for (unsigned n = first; n <= last; n++)
			all = all && model[n];
		CHECK(rangeset_contains(set, first, last) == all);
	}
}

static void ranges_random(void)
{
	struct rangeset *const set = rangeset_create();
	uint8_t model[NUMBERS] = { 0 };

	srand(1);
	for (unsigned i = 0; i < 4000; i++) {
		const unsigned first = (unsigned)rand() % NUMBERS;
		unsigned last = first + (unsigned)rand() % 20;
		const bool add = rand() & 1;
		int rc;

		if (last >= NUMBERS)
			last = NUMBERS - 1;
		rc = add ? rangeset_add(set, first, last) :
			   rangeset_remove(set, first, last);
		CHECK_EQUAL(rc, 0);
		memset(model + first, add, last - first + 1);
		if (i % 16 == 0)
			check_set(set, model);
	}
	rangeset_destroy(set);
}

static void ranges_full(void)
{
	struct rangeset *const set = rangeset_create();

	for (uint64_t i = 0; i < RANGESET_RANGES; i++)
		CHECK_EQUAL(rangeset_add(set, i * 10, i * 10 + 4), 0);
	CHECK_EQUAL(rangeset_add(set, 5000, 5000), -ENOSPC);
	CHECK_EQUAL(rangeset_remove(set, 2, 2), -ENOSPC); /* would split */
	CHECK(rangeset_contains(set, 0, 4));
	CHECK_EQUAL(rangeset_add(set, 5, 9), 0); /* joins two */
	CHECK_EQUAL(set->nr, RANGESET_RANGES - 1);
	CHECK(rangeset_contains(set, 0, 14));
	rangeset_destroy(set);
}

static void ranges_ends(void)
{
	struct rangeset *const set = rangeset_create();

	CHECK_EQUAL(rangeset_add(set, 2, 1), -EINVAL);
	CHECK_EQUAL(rangeset_remove(set, 2, 1), -EINVAL);
	CHECK_EQUAL(rangeset_add(set, 0, 0), 0);
	CHECK_EQUAL(rangeset_add(set, ~0ull, ~0ull), 0);
	CHECK_EQUAL(set->nr, 2);
	CHECK_EQUAL(rangeset_add(set, 0, ~0ull), 0);
	CHECK_EQUAL(set->nr, 1);
	CHECK_EQUAL(rangeset_remove(set, 5, ~0ull), 0);
	CHECK(rangeset_contains(set, 0, 4) && !rangeset_contains(set, 5, 5));
	CHECK_EQUAL(rangeset_remove(set, 0, ~0ull), 0);
	CHECK_EQUAL(set->nr, 0);
	rangeset_destroy(set);
}

static void widths(void)
{
	CHECK_EQUAL(bit_width(0), 0);
	CHECK_EQUAL(bit_width(1), 1);
	CHECK_EQUAL(bit_width(0x8000), 16);
	CHECK_EQUAL(bit_width(~0ull), 64);
}

/* Strings */

static void copies(void)
{
	unsigned char ours[64], theirs[64];

	for (unsigned i = 0; i < 2000; i++) {
		const unsigned to = (unsigned)rand() % 32;
		const unsigned from = (unsigned)rand() % 32;
		const unsigned size = (unsigned)rand() % 32;

		for (unsigned n = 0; n < 64; n++)
			ours[n] = theirs[n] = (unsigned char)rand();
		CHECK(hv_memmove(ours + to, ours + from, size) == ours + to);
		memmove(theirs + to, theirs + from, size);
		CHECK(!memcmp(ours, theirs, 64));
		hv_memset(ours + to, (int)i, size);
		memset(theirs + to, (int)i, size);
		CHECK(!hv_memcmp(ours, theirs, 64));
		if (to + size <= from || from + size <= to)
			hv_memcpy(ours + to, ours + from, size);
	}
	CHECK(hv_memcmp("a\xff", "a\x01", 2) > 0);
}

static void comparisons(void)
{
	CHECK(hv_strcmp("abc", "abc") == 0 && hv_strcmp("ab", "abc") < 0);
	CHECK(hv_strcmp("\xff", "a") > 0 && hv_strncmp("abx", "aby", 2) == 0);
	CHECK(hv_strlen("abc") == 3 && hv_strnlen("abc", 2) == 2);
	CHECK(!strcmp(hv_strchr("a=b", '='), "=b") && !hv_strchr("ab", 'c'));
	CHECK(!strcmp(hv_strstr("xabc", "ab"), "abc") &&
		!hv_strstr("xac", "ab") && !hv_strstr("a", "ab"));
}

static void numbers(void)
{
	const char *end;
	char text[4];

	CHECK(string_number("123x", &end, 0) == 123 && *end == 'x');
	CHECK(string_number("0x1Fg", &end, 0) == 0x1f && *end == 'g');
	CHECK(string_number("1f", &end, 16) == 0x1f && !*end);
	CHECK(string_number("0x", &end, 0) == 0 && *end == 'x');
	CHECK(string_number("-1", &end, 0) == 0 && *end == '-');
	CHECK(string_number("18446744073709551615", &end, 0) == UINT64_MAX);
	CHECK(string_number("99999999999999999999z", &end, 0) == UINT64_MAX);
	CHECK(*end == 'z');
	string_copy(text, "abcdef", sizeof(text));
	CHECK(!strcmp(text, "abc"));
}

SUITE({ "lib: integers print as the C library does", print_integers },
	{ "lib: text prints as the C library does", print_text },
	{ "lib: addresses print as symbols", print_addresses },
	{ "lib: output is cut and terminated", print_cut },
	{ "lib: range sets under random operations", ranges_random },
	{ "lib: a full range set refuses and stays", ranges_full },
	{ "lib: range sets at the ends of numbers", ranges_ends },
	{ "lib: widths of numbers", widths },
	{ "lib: copies and fills", copies },
	{ "lib: comparisons and searches", comparisons },
	{ "lib: numbers", numbers })
