/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xenstored: the tree of names and values through which domains find each
 * other. This file: options, start, the event loop, the end.
 *
 * One thread, one loop. A turn takes what has arrived, answers it into
 * memory, writes the journal, and only then lets answers out.
 */
#include "xenstored/server.h"

#include "lib/log.h"
#include "xenstored/conn.h"
#include "xenstored/domain.h"
#include "xenstored/host.h"
#include "xenstored/journal.h"
#include "xenstored/state.h"
#include "xenstored/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { QUIESCE_SECONDS = 1 };

struct store *server_store;
int server_epoll = -1;
bool server_has_host;

static struct {
	bool domains, fork, recover, verbose, print_pid;
	const char *pid_file;
} options = {.domains = true, .fork = true, .recover = true};

static char socket_path[108], state_path[512], lock_path[512];
static int listen_fd = -1, host_fd = -1, signal_fd = -1;
static bool stopping;

/* Names as in xenstore-control quota. */
static const struct {
	const char *name;
	size_t offset;
} limit_names[] = {
	{"nodes", offsetof(struct limits, nodes)},
	{"watches", offsetof(struct limits, watches)},
	{"transactions", offsetof(struct limits, transactions)},
	{"outstanding", offsetof(struct limits, outstanding)},
	{"transaction-nodes", offsetof(struct limits, transaction_nodes)},
	{"memory", offsetof(struct limits, memory)},
	{"node-size", offsetof(struct limits, node_size)},
	{"path-max", offsetof(struct limits, path_max)},
	{"node-permissions", offsetof(struct limits, node_permissions)},
};
enum { NR_LIMITS = sizeof(limit_names) / sizeof(limit_names[0]) };

static unsigned *limit_of(unsigned nr)
{
	return (unsigned *)((char *)&server_store->limits +
		limit_names[nr].offset);
}

const char *server_limit(unsigned nr, unsigned *value)
{
	if (nr >= NR_LIMITS)
		return NULL;
	*value = *limit_of(nr);
	return limit_names[nr].name;
}

bool server_set_limit(const char *name, unsigned value)
{
	for (unsigned i = 0; i < NR_LIMITS; i++) {
		if (!strcmp(limit_names[i].name, name)) {
			*limit_of(i) = value;
			return true;
		}
	}
	return false;
}

void server_change(const struct change *change)
{
	state_change(change);
	watch_change(change);
}

static const char usage[] =
	"usage: xenstored [options]\n"
	"  -D, --no-domain-init   sockets only: no rings, needs no Xen\n"
	"  -N, --no-fork          stay in the foreground, log to stderr\n"
	"  -F, --pid-file FILE    write the process id there\n"
	"  -P, --output-pid       write the process id to stdout\n"
	"  -V, --verbose          log messages of level debug\n"
	"  -R, --no-recovery      forget what an older xenstored left\n"
	"  -Q, --quota NAME=NR    a limit of an unprivileged domain:\n"
	"                         nodes watches transactions outstanding\n"
	"                         transaction-nodes memory node-size path-max\n"
	"                         node-permissions\n"
	"  -E -S -W -t -A -M NR   as -Q nodes= node-size= watches=\n"
	"                         transactions= node-permissions= path-max=\n"
	"  -H, --help             this text\n"
	"environment: XENSTORED_RUNDIR (default /run/xenstored),\n"
	"  XENSTORED_PATH (default XENSTORED_RUNDIR/socket)\n";

static void __attribute__((noreturn)) bad_option(const char *what)
{
	fprintf(stderr, "xenstored: %s\n%s", what, usage);
	exit(2);
}

static void quota_option(const char *name, const char *value)
{
	char *end;
	const unsigned long number = strtoul(value, &end, 10);

	if (!*value || *end || number > INT32_MAX)
		bad_option("a limit must be a number");
	if (!server_set_limit(name, number))
		bad_option("there is no such limit");
}

