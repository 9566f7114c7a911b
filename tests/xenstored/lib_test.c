/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libxenstore's calls, from a program that knows only the public header; run
 * with Debian's library and with ours, against a running daemon. What is
 * checked here is what programs may count on with either.
 */
#include "suite.h"

#include <xen/io/xs_wire.h>
#include <xenstore.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool set(struct xs_handle *h, xs_transaction_t t, const char *path,
	const char *value)
{
	return xs_write(h, t, path, value, strlen(value));
}

static bool value_is(struct xs_handle *h, xs_transaction_t t,
	const char *path, const char *wanted)
{
	unsigned len;
	char *value = xs_read(h, t, path, &len);
	const bool same = value && len == strlen(wanted) &&
		!strcmp(value, wanted);

	free(value);
	return same;
}

/* The next event is this one. */
static bool event_is(struct xs_handle *h, const char *path, const char *token)
{
	unsigned num;
	char **event = xs_read_watch(h, &num);
	const bool same = event && num == 2 &&
		!strcmp(event[XS_WATCH_PATH], path) &&
		!strcmp(event[XS_WATCH_TOKEN], token);

	if (event && !same)
		printf("event %s %s\n", event[0], event[1]);
	free(event);
	return same;
}

static void test_nodes(void)
{
	struct xs_handle *h = xs_open(0);
	unsigned num;

	CHECK(h);
	CHECK(xs_mkdir(h, XBT_NULL, "/lt/dir"));
	CHECK(xs_mkdir(h, XBT_NULL, "/lt/dir"));
	CHECK(xs_write(h, XBT_NULL, "/lt/bin", "a\0b", 3));

	char *value = xs_read(h, XBT_NULL, "/lt/bin", &num);

	CHECK(value && num == 3 && !memcmp(value, "a\0b", 4));
	free(value);
	CHECK(!xs_read(h, XBT_NULL, "/lt/none", &num) && errno == ENOENT);
	CHECK(!set(h, XBT_NULL, "bad//path", "v") && errno == EINVAL);

	char **list = xs_directory(h, XBT_NULL, "/lt", &num);

	CHECK(list && num == 2 && !strcmp(list[0], "bin") &&
		!strcmp(list[1], "dir"));
	free(list);
	list = xs_directory(h, XBT_NULL, "/lt/dir", &num);
	CHECK(list && num == 0);
	free(list);
	CHECK(xs_rm(h, XBT_NULL, "/lt"));
	CHECK(!xs_directory(h, XBT_NULL, "/lt", &num) && errno == ENOENT);
	value = malloc(5000);
	memset(value, 'x', 5000);
	CHECK(!xs_write(h, XBT_NULL, "/lt", value, 5000) && errno == E2BIG);
	free(value);
	xs_close(h);
	xs_close(NULL);
}

static void test_permissions(void)
{
	struct xs_handle *h = xs_open(0);
	struct xs_permissions perms[] = {
		{.id = 3, .perms = XS_PERM_NONE},
		{.id = 4, .perms = XS_PERM_READ | XS_PERM_WRITE},
		{.id = 5, .perms = XS_PERM_WRITE},
	};
	unsigned num;

	CHECK(set(h, XBT_NULL, "/lt", "v"));
	CHECK(xs_set_permissions(h, XBT_NULL, "/lt", perms, 3));

	struct xs_permissions *found = xs_get_permissions(h, XBT_NULL, "/lt",
		&num);

	CHECK(found && num == 3 && !memcmp(found, perms, sizeof(perms)));
	free(found);
	CHECK(!xs_get_permissions(h, XBT_NULL, "/none", &num) &&
		errno == ENOENT);
	CHECK(xs_strings_to_perms(perms, 2, "r7\0b8"));
	CHECK(perms[0].id == 7 && perms[0].perms == XS_PERM_READ);
	CHECK(perms[1].id == 8 &&
		perms[1].perms == (XS_PERM_READ | XS_PERM_WRITE));
	CHECK(!xs_strings_to_perms(perms, 1, "z7"));
	CHECK(!xs_strings_to_perms(perms, 1, "r"));
	CHECK(xs_rm(h, XBT_NULL, "/lt"));
	xs_close(h);
}

