/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest for lifecycle tests: keeps its vCPU busy, prints `busy N` once a
 * second, and obeys control/shutdown in xenstore: `poweroff`, `halt`, `reboot`.
 * With the word `deaf` on its command line it does not listen.
 */
#include <xen/sched.h>

#include "pv-drivers/front/text.h"
#include "pv-drivers/front/xenbus.h"
#include "tests/guests/lib/test.h"

#define SECOND 1000000000UL

static bool has_word(const char *word)
{
	const char *line = (const char *)pv_info->cmd_line;
	const size_t len = text_length(word);

	for (; *line; line++)
		if (!memcmp(line, word, len))
			return true;
	return false;
}

static void obey(void)
{
	char value[16];
	struct sched_shutdown op = { .reason = SHUTDOWN_poweroff };

	if (xenbus_read(0, "control/shutdown", value, sizeof(value)) <= 0)
		return;
	print("told to %s\n", value);
	xenbus_write(0, "control/shutdown", "");
	if (text_equal(value, "reboot"))
		op.reason = SHUTDOWN_reboot;
	hv_sched_op(SCHEDOP_shutdown, &op);
}

static void test_busy(void)
{
	char token[16], path[64];
	const bool deaf = has_word("deaf");
	uint64_t next = now() + SECOND;

	REQUIRE_EQ(xenbus_init(), 0);
	if (!deaf)
		REQUIRE_EQ(xenbus_watch("control/shutdown", "shutdown"), 0);
	for (unsigned int n = 1;; n++) {
		print("busy %u\n", n);
		for (; now() < next;)
			if (xenbus_poll_watch(token, sizeof(token), path,
					      sizeof(path)))
				obey();
		next += SECOND;
	}
}

const struct test tests[] = {
	TEST(busy),
	TESTS_END
};
