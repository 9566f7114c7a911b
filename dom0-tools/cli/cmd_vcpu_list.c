/* SPDX-License-Identifier: BSD-2-Clause */
/* shoji vcpu-list: a row for each vCPU, in xl's columns. */
#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"

struct listing {
	struct host *host;
	struct json out;
	unsigned nr_cpus;
};

static void json_row(struct listing *l, unsigned vcpu,
	const struct xen_domctl_getvcpuinfo *info, const char *hard,
	const char *soft)
{
	json_open(&l->out, NULL, '{');
	json_number(&l->out, "vcpu", vcpu);
	json_bool(&l->out, "online", info->online);
	json_bool(&l->out, "blocked", info->blocked);
	json_bool(&l->out, "running", info->running);
	if (info->online)
		json_number(&l->out, "cpu", info->cpu);
	json_seconds(&l->out, "cpu_seconds", info->cpu_time / 1e9);
	json_string(&l->out, "hard_affinity", hard);
	json_string(&l->out, "soft_affinity", soft);
	json_close(&l->out, '}');
}

static void row(
	struct listing *l, const char *name, uint16_t dom, unsigned vcpu)
{
	uint8_t hard[DOMAIN_MAX_CPUS / 8] = {0}, soft[sizeof(hard)] = {0};
	struct xen_domctl_getvcpuinfo info;
	char hard_text[256], soft_text[256], cpu[12] = "-";

	if (control_vcpu_info(l->host->fd, dom, vcpu, &info))
		return;
	control_get_affinity(l->host->fd, dom, vcpu, hard, soft, l->nr_cpus);
	cpu_list_print(hard, l->nr_cpus, hard_text, sizeof(hard_text));
	cpu_list_print(soft, l->nr_cpus, soft_text, sizeof(soft_text));
	if (options.json) {
		json_row(l, vcpu, &info, hard_text, soft_text);
		return;
	}
	if (info.online)
		snprintf(cpu, sizeof(cpu), "%u", info.cpu);
	printf("%-32s %5u %5u %4s   %c%c%c %9.1f  %s / %s\n", name, dom, vcpu,
		cpu, info.running ? 'r' : '-', info.blocked ? 'b' : '-',
		info.online ? '-' : 'p', info.cpu_time / 1e9, hard_text,
		soft_text);
}

static void rows(struct listing *l, const struct xen_domctl_getdomaininfo *info)
{
	char *name = domain_name(l->host, info->domain);

	if (options.json) {
		json_open(&l->out, NULL, '{');
		json_number(&l->out, "domid", info->domain);
		json_string(&l->out, "name", name);
		json_open(&l->out, "vcpus", '[');
	}
	if (info->max_vcpu_id != XEN_INVALID_MAX_VCPU_ID)
		for (unsigned v = 0; v <= info->max_vcpu_id; v++)
			row(l, name ? name : "(null)", info->domain, v);
	if (options.json) {
		json_close(&l->out, ']');
		json_close(&l->out, '}');
	}
	free(name);
}

static int list(struct listing *l, char **names, struct error *error)
{
	struct xen_domctl_getdomaininfo *info, one;
	unsigned nr;
	uint16_t dom;

	for (; *names; names++) {
		if (domain_find(l->host, *names, &dom, error) ||
			control_info(l->host->fd, dom, &one))
			return error_set(error, ESRCH, "listing its vCPUs");
		rows(l, &one);
		if (!names[1])
			return 0;
	}
	info = all_domains(l->host, &nr, error);
	if (!info)
		return -error->code;
	for (unsigned i = 0; i < nr; i++)
		rows(l, &info[i]);
	free(info);
	return 0;
}

int cmd_vcpu_list(int argc, char **argv)
{
	struct xen_sysctl_physinfo machine = {0};
	struct error error = {0};
	struct host host;
	struct listing l = {.host = &host, .out = {.out = stdout}};
	int rc;

	if (argc > 1 && argv[1][0] == '-')
		return usage(argv[0]);
	if (host_open(&host, HOST_HYPERVISOR, &error))
		return fail(&error);
	rc = control_physinfo(host.fd, &machine);
	if (rc) {
		error_errno(&error, -rc, "asking about the machine");
	} else if (!(rc = names_exist(&host, argv + 1, &error))) {
		l.nr_cpus = machine.max_cpu_id + 1;
		if (l.nr_cpus > DOMAIN_MAX_CPUS)
			l.nr_cpus = DOMAIN_MAX_CPUS;
		if (options.json)
			json_open(&l.out, NULL, '[');
		else
			puts("Name                                ID  VCPU   "
			     "CPU State   Time(s) Affinity (Hard / Soft)");
		rc = list(&l, argv + 1, &error);
		if (options.json)
			json_close(&l.out, ']');
	}
	host_close(&host);
	return rc ? fail(&error) : EXIT_OK;
}
