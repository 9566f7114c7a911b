/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shoji: the command that people type. Global flags, the verb (or an
 * unambiguous beginning of it), then the verb's own arguments.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/log.h"

struct options options;

const struct command commands[] = {
	{"create", cmd_create, "[-cpnqdFe] FILE|-f FILE [key=value]...",
		"make a domain from a configuration file and start it"},
	{"list", cmd_list, "[-lv] [DOMAIN]...", "the domains there are"},
	{"console", cmd_console, "DOMAIN",
		"connect to a domain's console (Ctrl-] leaves)"},
	{"shutdown", cmd_shutdown, "[-w] -a|DOMAIN...",
		"ask domains to shut down"},
	{"reboot", cmd_reboot, "[-w] -a|DOMAIN...", "ask domains to reboot"},
	{"destroy", cmd_destroy, "DOMAIN", "end a domain at once"},
	{"pause", cmd_pause, "DOMAIN", "stop a domain's vCPUs"},
	{"unpause", cmd_unpause, "DOMAIN", "let a paused domain go on"},
	{"info", cmd_info, "", "the machine and its hypervisor"},
	{"dmesg", cmd_dmesg, "[-c]", "the hypervisor's log (-c: clear it)"},
	{"audit", cmd_audit, "",
		"check the hypervisor's count of every page reference"},
	{"domid", cmd_domid, "NAME", "the number of a domain"},
	{"domname", cmd_domname, "ID", "the name of a domain"},
	{"uptime", cmd_uptime, "[-s] [DOMAIN]...", "how long domains run"},
	{"vcpu-list", cmd_vcpu_list, "[DOMAIN]...",
		"the vCPUs of domains, and where they run"},
	{"why", cmd_why, "[-n COUNT] DOMAIN",
		"what the hypervisor refused a domain, and its crash"},
	{"limits", cmd_limits, "[DOMAIN]...",
		"what domains use of what they may"},
	{"perf", cmd_perf, "[-c] [-d DOMAIN]... [INTERVAL [COUNT]]",
		"why vCPUs enter the hypervisor, and how often"},
	{"unpack-kernel", cmd_unpack, "KERNEL OUTPUT",
		"write the ELF file that is inside a bzImage"},
	{"help", cmd_help, "[VERB]", "this list"},
	{0},
};

const struct command *command_find(const char *name)
{
	const struct command *found = NULL;
	unsigned nr = 0;

	for (const struct command *c = commands; c->name; c++) {
		if (!strcmp(c->name, name))
			return c;
		if (strncmp(c->name, name, strlen(name)))
			continue;
		found = c;
		nr++;
	}
	if (nr == 1)
		return found;
	fprintf(stderr, "shoji: %s verb '%s'", nr ? "ambiguous" : "unknown",
		name);
	for (const struct command *c = commands; nr && c->name; c++)
		if (!strncmp(c->name, name, strlen(name)))
			fprintf(stderr, "%s%s", nr-- ? " " : "", c->name);
	fputs("\n", stderr);
	return NULL;
}

int usage(const char *verb)
{
	const struct command *c = command_find(verb);

	if (c)
		fprintf(stderr, "usage: shoji %s %s\n", c->name, c->arguments);
	return EXIT_USAGE;
}

static void list_verbs(FILE *out)
{
	fputs("usage: shoji [-vNftT] [--json] VERB [ARGUMENTS]\n\n", out);
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-14s %s\n", c->name, c->summary);
	fputs("\n`shoji help VERB` shows a verb's arguments.\n", out);
}

int cmd_help(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		list_verbs(stdout);
		return EXIT_OK;
	}
	c = command_find(argv[1]);
	if (!c)
		return EXIT_FAILED;
	printf("usage: shoji %s %s\n\n%s\n", c->name, c->arguments, c->summary);
	return EXIT_OK;
}

static void error_json(const struct error *error)
{
	struct json json = {.out = stdout};

	json_open(&json, NULL, '{');
	json_bool(&json, "ok", false);
	json_string(&json, "cause", error->cause);
	json_number(&json, "errno", error->code);
	json_string(&json, "place", error->place[0] ? error->place : NULL);
	json_open(&json, "while", '[');
	for (unsigned i = 0; i < error->nr_contexts; i++)
		json_string(&json, NULL, error->context[i]);
	json_close(&json, ']');
	json_string(&json, "hint", error->hint[0] ? error->hint : NULL);
	json_close(&json, '}');
}

