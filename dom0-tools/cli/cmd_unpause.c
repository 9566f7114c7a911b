/* SPDX-License-Identifier: BSD-2-Clause */
/* shoji unpause: lets a paused domain go on. */
#include "cli/cli.h"

int cmd_unpause(int argc, char **argv)
{
	struct error error = {0};
	struct host host;
	uint16_t dom;
	int status, rc;

	if (!one_domain(argc, argv, &host, &dom, &status))
		return status;
	rc = control_unpause(host.fd, dom);
	if (rc)
		error_errno(&error, -rc, "unpausing domain %u", dom);
	host_close(&host);
	return rc ? fail(&error) : done();
}
