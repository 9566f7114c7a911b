/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watches: who is told when a path changes. A watch on a node hears of the
 * node and of everything below it, if its owner may read what changed (or
 * what it hangs on). The two special paths tell of domains that come and go.
 */
#pragma once

#include "xenstored/conn.h"

enum special {
	SPECIAL_INTRODUCE,	/* @introduceDomain */
	SPECIAL_RELEASE,	/* @releaseDomain */
	NR_SPECIALS,
};

struct watch {
	struct watch *next_in_bucket, *next_of_conn;
	struct conn *conn;
	uint32_t hash;
	uint32_t cut;		/* characters that a relative watch hides */
	const char *token;
	char path[];		/* absolute, or special; then the token */
};

/* Fires nothing; the caller queues the first event. */
int watch_add(struct conn *conn, const char *path, const char *token,
	uint32_t cut);
int watch_remove(struct conn *conn, const char *path, const char *token);
void watch_remove_all(struct conn *conn);

/* store->on_change, less the journal. */
void watch_change(const struct change *change);
void watch_special(enum special special);

/* One event for each watch of a client. */
void watch_refire(struct conn *conn);

/* NR_SPECIALS if the path is none. */
enum special watch_special_find(const char *path);
const char *watch_special_name(enum special special);

/* Their permissions; set takes the data. */
struct data *watch_special_data(enum special special);
void watch_special_set(enum special special, struct data *data);

uint32_t watch_hash(const char *bytes, size_t size);
unsigned watch_count(void);
