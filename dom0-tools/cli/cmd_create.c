/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shoji create: from a configuration file to a running domain. Unless told
 * not to, it leaves a process behind that looks after the domain's end.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "cli/cli.h"
#include "cli/console.h"
#include "lib/log.h"

#define LOG_DIR "/var/log/shoji"
#define OVERRIDES "command line"

struct request {
	const char *file;
	char *overrides; /* text, a line for each key=value */
	bool console;
	bool paused;
	bool dry_run;
	bool quiet;
	bool foreground; /* look after it in this process */
	bool abandon;    /* do not look after it at all */
};

/* On a command line quotes are a nuisance: text that needs them gets them. */
static char *quoted(const char *text)
{
	char *out = malloc(2 * strlen(text) + 3), *to = out;

	if (!out)
		return NULL;
	*to++ = '"';
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			*to++ = '\\';
		*to++ = *text;
	}
	strcpy(to, "\"");
	return out;
}

static bool is_plain_value(const char *text)
{
	char *end;

	if (*text == '\'' || *text == '"' || *text == '[')
		return true;
	(void)strtol(text, &end, 0);
	end += strspn(end, " \t");
	return end != text && (!*end || *end == ';');
}

static int add_override(struct request *r, const char *text)
{
	const size_t key = strcspn(text, "=") + 1;
	const char *value = text + key + strspn(text + key, " \t");
	char *copy = is_plain_value(value) ? strdup(value) : quoted(value);
	char *all = NULL;
	int rc = -1;

	if (copy)
		rc = asprintf(&all, "%s%.*s%s\n",
			r->overrides ? r->overrides : "", (int)key, text, copy);
	free(copy);
	if (rc < 0)
		return -ENOMEM;
	free(r->overrides);
	r->overrides = all;
	return 0;
}

static int take_flag(struct request *r, int c)
{
	switch (c) {
	case 'c':
		r->console = true;
		return 0;
	case 'p':
		r->paused = true;
		return 0;
	case 'n':
		r->dry_run = true;
		return 0;
	case 'q':
		r->quiet = true;
		return 0;
	case 'f':
		r->file = optarg;
		return 0;
	case 'd':
		log_set_level(LOG_LEVEL_DEBUG);
		return 0;
	case 'F':
		r->foreground = true;
		return 0;
	case 'e':
		r->abandon = true;
		return 0;
	case 'V': /* a VNC viewer, where there is none */
		return 0;
	}
	return -EINVAL;
}

/* EXIT_OK, or the exit status. */
static int parse(int argc, char **argv, struct request *r)
{
	static const struct option longs[] = {{"dryrun", 0, NULL, 'n'},
		{"quiet", 0, NULL, 'q'}, {"defconfig", 1, NULL, 'f'},
		{"paused", 0, NULL, 'p'}, {"vncviewer", 0, NULL, 'V'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "cpnqf:dFeV", longs, NULL)) >= 0)
		if (take_flag(r, c))
			return usage(argv[0]);
	for (; optind < argc; optind++) {
		const char *argument = argv[optind];

		if (!r->file && !strchr(argument, '='))
			r->file = argument;
		else if (!strchr(argument, '='))
			return usage(argv[0]);
		else if (add_override(r, argument))
			return EXIT_FAILED;
	}
	r->dry_run = r->dry_run || options.dry_run;
	if (r->foreground && r->console) {
		fputs("shoji: -c and -F exclude each other\n", stderr);
		return EXIT_USAGE;
	}
	if (r->file)
		return EXIT_OK;
	fputs("shoji: no configuration file is given\n", stderr);
	usage(argv[0]);
	return EXIT_NO_CONFIG;
}

static struct domain_config *read_config(
	const struct request *r, struct error *error)
{
	struct config *config = config_new();
	struct domain_config *dc;

	if (!config) {
		error_set(error, ENOMEM, "out of memory");
		return NULL;
	}
	if (config_load(config, r->file, error) ||
		(r->overrides && config_append(config, OVERRIDES, r->overrides,
					 error))) {
		config_free(config);
		return NULL;
	}
	dc = domain_config_new(config, error);
	if (!dc)
		error_at(error, r->file, 0);
	return dc;
}

