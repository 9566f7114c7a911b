/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ASSERT states an invariant of ours: if it does not hold, the hypervisor is
 * wrong and stops. It stays on in release builds. Never use it on guest
 * input.
 */
#pragma once

#include <assert.h> /* static_assert */

/* Print why and a back-trace, of an exception of ours (regs) its registers too;
 * reboot, or stop with "noreboot". */
struct regs;
_Noreturn void panic_regs(const struct regs *regs, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));
#define panic(...) panic_regs(NULL, __VA_ARGS__)
_Noreturn void assert_failed(const char *condition, const char *file, int line)
	__attribute__((cold));

#define ASSERT(condition)                                                  \
	(__builtin_expect(!!(condition), 1) ?                              \
			(void)0 :                                          \
			assert_failed(#condition, __FILE__, __LINE__))
