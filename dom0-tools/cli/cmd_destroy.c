/* SPDX-License-Identifier: BSD-2-Clause */
/* shoji destroy: ends a domain at once, as pulling its plug would. */
#include <string.h>

#include "cli/cli.h"

int cmd_destroy(int argc, char **argv)
{
	struct error error = {0};
	struct host host;
	uint16_t dom;
	int status, rc;

	/* xl's -f is about a Domain-0 that we never destroy */
	if (argc == 3 && !strcmp(argv[1], "-f")) {
		argv[1] = argv[0];
		argv++;
		argc--;
	}
	if (!one_domain(argc, argv, &host, &dom, &status))
		return status;
	rc = domain_destroy(&host, dom, &error);
	host_close(&host);
	return rc ? fail(&error) : done();
}
