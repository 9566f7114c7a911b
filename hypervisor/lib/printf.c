// SPDX-License-Identifier: BSD-2-Clause
/*
 * Formatted output into a buffer. One pass over the format; what does not fit
 * is counted and dropped. An unknown conversion is copied as it stands, so
 * that it is seen: octal, upper case and forced signs are such.
 */
#include "lib/printf.h"

#include "lib/string.h"
#include "lib/symbols.h"

struct out {
	char *to;
	size_t size, length;
};

struct spec {
	bool zero, left, alternate;
	int width, precision; /* precision -1: none */
	int bytes; /* size of the argument */
};

static void put(struct out *out, char c)
{
	if (out->length + 1 < out->size)
		out->to[out->length] = c;
	out->length++;
}

static void pad(struct out *out, char c, int count)
{
	while (count-- > 0)
		put(out, c);
}

static void put_text(
	struct out *out, const struct spec *spec, const char *text, size_t size)
{
	const int fill = spec->width - (int)size;

	if (!spec->left)
		pad(out, ' ', fill);
	for (size_t i = 0; i < size; i++)
		put(out, text[i]);
	if (spec->left)
		pad(out, ' ', fill);
}

static void put_string(
	struct out *out, const struct spec *spec, const char *text)
{
	if (!text)
		text = "(null)";
	put_text(out, spec, text,
		strnlen(text,
			spec->precision < 0 ? SIZE_MAX :
					      (size_t)spec->precision));
}

static void put_number(struct out *out, const struct spec *spec,
	uint64_t value, unsigned base, const char *prefix)
{
	char text[24];
	int nr = 0, zeros, fill;

	for (uint64_t rest = value; rest; rest /= base)
		text[nr++] = "0123456789abcdef"[rest % base];
	zeros = (spec->precision < 0 ? 1 : spec->precision) - nr;
	if (zeros < 0)
		zeros = 0;
	fill = spec->width - nr - zeros - (int)strlen(prefix);
	if (spec->zero && !spec->left && spec->precision < 0 && fill > 0) {
		zeros += fill;
		fill = 0;
	}
	if (!spec->left)
		pad(out, ' ', fill);
	while (*prefix)
		put(out, *prefix++);
	pad(out, '0', zeros);
	while (nr)
		put(out, text[--nr]);
	if (spec->left)
		pad(out, ' ', fill);
}

static void put_symbol(struct out *out, uint64_t address)
{
	const struct spec plain = { .precision = -1 };
	const struct spec wide = { .precision = 16 };
	uint64_t offset = 0;
	const char *const name = symbol_name(address, &offset);

	if (!name) {
		put_number(out, &wide, address, 16, "");
		return;
	}
	put_string(out, &plain, name);
	put_number(out, &plain, offset, 16, "+0x");
}

static uint64_t argument(const struct spec *spec, va_list *args, bool sign)
{
	uint64_t value;

	if (spec->bytes == 8)
		return va_arg(*args, uint64_t);
	value = va_arg(*args, unsigned);
	if (spec->bytes == 4)
		return sign ? (uint64_t)(int32_t)value : value;
	if (spec->bytes == 2)
		return sign ? (uint64_t)(int16_t)value : (uint16_t)value;
	return sign ? (uint64_t)(int8_t)value : (uint8_t)value;
}

static const char *parse_count(const char *fmt, va_list *args, int *count)
{
	if (*fmt == '*') {
		*count = va_arg(*args, int);
		return fmt + 1;
	}
	for (*count = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
		if (*count < 10000)
			*count = *count * 10 + (*fmt - '0');
	return fmt;
}

static bool parse_flag(struct spec *spec, char c)
{
	switch (c) {
	case '0': return spec->zero = true;
	case '-': return spec->left = true;
	case '#': return spec->alternate = true;
	default: return false;
	}
}

static const char *parse_length(struct spec *spec, const char *fmt)
{
	for (;; fmt++)
		switch (*fmt) {
		case 'h': spec->bytes = spec->bytes == 2 ? 1 : 2; break;
		case 'l':
		case 'z': spec->bytes = 8; break;
		default: return fmt;
		}
}

/* Flags to length; returns where the conversion's letter is. */
static const char *parse_spec(
	struct spec *spec, const char *fmt, va_list *args)
{
	*spec = (struct spec){ .precision = -1, .bytes = 4 };
	while (parse_flag(spec, *fmt))
		fmt++;
	fmt = parse_count(fmt, args, &spec->width);
	if (spec->width < 0) {
		spec->left = true;
		spec->width = -spec->width;
	}
	if (*fmt == '.')
		fmt = parse_count(fmt + 1, args, &spec->precision);
	return parse_length(spec, fmt);
}

/* One conversion; returns the format after it. */
static const char *convert(struct out *out, const char *fmt, va_list *args)
{
	struct spec spec;
	const char *const letter = parse_spec(&spec, fmt, args);
	int64_t value;
	char c;

	switch (*letter) {
	case 'd':
		value = (int64_t)argument(&spec, args, true);
		put_number(out, &spec,
			value < 0 ? -(uint64_t)value : (uint64_t)value, 10,
			value < 0 ? "-" : "");
		break;
	case 'u':
		put_number(out, &spec, argument(&spec, args, false), 10, "");
		break;
	case 'x':
		put_number(out, &spec, argument(&spec, args, false), 16,
			spec.alternate ? "0x" : "");
		break;
	case 'p':
		spec.bytes = 8;
		if (letter[1] == 'S') {
			put_symbol(out, argument(&spec, args, false));
			return letter + 2;
		}
		spec.precision = 16;
		put_number(out, &spec, argument(&spec, args, false), 16, "");
		break;
	case 'c':
		c = (char)va_arg(*args, int);
		put_text(out, &spec, &c, 1);
		break;
	case 's': put_string(out, &spec, va_arg(*args, const char *)); break;
	case '%': put(out, '%'); break;
	default:
		put(out, '%');
		return fmt; /* the rest is printed as it is */
	}
	return letter + 1;
}

int format_string_v(char *to, size_t size, const char *fmt, va_list args)
{
	struct out out = { .to = to, .size = size };
	va_list copy;

	va_copy(copy, args);
	while (*fmt)
		if (*fmt == '%')
			fmt = convert(&out, fmt + 1, &copy);
		else
			put(&out, *fmt++);
	va_end(copy);
	to[out.length < size ? out.length : size - 1] = '\0';
	return (int)out.length;
}

int format_string(char *to, size_t size, const char *fmt, ...)
{
	va_list args;
	int length;

	va_start(args, fmt);
	length = format_string_v(to, size, fmt, args);
	va_end(args);
	return length;
}
