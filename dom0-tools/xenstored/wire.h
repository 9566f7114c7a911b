/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol: one request in, one reply out.
 */
#pragma once

#include "xenstored/conn.h"

struct request {
	struct conn *conn;
	const struct xsd_sockmsg *header;
	struct txn *txn;	/* NULL: the store itself */
	char *data;		/* header->len bytes, then a NUL of ours */
	size_t size;
	char path[XENSTORE_PAYLOAD_MAX + 64];	/* scratch for resolving */
};

/*
 * Answers one request. @payload: header->len bytes, followed by one more byte
 * that may be changed for the moment.
 */
void wire_request(struct conn *conn, const struct xsd_sockmsg *header,
	char *payload);

void wire_reply(struct request *request, const void *payload, size_t size);

/* "OK". */
int wire_ack(struct request *request);

/*
 * The payload as NUL-terminated strings, each of which ends within it; how
 * many, up to @max, or -EINVAL.
 */
int wire_strings(struct request *request, char **strings, unsigned max);

/* XS_CONTROL, in control.c. */
int control_request(struct request *request);
