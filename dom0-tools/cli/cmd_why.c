/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shoji why: what the hypervisor refused a domain, the last one at the end,
 * and how the domain crashed. Domains that have ended are asked by number as
 * long as the hypervisor knows them.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "shoji/extension.h"

#define RECORDS_MAX 64 /* more than the hypervisor keeps */

struct report {
	struct host *host;
	struct json out;
	uint16_t dom;
	char *name;
	struct shoji_refusal record[RECORDS_MAX]; /* newest first */
	unsigned nr;
	unsigned lost;
};

/* What it did when it was refused: a hypercall, or what trapped. */
static const char *action(
	const struct shoji_refusal *r, char *room, size_t size)
{
	if (r->vector == SHOJI_VECTOR_CRASH)
		return "crash";
	if (r->vector != SHOJI_VECTOR_HYPERCALL)
		snprintf(room, size, "exception %u", r->vector);
	else if (hypercall_name(r->call))
		return hypercall_name(r->call);
	else
		snprintf(room, size, "hypercall %u", r->call);
	return room;
}

/* Its errno or grant status, as the ABI calls it. */
static const char *error_name(int32_t error, char *room, size_t size)
{
	static const char *const statuses[] = {"GNTST_okay",
		"GNTST_general_error", "GNTST_bad_domain", "GNTST_bad_gntref",
		"GNTST_bad_handle", "GNTST_bad_virt_addr", "GNTST_bad_dev_addr",
		"GNTST_no_device_space", "GNTST_permission_denied",
		"GNTST_bad_page", "GNTST_bad_copy_arg", "GNTST_address_too_big",
		"GNTST_eagain"};
	const int32_t status = SHOJI_REFUSAL_GRANT - error;
	const char *name = strerrorname_np(-error);

	if (status >= 0 &&
		status < (int)(sizeof(statuses) / sizeof(statuses[0])))
		return statuses[status];
	if (name)
		return name;
	snprintf(room, size, "%d", error);
	return room;
}

static void text_record(const struct shoji_refusal *r)
{
	char call[24], error[24];

	printf("%12.6f %4u %-20s %-24s %6u %.91s\n", r->time / 1e9, r->vcpu,
		action(r, call, sizeof(call)),
		r->error ? error_name(r->error, error, sizeof(error)) : "-",
		r->count, r->text);
	if (r->vector == SHOJI_VECTOR_CRASH && r->arg[0])
		printf("%17s in its %s: RIP %#lx, RSP %#lx, RFLAGS %#lx, "
		       "CR2 %#lx\n",
			"", r->kernel ? "kernel" : "user space", r->arg[0],
			r->arg[2], r->arg[3], r->arg[1]);
}

static void print_text(const struct report *report)
{
	if (!report->nr)
		puts("It was refused nothing.");
	else
		printf("%12s %4s %-20s %-24s %6s Reason\n", "Time", "vCPU",
			"Call", "Error", "Count");
	for (unsigned i = report->nr; i-- > 0;)
		text_record(&report->record[i]);
	if (report->lost)
		printf("%u more came too fast to be kept.\n", report->lost);
}

static void json_record(struct json *out, const struct shoji_refusal *r)
{
	static const char *const names[2][4] = {
		{"arg0", "arg1", "arg2", "arg3"},
		{"rip", "cr2", "rsp", "rflags"},
	};
	const bool trap = r->vector != SHOJI_VECTOR_HYPERCALL;
	char room[24];

	json_open(out, NULL, '{');
	json_seconds(out, "time", r->time / 1e9);
	json_number(out, "vcpu", r->vcpu);
	json_string(out, "mode", r->kernel ? "kernel" : "user");
	json_string(out, "call", action(r, room, sizeof(room)));
	for (unsigned i = 0; i < 4; i++) {
		snprintf(room, sizeof(room), "%#lx", r->arg[i]);
		json_string(out, names[trap][i], room);
	}
	if (r->error)
		json_string(
			out, "error", error_name(r->error, room, sizeof(room)));
	json_number(out, "count", r->count);
	json_string(out, "reason", r->text);
	json_close(out, '}');
}

static void print_json(struct report *report)
{
	struct json *const out = &report->out;

	json_open(out, NULL, '{');
	json_number(out, "domid", report->dom);
	json_string(out, "name", report->name);
	json_bool(out, "crashed",
		report->nr && report->record[0].vector == SHOJI_VECTOR_CRASH);
	json_number(out, "lost", report->lost);
	json_open(out, "refusals", '[');
	for (unsigned i = report->nr; i-- > 0;)
		json_record(out, &report->record[i]);
	json_close(out, ']');
	json_close(out, '}');
}

static int collect(struct report *report, unsigned wanted, struct error *error)
{
	struct shoji_get_refusal get = {.lost = 0};
	int rc;

	do {
		rc = control_refusal(report->host->fd, report->dom,
			(uint16_t)report->nr, &get);
		report->lost = get.lost;
		if (rc || !get.record.count || report->nr == wanted)
			break;
		report->record[report->nr++] = get.record;
	} while (true);
	if (rc == -ENOSYS)
		return error_set(error, ENOSYS,
			"this hypervisor does not remember refusals");
	return rc ? error_errno(error, -rc, "reading domain %u's refusals",
			    report->dom)
		  : 0;
}

int cmd_why(int argc, char **argv)
{
	unsigned wanted = RECORDS_MAX;
	struct error error = {0};
	struct host host;
	struct report report = {.host = &host, .out = {.out = stdout}};
	char *end;
	int c, rc;

	while ((c = getopt(argc, argv, "n:")) >= 0) {
		if (c != 'n')
			return usage(argv[0]);
		wanted = (unsigned)strtoul(optarg, &end, 10);
		if (!*optarg || *end)
			return usage(argv[0]);
		if (wanted > RECORDS_MAX)
			wanted = RECORDS_MAX;
	}
	if (argc - optind != 1)
		return usage(argv[0]);
	if (host_open(&host, HOST_HYPERVISOR, &error))
		return fail(&error);
	rc = domain_find(&host, argv[optind], &report.dom, &error);
	if (!rc)
		rc = collect(&report, wanted, &error);
	if (!rc) {
		report.name = domain_name(&host, report.dom);
		if (options.json)
			print_json(&report);
		else
			print_text(&report);
		free(report.name);
	}
	host_close(&host);
	return rc ? fail(&error) : EXIT_OK;
}
