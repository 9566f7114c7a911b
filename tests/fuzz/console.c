// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest's console page towards xenconsoled (dom0-tools/xenconsoled/ring.c,
 * guest.c, backlog.c): the guest writes anything into the page, in between
 * the daemon serves it, and its reader comes, types and goes. The page is a
 * block of its own. Other parts of the daemon are here: a store with the
 * guest's nodes, ports that only count, a terminal that takes what it is told.
 */
#include "xenconsoled/guest.h"

#include "lib/evtchn.h"
#include "lib/gnttab.h"
#include "lib/log.h"
#include "lib/privcmd.h"
#include "tests/fuzz/fuzz.h"
#include "xen/io/console.h"
#include "xenconsoled/ring.h"

#include <time.h>
#include <xenstore.h>

#define PORT 7

enum step { INDEX, BYTES, OUTPUT, INPUT, SERVICE, TERMINAL, ATTACH, TIME,
	RESET, CONNECT, HALT, STEPS };

static struct xencons_interface *page;
static struct input in;
static uint64_t clock_ns;
static unsigned nr_mapped, nr_bound;
static bool attached;

/* What guest.c calls clock_gettime(), so that a run does not depend on the
 * time. */
int fuzz_clock_gettime(clockid_t id, struct timespec *now);

int fuzz_clock_gettime(clockid_t id, struct timespec *now)
{
	(void)id;
	now->tv_sec = (time_t)(clock_ns / 1000000000);
	now->tv_nsec = (long)(clock_ns % 1000000000);
	return 0;
}

/* Store */

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	return !h && *path && *token;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	return !h && *path && *token;
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
	const void *data, unsigned int len)
{
	return !h && !t && *path && data && len;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
	unsigned int *len)
{
	const char *const name = strrchr(path, '/') + 1;
	char text[16];

	(void)h, (void)t, (void)len;
	if (!strcmp(name, "ring-ref") || !strcmp(name, "port")) {
		snprintf(text, sizeof(text), "%u", (unsigned)take(&in, 1));
		return strdup(text);
	}
	return strcmp(name, "name") ? NULL : strdup("g");
}

/* Events, memory */

int evtchn_bind_interdomain(int fd, uint16_t dom, uint32_t port)
{
	(void)fd, (void)dom, (void)port;
	nr_bound++;
	return PORT;
}

int evtchn_unbind(int fd, uint32_t port)
{
	(void)fd;
	CHECK(port == PORT && nr_bound);
	nr_bound--;
	return 0;
}

int evtchn_notify(int fd, uint32_t port)
{
	(void)fd;
	CHECK(port == PORT && nr_bound);
	return 0;
}

int evtchn_unmask(int fd, uint32_t port)
{
	return evtchn_notify(fd, port);
}

void *gnttab_map(int fd, uint16_t dom, uint32_t ref, bool writable)
{
	(void)fd, (void)dom;
	CHECK(!ref && writable);
	nr_mapped++;
	return page;
}

void gnttab_unmap(int fd, void *where)
{
	(void)fd;
	CHECK(where == page && nr_mapped);
	nr_mapped--;
}

void *privcmd_map_foreign(int fd, uint16_t dom, const uint64_t *frames,
	size_t nr, int prot)
{
	(void)fd, (void)dom, (void)frames, (void)nr, (void)prot;
	return NULL; /* grants work */
}

void privcmd_unmap(void *where, size_t nr_pages)
{
	CHECK(!where && nr_pages);
}

/* Terminal */

int pty_make(struct pty *pty, int notifier)
{
	*pty = (struct pty){.master = 3, .watch = notifier};
	strcpy(pty->path, "/dev/pts/0");
	return 0;
}

void pty_close(struct pty *pty, int notifier)
{
	(void)notifier;
	pty->master = -1;
	pty->attached = false;
}

void pty_check(struct pty *pty)
{
	pty->attached = attached;
}

size_t pty_write(struct pty *pty, const char *data, size_t count)
{
	const size_t room = take(&in, 1) * 16;
	uint8_t sum = 0;

	CHECK(pty->attached && count);
	for (size_t i = 0; i < count; i++) /* all of it can be read */
		sum += data[i];
	attached = attached && sum != 1;
	return count < room ? count : room;
}

size_t pty_read(struct pty *pty, char *data, size_t room)
{
	CHECK(pty->attached);
	return take_bytes(&in, data, take(&in, 1) * 8 % (room + 1));
}

/* What the guest, the reader and the time do */

static XENCONS_RING_IDX *index_of(unsigned which)
{
	XENCONS_RING_IDX *const indices[] = {&page->in_cons, &page->in_prod,
		&page->out_cons, &page->out_prod};

	return indices[which % 4];
}

static void write_output(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		page->out[MASK_XENCONS_IDX(page->out_prod + i, page->out)] =
			(char)i;
	page->out_prod += count;
}

static void guest_step(enum step step)
{
	const unsigned which = (unsigned)take(&in, 1);
	const size_t at = take(&in, 2) % sizeof(*page);

	if (step == INDEX)
		*index_of(which) = (XENCONS_RING_IDX)take(&in, 4);
	else if (step == BYTES)
		take_bytes(&in, (char *)page + at,
			which < sizeof(*page) - at ? which
						   : sizeof(*page) - at);
	else if (step == OUTPUT)
		write_output(at);
	else
		page->in_cons = page->in_prod - which % 4;
}

static void check(const struct guest *g)
{
	const struct backlog *const b = &g->backlog;
	const int room = ring_room(page);

	CHECK(room <= (int)sizeof(page->in));
	CHECK(b->head - b->shown <= b->size);
	CHECK(backlog_waiting(b) <= b->size);
	CHECK(nr_mapped == (g->ring ? 1 : 0));
	CHECK(nr_bound == (g->port >= 0 ? 1 : 0));
	CHECK(!g->held || g->deadline);
	guest_interest(g);
}

static void daemon_step(struct daemon *d, struct guest *g, enum step step)
{
	switch (step) {
	case SERVICE: guest_service(d, g); break;
	case TERMINAL: guest_terminal(d, g); break;
	case ATTACH: attached = !attached; break;
	case TIME: clock_ns += take(&in, 1) * 1000000; break;
	case RESET: ring_reset(page); break;
	case CONNECT: guest_connect(d, g); break;
	default: guest_halt(d, g); break;
	}
}

/* Of impossible indices nothing is taken, of others what is between them. */
static void check_taken(struct daemon *d, struct guest *g, enum step step)
{
	const XENCONS_RING_IDX waiting = page->out_prod - page->out_cons;
	const uint64_t before = g->backlog.head;

	daemon_step(d, g, step);
	CHECK(g->backlog.head - before <=
		(waiting <= sizeof(page->out) ? waiting : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t uuid[16];
	struct daemon d = {.log_dir = "/nonexistent",
		.run_dir = "/nonexistent"};
	struct guest *g;

	log_set_level(LOG_LEVEL_ERROR);
	in = (struct input){data, size};
	page = calloc(1, sizeof(*page));
	clock_ns = 1000000000;
	attached = false;
	g = guest_new(&d, 1, uuid);
	guest_connect(&d, g);
	while (in.left) {
		const enum step step = take(&in, 1) % STEPS;

		if (step <= INPUT)
			guest_step(step);
		else
			check_taken(&d, g, step);
		if (g->backlog.data)
			check(g);
	}
	guest_end(&d, g);
	guest_free(&d, g, false);
	CHECK(!nr_mapped && !nr_bound);
	free(page);
	return 0;
}
