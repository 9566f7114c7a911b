// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs a program between two marks (mark.h), so that what it costs is counted:
 *
 *	timed NUMBER NAME [-f FILE] PROGRAM [ARGUMENT...]
 *
 * prints a line "operation NUMBER 1 NAME", if the program succeeds; marks 2 *
 * NUMBER and 2 * NUMBER + 1 are where it begins, after the fork, and where it
 * has ended. With -f there is one more operation, NUMBER + 1, NAME_line: from
 * the same begin until FILE, empty or missing so far, has a line.
 *
 * As the first process of a machine, it marks that user space begins there, and
 * goes on as /init.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "tests/bench/batch.h"

static void first_process(char **argv)
{
	const unsigned long ticks = __rdtsc();

	mark(MARK_USER);
	printf("first process: %lu ticks\n", ticks);
	fflush(stdout);
	execv("/init", argv);
	check(false, "/init");
}

static bool has_line(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && status.st_size > 0;
}

/* Until a file of the folder changes. */
static int watch(const char *path)
{
	char *const folder = strdup(path);
	const int fd = inotify_init();

	check(folder && strrchr(folder, '/') && fd >= 0, path);
	*strrchr(folder, '/') = '\0';
	check(inotify_add_watch(fd, folder, IN_CREATE | IN_MODIFY) >= 0,
		folder);
	free(folder);
	return fd;
}

static void wait_for_line(int fd, const char *path)
{
	char events[4096];

	while (!has_line(path))
		check(read(fd, events, sizeof(events)) > 0, path);
}

static int run(unsigned number, bool line, char **argv)
{
	const pid_t pid = fork();
	int status;

	check(pid >= 0, "fork");
	if (pid == 0) {
		if (line)
			mark(2 * number + 2);
		mark(2 * number);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	mark(2 * number + 1);
	return status;
}

int main(int argc, char **argv)
{
	const char *line = NULL;

	if (getpid() == 1)
		first_process(argv);
	if (argc >= 5 && strcmp(argv[3], "-f") == 0)
		line = argv[4];
	check(argc >= (line ? 6 : 4), "arguments");
	const unsigned number = (unsigned)atoi(argv[1]);
	const int fd = line ? watch(line) : -1;

	check(number < MARKS / 2 - 1, "NUMBER");
	const unsigned long begin = nanoseconds();
	const int status = run(number, line, argv + (line ? 5 : 3));
	const unsigned long end = nanoseconds();

	if (line) {
		wait_for_line(fd, line);
		mark(2 * number + 3);
	}
	if (status) {
		printf("%s failed: status %d\n", argv[2], status);
		return 1;
	}
	printf("operation %u 1 %s\ntook %u %lu\n", number, argv[2], number,
		end - begin);
	if (line)
		printf("operation %u 1 %s_line\n", number + 1, argv[2]);
	return 0;
}
