/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted output into a buffer: %d %u %x %c %s %p %% with flags "0-#",
 * width, precision and "*", lengths hh h l ll z. Besides: %pS prints a code
 * address as symbol+offset.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Both always terminate (size > 0) and return the length that all would have
 * needed. */
int format_string_v(char *to, size_t size, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));
int format_string(char *to, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
