/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs tests[] on the boot vCPU and reports through console_io, a line a
 * call. Traps that no test expects end the run with a register dump, which
 * the host's runner turns into a failure of the test that was running.
 */
#include "tests/guests/lib/test.h"

#include <stdarg.h>

#include <xen/sched.h>

#include "pv-drivers/front/console.h"
#include "pv-drivers/front/text.h"
#include "tests/guests/lib/format.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/shoji.h"
#include "tests/guests/lib/trap.h"

static char reason[200];
static bool failed, skipped;

static void vprint(const char *format, va_list args)
{
	char line[400];

	console_write(line, format_into(line, sizeof(line), format, args));
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprint(format, args);
	va_end(args);
}

void os_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprint(format, args);
	va_end(args);
}

_Noreturn static void shut_down(unsigned int why)
{
	struct sched_shutdown op = { .reason = why };

	for (;;)
		hv_sched_op(SCHEDOP_shutdown, &op);
}

void os_panic(const char *format, ...)
{
	va_list args;

	print("panic: ");
	va_start(args, format);
	vprint(format, args);
	va_end(args);
	print("\n");
	shut_down(pv_is_dom0() ? SHUTDOWN_reboot : SHUTDOWN_crash);
}

void test_exit(void)
{
	print("end\n");
	/* a reboot ends QEMU; a guest just goes */
	shut_down(pv_is_dom0() ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
}

void test_fail(int line, const char *format, ...)
{
	va_list args;

	if (failed)
		return;
	failed = true;
	va_start(args, format);
	const size_t n = format_into(reason, sizeof(reason) - 16, format, args);
	va_end(args);

	char *at = reason + n;
	const char *tail = " (line ";

	while (*tail)
		*at++ = *tail++;
	for (int div = 1000; div; div /= 10)
		if (line >= div)
			*at++ = '0' + line / div % 10;
	*at++ = ')';
	*at = '\0';
}

void test_skip(const char *why)
{
	char *at = reason;

	skipped = true;
	while (*why && at < reason + sizeof(reason) - 1)
		*at++ = *why++;
	*at = '\0';
}

uint64_t test_option(const char *name, uint64_t fallback)
{
	const char *line = (const char *)pv_info->cmd_line;
	const size_t len = text_length(name);
	uint64_t value = 0;

	while (*line && (memcmp(line, name, len) || line[len] != '='))
		line++;
	if (!*line)
		return fallback;
	for (line += len + 1; *line >= '0' && *line <= '9'; line++)
		value = value * 10 + (*line - '0');
	return value;
}

static void run(const struct test *test)
{
	failed = skipped = false;
	print("run %s\n", test->name);
	test->run();
	if (failed)
		print("not ok %s: %s\n", test->name, reason);
	else if (skipped)
		print("skip %s: %s\n", test->name, reason);
	else
		print("ok %s\n", test->name);
}

/* The last test of every guest: its work left all counts right. */
static void audit(void)
{
	static char text[1024];
	struct shoji_audit result;

	REQUIRE_EQ(shoji_audit(&result, text, sizeof(text)), 0);
	if (result.wrong)
		print("%s", text);
	REQUIRE_EQ(result.wrong, 0);
	REQUIRE(result.frames && result.tables);
}

void pv_main(void)
{
	static const struct test last = { "audit", audit };


	memory_init();
	trap_init();
	if (!pv_is_dom0()) {
		event_init();
		console_init();
		event_enable(0);
	}
	for (const struct test *test = tests; test->name; test++)
		run(test);
	if (pv_is_dom0() && shoji_present())
		run(&last);
	test_exit();
}

uint64_t tsc(void)
{
	uint32_t lo, hi;

	asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

uint64_t now(void)
{
	volatile struct vcpu_time_info *time =
		&event_vcpu_info(os_vcpu())->time;
	uint32_t version;
	uint64_t ns;

	do {
		version = __atomic_load_n(&time->version, __ATOMIC_ACQUIRE);
		uint64_t delta = tsc() - time->tsc_timestamp;

		if (time->tsc_shift < 0)
			delta >>= -time->tsc_shift;
		else
			delta <<= time->tsc_shift;
		ns = time->system_time +
		     (uint64_t)((unsigned __int128)delta *
				time->tsc_to_system_mul >> 32);
		asm volatile("" : : : "memory");
	} while ((version & 1) || version != time->version);
	return ns;
}
