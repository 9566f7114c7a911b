/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a test's own process: without what exit() does, the leak check
 * among it, but with the counts of a coverage build (tools/cov).
 */
#pragma once

#include <unistd.h>

void __gcov_dump(void) __attribute__((weak));

static inline void __attribute__((noreturn)) leave(int status)
{
	if (__gcov_dump)
		__gcov_dump();
	_exit(status);
}
