/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of a transaction, for store.c. It has two trees: base is the store
 * as it was at the start, root is what the transaction makes of it. It keeps
 * the set of paths that it depends on and the list of what it did, in order.
 */
#pragma once

#include "xenstored/store.h"

enum txn_use {
	USE_CONTENT = 1,	/* existence, value, permissions */
	USE_CHILDREN = 2,	/* which children there are */
	USE_WRITTEN = 4,	/* there is a step that sets it */
};

struct txn_access {
	char *path;
	uint32_t hash;
	unsigned use;		/* enum txn_use, or-ed */
	unsigned removals;	/* txn's, when its last SET step was made */
};

struct txn_step {
	enum change_kind kind;	/* SET, IMPLIED or RM */
	bool again;		/* not the first SET of this path */
	char *path;
};

struct txn {
	struct node *base, *root;
	uint32_t id;
	struct who who;
	bool doomed;
	int64_t delta;			/* nodes that who.dom would gain */
	struct txn_access *accesses;	/* hash table, open addressing */
	unsigned nr_accesses, access_room;
	struct txn_step *steps;
	unsigned nr_steps, step_room;
	unsigned removals;		/* steps that remove */
};

/*
 * The transaction looked at @path, of which @below is missing: remembers it
 * and, if the path is not there, the nearest node above and what it lacks.
 */
int txn_note(const struct store *store, struct txn *txn, const char *path,
	const char *below, enum txn_use use);

int txn_set(struct store *store, struct txn *txn, const char *path,
	struct data *data, enum change_kind kind);
int txn_remove(struct store *store, struct txn *txn, const char *path);
