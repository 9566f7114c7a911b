/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watches, see watch.h. All of them are in one hash table by path: a change
 * looks up its path and each path above it, so that it costs no more with ten
 * thousand watches than with ten.
 */
#include "xenstored/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NR_BUCKETS = 8192, HASH_START = 2166136261u & 0x7fffffff };

static struct watch *buckets[NR_BUCKETS];
static unsigned nr_watches;

static const char *const special_names[NR_SPECIALS] = {
	[SPECIAL_INTRODUCE] = "@introduceDomain",
	[SPECIAL_RELEASE] = "@releaseDomain",
};
static struct data *special_data[NR_SPECIALS];

static uint32_t hash_step(uint32_t hash, char c)
{
	return (hash ^ (unsigned char)c) * 16777619u;
}

uint32_t watch_hash(const char *bytes, size_t size)
{
	uint32_t hash = HASH_START;

	for (size_t i = 0; i < size; i++)
		hash = hash_step(hash, bytes[i]);
	return hash;
}

unsigned watch_count(void)
{
	return nr_watches;
}

int watch_add(struct conn *conn, const char *path, const char *token,
	uint32_t cut)
{
	const size_t path_size = strlen(path) + 1;
	const size_t token_size = strlen(token) + 1;

	for (struct watch *w = conn->watches; w; w = w->next_of_conn) {
		if (!strcmp(w->path, path) && !strcmp(w->token, token))
			return -EEXIST;
	}

	struct watch *watch = malloc(sizeof(*watch) + path_size + token_size);

	if (!watch)
		return -ENOMEM;
	memcpy(watch->path, path, path_size);
	memcpy(watch->path + path_size, token, token_size);
	watch->token = watch->path + path_size;
	watch->conn = conn;
	watch->cut = cut;
	watch->hash = watch_hash(path, path_size - 1);
	watch->next_in_bucket = buckets[watch->hash % NR_BUCKETS];
	buckets[watch->hash % NR_BUCKETS] = watch;
	watch->next_of_conn = conn->watches;
	conn->watches = watch;
	conn->nr_watches++;
	nr_watches++;
	return 0;
}

static void unlink_and_free(struct watch **of_conn)
{
	struct watch *watch = *of_conn;
	struct watch **slot = &buckets[watch->hash % NR_BUCKETS];

	while (*slot != watch)
		slot = &(*slot)->next_in_bucket;
	*slot = watch->next_in_bucket;
	*of_conn = watch->next_of_conn;
	watch->conn->nr_watches--;
	nr_watches--;
	free(watch);
}

int watch_remove(struct conn *conn, const char *path, const char *token)
{
	for (struct watch **w = &conn->watches; *w; w = &(*w)->next_of_conn) {
		if (!strcmp((*w)->path, path) && !strcmp((*w)->token, token)) {
			unlink_and_free(w);
			return 0;
		}
	}
	return -ENOENT;
}

void watch_remove_all(struct conn *conn)
{
	while (conn->watches)
		unlink_and_free(&conn->watches);
}

static bool may_read(const struct who *who, const struct data *data)
{
	return data && (perms_rights(data->perms, data->nr_perms, who) &
		RIGHT_READ);
}

static void fire_at(uint32_t hash, size_t length, const struct change *change)
{
	for (struct watch *w = buckets[hash % NR_BUCKETS]; w;
		w = w->next_in_bucket) {
		if (w->hash != hash || strncmp(w->path, change->path, length) ||
			w->path[length])
			continue;
		if (may_read(&w->conn->who, change->before) ||
			may_read(&w->conn->who, change->after) ||
			may_read(&w->conn->who, change->parent))
			conn_event(w->conn, change->path + w->cut, w->token);
	}
}

void watch_change(const struct change *change)
{
	const char *path = change->path;
	const bool above = change->kind != CHANGE_GONE;
	uint32_t hash = HASH_START;
	size_t i;

	if (change->kind == CHANGE_IMPLIED)
		return;
	if (above && path[1])
		fire_at(hash_step(hash, '/'), 1, change);
	for (i = 0; path[i]; i++) {
		if (above && i && path[i] == '/')
			fire_at(hash, i, change);
		hash = hash_step(hash, path[i]);
	}
	fire_at(hash, i, change);
}

void watch_special(enum special special)
{
	const struct change change = {
		.path = special_names[special],
		.after = watch_special_data(special),
	};
	const size_t length = strlen(change.path);

	fire_at(watch_hash(change.path, length), length, &change);
}

void watch_refire(struct conn *conn)
{
	for (struct watch *w = conn->watches; w; w = w->next_of_conn)
		conn_event(conn, w->path + w->cut, w->token);
}

enum special watch_special_find(const char *path)
{
	enum special special = 0;

	while (special < NR_SPECIALS && strcmp(path, special_names[special]))
		special++;
	return special;
}

const char *watch_special_name(enum special special)
{
	return special_names[special];
}

struct data *watch_special_data(enum special special)
{
	const struct perm nobody = {.dom = 0, .rights = 0};

	if (!special_data[special])
		special_data[special] = data_new(&nobody, 1, NULL, 0);
	return special_data[special];
}

void watch_special_set(enum special special, struct data *data)
{
	data_put(special_data[special]);
	special_data[special] = data;
}
