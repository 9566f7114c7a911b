/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why something failed. The first cause is kept for ever; what failed because
 * of it is appended as context, so that the message that a user reads begins
 * with what to repair. A place (file:line of the configuration) and a hint can
 * be attached once; later ones are ignored.
 *
 * A struct error starts as all zeroes and owns no memory.
 */
#pragma once

#include <stdio.h>

#define ERROR_CONTEXTS 4

struct error {
	int code;        /* errno of the first cause, 0 = no error */
	char cause[512]; /* the first cause */
	char place[256]; /* "file:line", or empty */
	char hint[320];  /* what to do about it, or empty */
	unsigned nr_contexts;
	char context[ERROR_CONTEXTS][192]; /* innermost first */
};

/* Records the cause; if there is one already, text becomes context of it. */
__attribute__((format(printf, 3, 4))) int error_set(
	struct error *error, int code, const char *format, ...);
/* As error_set(), with ": strerror(code)" behind the text. */
__attribute__((format(printf, 3, 4))) int error_errno(
	struct error *error, int code, const char *format, ...);
/* Why the hypervisor refused the call that failed last with this errno: the
 * next error_errno() of this thread about it adds it. NULL: forget. */
void error_reason(int code, const char *text);
/* What was being done when the cause came up. Returns -code. */
__attribute__((format(printf, 2, 3))) int error_while(
	struct error *error, const char *format, ...);
__attribute__((format(printf, 2, 3))) void error_hint(
	struct error *error, const char *format, ...);
void error_at(struct error *error, const char *file, unsigned line);
void error_clear(struct error *error);
/* "prog: file:line: cause", then the contexts and the hint, one a line. */
void error_print(const struct error *error, const char *prog, FILE *out);
