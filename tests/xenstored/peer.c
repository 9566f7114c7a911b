/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Test clients, see peer.h.
 */
#include "peer.h"

#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, QUIET_MS = 60, KEPT = 4096 };

static char dir[64];
static struct machine *machine;
static pid_t daemon_pid;
static int daemon_fd = -1;	/* to send events from */

/* Events that came before a reply; one client at a time is asked for them. */
static struct {
	int fd;
	char text[256];
} kept[KEPT];
static unsigned nr_kept;

static struct sockaddr_un address(const char *what, int dom)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (dom < 0)
		snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", dir, what);
	else
		snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s-%d", dir,
			what, dom);
	return a;
}

static void *map_new(const char *what, int dom)
{
	const struct sockaddr_un a = address(what, dom);
	const int fd = open(a.sun_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, 4096) < 0) {
		perror(a.sun_path);
		exit(1);
	}

	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		0);

	close(fd);
	return page;
}

void machine_new(void)
{
	strcpy(dir, "/tmp/xenstored-test-XXXXXX");
	if (!mkdtemp(dir)) {
		perror(dir);
		exit(1);
	}
	setenv("MACHINE", dir, 1);
	setenv("XENSTORED_RUNDIR", dir, 1);
	unsetenv("XENSTORED_PATH");
	machine = map_new("domains", -1);
	machine->dom[0].state = DOM_RUNS;
	machine->dom[0].port = 7;
	map_new("ring", 0);
	daemon_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	nr_kept = 0;
}

void machine_clean(void)
{
	char command[256];

	snprintf(command, sizeof(command), "%s %s/log >&2; rm -rf %s",
		getenv("VERBOSE") ? "cat" : ":", dir, dir);
	if (system(command))
		fprintf(stderr, "cannot remove %s\n", dir);
	munmap(machine, 4096);
	close(daemon_fd);
}

/* Where the daemon's messages go. */
static int open_log(int flags)
{
	char path[sizeof(dir) + 4];

	snprintf(path, sizeof(path), "%s/log", dir);
	return open(path, flags | O_CLOEXEC, 0600);
}

bool daemon_said(const char *text)
{
	static char log[65536];
	const int fd = open_log(O_RDONLY);
	const ssize_t size = read(fd, log, sizeof(log) - 1);

	close(fd);
	log[size > 0 ? size : 0] = '\0';
	return strstr(log, text);
}

void daemon_start(const char *option)
{
	const char *program = getenv("XENSTORED");
	const struct sockaddr_un a = address("socket", -1);

	daemon_pid = fork();
	if (daemon_pid == 0) {
		const int log = open_log(O_WRONLY | O_CREAT | O_APPEND);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(log, 2);
		execl(program, program, "-N", option, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < PATIENCE_MS; i++) {
		const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		const int rc = connect(fd, (const struct sockaddr *)&a,
			sizeof(a));

		close(fd);
		if (rc == 0)
			return;
		usleep(1000);
	}
	fprintf(stderr, "%s does not start\n", program);
	exit(1);
}

unsigned daemon_log_lines(void)
{
	char name[80];
	unsigned lines = 0;

	snprintf(name, sizeof(name), "%s/log", dir);

	FILE *log = fopen(name, "r");

	for (int c; log && (c = getc(log)) != EOF;)
		lines += c == '\n';
	if (log)
		fclose(log);
	return lines;
}

/* A sanitizer's complaint ends the daemon early, with another status. */
void daemon_stop(int signal)
{
	int status;

	kill(daemon_pid, signal);
	waitpid(daemon_pid, &status, 0);
	if (signal == SIGKILL ? !WIFSIGNALED(status) ||
		WTERMSIG(status) != SIGKILL :
		!WIFEXITED(status) || WEXITSTATUS(status)) {
		printf("not ok daemon: ended with status 0x%x\n", status);
		exit(1);
	}
}

struct peer peer_domain(int dom)
{
	struct peer p = {.dom = dom};
	const struct sockaddr_un a = address("event", dom);

	p.ring = map_new("ring", dom);
	if (dom)
		memset(p.ring, 0, sizeof(*p.ring));
	unlink(a.sun_path);
	p.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(p.fd, (const struct sockaddr *)&a, sizeof(a)) < 0) {
		perror(a.sun_path);
		exit(1);
	}
	machine->dom[dom].state = DOM_RUNS;
	machine->dom[dom].port = 7;
	return p;
}

struct peer peer_socket(void)
{
	const struct sockaddr_un a = address("socket", -1);
	struct peer p = {.dom = -1};

	p.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(p.fd, (const struct sockaddr *)&a, sizeof(a)) < 0) {
		perror(a.sun_path);
		exit(1);
	}
	return p;
}

void peer_close(struct peer *p)
{
	unsigned left = 0;

	close(p->fd);
	if (p->ring)
		munmap(p->ring, 4096);
	for (unsigned i = 0; i < nr_kept; i++) {
		if (kept[i].fd != p->fd)
			kept[left++] = kept[i];
	}
	nr_kept = left;
}

static void tell_daemon(uint16_t what)
{
	const struct sockaddr_un a = address("event-daemon", -1);

	sendto(daemon_fd, &what, sizeof(what), 0, (const struct sockaddr *)&a,
		sizeof(a));
}

void domain_state(int dom, int state)
{
	machine->dom[dom].state = state;
	tell_daemon(EVENT_DEATH);
}

bool domain_mapped(int dom)
{
	return machine->dom[dom].mapped;
}

void peer_notify(const struct peer *p)
{
	tell_daemon(p->dom);
}

