/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that ends badly, as its command line says: `panic` (the default)
 * shuts down with reason crash; `fault` takes an exception for which it has no
 * handler; `stack` takes one with a stack that is not there; `iret` makes the
 * iret hypercall with a frame that is not there.
 */
#include <xen/sched.h>

#include "pv-drivers/front/text.h"
#include "tests/guests/lib/test.h"

static bool is(const char *word)
{
	return text_equal((const char *)pv_info->cmd_line, word);
}

static void test_crash(void)
{
	struct sched_shutdown op = { .reason = SHUTDOWN_crash };

	print("going to crash: %s\n", (char *)pv_info->cmd_line);
	if (is("fault")) {
		hv_set_trap_table(NULL);
		asm volatile("ud2");
	} else if (is("stack")) {
		asm volatile("movq $0x5000, %rsp; ud2");
	} else if (is("iret")) {
		asm volatile("movq $0x5000, %rsp; movl $23, %eax; syscall");
	}
	hv_sched_op(SCHEDOP_shutdown, &op);
	REQUIRE(!"still alive");
}

const struct test tests[] = {
	TEST(crash),
	TESTS_END
};
