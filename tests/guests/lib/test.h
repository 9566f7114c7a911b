/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a test guest is made of: main.c defines tests[], test.c boots, runs
 * them in order, prints `ok NAME`, `not ok NAME: reason` or `skip NAME:
 * reason` for each through console_io, then `end` and reboots (which ends
 * QEMU). A test is a function that returns at its first failed REQUIRE.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

#include "pv-drivers/front/event.h"
#include "pv-drivers/front/hypercall.h"
#include "pv-drivers/front/os.h"
#include "pv-drivers/front/regs.h"
#include "pv-drivers/front/start.h"
#include "tests/guests/lib/format.h"

struct test {
	const char *name;
	void (*run)(void);
};

#define TEST(name) { #name, test_##name }
#define TESTS_END { NULL, NULL }
extern const struct test tests[];

/* Has the line number and the values so far; the test goes on failing. */
void test_fail(int line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void test_skip(const char *reason);

#define REQUIRE(cond) do {						\
	if (!(cond)) {							\
		test_fail(__LINE__, "%s", #cond);			\
		return;							\
	}								\
} while (0)

#define REQUIRE_EQ(got, want) do {					\
	const uint64_t got_ = (uint64_t)(got);				\
	const uint64_t want_ = (uint64_t)(want);			\
	if (got_ != want_) {						\
		test_fail(__LINE__, "%s is %#lx (%ld), wanted %s = %#lx", \
			  #got, got_, (long)got_, #want, want_);	\
		return;							\
	}								\
} while (0)

#define SKIP(reason) do { test_skip(reason); return; } while (0)

/* Errors as the ABI returns them. */
enum {
	EPERM_ = -1, ENOENT_ = -2, ESRCH_ = -3, E2BIG_ = -7, ENOMEM_ = -12,
	EACCES_ = -13, EFAULT_ = -14, EBUSY_ = -16, EEXIST_ = -17,
	ENODEV_ = -19, EINVAL_ = -22, ENOSPC_ = -28, ERANGE_ = -34,
	ENOSYS_ = -38, ENODATA_ = -61, EOVERFLOW_ = -75, EOPNOTSUPP_ = -95,
	ENOBUFS_ = -105,
};

/* The number behind name= on the guest's command line, or fallback. */
uint64_t test_option(const char *name, uint64_t fallback);

void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void test_exit(void);

/* ns: what takes longer hangs. A host that is busy stops a vCPU for seconds. */
#define PATIENCE 10000000000UL

/* Nanoseconds since the hypervisor started, from the time records. */
uint64_t now(void);
uint64_t tsc(void);