static void describe_disks(struct json *json, const struct domain_config *dc)
{
	json_open(json, "disks", '[');
	for (size_t i = 0; i < dc->nr_disks; i++) {
		json_open(json, NULL, '{');
		json_string(json, "target", dc->disks[i].target);
		json_string(json, "vdev", dc->disks[i].vdev);
		json_bool(json, "readonly", dc->disks[i].readonly);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void describe_vifs(struct json *json, const struct domain_config *dc)
{
	char mac[18];

	json_open(json, "nics", '[');
	for (size_t i = 0; i < dc->nr_vifs; i++) {
		const uint8_t *m = dc->vifs[i].mac;

		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x",
			m[0], m[1], m[2], m[3], m[4], m[5]);
		json_open(json, NULL, '{');
		json_number(json, "devid", dc->vifs[i].devid);
		json_string(json, "mac", mac);
		json_string(json, "bridge", dc->vifs[i].bridge);
		json_string(json, "ip", dc->vifs[i].ip);
		json_close(json, '}');
	}
	json_close(json, ']');
}

/* What -n prints: the configuration as it was understood. */
static void describe(const struct domain_config *dc)
{
	struct json json = {.out = stdout};
	char uuid[UUID_STR_LEN];

	uuid_unparse_lower(dc->uuid, uuid);
	json_open(&json, NULL, '{');
	json_open(&json, "c_info", '{');
	json_string(&json, "type", "pv");
	json_string(&json, "name", dc->name);
	json_string(&json, "uuid", uuid);
	json_close(&json, '}');
	json_open(&json, "b_info", '{');
	json_number(&json, "max_vcpus", dc->max_vcpus);
	json_number(&json, "vcpus", dc->vcpus);
	json_number(&json, "max_memkb", dc->max_memory_kib);
	json_number(&json, "target_memkb", dc->memory_kib);
	json_string(&json, "kernel", dc->kernel);
	json_string(&json, "ramdisk", dc->ramdisk);
	json_string(&json, "cmdline", dc->cmdline);
	json_close(&json, '}');
	describe_disks(&json, dc);
	describe_vifs(&json, dc);
	json_close(&json, '}');
}

/* Messages of the monitor go to a file of the domain's. */
static void redirect(const char *name)
{
	char path[256];
	const int null = open("/dev/null", O_RDWR);
	int log;

	mkdir(LOG_DIR, 0750);
	snprintf(path, sizeof(path), LOG_DIR "/%s.log", name);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0640);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(log >= 0 ? log : null, STDERR_FILENO);
	log_open("shoji-monitor", false);
	log_set_level(LOG_LEVEL_INFO);
}

static int monitor(
	struct host *host, const struct domain_config *dc, uint16_t dom)
{
	struct error error = {0};

	log_info("looking after domain %u ('%s')", dom, dc->name);
	if (!domain_monitor(host, dc, dom, &error))
		return EXIT_OK;
	error_print(&error, "shoji", stderr);
	return EXIT_FAILED;
}

/* The child leaves the session, and never returns. */
static int fork_monitor(struct host *host, const struct domain_config *dc,
	uint16_t dom, struct error *error)
{
	const pid_t pid = fork();
	struct host own;
	sigset_t none;

	if (pid < 0)
		return error_errno(error, errno, "starting the monitor");
	if (pid)
		return 0;
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir("/"))
		_exit(EXIT_FAILED);
	redirect(dc->name);
	xs_daemon_destroy_postfork(host->xs);
	close(host->fd);
	*error = (struct error){0};
	if (host_open(&own, HOST_XENSTORE, error)) {
		error_print(error, "shoji-monitor", stderr);
		_exit(EXIT_FAILED);
	}
	_exit(monitor(&own, dc, dom));
}

static void announce(
	const struct request *r, const struct domain_config *dc, uint16_t dom)
{
	struct json json = {.out = stdout};

	if (options.json) {
		json_open(&json, NULL, '{');
		json_number(&json, "domid", dom);
		json_string(&json, "name", dc->name);
		json_close(&json, '}');
	} else if (!r->quiet && !r->console) {
		printf("started %s as domain %u\n", dc->name, dom);
	}
	fflush(stdout);
}

/* The domain is there, paused: watch over it and let it go. */
static int start(const struct request *r, struct host *host,
	const struct domain_config *dc, uint16_t dom, struct error *error)
{
	struct console *console = NULL;
	sigset_t before;
	int rc = 0;

	domain_hold_signals(&before);
	if (!r->foreground && !r->abandon)
		rc = fork_monitor(host, dc, dom, error);
	if (!rc && r->console) {
		console = console_open(dom, 0, CONSOLE_WAIT_MS, error);
		rc = console ? 0 : -error->code;
	}
	if (!rc && !r->paused) {
		rc = control_unpause(host->fd, dom);
		if (rc)
			error_errno(error, -rc, "starting domain %u", dom);
	}
	if (rc) {
		if (console)
			console_close(console);
		domain_destroy(host, dom, NULL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		return error_while(error, "starting the domain '%s'", dc->name);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	announce(r, dc, dom);
	return console ? console_run(console, CONSOLE_ESCAPE, error) : 0;
}

static int create(const struct request *r, const struct domain_config *dc,
	struct error *error)
{
	struct host host;
	uint16_t dom;
	int rc = host_open(&host, HOST_XENSTORE, error);

	if (rc)
		return rc;
	rc = domain_create(&host, dc, &dom, error);
	if (!rc)
		rc = start(r, &host, dc, dom, error);
	if (!rc && r->foreground)
		rc = monitor(&host, dc, dom) ? -EIO : 0;
	host_close(&host);
	return rc;
}

int cmd_create(int argc, char **argv)
{
	struct error error = {0};
	struct request r = {0};
	struct domain_config *dc;
	int rc = parse(argc, argv, &r);

	if (rc)
		return rc;
	dc = read_config(&r, &error);
	if (!dc)
		return fail(&error), EXIT_NOT_CREATED;
	if (r.dry_run)
		rc = domain_check(dc, &error);
	else
		rc = create(&r, dc, &error);
	if (!rc && r.dry_run)
		describe(dc);
	domain_config_free(dc);
	free(r.overrides);
	if (!rc)
		return EXIT_OK;
	if (error.code)
		fail(&error);
	return EXIT_NOT_CREATED;
}