static bool wait_for(const struct peer *p, int milliseconds)
{
	struct pollfd poll_fd = {.fd = p->fd, .events = POLLIN};
	char bytes[64];

	if (poll(&poll_fd, 1, milliseconds) <= 0)
		return false;
	while (p->ring && recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	return true;
}

bool peer_write(struct peer *p, const void *bytes, size_t size)
{
	const char *from = bytes;

	if (!p->ring)
		return send(p->fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
	while (size) {
		const uint32_t prod = p->ring->req_prod;
		const uint32_t used = prod -
			__atomic_load_n(&p->ring->req_cons, __ATOMIC_ACQUIRE);

		if (used == XENSTORE_RING_SIZE) {
			peer_notify(p);
			if (!wait_for(p, PATIENCE_MS))
				return false;
			continue;
		}
		p->ring->req[MASK_XENSTORE_IDX(prod)] = *from++;
		__atomic_store_n(&p->ring->req_prod, prod + 1,
			__ATOMIC_RELEASE);
		size--;
	}
	peer_notify(p);
	return true;
}

static bool ring_read(struct peer *p, char *to, size_t size, int patience)
{
	struct xenstore_domain_interface *ring = p->ring;

	while (size) {
		const uint32_t cons = ring->rsp_cons;
		const bool was_full =
			ring->rsp_prod - cons == XENSTORE_RING_SIZE;

		if (__atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE) ==
			cons) {
			if (!wait_for(p, patience) && ring->rsp_prod == cons)
				return false;
			continue;
		}
		*to++ = ring->rsp[MASK_XENSTORE_IDX(cons)];
		__atomic_store_n(&ring->rsp_cons, cons + 1, __ATOMIC_RELEASE);
		size--;
		if (was_full)
			peer_notify(p);
	}
	return true;
}

bool peer_read(struct peer *p, void *bytes, size_t size)
{
	char *to = bytes;

	if (p->ring)
		return ring_read(p, to, size, PATIENCE_MS);
	while (size) {
		if (!wait_for(p, PATIENCE_MS))
			return false;

		const ssize_t n = recv(p->fd, to, size, 0);

		if (n <= 0)
			return false;
		to += n;
		size -= n;
	}
	return true;
}

bool peer_quiet(struct peer *p)
{
	char byte;

	for (unsigned i = 0; i < nr_kept; i++) {
		if (kept[i].fd == p->fd)
			return false;
	}
	if (p->ring) {
		for (int i = 0; i < 2; i++) {
			if (p->ring->rsp_prod == p->ring->rsp_cons)
				wait_for(p, QUIET_MS);
		}
		return p->ring->rsp_prod == p->ring->rsp_cons;
	}
	return !wait_for(p, QUIET_MS) ||
		recv(p->fd, &byte, 1, MSG_PEEK) < 0;
}

bool peer_send(struct peer *p, uint32_t type, const void *body, size_t size)
{
	struct message m = {.header = {
		.type = type,
		.req_id = ++p->req_id,
		.tx_id = p->txn,
		.len = size,
	}};

	memcpy(m.body, body, size);
	return peer_write(p, &m, sizeof(m.header) + size);
}

bool peer_next(struct peer *p, struct message *m)
{
	if (!peer_read(p, &m->header, sizeof(m->header)) ||
		m->header.len > XENSTORE_PAYLOAD_MAX ||
		!peer_read(p, m->body, m->header.len))
		return false;
	m->body[m->header.len] = '\0';
	return true;
}

static void keep(const struct peer *p, const struct message *m)
{
	if (nr_kept == KEPT)
		return;
	kept[nr_kept].fd = p->fd;
	snprintf(kept[nr_kept++].text, sizeof(kept[0].text), "%.100s %.100s",
		m->body, m->body + strlen(m->body) + 1);
}

const char *peer_ask(struct peer *p, uint32_t type, const void *body,
	size_t size)
{
	static struct message m;
	static char error[64];

	if (!peer_send(p, type, body, size))
		return "!cannot send";
	do {
		if (!peer_next(p, &m))
			return "!no reply";
		if (m.header.type == XS_WATCH_EVENT)
			keep(p, &m);
	} while (m.header.type == XS_WATCH_EVENT);
	if (m.header.req_id != p->req_id || m.header.tx_id != p->txn)
		return "!reply to something else";
	if (m.header.type == type)
		return m.body;
	snprintf(error, sizeof(error), "!%.50s", m.body);
	return error;
}

const char *peer_ask1(struct peer *p, uint32_t type, const char *text)
{
	return peer_ask(p, type, text, strlen(text) + 1);
}

const char *peer_set(struct peer *p, const char *path, const char *value)
{
	char body[XENSTORE_PAYLOAD_MAX];
	const size_t head = strlen(path) + 1;

	memcpy(body, path, head);
	memcpy(body + head, value, strlen(value));
	return peer_ask(p, XS_WRITE, body, head + strlen(value));
}

const char *peer_watch(struct peer *p, const char *path, const char *token)
{
	char body[XENSTORE_PAYLOAD_MAX];
	const int size = snprintf(body, sizeof(body), "%s%c%s", path, 0,
		token);

	return peer_ask(p, XS_WATCH, body, size + 1);
}

const char *peer_event(struct peer *p)
{
	static char text[256];
	struct message m;
	unsigned i = 0;

	while (i < nr_kept && kept[i].fd != p->fd)
		i++;
	if (i < nr_kept) {
		strcpy(text, kept[i].text);
		memmove(&kept[i], &kept[i + 1],
			(--nr_kept - i) * sizeof(kept[0]));
		return text;
	}
	if (!peer_next(p, &m))
		return "";
	if (m.header.type != XS_WATCH_EVENT)
		return "not an event";
	snprintf(text, sizeof(text), "%.100s %.100s", m.body,
		m.body + strlen(m.body) + 1);
	return text;
}
