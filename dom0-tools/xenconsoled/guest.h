// SPDX-License-Identifier: BSD-2-Clause
/*
 * One guest's console: the shared page and its event port on one side, the
 * terminal, the backlog and the records on the other.
 *
 * A guest can neither hold up the daemon nor grow it. Its event port stays
 * masked from one event to the end of its service. It is served at most once
 * in two milliseconds, a ring-full at a time (1 MB/s): Linux sends an event
 * for every few bytes, and would otherwise cost a switch of domains for each.
 * A guest that must wait has its deadline; meanwhile its ring fills. A reader
 * may slow his guest down for one second; after that the guest goes on and
 * the reader has a gap.
 */
#pragma once

#include "xenconsoled/backlog.h"
#include "xenconsoled/pty.h"
#include "xenconsoled/record.h"

#include <stdbool.h>
#include <stdint.h>

struct xencons_interface;
struct xs_handle;

/* What all guests share: descriptors and choices. */
struct daemon {
	struct xs_handle *xs;
	int evtchn;   /* all ports of all guests, and the log's VIRQ */
	int gnttab;   /* -1: no grant device, pages are mapped by frame */
	int privcmd;  /* hypercalls and foreign pages */
	int notifier; /* of terminals being opened */
	const char *log_dir; /* records */
	const char *run_dir; /* backlogs between two daemons */
	bool log_guests;     /* --log=guest */
	bool stamp_guests;   /* --timestamp=guest */
};

struct guest {
	struct guest *next;
	uint16_t domid;
	uint8_t uuid[16];
	bool seen;   /* by the scan in progress */
	bool halted; /* shut down or crashed; its last words are recorded */
	bool ended;  /* destroyed; only its reader is still there */
	char name[80];

	struct xencons_interface *ring; /* NULL: not connected */
	bool granted;                   /* mapped by grant, not by frame */
	uint64_t ring_ref;    /* the frame, as the guest's node has it */
	uint32_t remote_port; /* the guest's */
	int port;             /* ours; -1: none */
	bool garbled;         /* bad indices were logged */

	bool held;         /* its port is masked until deadline */
	uint64_t deadline; /* ms; when to look again; 0: no need */
	uint64_t served;   /* ms; when last */
	uint64_t patience; /* ms; the reader's time is over then */

	struct pty pty;
	struct backlog backlog;
	struct record record;
};

uint64_t now_ms(void);

/* Its watch has an event at once, with which it connects. */
struct guest *guest_new(
	struct daemon *d, uint16_t domid, const uint8_t uuid[16]);

/* Looks at its xenstore nodes and connects, or connects again. */
void guest_connect(struct daemon *d, struct guest *g);
/* The watch has seen something happen at this path. */
void guest_news(struct daemon *d, struct guest *g, const char *path);

/* Its port had an event, or its deadline has come. */
void guest_service(struct daemon *d, struct guest *g);

/* Its terminal was opened, has room, or has input. */
void guest_terminal(struct daemon *d, struct guest *g);

/* What to poll its terminal for; 0: nothing. */
short guest_interest(const struct guest *g);

/* It shut down; it may stay in memory. */
void guest_halt(struct daemon *d, struct guest *g);

/* It is gone. From now on only the terminal is served, until it may be freed
 * (guest_is_over). */
void guest_end(struct daemon *d, struct guest *g);
bool guest_is_over(const struct guest *g);

/* keep: the guest lives on, leave its backlog to the next daemon. */
void guest_free(struct daemon *d, struct guest *g, bool keep);
