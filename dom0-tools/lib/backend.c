/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains that serve other domains' devices; see backend.h. */
#include "lib/backend.h"

#include <errno.h>

#include "lib/domain.h"
#include "lib/error.h"
#include "lib/log.h"
#include "lib/records.h"

int backend_find(struct host *host, const char *name, uint16_t dom,
	uint16_t *backend, struct error *error)
{
	int rc;

	*backend = 0;
	if (!name)
		return 0;
	rc = domain_find(host, name, backend, error);
	if (rc || !*backend)
		return rc;
	if (*backend == dom)
		return error_set(error, EINVAL,
			"'%.60s' cannot be its own back-end", name);
	if (record_read_number(
		    host->xs, 0, "/libxl/%u/driver-domain", *backend) == 1)
		return 0;
	error_hint(error, "set driver_domain=1 in its configuration");
	return error_set(error, EPERM,
		"'%.60s' is no driver domain and serves nobody", name);
}

int backend_allow(struct host *host, uint16_t dom, uint16_t backend,
	struct error *error)
{
	int rc;

	if (!backend)
		return 0;
	rc = control_share(host->fd, dom, backend, 1);
	if (rc == -ENOSYS)
		return 0; /* Xen: every domain may share with every other */
	return rc ? error_errno(error, -rc, "letting it share with domain %u",
			    backend)
		  : 0;
}

void backend_forbid(struct host *host, uint16_t dom, uint16_t backend)
{
	const int rc = backend ? control_share(host->fd, dom, backend, 0) : 0;

	if (rc && rc != -ENOSYS && rc != -ESRCH)
		log_warn("d%u and d%u can still share: errno %d", dom, backend,
			-rc);
}
