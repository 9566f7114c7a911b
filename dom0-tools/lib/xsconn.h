/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection to xenstored: sends a request and waits for its reply, and
 * keeps the watch events that come in between. Under libxenstore's calls.
 */
#pragma once

#include <xen/io/xs_wire.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct xs_handle;

/* A message that came in; the body has a NUL after its len bytes. */
struct xs_message {
	struct xs_message *next;
	struct xsd_sockmsg header;
	char body[];
};

/* @path: a socket or the kernel's device; @flags: xs_open()'s. NULL with errno
 * set. */
struct xs_handle *xsconn_open(const char *path, unsigned long flags);
void xsconn_close(struct xs_handle *h);

/* After fork(): there is no reader thread in this process. */
void xsconn_abandon(struct xs_handle *h);

/*
 * One request. The reply is the caller's to free(); NULL with errno set, also
 * if the reply is an error.
 */
struct xs_message *xsconn_call(struct xs_handle *h, uint32_t type,
	uint32_t transaction, const struct iovec *parts, unsigned nr_parts);

/* xs_shoji_batch() of xenstore.h. */
bool xsconn_batch(struct xs_handle *h, const void *requests, size_t size,
	unsigned *nr);

/* Events are collected from now on, also between requests. */
bool xsconn_start_reader(struct xs_handle *h);

/* The next event; NULL with EAGAIN if there is none and @wait is false. */
struct xs_message *xsconn_event(struct xs_handle *h, bool wait);

/* Throws away waiting events of a watch, if the handle was opened so. */
void xsconn_forget_events(struct xs_handle *h, const char *path,
	const char *token);

/* A descriptor to poll, or -1. */
int xsconn_fileno(struct xs_handle *h);
