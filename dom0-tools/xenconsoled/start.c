// SPDX-License-Identifier: BSD-2-Clause
/* Command line and birth of the daemon, see start.h. */
#include "xenconsoled/start.h"

#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
	"usage: xenconsoled [options]\n"
	"  -i, --interactive       stay in the foreground, messages to stderr\n"
	"      --log=WHAT          record: none, guest, hv or all [none]\n"
	"      --log-dir=DIR       records and last words "
	"[/var/log/xen/console]\n"
	"  -t, --timestamp=WHAT    begin recorded lines with the time: none,\n"
	"                          guest, hv or all [none]\n"
	"      --run-dir=DIR       what a restart keeps [/run/xenconsoled]\n"
	"      --pid-file=FILE\n"
	"  -v, --verbose           say what happens; twice: more\n"
	"  -h, --help              this text\n";

enum { LOG = 256, LOG_DIR, RUN_DIR, PID_FILE };

static const struct option long_options[] = {
	{"interactive", no_argument, NULL, 'i'},
	{"log", required_argument, NULL, LOG},
	{"log-dir", required_argument, NULL, LOG_DIR},
	{"timestamp", required_argument, NULL, 't'},
	{"run-dir", required_argument, NULL, RUN_DIR},
	{"pid-file", required_argument, NULL, PID_FILE},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int ready_pipe = -1;

static void wrong(const char *what, const char *value)
{
	fprintf(stderr, "xenconsoled: %s '%s' (see --help)\n", what, value);
	exit(2);
}

static void choose(const char *what, bool *guests, bool *hypervisor)
{
	const bool all = !strcmp(what, "all");

	*guests = all || !strcmp(what, "guest");
	*hypervisor = all || !strcmp(what, "hv");
	if (!*guests && !*hypervisor && strcmp(what, "none"))
		wrong("neither none, guest, hv nor all:", what);
}

static void take_option(struct options *o, int option)
{
	switch (option) {
	case 'i':
		o->foreground = true;
		break;
	case 't':
		choose(optarg, &o->stamp_guests, &o->stamp_hypervisor);
		break;
	case 'v':
		o->verbose++;
		break;
	case LOG:
		choose(optarg, &o->log_guests, &o->log_hypervisor);
		break;
	case LOG_DIR:
		o->log_dir = optarg;
		break;
	case RUN_DIR:
		o->run_dir = optarg;
		break;
	case PID_FILE:
		o->pid_file = optarg;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

void start_options(struct options *o, int argc, char **argv)
{
	int option;

	*o = (struct options){
		.log_dir = "/var/log/xen/console",
		.run_dir = "/run/xenconsoled",
	};
	while ((option = getopt_long(
			argc, argv, "it:vh", long_options, NULL)) >= 0)
		take_option(o, option);
	if (optind < argc)
		wrong("unexpected argument", argv[optind]);
	if (o->verbose)
		log_set_level(LOG_LEVEL_DEBUG);
}

/* The first process: 0 when the second says so, else what it ended with. */
static void wait_for_child(int fd, pid_t child)
{
	char ready;
	int status;

	if (read(fd, &ready, 1) == 1)
		_exit(0);
	waitpid(child, &status, 0);
	_exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status)
						       : 1);
}

void start_background(const struct options *o)
{
	int ends[2];

	if (o->foreground)
		return;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		log_error("pipe: %s", strerror(errno));
		exit(1);
	}

	const pid_t child = fork();

	if (child < 0) {
		log_error("fork: %s", strerror(errno));
		exit(1);
	}
	if (child > 0) {
		close(ends[1]);
		wait_for_child(ends[0], child);
	}
	close(ends[0]);
	ready_pipe = ends[1];
	setsid();
	if (chdir("/") < 0)
		log_warn("chdir /: %s", strerror(errno));
}

void start_alone(const struct options *o)
{
	char path[512];

	snprintf(path, sizeof(path), "%.500s/lock", o->run_dir);

	/* Stays open, and locked, until the process ends. */
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0) {
		log_error("cannot open %s: %s", path, strerror(errno));
		exit(1);
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		log_error(
			"another xenconsoled is running (%s is locked)", path);
		exit(1);
	}
}

static void write_pid(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file || fprintf(file, "%ld\n", (long)getpid()) < 0)
		log_warn("cannot write %s: %s", path, strerror(errno));
	if (file)
		fclose(file);
}

void start_ready(const struct options *o)
{
	if (o->pid_file)
		write_pid(o->pid_file);
	if (o->foreground)
		return;

	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	log_open("xenconsoled", true);
	if (write(ready_pipe, "", 1) != 1)
		log_warn("nobody waits for the start");
	close(ready_pipe);
}
