// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hypervisor's command line (boot/cmdline.c): any text is read to its end
 * and no further, and leaves numbers that the rest may rely on.
 */
#include "boot/cmdline.h"

#include "core/console.h"
#include "tests/fuzz/fuzz.h"

bool console_set_level(const char *name)
{
	return !strcmp(name, "debug");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct options defaults = options;
	char *const line = malloc(size + 1);

	if (size)
		memcpy(line, data, size);
	line[size] = '\0';
	cmdline_parse(line);
	CHECK(options.dom0_max_vcpus <= 4096);
	CHECK(options.dom0_mem <= INT64_MAX);
	CHECK(options.dom0_mem_min <= INT64_MAX);
	CHECK(options.dom0_mem_max <= INT64_MAX);
	options = defaults;
	free(line);
	return 0;
}