static void test_transactions(void)
{
	struct xs_handle *a = xs_open(0), *b = xs_open(0);
	xs_transaction_t t = xs_transaction_start(a);
	char *value;

	CHECK(t != XBT_NULL);
	CHECK(set(a, t, "/lt/x", "1"));
	CHECK(value_is(a, t, "/lt/x", "1"));
	CHECK(!xs_read(b, XBT_NULL, "/lt/x", NULL) && errno == ENOENT);
	CHECK(xs_transaction_end(a, t, false));
	CHECK(value_is(b, XBT_NULL, "/lt/x", "1"));

	t = xs_transaction_start(a);
	value = xs_read(a, t, "/lt/x", NULL);
	free(value);
	CHECK(set(b, XBT_NULL, "/lt/x", "2"));
	CHECK(set(a, t, "/lt/y", "1"));
	CHECK(!xs_transaction_end(a, t, false) && errno == EAGAIN);
	CHECK(!xs_transaction_end(a, t, false) && errno == ENOENT);

	t = xs_transaction_start(a);
	CHECK(set(a, t, "/lt/z", "1"));
	CHECK(xs_transaction_end(a, t, true));
	CHECK(!xs_read(a, XBT_NULL, "/lt/z", NULL));
	CHECK(xs_rm(a, XBT_NULL, "/lt"));
	xs_close(a);
	xs_close(b);
}

static void watches(unsigned long flags)
{
	struct xs_handle *h = xs_open(flags);
	struct pollfd poll_fd = {.events = POLLIN};

	CHECK(xs_watch(h, "/lt", "token"));
	poll_fd.fd = xs_fileno(h);
	CHECK(poll_fd.fd >= 0 && xs_fileno(h) == poll_fd.fd);
	CHECK(poll(&poll_fd, 1, 20000) == 1);

	char **event = xs_check_watch(h);

	CHECK(event && !strcmp(event[XS_WATCH_PATH], "/lt"));
	free(event);
	CHECK(!xs_check_watch(h) && errno == EAGAIN);
	CHECK(poll(&poll_fd, 1, 0) == 0);
	CHECK(set(h, XBT_NULL, "/lt/a", "1"));
	CHECK(set(h, XBT_NULL, "/lt/b", "1"));
	CHECK(poll(&poll_fd, 1, 20000) == 1);
	CHECK(event_is(h, "/lt/a", "token"));
	CHECK(event_is(h, "/lt/b", "token"));
	CHECK(!xs_watch(h, "/lt", "token") && errno == EEXIST);
	CHECK(xs_unwatch(h, "/lt", "token"));
	CHECK(!xs_unwatch(h, "/lt", "token") && errno == ENOENT);
	CHECK(xs_rm(h, XBT_NULL, "/lt"));
	usleep(20000);
	CHECK(!xs_check_watch(h) && errno == EAGAIN);
	xs_close(h);
}

static void test_watches(void)
{
	watches(0);
}

static unsigned nr_threads(void)
{
	DIR *const dir = opendir("/proc/self/task");
	unsigned nr = 0;

	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr - 2;
}

/* A flag of Shoji's, which means nothing to Debian's library: no thread reads,
 * and as long as an event waits, wherever it may be, the descriptor says so. */
static void test_single(void)
{
	struct xs_handle *h = xs_open(XS_OPEN_SHOJI_SINGLE);
	struct pollfd poll_fd = {.events = POLLIN};
	struct xs_handle *other = xs_open(0);

	watches(XS_OPEN_SHOJI_SINGLE);
	poll_fd.fd = xs_fileno(h);
	for (int i = 0; i < 3; i++)
		CHECK(xs_watch(h, "/lt", i == 0 ? "a" : i == 1 ? "b" : "c"));
	for (int i = 0; i < 50; i++)
		CHECK(set(other, XBT_NULL, "/lt/x", "1"));
	CHECK(value_is(h, XBT_NULL, "/lt/x", "1"));
	for (int i = 0; i < 3 + 3 * 50; i++) {
		CHECK(poll(&poll_fd, 1, 20000) == 1);
		free(xs_check_watch(h));
	}
	CHECK(poll(&poll_fd, 1, 0) == 0 && !xs_check_watch(h));
	CHECK(!dlsym(RTLD_DEFAULT, "xs_shoji_batch") || nr_threads() == 1);
	CHECK(xs_rm(other, XBT_NULL, "/lt"));
	xs_close(other);
	xs_close(h);
}

