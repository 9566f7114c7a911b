/* SPDX-License-Identifier: BSD-2-Clause */
/* printf without a C library: %d %u %x %c %s %p %%, with l, #, 0 and width; and
 * the memory functions. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Always terminates; returns the length written. */
size_t format_into(char *buffer, size_t size, const char *format, va_list args);

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
