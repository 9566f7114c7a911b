/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves console_io: a write returns 0 and arrives whole (the line below shows
 * it), long writes and odd bytes do no harm, a read without input gives 0,
 * bad pointers -EFAULT, bad commands -ENOSYS; VIRQ_CONSOLE can be bound once.
 */
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static void test_write(void)
{
	char text[] = "# console write\n";

	REQUIRE_EQ(hv_console_io(CONSOLEIO_write, sizeof(text) - 1, text), 0);
	REQUIRE_EQ(hv_console_io(CONSOLEIO_write, 0, text), 0);
	REQUIRE_EQ(hv_console_io(CONSOLEIO_write, 0, NULL), 0);
}

static void test_write_long(void)
{
	static char text[3000];

	for (unsigned int i = 0; i < sizeof(text); i++)
		text[i] = i % 60 ? 'x' : '\n';
	text[sizeof(text) - 1] = '\n';
	REQUIRE_EQ(hv_console_io(CONSOLEIO_write, sizeof(text), text), 0);
}

static void test_write_odd_bytes(void)
{
	char text[] = { '#', ' ', 0, 1, 2, 27, 127, (char)200, '%', 's', '%',
			'n', '\r', '\n' };

	REQUIRE_EQ(hv_console_io(CONSOLEIO_write, sizeof(text), text), 0);
}

static void test_write_bad_pointer(void)
{
	static const uint64_t places[] = { HYPERVISOR_PLACES };

	REQUIRE_EQ(hv_console_io(CONSOLEIO_write, 8, (char *)0x1000), EFAULT_);
	for (unsigned int i = 0; i < sizeof(places) / 8; i++)
		REQUIRE_EQ(hv_console_io(CONSOLEIO_write, 8,
					 (char *)places[i]), EFAULT_);
}

static void test_read_nothing(void)
{
	char text[16];

	REQUIRE_EQ(hv_console_io(CONSOLEIO_read, sizeof(text), text), 0);
}

static void test_bad_command(void)
{
	REQUIRE_EQ(hv_console_io(7, 0, NULL), ENOSYS_);
}

static void test_virq_console(void)
{
	const int64_t port = event_bind_virq(VIRQ_CONSOLE, 0);

	REQUIRE(port > 0);
	REQUIRE_EQ(event_bind_virq(VIRQ_CONSOLE, 0), EEXIST_);
	REQUIRE_EQ(event_close(port), 0);
}

const struct test tests[] = {
	TEST(write),
	TEST(write_long),
	TEST(write_odd_bytes),
	TEST(write_bad_pointer),
	TEST(read_nothing),
	TEST(bad_command),
	TEST(virq_console),
	TESTS_END
};
