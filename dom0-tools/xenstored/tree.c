/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Persistent nodes, see tree.h.
 *
 * Invariant: a node is changed in place only if its reference count and that
 * of every node above it is one. node_own() makes that true from the root
 * downwards: it copies a shared node, which takes a reference to each child,
 * so that the children count as shared when their turn comes.
 */
#include "xenstored/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct data *data_new(const struct perm *perms, unsigned nr_perms,
	const void *value, size_t size)
{
	const size_t list = nr_perms * sizeof(*perms);
	struct data *data = malloc(sizeof(*data) + list + size);

	if (!data)
		return NULL;
	data->refs = 1;
	data->size = size;
	data->nr_perms = nr_perms;
	memcpy(data->perms, perms, list);
	if (size)
		memcpy(&data->perms[nr_perms], value, size);
	return data;
}

void data_put(struct data *data)
{
	if (data && --data->refs == 0)
		free(data);
}

static struct node *node_new(const char *name, size_t length,
	struct data *data, unsigned room)
{
	struct node *node = calloc(1, sizeof(*node) + length + 1);

	if (!node)
		return NULL;
	if (room) {
		node->children = malloc(room * sizeof(node->children[0]));
		if (!node->children) {
			free(node);
			return NULL;
		}
	}
	node->refs = 1;
	node->room = room;
	node->data = data;
	data->refs++;
	memcpy(node->name, name, length);
	return node;
}

struct node *tree_new_root(struct data *data)
{
	return node_new("", 0, data, 0);
}

struct node *tree_ref(struct node *root)
{
	root->refs++;
	return root;
}

/* Nodes without a reference wait in a list through their generation. */
void tree_put(struct node *root)
{
	struct node *dead = NULL;

	if (!root || --root->refs)
		return;
	for (struct node *node = root; node;) {
		struct node *next = NULL;

		for (unsigned i = 0; i < node->nr_children; i++) {
			struct node *child = node->children[i];

			if (--child->refs)
				continue;
			/* The generation is not needed any more. */
			child->generation = (uintptr_t)dead;
			dead = child;
		}
		data_put(node->data);
		free(node->children);
		free(node);
		if (dead) {
			next = dead;
			dead = (struct node *)(uintptr_t)next->generation;
		}
		node = next;
	}
}

