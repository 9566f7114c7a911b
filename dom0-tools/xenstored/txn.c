/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transactions, see store.h for the idea and txn.h for the parts. Pure code.
 *
 * A commit compares, for each path that was used, the node in the base tree
 * with the node in the store: the same node, or one of the same generation,
 * or none in both, means that the transaction would have seen the same now.
 */
#include "xenstored/txn.h"

#include "xenstored/tree.h"

#include <xen/io/xs_wire.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_PER_NODE = 4 };	/* of the limit transaction_nodes */

struct txn *txn_start(struct store *store, const struct who *who, uint32_t id)
{
	struct txn *txn = calloc(1, sizeof(*txn));

	if (!txn)
		return NULL;
	txn->id = id;
	txn->who = *who;
	txn->base = tree_ref(store->root);
	txn->root = tree_ref(store->root);
	return txn;
}

uint32_t txn_id(const struct txn *txn)
{
	return txn->id;
}

unsigned txn_nr_nodes(const struct txn *txn)
{
	return txn->nr_accesses;
}

void txn_doom(struct txn *txn)
{
	txn->doomed = true;
}

void txn_forget_domain(struct store *store, struct txn *txn, uint16_t dom)
{
	txn->doomed |= txn->who.privileged;
	for (unsigned i = 0; i < txn->nr_steps && !txn->doomed; i++) {
		const char *path = txn->steps[i].path;
		const struct node *node = tree_find(txn->root, path);

		if (!node || !perms_name(node->data->perms,
			node->data->nr_perms, dom))
			continue;

		struct data *data = data_without(node->data, dom);

		if (!data || tree_set(&txn->root, path, data,
			++store->generation) < 0)
			txn->doomed = true;
		data_put(data);
	}
}

void txn_free(struct txn *txn)
{
	for (unsigned i = 0; i < txn->access_room; i++)
		free(txn->accesses[i].path);
	for (unsigned i = 0; i < txn->nr_steps; i++)
		free(txn->steps[i].path);
	free(txn->accesses);
	free(txn->steps);
	tree_put(txn->root);
	tree_put(txn->base);
	free(txn);
}

static uint32_t hash_path(const char *path, size_t length)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)path[i]) * 16777619u;
	return hash;
}

/* The path's place in the table, or the free one where it would go. */
static struct txn_access *access_find(struct txn_access *table, unsigned room,
	const char *path, size_t length, uint32_t hash)
{
	for (unsigned i = hash;; i++) {
		struct txn_access *access = &table[i & (room - 1)];

		if (!access->path)
			return access;
		if (access->hash == hash &&
			!strncmp(access->path, path, length) &&
			!access->path[length])
			return access;
	}
}

static int access_grow(struct txn *txn)
{
	const unsigned room = txn->access_room ? txn->access_room * 2 : 16;
	struct txn_access *table = calloc(room, sizeof(*table));

	if (!table)
		return -ENOMEM;
	for (unsigned i = 0; i < txn->access_room; i++) {
		const struct txn_access *old = &txn->accesses[i];

		if (old->path)
			*access_find(table, room, old->path, strlen(old->path),
				old->hash) = *old;
	}
	free(txn->accesses);
	txn->accesses = table;
	txn->access_room = room;
	return 0;
}

static int note(const struct store *store, struct txn *txn, const char *path,
	size_t length, enum txn_use use)
{
	if (txn->nr_accesses * 2 >= txn->access_room &&
		access_grow(txn) < 0)
		return -ENOMEM;

	const uint32_t hash = hash_path(path, length);
	struct txn_access *access = access_find(txn->accesses,
		txn->access_room, path, length, hash);

	if (!access->path) {
		if (!txn->who.privileged &&
			txn->nr_accesses >= store->limits.transaction_nodes)
			return -ENOSPC;
		access->path = strndup(path, length);
		if (!access->path)
			return -ENOMEM;
		access->hash = hash;
		txn->nr_accesses++;
	}
	access->use |= use;
	return 0;
}

int txn_note(const struct store *store, struct txn *txn, const char *path,
	const char *below, enum txn_use use)
{
	const size_t above = below - path - 1;
	int rc = note(store, txn, path, strlen(path), use);

	/* As long as the first part is missing, nothing nearer can appear. */
	if (rc == 0 && *below)
		rc = note(store, txn, path, above ? above : 1, USE_CONTENT);
	if (rc == 0 && *below)
		rc = note(store, txn, path,
			above + 1 + strcspn(below, "/"), USE_CONTENT);
	return rc;
}

