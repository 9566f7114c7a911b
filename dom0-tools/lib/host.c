/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections, and domains by name or number. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/domain.h"
#include "lib/error.h"
#include "lib/log.h"
#include "lib/records.h"

int host_open(struct host *host, enum host_need need, struct error *error)
{
	*host = (struct host){.fd = control_open(error)};
	if (host->fd < 0)
		return host->fd;
	host->xs = xs_open(XS_OPEN_SHOJI_SINGLE);
	if (host->xs || need == HOST_HYPERVISOR)
		return 0;
	error_errno(error, errno ? errno : ENOENT, "xenstore");
	error_hint(error, "is xenstored running?");
	host_close(host);
	return -error->code;
}

void host_close(struct host *host)
{
	if (host->xs)
		xs_close(host->xs);
	if (host->fd >= 0)
		close(host->fd);
	*host = (struct host){.fd = -1};
}

char *domain_name(struct host *host, uint16_t dom)
{
	char *name = NULL;

	if (host->xs)
		name = record_read(host->xs, "/local/domain/%u/name", dom);
	if (!name && !dom)
		name = strdup("Domain-0");
	return name;
}

static bool has_name(struct host *host, const char *id, const char *wanted)
{
	char *name = domain_name(host, (uint16_t)strtoul(id, NULL, 10));
	const bool same = name && !strcmp(name, wanted);

	free(name);
	return same;
}

static int find_by_name(
	struct host *host, const char *name, uint16_t *dom, struct error *error)
{
	unsigned nr = 0;
	char **ids = NULL;
	int rc = -ESRCH;

	if (!strcmp(name, "Domain-0")) {
		*dom = 0;
		return 0;
	}
	if (host->xs)
		ids = record_list(host->xs, &nr, "/local/domain");
	for (unsigned i = 0; ids && i < nr && rc; i++)
		if (has_name(host, ids[i], name)) {
			*dom = (uint16_t)strtoul(ids[i], NULL, 10);
			rc = 0;
		}
	free(ids);
	return rc ? error_set(error, ESRCH, "there is no domain '%.100s'", name)
		  : 0;
}

int domain_find(struct host *host, const char *name_or_id, uint16_t *dom,
	struct error *error)
{
	struct xen_domctl_getdomaininfo info;
	char *end;
	const unsigned long id = strtoul(name_or_id, &end, 10);

	if (*end || end == name_or_id)
		return find_by_name(host, name_or_id, dom, error);
	if (id >= DOMID_FIRST_RESERVED || control_info(host->fd, id, &info))
		return error_set(
			error, ESRCH, "there is no domain %s", name_or_id);
	*dom = id;
	return 0;
}

enum domain_fate domain_fate(
	struct host *host, uint16_t dom, enum domain_end *end)
{
	struct xen_domctl_getdomaininfo info;

	if (control_info(host->fd, dom, &info))
		return FATE_GONE;
	*end = info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
	if (info.flags & XEN_DOMINF_dying)
		return FATE_DYING;
	return info.flags & XEN_DOMINF_shutdown ? FATE_STOPPED : FATE_RUNS;
}

int domain_watch(struct host *host, struct error *error)
{
	if (xs_watch(host->xs, "@releaseDomain", "domain"))
		return 0;
	return error_errno(error, errno, "watching domains in xenstore");
}

/* xenstored may be restarted: it keeps its store, we call again. */
static void reconnect(struct host *host)
{
	struct xs_handle *xs;

	log_warn("lost xenstored, calling it again");
	while (!(xs = xs_open(XS_OPEN_SHOJI_SINGLE)) ||
		!xs_watch(xs, "@releaseDomain", "domain")) {
		if (xs)
			xs_close(xs);
		sleep(1);
	}
	xs_close(host->xs);
	host->xs = xs;
}

void domain_sleep(struct host *host, int timeout_ms)
{
	struct pollfd poller = {.fd = xs_fileno(host->xs), .events = POLLIN};
	char **event;

	if (poll(&poller, 1, timeout_ms) <= 0)
		return;
	while ((event = xs_check_watch(host->xs)))
		free(event);
	if (errno != EAGAIN)
		reconnect(host);
}

int domain_request(
	struct host *host, uint16_t dom, const char *what, struct error *error)
{
	enum domain_end end;

	if (!dom)
		return error_set(error, EINVAL,
			"this is the control domain; "
			"use its own command for that");
	if (domain_fate(host, dom, &end) != FATE_RUNS)
		return error_set(
			error, EINVAL, "domain %u does not run any more", dom);
	if (record_set(
		    host->xs, what, "/local/domain/%u/control/shutdown", dom))
		return 0;
	return error_errno(error, errno, "writing control/shutdown");
}

int domain_rename(
	struct host *host, uint16_t dom, const char *name, struct error *error)
{
	char *vm = record_read(host->xs, "/local/domain/%u/vm", dom);
	const bool good =
		record_set(host->xs, name, "/local/domain/%u/name", dom) &&
		(!vm || record_set(host->xs, name, "%s/name", vm));

	free(vm);
	return good ? 0 : error_errno(error, errno, "writing the new name");
}
