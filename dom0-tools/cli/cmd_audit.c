/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shoji audit: are the counts of the frame table what its users hold? Exits
 * with 1 and names the frames if not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define ROOM 65536

static void print_json(const struct shoji_audit *audit, const char *text)
{
	struct json json = {.out = stdout};
	const char *end;

	json_open(&json, NULL, '{');
	json_number(&json, "frames", audit->frames);
	json_number(&json, "page_tables", audit->tables);
	json_number(&json, "differences", audit->wrong);
	json_open(&json, "text", '[');
	for (; (end = strchr(text, '\n')); text = end + 1) {
		char *line = strndup(text, end - text);

		json_string(&json, NULL, line);
		free(line);
	}
	json_close(&json, ']');
	json_close(&json, '}');
}

static int fail_audit(struct error *error, int rc)
{
	error_errno(error, -rc, "auditing the frame table");
	if (rc == -ENOSYS)
		error_hint(error, "the hypervisor that runs is not Shoji");
	if (rc == -EBUSY)
		error_hint(error, "another audit is going on; try again");
	return fail(error);
}

int cmd_audit(int argc, char **argv)
{
	struct error error = {0};
	struct shoji_audit audit;
	struct host host;
	char *text;
	int rc;

	if (argc != 1)
		return usage(argv[0]);
	if (host_open(&host, HOST_HYPERVISOR, &error))
		return fail(&error);
	text = calloc(1, ROOM + 1);
	rc = text ? control_audit(host.fd, &audit, text, ROOM) : -ENOMEM;
	host_close(&host);
	if (rc) {
		free(text);
		return fail_audit(&error, rc);
	}
	if (options.json)
		print_json(&audit, text);
	else
		printf("%s%lu frames, %lu page tables, %lu differences\n",
			text, audit.frames, audit.tables, audit.wrong);
	free(text);
	return audit.wrong ? EXIT_FAILED : EXIT_OK;
}
