/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shoji info: "key : value" lines with xl's keys, or one JSON object.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/cli.h"
#include "xen/version.h"

struct report {
	int fd;
	struct json json;
	bool as_json;
};

static void text(struct report *r, const char *key, const char *value)
{
	if (r->as_json)
		json_string(&r->json, key, value);
	else
		printf("%-23s: %s\n", key, value);
}

static void number(struct report *r, const char *key, int64_t value)
{
	if (r->as_json)
		json_number(&r->json, key, value);
	else
		printf("%-23s: %" PRId64 "\n", key, value);
}

static void report_linux(struct report *r)
{
	struct utsname u;

	if (uname(&u))
		return;
	text(r, "host", u.nodename);
	text(r, "release", u.release);
	text(r, "version", u.version);
	text(r, "machine", u.machine);
}

static void report_caps(struct report *r, uint32_t caps)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {{XEN_SYSCTL_PHYSCAP_pv, "pv"},
		{XEN_SYSCTL_PHYSCAP_hvm, "hvm"},
		{XEN_SYSCTL_PHYSCAP_directio, "pv_directio"},
		{XEN_SYSCTL_PHYSCAP_hap, "hap"},
		{XEN_SYSCTL_PHYSCAP_shadow, "shadow"},
		{XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1"},
		{XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2"}};
	char line[128] = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (caps & names[i].bit) {
			if (*line)
				strcat(line, " ");
			strcat(line, names[i].name);
		}
	text(r, "virt_caps", line);
}

static int report_machine(struct report *r, struct error *error)
{
	struct xen_sysctl_physinfo info;
	const int rc = control_physinfo(r->fd, &info);
	const uint32_t *h = info.hw_cap;
	char line[128];

	if (rc)
		return error_errno(error, -rc, "asking about the machine");
	number(r, "nr_cpus", info.nr_cpus);
	number(r, "max_cpu_id", info.max_cpu_id);
	number(r, "nr_nodes", info.nr_nodes);
	number(r, "cores_per_socket", info.cores_per_socket);
	number(r, "threads_per_core", info.threads_per_core);
	snprintf(line, sizeof(line), "%u.%03u", info.cpu_khz / 1000,
		info.cpu_khz % 1000);
	text(r, "cpu_mhz", line);
	snprintf(line, sizeof(line), "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x",
		h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]);
	text(r, "hw_caps", line);
	report_caps(r, info.capabilities);
	number(r, "total_memory", info.total_pages >> 8);
	number(r, "free_memory",
		(info.free_pages - info.outstanding_pages) >> 8);
	number(r, "sharing_freed_memory", 0);
	number(r, "sharing_used_memory", 0);
	number(r, "outstanding_claims", info.outstanding_pages >> 8);
	number(r, "free_cpus", 0);
	return 0;
}

/* One string of xen_version; empty if it cannot be had. */
static char *version_text(
	struct report *r, unsigned command, char *buffer, size_t size)
{
	memset(buffer, 0, size);
	if (control_version(r->fd, command, buffer, size - 1) < 0)
		buffer[0] = 0;
	return buffer;
}

static void report_build(struct report *r)
{
	struct xen_compile_info info = {0};
	uint32_t build[17] = {64}; /* length, and room for it */
	const unsigned char *id = (const unsigned char *)(build + 1);
	char line[132] = "";
	int64_t size;

	if (!control_version(r->fd, XENVER_compile_info, &info, sizeof(info))) {
		info.compiler[sizeof(info.compiler) - 1] = 0;
		info.compile_by[sizeof(info.compile_by) - 1] = 0;
		info.compile_domain[sizeof(info.compile_domain) - 1] = 0;
		info.compile_date[sizeof(info.compile_date) - 1] = 0;
	}
	text(r, "cc_compiler", info.compiler);
	text(r, "cc_compile_by", info.compile_by);
	text(r, "cc_compile_domain", info.compile_domain);
	text(r, "cc_compile_date", info.compile_date);
	size = control_version(r->fd, XENVER_build_id, build, sizeof(build));
	for (int64_t i = 0; i < size && i < 64; i++)
		sprintf(line + 2 * i, "%02x", id[i]);
	text(r, "build_id", line);
}

static void report_hypervisor(struct report *r)
{
	const int64_t version = control_version(r->fd, XENVER_version, NULL, 0);
	const int major = version >> 16, minor = version & 0xffff;
	char extra[17], line[1025];
	uint64_t virt_start = 0;
	uint32_t scheduler = 0;

	number(r, "xen_major", major);
	number(r, "xen_minor", minor);
	text(r, "xen_extra",
		version_text(r, XENVER_extraversion, extra, sizeof(extra)));
	snprintf(line, sizeof(line), "%d.%d%s", major, minor, extra);
	text(r, "xen_version", line);
	text(r, "xen_caps",
		version_text(r, XENVER_capabilities, line, sizeof(line)));
	control_scheduler(r->fd, &scheduler);
	text(r, "xen_scheduler",
		scheduler == XEN_SCHEDULER_CREDIT2  ? "credit2"
		: scheduler == XEN_SCHEDULER_CREDIT ? "credit"
						    : "unknown");
	number(r, "xen_pagesize",
		control_version(r->fd, XENVER_pagesize, NULL, 0));
	control_version(r->fd, XENVER_platform_parameters, &virt_start,
		sizeof(virt_start));
	snprintf(line, sizeof(line), "virt_start=0x%" PRIx64, virt_start);
	text(r, "platform_params", line);
	version_text(r, XENVER_changeset, line, 65);
	text(r, "xen_changeset", line);
	text(r, "xen_commandline",
		version_text(r, XENVER_commandline, line, sizeof(line)));
	report_build(r);
	number(r, "xend_config_format", 4);
}

int cmd_info(int argc, char **argv)
{
	struct report r = {.json = {.out = stdout}, .as_json = options.json};
	struct error error = {0};
	struct host host;
	int rc;

	if (argc > 1)
		return usage(argv[0]);
	if (host_open(&host, HOST_HYPERVISOR, &error))
		return fail(&error);
	r.fd = host.fd;
	if (r.as_json)
		json_open(&r.json, NULL, '{');
	report_linux(&r);
	rc = report_machine(&r, &error);
	if (!rc)
		report_hypervisor(&r);
	if (r.as_json)
		json_close(&r.json, '}');
	host_close(&host);
	return rc ? fail(&error) : EXIT_OK;
}