static void test_unwatch_filter(void)
{
	struct xs_handle *h = xs_open(XS_UNWATCH_FILTER);

	CHECK(xs_watch(h, "/lt", "a"));
	CHECK(xs_watch(h, "/lt/x", "b"));
	CHECK(set(h, XBT_NULL, "/lt/x", "1"));
	usleep(20000);
	CHECK(xs_unwatch(h, "/lt", "a"));
	CHECK(event_is(h, "/lt/x", "b"));
	CHECK(event_is(h, "/lt/x", "b"));
	CHECK(!xs_check_watch(h));
	CHECK(xs_rm(h, XBT_NULL, "/lt"));
	xs_close(h);
}

static void test_domain_calls(void)
{
	struct xs_handle *h = xs_open(0);
	char *path = xs_get_domain_path(h, 7);
	char *text;

	CHECK(path && !strcmp(path, "/local/domain/7"));
	free(path);
	CHECK(xs_is_domain_introduced(h, 0));
	CHECK(!xs_is_domain_introduced(h, 7));
	CHECK(!xs_release_domain(h, 7) && errno == ENOENT);
	CHECK(!xs_set_target(h, 7, 8) && errno == ENOENT);
	CHECK(!xs_restrict(h, 7));
	text = xs_control_command(h, "help", NULL, 0);
	CHECK(text && strstr(text, "quota"));
	free(text);
	CHECK(!xs_control_command(h, "nonsense", NULL, 0) && errno == EINVAL);
	CHECK(set(h, XBT_NULL,
		"/local/domain/7/device/suspend/event-channel", "42"));
	CHECK(xs_suspend_evtchn_port(7) == 42);
	CHECK(xs_rm(h, XBT_NULL, "/local/domain/7"));
	CHECK(xs_suspend_evtchn_port(7) == -1);
	xs_close(h);
}

static void test_helpers(void)
{
	int ends[2];
	char buffer[4];

	CHECK(xs_path_is_subpath("/a", "/a/b"));
	CHECK(xs_path_is_subpath("/a", "/a"));
	CHECK(!xs_path_is_subpath("/a", "/ab"));
	CHECK(!xs_path_is_subpath("/a/b", "/a"));
	CHECK(pipe(ends) == 0 && xs_write_all(ends[1], "abc", 3));
	CHECK(read(ends[0], buffer, 4) == 3);
	close(ends[0]);
	close(ends[1]);
	CHECK(!strcmp(xs_daemon_rundir(), getenv("XENSTORED_RUNDIR")));
	CHECK(strstr(xs_daemon_socket(), "/socket"));
	CHECK(!strcmp(xs_daemon_socket(), xs_daemon_socket_ro()));
	setenv("XENSTORED_PATH", "/nowhere", 1);
	CHECK(!strcmp(xs_daemon_socket(), "/nowhere"));
	CHECK(!xs_open(0) && errno);
	unsetenv("XENSTORED_PATH");
}

enum { NR_THREADS = 6, NR_ROUNDS = 200 };

struct job {
	struct xs_handle *h;
	int number;
	int wrong;
};

static void *work(void *arg)
{
	struct job *job = arg;
	char path[32], value[32];

	for (int i = 0; i < NR_ROUNDS; i++) {
		sprintf(path, "/lt/t/%d/%d", job->number, i % 7);
		sprintf(value, "%d", i);
		job->wrong += !set(job->h, XBT_NULL, path, value);
		job->wrong += !value_is(job->h, XBT_NULL, path, value);
	}
	return NULL;
}

