/* SPDX-License-Identifier: BSD-2-Clause */
/* shoji domid: from a domain's name to its number. */
#include "cli/cli.h"

int cmd_domid(int argc, char **argv)
{
	struct json json = {.out = stdout};
	struct host host;
	uint16_t dom;
	int status;

	if (!one_domain(argc, argv, &host, &dom, &status))
		return status;
	host_close(&host);
	if (!options.json) {
		printf("%u\n", dom);
		return EXIT_OK;
	}
	json_open(&json, NULL, '{');
	json_number(&json, "domid", dom);
	json_close(&json, '}');
	return EXIT_OK;
}
