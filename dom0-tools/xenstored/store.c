/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a request does to the tree: permission, quota, accounting, and word of
 * each change to whoever watches. See store.h; transactions' own bookkeeping
 * is in txn.c. Pure code: the only way out is store->on_change.
 *
 * Invariant: nr_nodes[d] is the number of nodes in the root's tree that d
 * owns.
 */
#include "xenstored/store.h"

#include "xenstored/tree.h"
#include "xenstored/txn.h"

#include <xen/io/xs_wire.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct limits store_default_limits = {
	.nodes = 1000,
	.node_size = 2048,
	.node_permissions = 5,
	.path_max = XENSTORE_REL_PATH_MAX,
	.transactions = 10,
	.transaction_nodes = 1024,
	.watches = 128,
	.outstanding = 20,
	.memory = 1 << 20,
};

struct store *store_new(void)
{
	const struct perm nobody = {.dom = 0, .rights = 0};
	struct store *store = calloc(1, sizeof(*store));
	struct data *data = data_new(&nobody, 1, NULL, 0);

	if (store && data)
		store->root = tree_new_root(data);
	data_put(data);
	if (!store || !store->root) {
		free(store);
		return NULL;
	}
	store->limits = store_default_limits;
	store->nr_nodes[0] = 1;
	return store;
}

void store_free(struct store *store)
{
	tree_put(store->root);
	free(store);
}

bool store_path_valid(const char *path)
{
	if (*path != '/')
		return false;

	const size_t length = strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789-/_@");

	if (path[length] || length > XENSTORE_ABS_PATH_MAX)
		return false;
	return length == 1 ||
		(path[length - 1] != '/' && !strstr(path, "//"));
}

const struct node *store_find(const struct store *store, const char *path)
{
	return tree_find(store->root, path);
}

static const struct data *parent_data(const struct store *store,
	const char *path)
{
	char above[XENSTORE_ABS_PATH_MAX + 1];
	const size_t length = strrchr(path, '/') - path;

	memcpy(above, path, length);
	above[length] = '\0';

	const struct node *node = tree_find(store->root, above);

	return node ? node->data : NULL;
}

static void tell(struct store *store, enum change_kind kind, const char *path,
	const struct data *before, const struct data *after)
{
	const struct change change = {
		.kind = kind,
		.path = path,
		.before = before,
		.after = after,
		.parent = kind == CHANGE_GONE ? NULL : parent_data(store, path),
	};

	if (store->on_change)
		store->on_change(&change);
}

static int apply(struct store *store, const char *path, struct data *data,
	enum change_kind kind, uint64_t generation)
{
	const struct node *old = tree_find(store->root, path);
	struct data *before = old ? old->data : NULL;

	if (before)
		before->refs++;

	const int rc = tree_set(&store->root, path, data, generation);

	if (rc == 0) {
		if (before)
			store->nr_nodes[before->perms[0].dom]--;
		store->nr_nodes[data->perms[0].dom]++;
		tell(store, kind, path, before, data);
	}
	data_put(before);
	return rc;
}

int store_apply(struct store *store, const char *path, struct data *data,
	enum change_kind kind)
{
	return apply(store, path, data, kind, ++store->generation);
}

int store_put(struct store *store, const char *path, struct data *data)
{
	return store_apply(store, path, data, CHANGE_SET);
}

struct removal {
	struct store *store;
	const struct node *top;
};

static bool removed(const char *path, const struct node *node, void *arg)
{
	const struct removal *removal = arg;

	removal->store->nr_nodes[node->data->perms[0].dom]--;
	tell(removal->store, node == removal->top ? CHANGE_RM : CHANGE_GONE,
		path, node->data, NULL);
	return true;
}

void store_drop(struct store *store, const char *path)
{
	const struct node *node = tree_find(store->root, path);

	if (!node || node == store->root)
		return;

	struct node *top = tree_ref((struct node *)node);
	struct removal removal = {.store = store, .top = top};

	if (tree_remove(&store->root, path, ++store->generation) == 0)
		node_walk(top, path, removed, &removal);
	tree_put(top);
}

/* The node, if @who has the rights that it wants on it or on what is above. */
static int find_allowed(struct store *store, struct txn *txn,
	const struct who *who, const char *path, unsigned want,
	enum txn_use use, const struct node **node)
{
	const char *below;

	*node = tree_nearest(txn ? txn->root : store->root, path, &below);

	const struct data *data = (*node)->data;
	const unsigned rights = perms_rights(data->perms, data->nr_perms, who);

	/* A refusal is not noted: a conflict would tell the refused that the
	 * node changed. */
	if ((rights & want) != want)
		return -EACCES;
	if (txn) {
		const int rc = txn_note(store, txn, path, below, use);

		if (rc < 0)
			return rc;
	}
	return *below ? -ENOENT : 0;
}

int store_get(struct store *store, struct txn *txn, const struct who *who,
	const char *path, const struct node **node)
{
	return find_allowed(store, txn, who, path, RIGHT_READ, USE_CONTENT,
		node);
}

int store_list(struct store *store, struct txn *txn, const struct who *who,
	const char *path, const struct node **node)
{
	return find_allowed(store, txn, who, path, RIGHT_READ,
		USE_CONTENT | USE_CHILDREN, node);
}

static int change(struct store *store, struct txn *txn, const char *path,
	struct data *data, enum change_kind kind)
{
	return txn ? txn_set(store, txn, path, data, kind)
		   : store_apply(store, path, data, kind);
}

static unsigned count_parts(const char *below)
{
	unsigned nr = 1;

	for (; *below; below++)
		nr += *below == '/';
	return nr;
}

