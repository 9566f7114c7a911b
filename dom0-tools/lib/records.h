/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing xenstore nodes by formatted paths. New nodes inherit
 * their parent's permissions, so that only the top of a tree needs any.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <xenstore.h>

struct error;

/* Who may do what with a tree that belongs to a domain. */
enum record_access {
	RECORD_PRIVATE,     /* the control domain only */
	RECORD_GUEST_READS, /* the peer may write, the guest may read */
	RECORD_GUEST_OWNS,  /* the guest may write, the peer reads */
};

/*
 * Writes of one transaction, sent together. The first failure is remembered,
 * later writes do nothing; records_end() says -EAGAIN when the whole has to be
 * done again.
 *
 *	do {
 *		records_begin(&r, xs, dom);
 *		record_write(&r, "1", "%s/state", path);
 *	} while (records_end(&r, error) == -EAGAIN);
 */
struct records {
	struct xs_handle *xs;
	xs_transaction_t t;
	uint16_t dom;   /* the guest, for access */
	uint16_t peer;  /* the control domain, or another back-end domain */
	int code;       /* errno of the first failure */
	char path[512]; /* what failed */

	unsigned nr; /* requests that wait to be sent together */
	size_t size;
	char requests[8192];
};

void records_begin(struct records *records, struct xs_handle *xs, uint16_t dom);
int records_end(struct records *records, struct error *error);

__attribute__((format(printf, 3, 4))) void record_write(
	struct records *records, const char *value, const char *path, ...);
__attribute__((format(printf, 3, 4))) void record_number(
	struct records *records, uint64_t value, const char *path, ...);
/* An empty node with permissions for what will be below. */
__attribute__((format(printf, 3, 4))) void record_tree(struct records *records,
	enum record_access access, const char *path, ...);

/* The value, to be freed, or NULL. */
__attribute__((format(printf, 2, 3))) char *record_read(
	struct xs_handle *xs, const char *path, ...);
/* The value, or missing if it is not there or not a number. */
__attribute__((format(printf, 3, 4))) long record_read_number(
	struct xs_handle *xs, long missing, const char *path, ...);
/* The names below, to be freed in one go; NULL if there are none. */
__attribute__((format(printf, 3, 4))) char **record_list(
	struct xs_handle *xs, unsigned *nr, const char *path, ...);
__attribute__((format(printf, 2, 3))) void record_remove(
	struct xs_handle *xs, const char *path, ...);
/* One write outside of any transaction. */
__attribute__((format(printf, 3, 4))) bool record_set(
	struct xs_handle *xs, const char *value, const char *path, ...);
