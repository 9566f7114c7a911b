// SPDX-License-Identifier: BSD-2-Clause
/* One guest's console, see guest.h. */
#include "xenconsoled/guest.h"

#include "lib/evtchn.h"
#include "lib/gnttab.h"
#include "lib/log.h"
#include "lib/privcmd.h"
#include "xen/io/console.h"
#include "xenconsoled/ring.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

enum {
	CONSOLE_REF = 0,    /* grant reserved for the console page */
	PACE_MS = 2,        /* from one service to the next */
	PATIENCE_MS = 1000, /* that a reader may hold his guest up */
	LINGER_MS = 10000,  /* that a reader has after the guest's end */
	BACKLOG_MIN = 1 << 16,
	BACKLOG_MAX = 1 << 20,
};

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

struct guest *guest_new(
	struct daemon *d, uint16_t domid, const uint8_t uuid[16])
{
	struct guest *g = calloc(1, sizeof(*g));
	char path[64], token[16];

	if (!g)
		return NULL;
	g->domid = domid;
	memcpy(g->uuid, uuid, sizeof(g->uuid));
	g->port = -1;
	g->pty.master = -1;
	g->record.fd = -1;
	snprintf(path, sizeof(path), "/local/domain/%u/console", domid);
	snprintf(token, sizeof(token), "%u", domid);
	xs_watch(d->xs, path, token);
	return g;
}

/* Malloced text of a node, or NULL. */
static char *read_node(
	struct daemon *d, const struct guest *g, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/local/domain/%u/%s", g->domid, name);
	return xs_read(d->xs, XBT_NULL, path, NULL);
}

static bool read_number(struct daemon *d, const struct guest *g,
	const char *name, uint64_t *number)
{
	char *text = read_node(d, g, name);
	char *end = text;

	if (text)
		*number = strtoull(text, &end, 10);

	const bool good = end != text && !*end;

	free(text);
	return good;
}

static bool is_for_us(struct daemon *d, const struct guest *g)
{
	char *type = read_node(d, g, "console/type");
	const bool ours = !type || !strcmp(type, "xenconsoled");

	free(type);
	return ours;
}

/* Everything of the guest's but the shared page, once. */
static bool prepare(struct daemon *d, struct guest *g)
{
	uint64_t limit = 0;
	char stem[100];
	char *name;
	int rc;

	if (g->pty.master >= 0)
		return true;
	name = read_node(d, g, "name");
	if (name)
		snprintf(g->name, sizeof(g->name), "%s", name);
	else
		snprintf(g->name, sizeof(g->name), "domain-%u", g->domid);
	free(name);

	read_number(d, g, "console/limit", &limit);
	if (limit < BACKLOG_MIN)
		limit = BACKLOG_MIN;
	if (limit > BACKLOG_MAX)
		limit = BACKLOG_MAX;
	if (!g->backlog.data) {
		if (!backlog_init(&g->backlog, limit))
			return false;
		record_load(d->run_dir, g->domid, g->uuid, &g->backlog);
	}
	rc = pty_make(&g->pty, d->notifier);
	if (rc < 0) {
		log_error("%s: no terminal: %s", g->name, strerror(-rc));
		return false;
	}
	snprintf(stem, sizeof(stem), "guest-%s", g->name);
	if (d->log_guests)
		record_open(&g->record, d->log_dir, stem, d->stamp_guests);
	return true;
}

static void tell_terminal(struct daemon *d, const struct guest *g)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u/console/tty", g->domid);
	if (!xs_write(d->xs, XBT_NULL, path, g->pty.path, strlen(g->pty.path)))
		log_warn("%s: cannot write %s: %s", g->name, path,
			strerror(errno));
}

static void disconnect(struct daemon *d, struct guest *g)
{
	if (g->port >= 0)
		evtchn_unbind(d->evtchn, g->port);
	g->port = -1;
	if (g->ring && g->granted)
		gnttab_unmap(d->gnttab, g->ring);
	else if (g->ring)
		privcmd_unmap(g->ring, 1);
	g->ring = NULL;
	g->held = false;
	g->deadline = 0;
}

static bool map_ring(struct daemon *d, struct guest *g, uint64_t ring_ref)
{
	g->granted = false;
	if (d->gnttab >= 0) {
		g->ring = gnttab_map(d->gnttab, g->domid, CONSOLE_REF, true);
		g->granted = g->ring;
	}
	if (!g->ring)
		g->ring = privcmd_map_foreign(d->privcmd, g->domid, &ring_ref,
			1, PROT_READ | PROT_WRITE);
	if (!g->ring)
		log_error("%s: cannot map the console page: %s", g->name,
			strerror(errno));
	return g->ring;
}

void guest_connect(struct daemon *d, struct guest *g)
{
	uint64_t ring_ref, port;

	if (g->ended || !is_for_us(d, g) ||
		!read_number(d, g, "console/ring-ref", &ring_ref) ||
		!read_number(d, g, "console/port", &port))
		return;
	if (g->ring && g->ring_ref == ring_ref && g->remote_port == port)
		return;
	disconnect(d, g);
	if (!prepare(d, g) || !map_ring(d, g, ring_ref))
		return;
	g->ring_ref = ring_ref;
	g->remote_port = port;
	g->port = evtchn_bind_interdomain(d->evtchn, g->domid, port);
	if (g->port < 0) {
		log_error("%s: cannot bind to its port %u: %s", g->name,
			g->remote_port, strerror(-g->port));
		disconnect(d, g);
		return;
	}
	log_debug("%s: domain %u, port %d, %s, page by %s", g->name, g->domid,
		g->port, g->pty.path, g->granted ? "grant" : "frame");
	tell_terminal(d, g);
	guest_service(d, g);
}

