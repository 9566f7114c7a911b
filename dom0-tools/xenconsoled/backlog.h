// SPDX-License-Identifier: BSD-2-Clause
/*
 * The last output of one guest, in memory of fixed size. Positions count bytes
 * since the beginning and never go back. What nobody has been shown yet is
 * kept for the next reader of the terminal; when it does not fit any more its
 * oldest bytes go, so that a reader who stopped reading costs nothing but his
 * own gap. Pure.
 *
 * Invariant: head - size <= shown <= head.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backlog {
	char *data;
	size_t size;    /* a power of two */
	uint64_t head;  /* bytes ever put in */
	uint64_t shown; /* bytes that went to the terminal, or were lost */
	uint64_t lost;  /* of these, never shown */
};

/* size is rounded down to a power of two. */
bool backlog_init(struct backlog *backlog, size_t size);
void backlog_free(struct backlog *backlog);

void backlog_put(struct backlog *backlog, const char *data, size_t count);

/* How much has not been shown. */
size_t backlog_waiting(const struct backlog *backlog);

/* The longest piece in one stretch that is to be shown next. */
size_t backlog_next(const struct backlog *backlog, const char **data);

/* That much of it has been shown. */
void backlog_done(struct backlog *backlog, size_t count);

/* Copies the last bytes, room at most, oldest first. How many. */
size_t backlog_tail(const struct backlog *backlog, char *to, size_t room);