static void parse_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{"no-domain-init", 0, NULL, 'D'}, {"no-fork", 0, NULL, 'N'},
		{"nofork", 0, NULL, 'N'}, {"pid-file", 1, NULL, 'F'},
		{"output-pid", 0, NULL, 'P'}, {"verbose", 0, NULL, 'V'},
		{"no-recovery", 0, NULL, 'R'}, {"quota", 1, NULL, 'Q'},
		{"entry-nb", 1, NULL, 'E'}, {"entry-size", 1, NULL, 'S'},
		{"watch-nb", 1, NULL, 'W'}, {"transaction", 1, NULL, 't'},
		{"perm-nb", 1, NULL, 'A'}, {"path-max", 1, NULL, 'M'},
		{"help", 0, NULL, 'H'}, {NULL, 0, NULL, 0},
	};
	char *equals;
	int c;

	while ((c = getopt_long(argc, argv, "DNF:PVRQ:E:S:W:t:A:M:H", longs,
			NULL)) >= 0) {
		switch (c) {
		case 'D': options.domains = false; break;
		case 'N': options.fork = false; break;
		case 'F': options.pid_file = optarg; break;
		case 'P': options.print_pid = true; break;
		case 'V': options.verbose = true; break;
		case 'R': options.recover = false; break;
		case 'E': quota_option("nodes", optarg); break;
		case 'S': quota_option("node-size", optarg); break;
		case 'W': quota_option("watches", optarg); break;
		case 't': quota_option("transactions", optarg); break;
		case 'A': quota_option("node-permissions", optarg); break;
		case 'M': quota_option("path-max", optarg); break;
		case 'Q':
			equals = strchr(optarg, '=');
			if (!equals)
				bad_option("-Q wants NAME=NR");
			*equals = '\0';
			quota_option(optarg, equals + 1);
			break;
		case 'H': fputs(usage, stdout); exit(0);
		default: bad_option("bad option");
		}
	}
	if (optind != argc)
		bad_option("takes no arguments");
}

static void __attribute__((noreturn)) fail(const char *what)
{
	log_error("%s: %s", what, strerror(errno));
	exit(1);
}

static void choose_paths(void)
{
	const char *dir = getenv("XENSTORED_RUNDIR");
	const char *path = getenv("XENSTORED_PATH");

	if (!dir)
		dir = "/run/xenstored";
	if (snprintf(state_path, sizeof(state_path), "%s/state", dir) >=
		(int)sizeof(state_path) - 8 ||
		(path ? strlen(path) : strlen(dir) + 7) >=
		sizeof(socket_path))
		bad_option("the path of the socket is too long");
	snprintf(lock_path, sizeof(lock_path), "%s/lock", dir);
	if (path)
		snprintf(socket_path, sizeof(socket_path), "%s", path);
	else
		snprintf(socket_path, sizeof(socket_path), "%.100s/socket",
			dir);
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		fail(dir);
}

/* Held as long as we run. */
static void take_lock(void)
{
	const int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		fail(lock_path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		log_error("%s is locked: another xenstored is running",
			lock_path);
		exit(1);
	}
}

/* A descriptor that the loop knows by the address where it is kept. */
static void listen_to(int *fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};

	if (epoll_ctl(server_epoll, EPOLL_CTL_ADD, *fd, &event) < 0)
		fail("epoll");
}

static void open_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, socket_path, sizeof(address.sun_path));
	listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0);
	unlink(socket_path);

	const mode_t mask = umask(0177);

	if (listen_fd < 0 ||
		bind(listen_fd, (struct sockaddr *)&address,
			sizeof(address)) < 0 ||
		listen(listen_fd, 128) < 0)
		fail(socket_path);
	umask(mask);
	listen_to(&listen_fd);
}

static void open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signal_fd < 0)
		fail("signalfd");
	listen_to(&signal_fd);
}

/* Returns in the child; the parent waits until the child is ready. */
static int go_background(void)
{
	int ends[2];
	char ready;

	if (pipe2(ends, O_CLOEXEC) < 0)
		fail("pipe");

	const pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid > 0) {
		close(ends[1]);
		_exit(read(ends[0], &ready, 1) == 1 ? 0 : 1);
	}
	setsid();
	close(ends[0]);
	return ends[1];
}

static void tell_parent(int fd)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3 && null >= 0; i++)
		dup2(null, i);
	log_open("xenstored", true);
	if (write(fd, "", 1) < 0)
		log_warn("the starter has gone");
	close(fd);
}