void guest_news(struct daemon *d, struct guest *g, const char *path)
{
	const char *const node = strrchr(path, '/');

	/* That one is ours. */
	if (!node || strcmp(node, "/tty"))
		guest_connect(d, g);
}

static void complain(struct guest *g)
{
	if (!g->garbled)
		log_warn("%s: its console ring has impossible indices; what it "
			 "held is dropped",
			g->name);
	g->garbled = true;
	ring_reset(g->ring);
}

/* One ring-full of output, at most. */
static bool take(struct guest *g)
{
	char text[sizeof(g->ring->out)];
	const int n = ring_take(g->ring, text, sizeof(text));

	if (n < 0)
		complain(g);
	if (n <= 0)
		return false;
	backlog_put(&g->backlog, text, n);
	record_write(&g->record, text, n);
	return true;
}

static bool reader_is_slow(const struct guest *g)
{
	return g->pty.attached &&
	       backlog_waiting(&g->backlog) > g->backlog.size / 2;
}

static void show(struct guest *g)
{
	while (g->pty.attached && backlog_waiting(&g->backlog)) {
		const char *text;
		const size_t count = backlog_next(&g->backlog, &text);
		const size_t done = pty_write(&g->pty, text, count);

		if (!done)
			break;
		backlog_done(&g->backlog, done);
		g->patience = now_ms() + PATIENCE_MS;
	}
}

/* May its output be taken now? If not, deadline says when. */
static bool may_take(struct guest *g)
{
	const uint64_t now = now_ms();

	if (reader_is_slow(g) && now < g->patience) {
		g->deadline = g->patience;
		return false;
	}
	if (now - g->served < PACE_MS) {
		g->deadline = g->served + PACE_MS;
		return false;
	}
	g->served = now;
	g->deadline = 0;
	return true;
}

void guest_service(struct daemon *d, struct guest *g)
{
	if (!g->ring)
		return;
	g->held = !may_take(g);
	if (g->held)
		return;
	if (take(g))
		evtchn_notify(d->evtchn, g->port);
	show(g);
	evtchn_unmask(d->evtchn, g->port);
}

/* What the reader types, as far as the ring has room. */
static void feed(struct daemon *d, struct guest *g)
{
	char text[sizeof(g->ring->in)];
	const int room = g->ring ? ring_room(g->ring) : 0;

	if (room < 0)
		complain(g);
	if (room <= 0)
		return;

	const size_t n = pty_read(&g->pty, text, room);

	if (n && ring_put(g->ring, text, n) > 0)
		evtchn_notify(d->evtchn, g->port);
}

void guest_terminal(struct daemon *d, struct guest *g)
{
	if (g->pty.master < 0)
		return;

	const bool before = g->pty.attached;

	pty_check(&g->pty);
	if (!g->pty.attached)
		return;
	if (!before)
		g->patience = now_ms() + PATIENCE_MS;
	show(g);
	feed(d, g);
	if (g->held && !reader_is_slow(g))
		guest_service(d, g);
}

short guest_interest(const struct guest *g)
{
	if (!g->pty.attached)
		return 0;

	const bool room = g->ring && ring_room(g->ring) != 0;

	return (room ? POLLIN : 0) |
	       (backlog_waiting(&g->backlog) ? POLLOUT : 0) | POLLHUP;
}

/* Bounded: a live guest could write for ever. */
static void take_rest(struct guest *g)
{
	for (int i = 0; g->ring && i < 4 && take(g); i++)
		;
	show(g);
}

void guest_halt(struct daemon *d, struct guest *g)
{
	if (g->halted || !g->backlog.data)
		return;
	g->halted = true;
	take_rest(g);
	record_last(d->log_dir, g->name, &g->backlog);
}

void guest_end(struct daemon *d, struct guest *g)
{
	char path[64], token[16];

	if (g->ended)
		return;
	g->ended = true;
	snprintf(path, sizeof(path), "/local/domain/%u/console", g->domid);
	snprintf(token, sizeof(token), "%u", g->domid);
	xs_unwatch(d->xs, path, token);
	take_rest(g);
	if (g->backlog.data)
		record_last(d->log_dir, g->name, &g->backlog);
	record_close(&g->record);
	disconnect(d, g);
	g->deadline = now_ms() + LINGER_MS;
	log_debug("%s: domain %u ended", g->name, g->domid);
}

bool guest_is_over(const struct guest *g)
{
	return g->ended && (!g->pty.attached || now_ms() >= g->deadline);
}

void guest_free(struct daemon *d, struct guest *g, bool keep)
{
	if (keep && g->backlog.data) {
		take_rest(g);
		record_save(d->run_dir, g->domid, g->uuid, &g->backlog);
	}
	disconnect(d, g);
	pty_close(&g->pty, d->notifier);
	record_close(&g->record);
	backlog_free(&g->backlog);
	free(g);
}
