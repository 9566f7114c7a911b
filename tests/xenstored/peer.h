/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients for the tests: a domain of the test machine on its ring, or a
 * socket. Everything is done by hand, so that wrong things can be done too.
 */
#pragma once

#include <xen/io/xs_wire.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer {
	int dom;		/* on a ring, or -1 */
	int fd;			/* the socket, or where events come */
	struct xenstore_domain_interface *ring;
	uint32_t req_id;	/* of the last request */
	uint32_t txn;		/* for the next requests */
};

struct message {
	struct xsd_sockmsg header;
	char body[XENSTORE_PAYLOAD_MAX + 1];
};

/* A new directory with a machine in it; dom0 runs. */
void machine_new(void);
void machine_clean(void);

/* The daemon; @signal stops it and is waited for. */
void daemon_start(const char *option);
void daemon_stop(int signal);
/* It has written a message with this text. */
bool daemon_said(const char *text);

/* What it has said, unless VERBOSE is set. */
unsigned daemon_log_lines(void);

/* A domain that runs, with an empty ring. */
struct peer peer_domain(int dom);
struct peer peer_socket(void);
void peer_close(struct peer *p);
void domain_state(int dom, int state);
bool domain_mapped(int dom);

/* Raw bytes; false if they cannot be had or taken within two seconds. */
bool peer_write(struct peer *p, const void *bytes, size_t size);
bool peer_read(struct peer *p, void *bytes, size_t size);
void peer_notify(const struct peer *p);

/* True if there is nothing to read now, after a moment. */
bool peer_quiet(struct peer *p);

/* Sends a request; @body may contain NULs. Its number is in p->req_id. */
bool peer_send(struct peer *p, uint32_t type, const void *body, size_t size);

/* The next message, whatever it is; false if none comes. */
bool peer_next(struct peer *p, struct message *m);

/*
 * Sends and waits for the reply; events are kept for peer_event(). Returns
 * the reply's body, or the error's name after a '!'; valid until the next.
 */
const char *peer_ask(struct peer *p, uint32_t type, const void *body,
	size_t size);

/* For bodies without inner NULs, with the one at the end. */
const char *peer_ask1(struct peer *p, uint32_t type, const char *text);
const char *peer_set(struct peer *p, const char *path, const char *value);
const char *peer_watch(struct peer *p, const char *path, const char *token);

/* "path token" of the next event; "" if none comes. */
const char *peer_event(struct peer *p);
