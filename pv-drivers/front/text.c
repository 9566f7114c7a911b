/* SPDX-License-Identifier: BSD-2-Clause */
/* Strings for xenstore paths and values. */
#include "pv-drivers/front/text.h"

#include <xen/errno.h>

size_t text_length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

void text_copy(char *to, const char *from, size_t size)
{
	if (!size)
		return;
	while (--size && *from)
		*to++ = *from++;
	*to = '\0';
}

int64_t text_number(const char *text)
{
	int64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > INT64_MAX / 10 - 9)
			return -EINVAL;
		value = value * 10 + (*text - '0');
	}
	return value;
}

const char *text_from_number(char *buffer, uint64_t value)
{
	char digits[24];
	unsigned int n = 0, i = 0;

	do
		digits[n++] = '0' + value % 10;
	while (value /= 10);
	while (n)
		buffer[i++] = digits[--n];
	buffer[i] = '\0';
	return buffer;
}
