/* SPDX-License-Identifier: BSD-2-Clause */
/* shoji domname: from a domain's number to its name. */
#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"

int cmd_domname(int argc, char **argv)
{
	struct json json = {.out = stdout};
	struct error error = {0};
	struct host host;
	uint16_t dom;
	int status;
	char *name;

	if (!one_domain(argc, argv, &host, &dom, &status))
		return status;
	name = domain_name(&host, dom);
	host_close(&host);
	if (!name) {
		error_set(&error, ENOENT, "domain %u has no name", dom);
		return fail(&error);
	}
	if (options.json) {
		json_open(&json, NULL, '{');
		json_string(&json, "name", name);
		json_close(&json, '}');
	} else {
		puts(name);
	}
	free(name);
	return EXIT_OK;
}
