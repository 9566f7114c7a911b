/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shoji list: a table whose columns scripts parse, so they are xl's. -l and
 * --json print everything there is to know, as JSON.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "cli/cli.h"
#include "lib/records.h"

struct listing {
	struct host *host;
	bool verbose;
	bool json;
	struct json out;
};

static unsigned long mib(uint64_t pages)
{
	return pages >> 8;
}

static void print_row(const struct listing *l, const char *name,
	const struct xen_domctl_getdomaininfo *info)
{
	char letters[7], uuid[UUID_STR_LEN], reason[12] = "-";

	state_letters(info->flags, letters);
	printf("%-40s %5u %5lu %5u     %s  %8.1f", name, info->domain,
		mib(info->tot_pages + info->outstanding_pages),
		info->nr_online_vcpus, letters, info->cpu_time / 1e9);
	if (l->verbose) {
		uuid_unparse_lower(info->handle, uuid);
		if (info->flags & XEN_DOMINF_shutdown)
			snprintf(reason, sizeof(reason), "%x",
				info->flags >> XEN_DOMINF_shutdownshift &
					XEN_DOMINF_shutdownmask);
		printf(" %s %8s %16s", uuid, reason, "-");
	}
	fputs("\n", stdout);
}

static void json_node(
	struct listing *l, const char *key, const char *path, const char *node)
{
	char *text = record_read(l->host->xs, "%s/%s", path, node);

	if (text && *text)
		json_string(&l->out, key, text);
	free(text);
}

/* Disks or network interfaces, from the private records' back-ends. */
static void json_devices(struct listing *l, uint16_t dom, const char *type,
	const char *key, const char *const *nodes)
{
	unsigned nr = 0;
	char **ids =
		record_list(l->host->xs, &nr, "/libxl/%u/device/%s", dom, type);

	json_open(&l->out, key, '[');
	for (unsigned i = 0; ids && i < nr; i++) {
		char *backend = record_read(l->host->xs,
			"/libxl/%u/device/%s/%s/backend", dom, type, ids[i]);

		json_open(&l->out, NULL, '{');
		json_number(&l->out, "devid", strtol(ids[i], NULL, 10));
		for (unsigned n = 0; backend && nodes[n]; n++)
			json_node(l, nodes[n], backend, nodes[n]);
		json_close(&l->out, '}');
		free(backend);
	}
	json_close(&l->out, ']');
	free(ids);
}

static void json_config(struct listing *l, const char *name,
	const struct xen_domctl_getdomaininfo *info, const char *uuid)
{
	static const char *const disk[] = {
		"dev", "params", "mode", "type", NULL};
	static const char *const vif[] = {
		"mac", "bridge", "ip", "vifname", "rate", NULL};
	char *vm =
		record_read(l->host->xs, "/local/domain/%u/vm", info->domain);

	json_open(&l->out, "config", '{');
	json_open(&l->out, "c_info", '{');
	json_string(&l->out, "type", "pv");
	json_string(&l->out, "name", name);
	json_string(&l->out, "uuid", uuid);
	json_close(&l->out, '}');
	json_open(&l->out, "b_info", '{');
	json_number(&l->out, "max_vcpus", info->max_vcpu_id + 1LL);
	json_number(&l->out, "max_memkb",
		record_read_number(l->host->xs, info->max_pages * 4,
			"/local/domain/%u/memory/static-max", info->domain));
	json_number(&l->out, "target_memkb",
		record_read_number(l->host->xs, info->tot_pages * 4,
			"/local/domain/%u/memory/target", info->domain));
	if (vm) {
		json_node(l, "kernel", vm, "image/kernel");
		json_node(l, "ramdisk", vm, "image/ramdisk");
		json_node(l, "cmdline", vm, "image/cmdline");
	}
	json_close(&l->out, '}');
	json_devices(l, info->domain, "vbd", "disks", disk);
	json_devices(l, info->domain, "vif", "nics", vif);
	json_close(&l->out, '}');
	free(vm);
}

static void json_row(struct listing *l, const char *name,
	const struct xen_domctl_getdomaininfo *info)
{
	char letters[7], uuid[UUID_STR_LEN];

	state_letters(info->flags, letters);
	uuid_unparse_lower(info->handle, uuid);
	json_open(&l->out, NULL, '{');
	json_number(&l->out, "domid", info->domain);
	json_string(&l->out, "name", name);
	json_string(&l->out, "uuid", uuid);
	json_number(&l->out, "memory_mib",
		mib(info->tot_pages + info->outstanding_pages));
	json_number(&l->out, "vcpus", info->nr_online_vcpus);
	json_string(&l->out, "state", letters);
	if (info->flags & XEN_DOMINF_shutdown)
		json_string(&l->out, "shutdown_reason",
			domain_end_name(
				info->flags >> XEN_DOMINF_shutdownshift &
				XEN_DOMINF_shutdownmask));
	json_seconds(&l->out, "cpu_seconds", info->cpu_time / 1e9);
	if (l->host->xs && info->domain)
		json_config(l, name, info, uuid);
	json_close(&l->out, '}');
}

static void row(struct listing *l, const struct xen_domctl_getdomaininfo *info)
{
	char *name = domain_name(l->host, info->domain);

	if (l->json)
		json_row(l, name, info);
	else
		print_row(l, name ? name : "(null)", info);
	free(name);
}

static int list_named(struct listing *l, char **names, struct error *error)
{
	struct xen_domctl_getdomaininfo info;
	uint16_t dom;

	for (; *names; names++) {
		if (domain_find(l->host, *names, &dom, error))
			return -ESRCH;
		if (control_info(l->host->fd, dom, &info))
			return error_set(
				error, ESRCH, "domain %u is gone", dom);
		row(l, &info);
	}
	return 0;
}

static int list_all(struct listing *l, struct error *error)
{
	unsigned nr;
	struct xen_domctl_getdomaininfo *info =
		all_domains(l->host, &nr, error);

	if (!info)
		return -error->code;
	for (unsigned i = 0; i < nr; i++)
		row(l, &info[i]);
	free(info);
	return 0;
}

static int list(struct listing *l, char **names, struct error *error)
{
	int rc;

	if (l->json)
		json_open(&l->out, NULL, '[');
	else
		printf("%-40s %5s %5s VCPUs\tState\tTime(s)%s\n", "Name", "ID",
			"Mem",
			l->verbose ? "   UUID                            "
				     "Reason-Code\tSecurity Label"
				   : "");
	rc = *names ? list_named(l, names, error) : list_all(l, error);
	if (l->json)
		json_close(&l->out, ']');
	return rc;
}

int cmd_list(int argc, char **argv)
{
	static const struct option longs[] = {
		{"long", 0, NULL, 'l'}, {"verbose", 0, NULL, 'v'}, {0}};
	struct error error = {0};
	struct host host;
	struct listing l = {
		.host = &host, .out = {.out = stdout}, .json = options.json};
	int c, rc;

	while ((c = getopt_long(argc, argv, "lv", longs, NULL)) >= 0) {
		if (c == 'l')
			l.json = true;
		else if (c == 'v')
			l.verbose = true;
		else
			return usage(argv[0]);
	}
	if (host_open(&host, HOST_HYPERVISOR, &error))
		return fail(&error);
	rc = names_exist(&host, argv + optind, &error);
	if (!rc)
		rc = list(&l, argv + optind, &error);
	host_close(&host);
	return rc ? fail(&error) : EXIT_OK;
}
