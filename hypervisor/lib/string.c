// SPDX-License-Identifier: BSD-2-Clause
/*
 * String functions. Copies and fills go by eight bytes with the repeated
 * string instructions, so that a page costs 512 steps under an emulator and
 * a few dozen cycles on a CPU. The compiler calls memcpy, memset, memmove and
 * memcmp by itself; they must not be built from loops that it turns into
 * calls of themselves.
 */
#include "lib/string.h"

#include "mm/layout.h"
#include "x86/repeat.h"

void *memcpy(void *to, const void *from, size_t size)
{
	void *end = rep_movsq(to, &from, size / 8);

	if (size % 8)
		rep_movsb(end, &from, size % 8);
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	unsigned char *const d = to;
	const unsigned char *const s = from;

	if (d <= s || d >= s + size)
		return memcpy(to, from, size);
	for (size_t i = size; i-- > 0;) {
		d[i] = s[i];
		__asm__("" ::: "memory"); /* stays a loop */
	}
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	const uint64_t word = (uint8_t)byte * 0x0101010101010101ull;
	void *end = rep_stosq(to, word, size / 8);

	if (size % 8)
		rep_stosb(end, (uint8_t)byte, size % 8);
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *const x = a, *const y = b;

	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (size_t i = 0; i < max; i++) {
		const unsigned char x = (unsigned char)a[i];
		const unsigned char y = (unsigned char)b[i];

		if (x != y || !x)
			return x - y;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strstr(const char *s, const char *part)
{
	const size_t size = strlen(part);

	for (;; s++) {
		if (!strncmp(s, part, size))
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

void string_copy(char *to, const char *from, size_t size)
{
	const size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 99;
}

uint64_t string_number(const char *s, const char **end, unsigned base)
{
	uint64_t value = 0;

	if (base != 10 && s[0] == '0' && (s[1] | 0x20) == 'x' &&
		digit(s[2]) < 16) {
		s += 2;
		base = 16;
	} else if (base == 0) {
		base = 10;
	}
	for (; digit(*s) < base; s++)
		if (__builtin_mul_overflow(value, base, &value) ||
			__builtin_add_overflow(value, digit(*s), &value)) {
			while (digit(*s) < base)
				s++;
			value = UINT64_MAX;
			break;
		}
	*end = s;
	return value;
}

void clear_page(void *page)
{
	rep_stosq(page, 0, PAGE_SIZE / 8);
}

void copy_page(void *to, const void *from)
{
	rep_movsq(to, &from, PAGE_SIZE / 8);
}
