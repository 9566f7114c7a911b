/* SPDX-License-Identifier: BSD-2-Clause */
/* shoji pause: stops a domain's vCPUs until it is unpaused; shoji unpause. */
#include "cli/cli.h"

static int apply(int argc, char **argv, int (*change)(int fd, uint16_t dom))
{
	struct error error = {0};
	struct host host;
	uint16_t dom;
	int status, rc;

	if (!one_domain(argc, argv, &host, &dom, &status))
		return status;
	rc = change(host.fd, dom);
	if (rc)
		error_errno(&error, -rc, "%s domain %u", argv[0], dom);
	host_close(&host);
	return rc ? fail(&error) : done();
}

int cmd_pause(int argc, char **argv)
{
	return apply(argc, argv, control_pause);
}

int cmd_unpause(int argc, char **argv)
{
	return apply(argc, argv, control_unpause);
}
