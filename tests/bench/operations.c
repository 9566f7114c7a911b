// SPDX-License-Identifier: BSD-2-Clause
/*
 * The operations of user programs that `make bench` counts.
 *
 * usage: operations [NAME...], all without arguments
 *
 * fork+exec runs /nothing (nothing.S).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/batch.h"

#define PAGE 4096u

static char *map(size_t pages)
{
	char *const area = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(area != MAP_FAILED, "mmap");
	return area;
}

static void touch(char *area, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		*(volatile char *)&area[i * PAGE] = 1;
}

static void null_call(unsigned times)
{
	while (times--)
		syscall(SYS_getppid);
}

static int zero_file;

static void open_zero(void)
{
	zero_file = open("/dev/zero", O_RDONLY);
	check(zero_file >= 0, "/dev/zero");
}

static void read_zero(unsigned times)
{
	char byte;

	while (times--)
		check(read(zero_file, &byte, 1) == 1, "read");
}

static void get_time(unsigned times)
{
	struct timespec ts;

	while (times--)
		clock_gettime(CLOCK_MONOTONIC, &ts);
}

static void yield(unsigned times)
{
	while (times--)
		sched_yield();
}

/* Faults: the area is made and unmade outside of what counts. */

#define FAULTS 256
static char *area;

static void map_area(void)
{
	area = map(FAULTS);
}

static void unmap_area(void)
{
	munmap(area, (size_t)FAULTS * PAGE);
}

static void touch_area(unsigned)
{
	touch(area, FAULTS);
}

static pid_t child;

/* A child that waits shares all pages. */
static void share_area(void)
{
	map_area();
	touch(area, FAULTS);
	child = fork();
	check(child >= 0, "fork");
	if (child == 0) {
		pause();
		_exit(0);
	}
}

static void unshare_area(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	unmap_area();
}

static void map_untouched(unsigned times)
{
	while (times--)
		munmap(map(16), (size_t)16 * PAGE);
}

static void map_touched(unsigned times)
{
	while (times--) {
		char *const some = map(16);

		touch(some, 16);
		munmap(some, (size_t)16 * PAGE);
	}
}

static size_t some_pages;

static void touched(size_t pages)
{
	some_pages = pages;
	area = map(pages);
	touch(area, pages);
}

static void touched_1(void)
{
	touched(1);
}

static void touched_64(void)
{
	touched(64);
}

static void unmap_touched(void)
{
	munmap(area, some_pages * PAGE);
}

static void protect(size_t pages, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		check(!mprotect(area, pages * PAGE,
			      i % 2 ? PROT_READ | PROT_WRITE : PROT_READ),
			"mprotect");
}

static void protect_1(unsigned times)
{
	protect(1, times);
}

static void protect_64(unsigned times)
{
	protect(64, times);
}

static void fork_exit(unsigned times)
{
	while (times--) {
		child = fork();
		check(child >= 0, "fork");
		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
}

static void fork_exec(unsigned times)
{
	while (times--) {
		const pid_t pid = fork();
		int status;

		check(pid >= 0, "fork");
		if (pid == 0) {
			execl("/nothing", "nothing", NULL);
			_exit(1);
		}
		waitpid(pid, &status, 0);
		check(status == 0, "exec");
	}
}

static int to[2], from[2];

static void round_trip(unsigned times)
{
	char byte = 0;

	while (times--)
		check(write(to[1], &byte, 1) == 1 &&
				read(from[0], &byte, 1) == 1,
			"pipe");
}

/* Ready: what the child needs for its start does not count. */
static void start_echo(void)
{
	char byte;

	check(!pipe(to) && !pipe(from), "pipe");
	fflush(NULL);
	child = fork();
	check(child >= 0, "fork");
	if (child) {
		round_trip(1);
		return;
	}
	while (read(to[0], &byte, 1) == 1)
		if (write(from[1], &byte, 1) != 1)
			break;
	_exit(0);
}

static void stop_echo(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (int i = 0; i < 2; i++) {
		close(to[i]);
		close(from[i]);
	}
}

static void on_signal(int)
{
}

static void set_handler(int number, void (*handler)(int))
{
	const struct sigaction action = {.sa_handler = handler};

	check(!sigaction(number, &action, NULL), "sigaction");
}

static void catch_user(void)
{
	set_handler(SIGUSR1, on_signal);
}

static void deliver(unsigned times)
{
	const pid_t pid = getpid();

	while (times--)
		kill(pid, SIGUSR1);
}

static void on_fault(int)
{
	mprotect(area, PAGE, PROT_READ | PROT_WRITE);
}

static void catch_faults(void)
{
	touched_1();
	set_handler(SIGSEGV, on_fault);
}

static void fault(unsigned times)
{
	while (times--) {
		mprotect(area, PAGE, PROT_READ);
		touch(area, 1);
	}
}

static void ignore_faults(void)
{
	set_handler(SIGSEGV, SIG_DFL);
	unmap_touched();
}

static void create_unlink(unsigned times)
{
	while (times--) {
		const int file = open("/x", O_CREAT | O_RDWR, 0600);

		check(file >= 0, "/x");
		close(file);
		unlink("/x");
	}
}

static char *source, *target;
#define COPY ((size_t)4 << 20)

static void map_copies(void)
{
	source = map(COPY / PAGE);
	target = map(COPY / PAGE);
	memset(source, 1, COPY);
	memset(target, 2, COPY);
}

static void unmap_copies(void)
{
	munmap(source, COPY);
	munmap(target, COPY);
}

static void copy(unsigned times)
{
	while (times--) {
		memcpy(target, source, COPY);
		__asm__ volatile("" : : "r"(target) : "memory");
	}
}

static const struct operation operations[] = {
	{"null_call", 1000, null_call, NULL, NULL},
	{"read_zero", 1000, read_zero, NULL, NULL},
	{"clock_gettime", 1000, get_time, NULL, NULL},
	{"sched_yield", 1000, yield, NULL, NULL},
	{"anonymous_fault", FAULTS, touch_area, map_area, unmap_area},
	{"cow_fault", FAULTS, touch_area, share_area, unshare_area},
	{"map_16_untouched", 1000, map_untouched, NULL, NULL},
	{"map_16_touched", 100, map_touched, NULL, NULL},
	{"mprotect_1", 100, protect_1, touched_1, unmap_touched},
	{"mprotect_64", 100, protect_64, touched_64, unmap_touched},
	{"fork_exit", 10, fork_exit, NULL, NULL},
	{"fork_exec", 10, fork_exec, NULL, NULL},
	{"pipe_round_trip", 200, round_trip, start_echo, stop_echo},
	{"signal", 200, deliver, catch_user, NULL},
	{"sigsegv", 200, fault, catch_faults, ignore_faults},
	{"create_unlink", 100, create_unlink, NULL, NULL},
	{"memcpy_4m", 4, copy, map_copies, unmap_copies},
};

#define NR_OPERATIONS (sizeof(operations) / sizeof(operations[0]))

int main(int argc, char **argv)
{
	open_zero();
	for (unsigned n = 0; n < NR_OPERATIONS; n++) {
		bool wanted = argc == 1;

		for (int i = 1; i < argc; i++)
			wanted |= strcmp(argv[i], operations[n].name) == 0;
		if (wanted)
			count(n, &operations[n]);
	}
	return 0;
}
