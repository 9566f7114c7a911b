/* SPDX-License-Identifier: BSD-2-Clause */
/* shoji dmesg: the hypervisor's log ring; -c empties it. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define CHUNK 16384

/* Everything there is; to be freed. */
static char *read_log(int fd, bool clear, struct error *error)
{
	char *text = NULL;
	size_t size = 0;
	uint32_t index = 0;

	for (;;) {
		char *more = realloc(text, size + CHUNK + 1);
		int got;

		if (!more) {
			error_set(error, ENOMEM, "out of memory");
			break;
		}
		text = more;
		got = control_read_log(fd, text + size, CHUNK, &index, 0);
		if (got < 0) {
			error_errno(error, -got, "reading the log");
			break;
		}
		size += got;
		text[size] = 0;
		if (got)
			continue;
		if (clear)
			control_read_log(fd, text + size, 1, &index, 1);
		return text;
	}
	free(text);
	return NULL;
}

static void print_json(char *log)
{
	struct json json = {.out = stdout};
	char *save = NULL;

	json_open(&json, NULL, '[');
	for (char *line = strtok_r(log, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save))
		json_string(&json, NULL, line);
	json_close(&json, ']');
}

int cmd_dmesg(int argc, char **argv)
{
	static const struct option longs[] = {{"clear", 0, NULL, 'c'}, {0}};
	struct error error = {0};
	struct host host;
	bool clear = false;
	char *log;
	int c;

	while ((c = getopt_long(argc, argv, "c", longs, NULL)) >= 0) {
		if (c != 'c')
			return usage(argv[0]);
		clear = true;
	}
	if (optind != argc)
		return usage(argv[0]);
	if (host_open(&host, HOST_HYPERVISOR, &error))
		return fail(&error);
	log = read_log(host.fd, clear, &error);
	host_close(&host);
	if (!log)
		return fail(&error);
	if (options.json)
		print_json(log);
	else
		fputs(log, stdout);
	free(log);
	return EXIT_OK;
}
