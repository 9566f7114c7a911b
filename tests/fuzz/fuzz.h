/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the targets share: the entry that libFuzzer calls, a check that ends
 * the process (which is a finding), and an input that is taken apart. What is
 * taken from behind the input's end is zero, so that every input is valid.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                   \
	do {                                                               \
		if (condition)                                             \
			break;                                             \
		fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__,    \
			__LINE__, #condition);                             \
		abort();                                                   \
	} while (0)

struct input {
	const uint8_t *at;
	size_t left;
};

/* How many of size bytes were there. */
static inline size_t take_bytes(struct input *in, void *to, size_t size)
{
	const size_t nr = size < in->left ? size : in->left;

	memset(to, 0, size);
	if (nr)
		memcpy(to, in->at, nr);
	in->at += nr;
	in->left -= nr;
	return nr;
}

/* Little endian. */
static inline uint64_t take(struct input *in, unsigned bytes)
{
	uint64_t value = 0;

	take_bytes(in, &value, bytes);
	return value;
}

/* A block of its own, whose ends the address sanitizer guards. */
static inline void *copy_of(const void *data, size_t size)
{
	void *const copy = malloc(size ? size : 1);

	return size ? memcpy(copy, data, size) : copy;
}
