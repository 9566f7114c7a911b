/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Persistent nodes: the mechanism below store.c. A slot is the pointer
 * that holds a tree's root, and owns one reference to it. Allocation failure
 * is -ENOMEM and leaves the tree as it was.
 */
#pragma once

#include "xenstored/store.h"

struct node *tree_new_root(struct data *data);
struct node *tree_ref(struct node *root);
void tree_put(struct node *root);

const struct node *tree_find(const struct node *root, const char *path);

/* The node, or else the nearest one above it; *below is what it lacks. */
const struct node *tree_nearest(const struct node *root, const char *path,
	const char **below);

/* Creates or replaces one node; all nodes above it exist. Takes no @data. */
int tree_set(struct node **slot, const char *path, struct data *data,
	uint64_t generation);

/* Removes the node, which exists and is not the root, and all below it. */
int tree_remove(struct node **slot, const char *path, uint64_t generation);
