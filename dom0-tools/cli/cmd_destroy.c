/* SPDX-License-Identifier: BSD-2-Clause */
/* shoji destroy: ends a domain at once, as pulling its plug would. */
#include "cli/cli.h"

int cmd_destroy(int argc, char **argv)
{
	struct error error = {0};
	struct host host;
	uint16_t dom;
	int status, rc;

	if (!one_domain(argc, argv, &host, &dom, &status))
		return status;
	rc = domain_destroy(&host, dom, &error);
	host_close(&host);
	return rc ? fail(&error) : done();
}
