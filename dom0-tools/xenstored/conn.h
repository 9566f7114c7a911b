/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client: a process on the socket or a domain on its ring. Both look the
 * same from here on: bytes come in until they make a message, messages wait
 * to go out. Nothing leaves before the journal has been written, so that a
 * reply that somebody has seen is never forgotten.
 *
 * What waits is bounded: a client that leaves too many replies is not read
 * from; one that leaves too many events loses them, and gets one event for
 * each of its watches instead as soon as it reads again.
 */
#pragma once

#include "xenstored/store.h"

#include <xen/io/xs_wire.h>

enum {
	CONN_IN_ROOM = 8192 + 256,
};

struct watch;
struct domain;

struct message {
	struct message *next;
	uint32_t size;		/* header and payload */
	uint32_t hash;		/* of an event */
	bool event;
	char bytes[];
};

struct conn {
	struct conn *next, *prev;
	struct who who;
	int fd;			/* of a socket, or -1 */
	struct domain *domain;	/* of a ring, or NULL */
	unsigned number;	/* for the log */

	uint32_t interest;	/* epoll events asked for */
	bool ready;		/* may have requests to run */
	bool drained;		/* its socket had nothing more, this turn */
	bool dead;		/* to be freed after this turn */
	bool lost_events;

	uint32_t in_start, in_end;
	uint8_t in[CONN_IN_ROOM + 1];	/* one for wire_request() */

	struct message *out, **out_tail;
	uint32_t out_sent;	/* bytes of the first message */
	uint32_t nr_replies, nr_events;
	size_t out_bytes;

	struct txn **txns;
	unsigned nr_txns, txn_room;
	uint32_t next_txn;

	struct watch *watches;
	unsigned nr_watches;
};

extern struct conn *conn_list;

/* @fd: taken, or -1 with a domain. NULL: no memory. */
struct conn *conn_new(int epoll, int fd, struct domain *domain);
void conn_kill(struct conn *conn, const char *why);

/* Answers what has come in, up to a fair share. */
void conn_run(struct conn *conn);

/* Sends what waits; call after journal_flush(). */
void conn_flush(struct conn *conn);

/* Frees the dead. */
void conn_reap(void);
bool conn_any_ready(void);

void conn_reply(struct conn *conn, const struct xsd_sockmsg *request,
	uint32_t type, const void *payload, size_t size);
void conn_event(struct conn *conn, const char *path, const char *token);

/* A message that was waiting before a restart. */
void conn_requeue(struct conn *conn, const void *bytes, size_t size);

struct txn *conn_find_txn(const struct conn *conn, uint32_t id);
int conn_add_txn(struct conn *conn, struct txn *txn);
void conn_remove_txn(struct conn *conn, const struct txn *txn);
void conn_forget_domain(uint16_t dom);	/* in open transactions */

/* Forgets watches, transactions and all that waits: a fresh start. */
void conn_reset(struct conn *conn);
