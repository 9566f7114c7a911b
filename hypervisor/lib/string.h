/* SPDX-License-Identifier: BSD-2-Clause */
/* The few string functions that we need, as the C standard has them, and
 * what the compiler calls by itself. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strstr(const char *s, const char *part);

/* Copy, cut to fit, always terminated (size > 0). */
void string_copy(char *to, const char *from, size_t size);

/* Number of base 0 (0x.. or decimal), 10 or 16; *end is where it stops. No
 * digits: returns 0 and *end == s. Too large: UINT64_MAX. */
uint64_t string_number(const char *s, const char **end, unsigned base);

/* Whole pages; both page aligned. */
void clear_page(void *page);
void copy_page(void *to, const void *from);
