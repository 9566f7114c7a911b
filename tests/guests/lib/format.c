/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small printf for the test guests. Also supplies the four memory functions
 * that the compiler may call in freestanding code.
 */
#include "tests/guests/lib/format.h"

#include <stdbool.h>
#include <stdint.h>

struct out {
	char *at, *end;
};

static void put(struct out *out, char c)
{
	if (out->at < out->end)
		*out->at++ = c;
}

struct spec {
	bool alternate, zero, is_long;
	unsigned int width;
};

static void number(struct out *out, const struct spec *spec, uint64_t value,
		   unsigned int base, bool negative)
{
	char digits[24];
	unsigned int n = 0;

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while (value /= base);
	if (negative)
		put(out, '-');
	if (spec->alternate && base == 16) {
		put(out, '0');
		put(out, 'x');
	}
	for (unsigned int i = n; i < spec->width; i++)
		put(out, spec->zero ? '0' : ' ');
	while (n)
		put(out, digits[--n]);
}

static const char *parse(const char *f, struct spec *spec)
{
	*spec = (struct spec){ 0 };
	for (;; f++) {
		if (*f == '#')
			spec->alternate = true;
		else if (*f == '0' && !spec->width)
			spec->zero = true;
		else if (*f >= '0' && *f <= '9')
			spec->width = spec->width * 10 + (*f - '0');
		else if (*f == 'l' || *f == 'z')
			spec->is_long = true;
		else
			return f;
	}
}

static void convert(struct out *out, char c, struct spec *spec, va_list *args)
{
	if (c == 's') {
		for (const char *s = va_arg(*args, const char *); *s; s++)
			put(out, *s);
	} else if (c == 'c') {
		put(out, va_arg(*args, int));
	} else if (c == 'p') {
		spec->alternate = true;
		number(out, spec, va_arg(*args, uint64_t), 16, false);
	} else if (c == 'd') {
		const int64_t v = spec->is_long ? va_arg(*args, int64_t) :
						  va_arg(*args, int);

		number(out, spec, v < 0 ? -(uint64_t)v : (uint64_t)v, 10,
		       v < 0);
	} else if (c == 'u' || c == 'x') {
		const uint64_t v = spec->is_long ? va_arg(*args, uint64_t) :
						   va_arg(*args, unsigned int);

		number(out, spec, v, c == 'x' ? 16 : 10, false);
	} else {
		put(out, c);
	}
}

size_t format_into(char *buffer, size_t size, const char *format, va_list args)
{
	struct out out = { buffer, buffer + size - 1 };
	va_list copy;

	va_copy(copy, args);
	while (*format) {
		struct spec spec;

		if (*format != '%') {
			put(&out, *format++);
			continue;
		}
		format = parse(format + 1, &spec);
		if (*format)
			convert(&out, *format++, &spec, &copy);
	}
	va_end(copy);
	*out.at = '\0';
	return out.at - buffer;
}

void *memcpy(void *to, const void *from, size_t n)
{
	void *start = to;

	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t n)
{
	if ((uintptr_t)to - (uintptr_t)from >= n)
		return memcpy(to, from, n);
	for (char *t = to; n--;)
		t[n] = ((const char *)from)[n];
	return to;
}

void *memset(void *to, int c, size_t n)
{
	void *start = to;

	asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
