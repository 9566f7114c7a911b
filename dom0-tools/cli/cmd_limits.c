/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shoji limits: what domains use of what they may, in the hypervisor and in
 * xenstored. Memory and vCPUs are there to be used; the rest is marked when
 * little is left.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

struct listing {
	struct host *host;
	struct json out;
	const char *name; /* of the domain that is being listed */
	uint16_t dom;
};

static void row(struct listing *l, const char *what, uint64_t used,
	uint64_t max, bool mark)
{
	const bool near = mark && used * 5 >= max * 4;

	if (options.json) {
		json_open(&l->out, what, '{');
		json_number(&l->out, "used", (int64_t)used);
		json_number(&l->out, "limit", (int64_t)max);
		json_bool(&l->out, "near", near);
		json_close(&l->out, '}');
	} else {
		printf("%-32s %5u %-14s %9lu %9lu%s\n", l->name, l->dom, what,
			used, max, near ? " !" : "");
	}
}

static void hypervisor_rows(
	struct listing *l, const struct shoji_get_limits *limits)
{
	static const struct {
		const char *name;
		bool mark;
	} rows[SHOJI_NR_LIMITS] = {
		[SHOJI_LIMIT_MEMORY] = {"memory_pages", false},
		[SHOJI_LIMIT_VCPUS] = {"vcpus", false},
		[SHOJI_LIMIT_EVENT_PORTS] = {"event_ports", true},
		[SHOJI_LIMIT_GRANT_FRAMES] = {"grant_frames", true},
		[SHOJI_LIMIT_GRANTS] = {"grants", true},
		[SHOJI_LIMIT_MAPTRACK] = {"maptrack", true},
	};

	for (unsigned i = 0; i < SHOJI_NR_LIMITS; i++)
		row(l, rows[i].name, limits->limit[i].used,
			limits->limit[i].max, rows[i].mark);
}

/* "nodes            :       12 of     1000" and so on; the control domain has
 * no limits there. */
static void xenstore_rows(struct listing *l)
{
	static const char *const rows[] = {"nodes", "watches", "transactions"};
	char dom[8], name[32];
	unsigned used, max;
	char *text, *line, *rest;

	snprintf(dom, sizeof(dom), "%u", l->dom);
	text = l->host->xs && l->dom ? xs_control_command(l->host->xs, "quota",
					       dom, (unsigned)strlen(dom) + 1)
				     : NULL;
	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line;
		line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "%31[a-z] : %u of %u", name, &used, &max) != 3)
			continue;
		for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			if (!strcmp(name, rows[i]))
				row(l, rows[i], used, max, true);
	}
	free(text);
}

/* -ESRCH if it has just gone. */
static int domain(struct listing *l, uint16_t dom)
{
	struct shoji_get_limits limits = {0};
	const int rc = control_limits(l->host->fd, dom, &limits);
	char *name = domain_name(l->host, dom);

	l->dom = dom;
	l->name = name ? name : "(null)";
	if (!rc && options.json) {
		json_open(&l->out, NULL, '{');
		json_number(&l->out, "domid", dom);
		json_string(&l->out, "name", name);
		json_open(&l->out, "limits", '{');
	}
	if (!rc) {
		hypervisor_rows(l, &limits);
		xenstore_rows(l);
	}
	if (!rc && options.json) {
		json_close(&l->out, '}');
		json_close(&l->out, '}');
	}
	free(name);
	return rc;
}

static int list(struct listing *l, char **names, struct error *error)
{
	struct xen_domctl_getdomaininfo *info;
	unsigned nr;
	uint16_t dom;
	int rc = 0;

	if (*names) {
		for (; *names && !rc; names++) {
			rc = domain_find(l->host, *names, &dom, error);
			if (!rc && (rc = domain(l, dom)))
				error_errno(error, -rc, "domain %u", dom);
		}
		return rc;
	}
	info = all_domains(l->host, &nr, error);
	if (!info)
		return -error->code;
	for (unsigned i = 0; i < nr; i++)
		domain(l, info[i].domain);
	free(info);
	return 0;
}

int cmd_limits(int argc, char **argv)
{
	struct shoji_get_limits own;
	struct error error = {0};
	struct host host;
	struct listing l = {.host = &host, .out = {.out = stdout}};
	int rc;

	if (argc > 1 && argv[1][0] == '-')
		return usage(argv[0]);
	if (host_open(&host, HOST_HYPERVISOR, &error))
		return fail(&error);
	rc = control_limits(host.fd, DOMID_SELF, &own);
	if (rc == -ENOSYS)
		error_set(
			&error, ENOSYS, "this hypervisor does not tell limits");
	else if (rc)
		error_errno(&error, -rc, "asking for limits");
	else
		rc = names_exist(&host, argv + 1, &error);
	if (!rc) {
		if (options.json)
			json_open(&l.out, NULL, '[');
		else
			printf("%-32s %5s %-14s %9s %9s\n", "Name", "ID",
				"What", "Used", "Limit");
		rc = list(&l, argv + 1, &error);
		if (options.json)
			json_close(&l.out, ']');
	}
	host_close(&host);
	return rc ? fail(&error) : EXIT_OK;
}
