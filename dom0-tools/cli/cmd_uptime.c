/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shoji uptime: since when domains run. A domain's start is in xenstore; the
 * control domain's age is the kernel's.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cli.h"
#include "lib/records.h"

struct listing {
	struct host *host;
	struct json out;
	bool brief;
};

static long age(struct host *host, uint16_t dom)
{
	struct timespec now;
	char *vm, *start;
	long seconds = 0;

	if (!dom) {
		clock_gettime(CLOCK_BOOTTIME, &now);
		return now.tv_sec;
	}
	vm = record_read(host->xs, "/local/domain/%u/vm", dom);
	start = vm ? record_read(host->xs, "%s/start_time", vm) : NULL;
	if (start)
		seconds = time(NULL) - strtol(start, NULL, 10);
	free(start);
	free(vm);
	return seconds;
}

static void row(struct listing *l, uint16_t dom)
{
	char *name = domain_name(l->host, dom);
	const char *shown = name ? name : "(null)";
	const long seconds = age(l->host, dom), days = seconds / 86400;
	const int hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
	const time_t now = time(NULL);
	char when[16], since[40] = "";
	struct tm tm;

	if (days)
		snprintf(since, sizeof(since), "%ld day%s, ", days,
			days > 1 ? "s" : "");
	if (options.json) {
		json_open(&l->out, NULL, '{');
		json_number(&l->out, "domid", dom);
		json_string(&l->out, "name", name);
		json_number(&l->out, "uptime_seconds", seconds);
		json_close(&l->out, '}');
	} else if (l->brief) {
		strftime(when, sizeof(when), "%T", localtime_r(&now, &tm));
		printf(" %s up %s%2d:%02d, %s (%u)\n", when, since, hours,
			minutes, shown, dom);
	} else {
		printf("%-32s %5u %s%2d:%02d:%02d\n", shown, dom, since, hours,
			minutes, (int)(seconds % 60));
	}
	free(name);
}

static int list(struct listing *l, char **names, struct error *error)
{
	struct xen_domctl_getdomaininfo *info;
	uint16_t dom;
	unsigned nr;

	if (*names) {
		for (; *names; names++) {
			if (domain_find(l->host, *names, &dom, error))
				return -ESRCH;
			row(l, dom);
		}
		return 0;
	}
	info = all_domains(l->host, &nr, error);
	if (!info)
		return -error->code;
	for (unsigned i = 0; i < nr; i++)
		row(l, info[i].domain);
	free(info);
	return 0;
}

int cmd_uptime(int argc, char **argv)
{
	static const struct option longs[] = {{"short", 0, NULL, 's'}, {0}};
	struct error error = {0};
	struct host host;
	struct listing l = {.host = &host, .out = {.out = stdout}};
	int c, rc;

	while ((c = getopt_long(argc, argv, "s", longs, NULL)) >= 0) {
		if (c != 's')
			return usage(argv[0]);
		l.brief = true;
	}
	if (host_open(&host, HOST_XENSTORE, &error))
		return fail(&error);
	if (names_exist(&host, argv + optind, &error)) {
		host_close(&host);
		return fail(&error);
	}
	if (options.json)
		json_open(&l.out, NULL, '[');
	else if (!l.brief)
		printf("%-32s %5s Uptime\n", "Name", "ID");
	rc = list(&l, argv + optind, &error);
	if (options.json)
		json_close(&l.out, ']');
	host_close(&host);
	return rc ? fail(&error) : EXIT_OK;
}