/* One handle, many threads, and events all the time. */
static void test_threads(void)
{
	struct xs_handle *h = xs_open(0);
	pthread_t threads[NR_THREADS];
	struct job jobs[NR_THREADS];
	int nr_events = 0;

	CHECK(xs_watch(h, "/lt", "t"));
	for (int i = 0; i < NR_THREADS; i++) {
		jobs[i] = (struct job){.h = h, .number = i};
		pthread_create(&threads[i], NULL, work, &jobs[i]);
	}
	while (nr_events < NR_THREADS * NR_ROUNDS / 2) {
		unsigned num;
		char **event = xs_read_watch(h, &num);

		CHECK(event && num == 2);
		if (!event)
			break;
		free(event);
		nr_events++;
	}
	for (int i = 0; i < NR_THREADS; i++) {
		pthread_join(threads[i], NULL);
		CHECK(!jobs[i].wrong);
	}
	CHECK(xs_unwatch(h, "/lt", "t"));
	CHECK(xs_rm(h, XBT_NULL, "/lt"));
	xs_close(h);
}

/* Counts up from several processes: transactions that conflict and retry. */
static void test_counter(void)
{
	struct xs_handle *h = xs_open(0);

	CHECK(set(h, XBT_NULL, "/lt/counter", "0"));
	for (int i = 0; i < 4; i++) {
		if (fork())
			continue;
		xs_daemon_destroy_postfork(h);
		h = xs_open(0);
		for (int j = 0; j < 50;) {
			const xs_transaction_t t = xs_transaction_start(h);
			char *value = xs_read(h, t, "/lt/counter", NULL);
			char next[16];

			sprintf(next, "%d", atoi(value) + 1);
			free(value);
			set(h, t, "/lt/counter", next);
			j += xs_transaction_end(h, t, false);
		}
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	CHECK(value_is(h, XBT_NULL, "/lt/counter", "200"));
	CHECK(xs_rm(h, XBT_NULL, "/lt"));
	xs_close(h);
}

/* Ours alone has it. */
static __typeof__(xs_shoji_batch) *send_batch;

static size_t add_write(char *at, const char *path, const char *value)
{
	struct xsd_sockmsg header = {.type = XS_WRITE};

	header.len = strlen(path) + 1 + strlen(value);
	memcpy(at, &header, sizeof(header));
	strcpy(at + sizeof(header), path);
	memcpy(at + sizeof(header) + strlen(path) + 1, value, strlen(value));
	return sizeof(header) + header.len;
}

/* 300 writes, of which one in the middle has a bad path. */
static void batch(struct xs_handle *h, int bad)
{
	static char requests[64 << 10];
	char path[32], value[16];
	size_t size = 0;
	unsigned nr = 300;

	for (int i = 0; i < 300; i++) {
		sprintf(path, i == bad ? "/lt//%d" : "/lt/b/%d", i);
		sprintf(value, "%d", i + bad);
		size += add_write(requests + size, path, value);
	}
	errno = 0;
	CHECK(send_batch(h, requests, size, &nr) == (bad < 0));
	CHECK(nr == (bad < 0 ? 300u : (unsigned)bad));
	CHECK(errno == (bad < 0 ? 0 : EINVAL));
	/* No reply is left over for the next call. */
	sprintf(value, "%d", bad == 299 ? 298 : 299 + bad);
	CHECK(value_is(h, XBT_NULL, "/lt/b/299", value));
}

static void batches(unsigned long flags)
{
	struct xs_handle *h = xs_open(flags);

	CHECK(h);
	batch(h, -1);
	batch(h, 150);
	batch(h, 0);
	/* with events between the replies, and the thread that sorts them */
	CHECK(xs_watch(h, "/lt/b/7", "seven"));
	CHECK(event_is(h, "/lt/b/7", "seven"));
	batch(h, -1);
	CHECK(event_is(h, "/lt/b/7", "seven"));
	batch(h, 299);
	CHECK(event_is(h, "/lt/b/7", "seven"));
	CHECK(xs_rm(h, XBT_NULL, "/lt"));
	xs_close(h);
}

static void test_batch(void)
{
	send_batch = dlsym(RTLD_DEFAULT, "xs_shoji_batch");
	if (!send_batch)
		return;
	batches(0);
	batches(XS_OPEN_SHOJI_SINGLE);
}

int main(void)
{
	alarm(60);
	RUN(nodes);
	RUN(permissions);
	RUN(transactions);
	RUN(watches);
	RUN(single);
	RUN(unwatch_filter);
	RUN(domain_calls);
	RUN(helpers);
	RUN(threads);
	RUN(counter);
	RUN(batch);
	return suite_end();
}