/* Makes the node and all that is missing above it, which is @above. */
static int create(struct store *store, struct txn *txn, const struct who *who,
	const char *path, const struct node *above, const void *value,
	size_t size)
{
	const char *below;
	char part[XENSTORE_ABS_PATH_MAX + 1];
	struct data *model, *data;
	int rc = 0;

	tree_nearest(txn ? txn->root : store->root, path, &below);
	if (!who->privileged) {
		const int64_t used = store->nr_nodes[who->dom] +
			(txn ? txn->delta : 0);

		if (used + count_parts(below) > store->limits.nodes)
			return -ENOSPC;
	}

	model = data_new(above->data->perms, above->data->nr_perms, NULL, 0);
	if (!model)
		return -ENOMEM;
	if (!who->privileged)
		model->perms[0].dom = who->dom;
	data = data_new(model->perms, model->nr_perms, value, size);
	if (!data)
		rc = -ENOMEM;
	while (rc == 0 && (below = strchr(below, '/'))) {
		memcpy(part, path, below - path);
		part[below - path] = '\0';
		if (txn)
			rc = txn_note(store, txn, part, "", USE_CONTENT);
		if (rc == 0)
			rc = change(store, txn, part, model, CHANGE_IMPLIED);
		below++;
	}
	if (rc == 0)
		rc = change(store, txn, path, data, CHANGE_SET);
	data_put(model);
	data_put(data);
	return rc;
}

int store_write(struct store *store, struct txn *txn, const struct who *who,
	const char *path, const void *value, size_t size)
{
	const struct node *node;
	int rc = find_allowed(store, txn, who, path, RIGHT_WRITE, USE_CONTENT,
		&node);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (!who->privileged && size > store->limits.node_size)
		return -ENOSPC;
	if (rc == -ENOENT)
		return create(store, txn, who, path, node, value, size);

	struct data *data = data_new(node->data->perms, node->data->nr_perms,
		value, size);

	if (!data)
		return -ENOMEM;
	rc = change(store, txn, path, data, CHANGE_SET);
	data_put(data);
	return rc;
}

int store_mkdir(struct store *store, struct txn *txn, const struct who *who,
	const char *path)
{
	const struct node *node;
	const int rc = find_allowed(store, txn, who, path, RIGHT_WRITE,
		USE_CONTENT, &node);

	if (rc == -ENOENT)
		return create(store, txn, who, path, node, NULL, 0);
	return rc;
}

int store_rm(struct store *store, struct txn *txn, const struct who *who,
	const char *path)
{
	const struct node *node;
	const char *below;
	const int rc = find_allowed(store, txn, who, path, RIGHT_WRITE,
		USE_CONTENT, &node);

	if (!path[1])
		return -EINVAL;
	if (rc == -ENOENT) {
		/* Fine if only the last part is missing. */
		tree_nearest(txn ? txn->root : store->root, path, &below);
		return strchr(below, '/') ? -ENOENT : 0;
	}
	if (rc < 0)
		return rc;
	if (txn)
		return txn_remove(store, txn, path);
	store_drop(store, path);
	return 0;
}

int store_set_perms(struct store *store, struct txn *txn,
	const struct who *who, const char *path, const struct perm *perms,
	unsigned nr)
{
	const struct node *node;
	int rc = find_allowed(store, txn, who, path, RIGHT_OWNER, USE_CONTENT,
		&node);

	if (rc < 0)
		return rc;
	if (!who->privileged) {
		if (nr > store->limits.node_permissions)
			return -ENOSPC;
		if (perms[0].dom != node->data->perms[0].dom)
			return -EPERM;
	}

	struct data *data = data_new(perms, nr, data_value(node->data),
		node->data->size);

	if (!data)
		return -ENOMEM;
	rc = change(store, txn, path, data, CHANGE_SET);
	data_put(data);
	return rc;
}

/* The owner is a guest other than the dead one. */
static bool guest_keeps(const struct data *data, uint16_t dom)
{
	return data->perms[0].dom && data->perms[0].dom != dom;
}

struct data *data_without(const struct data *data, uint16_t dom)
{
	struct data *rest = data_new(data->perms, data->nr_perms,
		data_value(data), data->size);
	struct perm *perms = rest ? rest->perms : NULL;
	unsigned nr = 0;

	for (unsigned i = 0; rest && i < data->nr_perms; i++) {
		if (i == 0 || !perms_name(&data->perms[i], 1, dom)) {
			perms[nr++] = data->perms[i];
		} else if (guest_keeps(data, dom)) {
			perms[nr] = data->perms[i];
			perms[nr++].rights |= PERM_VOID;
		}
	}
	if (rest && perms[0].dom == dom)
		perms[0] = (struct perm){.dom = 0, .rights = 0};
	if (!rest || nr == data->nr_perms)
		return rest;

	struct data *fewer = data_new(perms, nr, data_value(data), data->size);

	data_put(rest);
	return fewer;
}

struct forget {
	struct store *store;
	uint16_t dom;
};

/* Walks a snapshot, while the store itself changes. */
static bool forget(const char *path, const struct node *node, void *arg)
{
	const struct forget *f = arg;
	const struct data *data = node->data;

	if (data->perms[0].dom == f->dom && path[1]) {
		store_drop(f->store, path);
		return false;
	}

	if (!perms_name(data->perms, data->nr_perms, f->dom))
		return true;

	struct data *rest = data_without(data, f->dom);

	/* A guest that owns the node sees no change, nor a conflict. */
	if (rest)
		apply(f->store, path, rest, CHANGE_IMPLIED,
			guest_keeps(data, f->dom) ? node->generation :
			++f->store->generation);
	data_put(rest);
	return true;
}

void store_forget_domain(struct store *store, uint16_t dom)
{
	struct forget arg = {.store = store, .dom = dom};
	struct node *root = tree_ref(store->root);

	node_walk(root, "/", forget, &arg);
	tree_put(root);
}