/* What sd_notify() does, by hand: a datagram. */
static void tell_systemd(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const size_t length = path ? strlen(path) : 0;

	if (!length || length >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = '\0';

	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		(struct sockaddr *)&address,
		offsetof(struct sockaddr_un, sun_path) + length) < 0)
		log_warn("%s: %s", path, strerror(errno));
	close(fd);
}

static void write_pid(void)
{
	if (options.print_pid) {
		printf("%d\n", (int)getpid());
		fflush(stdout);
	}
	if (!options.pid_file)
		return;

	FILE *file = fopen(options.pid_file, "we");

	if (!file)
		fail(options.pid_file);
	fprintf(file, "%d\n", (int)getpid());
	fclose(file);
}

static void open_host(void)
{
	if (!options.domains)
		return;
	host_fd = host_open();
	if (host_fd < 0)
		exit(1);
	server_has_host = true;
	listen_to(&host_fd);
}

static void start_store(void)
{
	const struct who dom0 = {.privileged = true, .target = DOM_NONE};

	const bool older = options.recover && state_load(state_path);

	if (!older)
		store_mkdir(server_store, NULL, &dom0, "/tool/xenstored");
	server_store->on_change = server_change;
	if (older)
		domain_reconnect_all();

	const int rc = state_start(state_path);

	if (rc < 0) {
		errno = -rc;
		fail(state_path);
	}
	if (!options.domains)
		return;
	if (domain_introduce_dom0() < 0)
		exit(1);
	domain_check();
}

static void take_clients(void)
{
	for (;;) {
		const int fd = accept4(listen_fd, NULL, NULL,
			SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		if (!conn_new(server_epoll, fd, NULL))
			close(fd);
	}
}

static void take_host_events(void)
{
	bool death = false;
	int port;

	while ((port = host_event()) != -EAGAIN) {
		if (port == HOST_DEATH)
			death = true;
		else
			domain_event(port);
	}
	if (death)
		domain_check();
}

static void take_event(const struct epoll_event *event)
{
	if (event->data.ptr == &listen_fd) {
		take_clients();
	} else if (event->data.ptr == &host_fd) {
		take_host_events();
	} else if (event->data.ptr == &signal_fd) {
		stopping = true;
	} else {
		struct conn *conn = event->data.ptr;

		if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			conn->ready = true;
	}
}

static void turn(int timeout)
{
	struct epoll_event events[64];
	const int nr = epoll_wait(server_epoll, events, 64,
		conn_any_ready() ? 0 : timeout);

	for (int i = 0; i < nr; i++)
		take_event(&events[i]);
	for (struct conn *conn = conn_list; conn; conn = conn->next) {
		if (conn->ready && !conn->dead)
			conn_run(conn);
	}
	journal_flush();
	for (struct conn *conn = conn_list; conn; conn = conn->next) {
		if (!conn->dead)
			conn_flush(conn);
	}
	conn_reap();
}

/* Domains in the middle of a transaction may end it first. */
static bool transactions_open(void)
{
	for (const struct conn *conn = conn_list; conn; conn = conn->next) {
		if (conn->domain && conn->nr_txns)
			return true;
	}
	return false;
}

static void run(void)
{
	while (!stopping)
		turn(-1);
	tell_systemd("STOPPING=1");
	for (const time_t end = time(NULL) + QUIESCE_SECONDS;
		transactions_open() && time(NULL) <= end;)
		turn(50);
	journal_flush();
	unlink(socket_path);
	if (options.pid_file)
		unlink(options.pid_file);
}

int main(int argc, char **argv)
{
	int parent = -1;

	log_open("xenstored", false);
	server_store = store_new();
	if (!server_store)
		fail("store");
	server_store->generation = (uint64_t)time(NULL) << 20;
	parse_options(argc, argv);
	if (options.verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	choose_paths();
	if (options.fork)
		parent = go_background();
	take_lock();
	server_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server_epoll < 0)
		fail("epoll");
	open_signals();
	open_host();
	start_store();
	open_socket();
	write_pid();
	if (options.fork)
		tell_parent(parent);
	tell_systemd("READY=1");
	run();
	return 0;
}