/* The child's place, or where it would be. */
static bool node_search(const struct node *node, const char *name,
	size_t length, unsigned *place)
{
	unsigned low = 0, high = node->nr_children;

	while (low < high) {
		const unsigned middle = (low + high) / 2;
		const char *other = node->children[middle]->name;
		int order = strncmp(other, name, length);

		if (order == 0 && other[length])
			order = 1;
		if (order == 0) {
			*place = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*place = low;
	return false;
}

/* Steps to the next part of a path; false at its end. */
static bool next_part(const char **path, const char **part, size_t *length)
{
	while (**path == '/')
		++*path;
	*part = *path;
	*length = strcspn(*path, "/");
	*path += *length;
	return *length > 0;
}

const struct node *tree_nearest(const struct node *root, const char *path,
	const char **below)
{
	const char *part;
	size_t length;
	unsigned place;

	while (next_part(&path, &part, &length)) {
		if (!node_search(root, part, length, &place)) {
			*below = part;
			return root;
		}
		root = root->children[place];
	}
	*below = path;
	return root;
}

const struct node *tree_find(const struct node *root, const char *path)
{
	const char *below;
	const struct node *node = tree_nearest(root, path, &below);

	return *below ? NULL : node;
}

/* Makes the node in a slot ours alone; NULL if there is no memory. */
static struct node *node_own(struct node **slot)
{
	struct node *node = *slot;

	if (node->refs == 1)
		return node;

	struct node *copy = node_new(node->name, strlen(node->name),
		node->data, node->nr_children);

	if (!copy)
		return NULL;
	copy->generation = node->generation;
	copy->child_generation = node->child_generation;
	copy->nr_children = node->nr_children;
	for (unsigned i = 0; i < node->nr_children; i++) {
		copy->children[i] = node->children[i];
		copy->children[i]->refs++;
	}
	node->refs--;
	*slot = copy;
	return copy;
}

static int node_insert(struct node *node, unsigned place, struct node *child)
{
	if (node->nr_children == node->room) {
		const unsigned room = node->room ? node->room * 2 : 4;
		struct node **children = realloc(node->children,
			room * sizeof(children[0]));

		if (!children)
			return -ENOMEM;
		node->children = children;
		node->room = room;
	}
	memmove(&node->children[place + 1], &node->children[place],
		(node->nr_children - place) * sizeof(node->children[0]));
	node->children[place] = child;
	node->nr_children++;
	return 0;
}

/* Owns all nodes above the last part of @path, which *part, *length get. */
static struct node *own_parent(struct node **slot, const char *path,
	const char **part, size_t *length)
{
	const char *next;
	size_t next_length;
	unsigned place;
	struct node *node = node_own(slot);

	next_part(&path, part, length);
	while (node && next_part(&path, &next, &next_length)) {
		if (!node_search(node, *part, *length, &place))
			return NULL;
		node = node_own(&node->children[place]);
		*part = next;
		*length = next_length;
	}
	return node;
}

static int node_set_data(struct node **slot, struct data *data,
	uint64_t generation)
{
	struct node *node = node_own(slot);

	if (!node)
		return -ENOMEM;
	data->refs++;
	data_put(node->data);
	node->data = data;
	node->generation = generation;
	return 0;
}

int tree_set(struct node **slot, const char *path, struct data *data,
	uint64_t generation)
{
	const char *part;
	size_t length;
	unsigned place;

	if (!path[1])
		return node_set_data(slot, data, generation);

	struct node *parent = own_parent(slot, path, &part, &length);

	if (!parent)
		return -ENOMEM;
	if (node_search(parent, part, length, &place))
		return node_set_data(&parent->children[place], data,
			generation);

	struct node *child = node_new(part, length, data, 0);

	if (!child)
		return -ENOMEM;
	child->generation = child->child_generation = generation;
	if (node_insert(parent, place, child) < 0) {
		tree_put(child);
		return -ENOMEM;
	}
	parent->child_generation = generation;
	return 0;
}

int tree_remove(struct node **slot, const char *path, uint64_t generation)
{
	const char *part;
	size_t length;
	unsigned place;
	struct node *parent = own_parent(slot, path, &part, &length);

	if (!parent)
		return -ENOMEM;
	if (!node_search(parent, part, length, &place))
		return -ENOENT;

	struct node *child = parent->children[place];

	parent->nr_children--;
	memmove(&parent->children[place], &parent->children[place + 1],
		(parent->nr_children - place) * sizeof(parent->children[0]));
	parent->child_generation = generation;
	tree_put(child);
	return 0;
}

enum { PATH_ROOM = 4096, DEPTH_MAX = PATH_ROOM / 2 };

struct walk_level {
	const struct node *node;
	uint32_t next;		/* child to visit */
	uint32_t path_length;	/* of this node */
};

void node_walk(const struct node *node, const char *path,
	bool (*visit)(const char *path, const struct node *node, void *arg),
	void *arg)
{
	struct walk_level stack[DEPTH_MAX];
	struct walk_level *level = stack;
	char here[PATH_ROOM];

	if (!visit(path, node, arg))
		return;
	*level = (struct walk_level){
		.node = node,
		.path_length = path[1] ? strlen(path) : 0,
	};
	memcpy(here, path, level->path_length);
	while (level >= stack) {
		if (level->next == level->node->nr_children) {
			level--;
			continue;
		}

		const struct node *child = level->node->children[level->next++];
		const size_t length = strlen(child->name);
		const uint32_t start = level->path_length;

		here[start] = '/';
		memcpy(&here[start + 1], child->name, length + 1);
		if (!visit(here, child, arg) || !child->nr_children)
			continue;
		*++level = (struct walk_level){
			.node = child,
			.path_length = start + 1 + length,
		};
	}
}