int fail(const struct error *error)
{
	if (options.json)
		error_json(error);
	error_print(error, "shoji", stderr);
	return EXIT_FAILED;
}

int done(void)
{
	struct json json = {.out = stdout};

	if (!options.json)
		return EXIT_OK;
	json_open(&json, NULL, '{');
	json_bool(&json, "ok", true);
	json_close(&json, '}');
	return EXIT_OK;
}

bool one_domain(
	int argc, char **argv, struct host *host, uint16_t *dom, int *status)
{
	struct error error = {0};

	if (argc != 2 || argv[1][0] == '-') {
		*status = usage(argv[0]);
		return false;
	}
	if (!host_open(host, HOST_XENSTORE, &error) &&
		!domain_find(host, argv[1], dom, &error))
		return true;
	if (host->fd >= 0)
		host_close(host);
	*status = fail(&error);
	return false;
}

int names_exist(struct host *host, char **names, struct error *error)
{
	uint16_t dom;
	int rc = 0;

	for (; !rc && *names; names++)
		rc = domain_find(host, *names, &dom, error);
	return rc;
}

struct xen_domctl_getdomaininfo *all_domains(
	struct host *host, unsigned *nr, struct error *error)
{
	struct xen_domctl_getdomaininfo *info = NULL;
	unsigned room = 0;
	uint16_t first = 0;
	int got;

	*nr = 0;
	do {
		void *more = realloc(info, (room += 64) * sizeof(*info));

		if (!more) {
			error_set(error, ENOMEM, "out of memory");
			break;
		}
		info = more;
		got = control_list(host->fd, first, info + *nr, room - *nr);
		if (got < 0) {
			error_errno(error, -got, "listing the domains");
			break;
		}
		*nr += got;
		if (*nr < room)
			return info;
		first = info[*nr - 1].domain + 1;
	} while (true);
	free(info);
	return NULL;
}

void state_letters(uint32_t flags, char letters[static 7])
{
	const bool stopped = flags & XEN_DOMINF_shutdown;
	const unsigned why =
		flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;

	strcpy(letters, "------");
	if (flags & XEN_DOMINF_running)
		letters[0] = 'r';
	if (flags & XEN_DOMINF_blocked)
		letters[1] = 'b';
	if (flags & XEN_DOMINF_paused)
		letters[2] = 'p';
	if (stopped)
		letters[3] = 's';
	if (stopped && why == END_CRASH)
		letters[4] = 'c';
	if (flags & XEN_DOMINF_dying)
		letters[5] = 'd';
}

/* --json may stand anywhere before a "--". */
static int take_json(int argc, char **argv)
{
	int kept = 1;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			while (i < argc)
				argv[kept++] = argv[i++];
			break;
		}
		if (!strcmp(argv[i], "--json"))
			options.json = true;
		else
			argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	return kept;
}

int main(int argc, char **argv)
{
	const struct command *command;
	int c;

	log_open("shoji", false);
	log_set_level(LOG_LEVEL_WARN);
	argc = take_json(argc, argv);
	while ((c = getopt(argc, argv, "+vNftTh")) >= 0) {
		switch (c) {
		case 'v':
			options.verbose++;
			break;
		case 'N':
			options.dry_run = true;
			break;
		case 'f':
			options.force = true;
			break;
		case 'T':
			options.timestamps = true;
			break;
		case 't': /* xl: carriage returns in progress messages */
			break;
		case 'h':
			list_verbs(stdout);
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	if (options.verbose)
		log_set_level(
			options.verbose > 1 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	if (optind == argc) {
		list_verbs(stderr);
		return EXIT_FAILED;
	}
	command = command_find(argv[optind]);
	if (!command)
		return EXIT_FAILED;
	argc -= optind;
	argv += optind;
	argv[0] = (char *)(uintptr_t)command->name;
	optind = 0; /* the verb scans its own arguments anew */
	return command->run(argc, argv);
}
