/* SPDX-License-Identifier: BSD-2-Clause */
/* shoji pause: stops a domain's vCPUs until it is unpaused. */
#include "cli/cli.h"

int cmd_pause(int argc, char **argv)
{
	struct error error = {0};
	struct host host;
	uint16_t dom;
	int status, rc;

	if (!one_domain(argc, argv, &host, &dom, &status))
		return status;
	rc = control_pause(host.fd, dom);
	if (rc)
		error_errno(&error, -rc, "pausing domain %u", dom);
	host_close(&host);
	return rc ? fail(&error) : done();
}
