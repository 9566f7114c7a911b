/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A test suite in C: RUN(x) runs test_x() and prints its line; CHECK notes the
 * first thing that is wrong and lets the test go on.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

static const char *suite_reason;
static int suite_line, suite_failures;

#define CHECK(condition) \
	do { \
		if (!(condition) && !suite_reason) { \
			suite_reason = #condition; \
			suite_line = __LINE__; \
		} \
	} while (0)

#define RUN(name) suite_run(#name, test_##name)

static inline bool suite_failed(void)
{
	return suite_reason;
}

static inline void suite_run(const char *name, void (*test)(void))
{
	suite_reason = NULL;
	test();
	if (suite_reason) {
		printf("not ok %s: line %d: %s\n", name, suite_line,
			suite_reason);
		suite_failures++;
	} else {
		printf("ok %s\n", name);
	}
	fflush(stdout);
}

static inline int suite_end(void)
{
	return suite_failures ? 1 : 0;
}
