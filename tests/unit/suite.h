/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A suite of unit tests: a table of names and functions. A CHECK that does
 * not hold ends its test; the others still run.
 */
#pragma once

#include <setjmp.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/leave.h"

struct test {
	const char *name;
	void (*fn)(void);
};

static jmp_buf test_end;
static char test_reason[256];

#define CHECK(condition)                                                   \
	do {                                                               \
		if (condition)                                             \
			break;                                             \
		snprintf(test_reason, sizeof(test_reason),                 \
			"%s:%d: %s", __FILE__, __LINE__, #condition);      \
		longjmp(test_end, 1);                                      \
	} while (0)

/* The same for numbers, which it shows. */
#define CHECK_EQUAL(got, wanted)                                           \
	do {                                                               \
		const long long got_ = (long long)(got);                   \
		const long long wanted_ = (long long)(wanted);             \
                                                                           \
		if (got_ == wanted_)                                       \
			break;                                             \
		snprintf(test_reason, sizeof(test_reason),                 \
			"%s:%d: %s is %lld, not %s (%lld)", __FILE__,      \
			__LINE__, #got, got_, #wanted, wanted_);           \
		longjmp(test_end, 1);                                      \
	} while (0)

/* In a process of its own: what a test leaves behind, or breaks, is gone. */
static inline int run_test(const struct test *test)
{
	const pid_t child = fork();
	int status = 0;

	if (child == 0) {
		if (setjmp(test_end)) {
			printf("not ok %s: %s\n", test->name, test_reason);
			fflush(stdout);
			leave(1);
		}
		test->fn();
		printf("ok %s\n", test->name);
		fflush(stdout);
		leave(0);
	}
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) <= 1)
		return WEXITSTATUS(status);
	printf("not ok %s: it died (wait status %#x)\n", test->name,
		(unsigned)status);
	return 1;
}

static inline int run_tests(const struct test *tests, unsigned nr)
{
	int failed = 0;

	for (unsigned i = 0; i < nr; i++) {
		fflush(stdout);
		failed |= run_test(&tests[i]);
	}
	return failed;
}

#define SUITE(...)                                                         \
	int main(void)                                                     \
	{                                                                  \
		static const struct test tests[] = { __VA_ARGS__ };        \
                                                                           \
		return run_tests(tests, sizeof(tests) / sizeof(tests[0])); \
	}
