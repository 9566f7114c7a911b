/* SPDX-License-Identifier: BSD-2-Clause */
/* The few string functions the kit needs; it links against no C library. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t text_length(const char *text);
bool text_equal(const char *a, const char *b);

/* Copies at most size - 1 characters and terminates. */
void text_copy(char *to, const char *from, size_t size);

/* A whole decimal number, or -EINVAL. */
int64_t text_number(const char *text);

/* Writes it to buffer, which has 24 bytes; returns buffer. */
const char *text_from_number(char *buffer, uint64_t value);