/*
 * A SET needs no step of its own if there is one for this path already and
 * nothing has been removed since: the replay takes the final content.
 */
static bool has_step(const struct txn *txn, const struct txn_access *access)
{
	return (access->use & USE_WRITTEN) && access->removals == txn->removals;
}

static int add_step(const struct store *store, struct txn *txn,
	enum change_kind kind, const char *path)
{
	const size_t length = strlen(path);
	struct txn_access *access = access_find(txn->accesses,
		txn->access_room, path, length, hash_path(path, length));

	if (kind == CHANGE_SET && has_step(txn, access))
		return 0;
	if (!txn->who.privileged && txn->nr_steps >=
		STEPS_PER_NODE * store->limits.transaction_nodes)
		return -ENOSPC;
	if (txn->nr_steps == txn->step_room) {
		const unsigned room = txn->step_room ? txn->step_room * 2 : 8;
		struct txn_step *steps = realloc(txn->steps,
			room * sizeof(*steps));

		if (!steps)
			return -ENOMEM;
		txn->steps = steps;
		txn->step_room = room;
	}

	struct txn_step *step = &txn->steps[txn->nr_steps];

	*step = (struct txn_step){.kind = kind, .path = strdup(path)};
	if (!step->path)
		return -ENOMEM;
	if (kind == CHANGE_RM)
		txn->removals++;
	if (kind == CHANGE_SET) {
		step->again = access->use & USE_WRITTEN;
		access->use |= USE_WRITTEN;
		access->removals = txn->removals;
	}
	txn->nr_steps++;
	return 0;
}

int txn_set(struct store *store, struct txn *txn, const char *path,
	struct data *data, enum change_kind kind)
{
	const struct node *old = tree_find(txn->root, path);
	const uint16_t dom = txn->who.dom;
	const int lost = old && old->data->perms[0].dom == dom;
	const int gained = data->perms[0].dom == dom;
	int rc = add_step(store, txn, kind, path);

	if (rc == 0)
		rc = tree_set(&txn->root, path, data, ++store->generation);
	if (rc == 0)
		txn->delta += gained - lost;
	return rc;
}

static bool count_own(const char *path, const struct node *node, void *arg)
{
	struct txn *txn = arg;

	(void)path;
	txn->delta -= node->data->perms[0].dom == txn->who.dom;
	return true;
}

int txn_remove(struct store *store, struct txn *txn, const char *path)
{
	struct node *node = (struct node *)tree_find(txn->root, path);
	int rc = add_step(store, txn, CHANGE_RM, path);

	if (rc < 0)
		return rc;
	tree_ref(node);
	rc = tree_remove(&txn->root, path, ++store->generation);
	if (rc == 0)
		node_walk(node, path, count_own, txn);
	tree_put(node);
	return rc;
}

static bool undisturbed(const struct store *store, const struct txn *txn)
{
	if (store->root == txn->base)
		return true;
	for (unsigned i = 0; i < txn->access_room; i++) {
		const struct txn_access *access = &txn->accesses[i];

		if (!access->path)
			continue;

		const struct node *then = tree_find(txn->base, access->path);
		const struct node *now = tree_find(store->root, access->path);

		if (then == now)
			continue;
		if (!then || !now || then->generation != now->generation)
			return false;
		if ((access->use & USE_CHILDREN) &&
			then->child_generation != now->child_generation)
			return false;
	}
	return true;
}

/*
 * Each step in its order, but with the final content; a path that is set
 * several times is set once, unless a removal came in between.
 */
static int replay(struct store *store, const struct txn *txn)
{
	int rc = 0;

	for (unsigned i = 0; i < txn->nr_steps && rc == 0; i++) {
		const struct txn_step *step = &txn->steps[i];
		const struct node *want = tree_find(txn->root, step->path);
		const struct node *have = store_find(store, step->path);

		if (step->kind == CHANGE_RM)
			store_drop(store, step->path);
		else if (want && !(step->again && have &&
			have->data == want->data))
			rc = store_apply(store, step->path, want->data,
				step->kind);
	}
	return rc;
}

int txn_commit(struct store *store, struct txn *txn)
{
	const struct who *who = &txn->who;
	int rc;

	if (txn->doomed || !undisturbed(store, txn))
		rc = -EAGAIN;
	else if (!who->privileged && txn->delta > 0 &&
		store->nr_nodes[who->dom] + txn->delta > store->limits.nodes)
		rc = -ENOSPC;
	else
		rc = replay(store, txn);
	txn_free(txn);
	return rc;
}
