// SPDX-License-Identifier: BSD-2-Clause
/* What every file of the hypervisor needs: a log, and a way to end. */
#include <stdarg.h>

#include "lib/assert.h"
#include "lib/log.h"
#include "tests/fuzz/fuzz.h"

/* Formatted, for the sanitizers to see the arguments; not shown. */
static void format(const char *fmt, va_list args)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, args);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)level;
	va_start(args, fmt);
	format(fmt, args);
	va_end(args);
}

void log_guest(enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)level;
	va_start(args, fmt);
	format(fmt, args);
	va_end(args);
}

_Noreturn void panic_regs(const struct regs *regs, const char *fmt, ...)
{
	va_list args;

	(void)regs;
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	abort();
}

_Noreturn void assert_failed(const char *condition, const char *file, int line)
{
	panic("%s:%d: %s\n", file, line, condition);
}
