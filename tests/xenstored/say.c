/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends requests to xenstored and prints what comes back, so that two daemons
 * can be compared. Each line of the input is a number, the request's type,
 * and its body, in which a | is a NUL. `*` before the number: in the
 * transaction that was started last. Events that come before a reply, or in a
 * moment after it, are printed too; the order of events is not.
 */
#include <xen/io/xs_wire.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_LINES = 64, MOMENT_MS = 20 };

static int fd;
static uint32_t txn;

struct message {
	struct xsd_sockmsg header;
	char body[XENSTORE_PAYLOAD_MAX];
};

static bool read_all(void *where, size_t size)
{
	return !size || recv(fd, where, size, MSG_WAITALL) == (ssize_t)size;
}

static bool receive(struct message *m, int milliseconds)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, milliseconds) > 0 &&
		read_all(&m->header, sizeof(m->header)) &&
		m->header.len <= sizeof(m->body) &&
		read_all(m->body, m->header.len);
}

static void print(const struct message *m, char *line, size_t room)
{
	const unsigned size = m->header.len < 100 ? m->header.len : 100;
	int n = snprintf(line, room, "  %u %u ", m->header.type,
		m->header.len);

	for (unsigned i = 0; i < size; i++)
		line[n++] = m->body[i] ? m->body[i] : '|';
	line[n] = '\0';
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void collect(void)
{
	static char lines[MAX_LINES][160];
	struct message m;
	unsigned nr = 0;
	bool replied = false;

	while (nr < MAX_LINES && receive(&m, replied ? MOMENT_MS : 2000)) {
		replied |= m.header.type != XS_WATCH_EVENT;
		if (m.header.type == XS_TRANSACTION_START) {
			m.body[m.header.len - 1] = '\0';
			txn = atoi(m.body);
			strcpy(m.body, "id");
			m.header.len = 2;
		}
		print(&m, lines[nr++], sizeof(lines[0]));
	}
	if (!replied)
		puts("  nothing");
	qsort(lines, nr, sizeof(lines[0]), by_text);
	for (unsigned i = 0; i < nr; i++)
		puts(lines[i]);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char line[XENSTORE_PAYLOAD_MAX + 32];

	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		argc > 1 ? argv[1] : "/run/xenstored/socket");
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(address.sun_path);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		const bool in_txn = *line == '*';
		struct message m = {.header.tx_id = in_txn ? txn : 0};
		char *body;

		line[strcspn(line, "\n")] = '\0';
		m.header.type = strtoul(line + in_txn, &body, 10);
		body += *body == ' ';
		m.header.len = strlen(body);
		for (unsigned i = 0; i < m.header.len; i++)
			m.body[i] = body[i] == '|' ? '\0' : body[i];
		puts(line);
		if (send(fd, &m, sizeof(m.header) + m.header.len,
			MSG_NOSIGNAL) < 0)
			puts("  cannot send");
		collect();
	}
	return 0;
}
