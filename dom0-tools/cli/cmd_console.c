// SPDX-License-Identifier: BSD-2-Clause
/*
 * shoji console: joins the user's terminal to a domain's console.
 */
#include "cli/cli.h"
#include "cli/console.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

struct choice {
	unsigned number;
	int escape;
};

static bool parse_number(const char *text, unsigned *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	return *text && *text != '-' && !*end && !errno;
}

/* What argv says; false: explained. */
static bool parse(int argc, char **argv, struct choice *choice)
{
	int option;

	while ((option = getopt(argc, argv, "n:t:e:")) >= 0) {
		switch (option) {
		case 'n':
			if (parse_number(optarg, &choice->number))
				break;
			fprintf(stderr, "shoji: -n wants a number, not '%s'\n",
				optarg);
			return false;
		case 't':
			if (!strcmp(optarg, "pv"))
				break;
			fprintf(stderr,
				"shoji: the consoles here are of type pv, "
				"not '%s'\n",
				optarg);
			return false;
		case 'e':
			choice->escape = console_parse_escape(optarg);
			if (choice->escape >= 0)
				break;
			fprintf(stderr,
				"shoji: -e wants one character or ^X, "
				"not '%s'\n",
				optarg);
			return false;
		default:
			usage("console");
			return false;
		}
	}
	if (optind + 1 == argc)
		return true;
	usage("console");
	return false;
}

int cmd_console(int argc, char **argv)
{
	struct choice choice = {.escape = CONSOLE_ESCAPE};
	struct error error = {0};
	struct host host;
	uint16_t dom;

	optind = 1;
	if (!parse(argc, argv, &choice))
		return EXIT_USAGE;
	if (host_open(&host, HOST_XENSTORE, &error))
		return fail(&error);

	const int rc = domain_find(&host, argv[optind], &dom, &error);

	host_close(&host);
	if (rc || console_attach(dom, choice.number, choice.escape, &error))
		return fail(&error);
	return EXIT_OK;
}
