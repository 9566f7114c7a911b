/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The least that a guest does: a line on its console, then nothing.
 */
#include <xen/sched.h>

#include "tests/guests/lib/test.h"

static void test_nothing(void)
{
	event_init();
	print("hello\n");
	for (;;)
		hv_sched_op(SCHEDOP_block, NULL);
}

const struct test tests[] = {TEST(nothing), TESTS_END};
