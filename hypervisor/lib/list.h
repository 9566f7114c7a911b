/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intrusive doubly linked lists: a struct that wants to be in a list has a
 * struct list_node member. The list is circular through its head, so that a
 * node can be removed without knowing the list. A node that is in no list has
 * NULL links (all zero is a valid node; a head needs list_init). The list's
 * owner serialises.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *next, *prev; /* NULL: in no list */
};

struct list {
	struct list_node head; /* head.next is the first, or the head */
};

static inline void list_init(struct list *list)
{
	list->head.next = list->head.prev = &list->head;
}

static inline bool list_empty(const struct list *list)
{
	return list->head.next == &list->head;
}

/* Put a node that is in no list behind another one. */
static inline void list_add_after(
	struct list_node *place, struct list_node *node)
{
	node->next = place->next;
	node->prev = place;
	place->next->prev = node;
	place->next = node;
}

static inline void list_add_tail(struct list *list, struct list_node *node)
{
	list_add_after(list->head.prev, node);
}

static inline void list_remove(struct list_node *node)
{
	node->next->prev = node->prev;
	node->prev->next = node->next;
	node->next = node->prev = NULL;
}

/* The struct that has this node as its member. */
#define list_item(node, type, member) \
	((type *)((char *)(node) - offsetof(type, member)))

/* The first item, or NULL: list_first(&d->walks, struct pt_walk, node). */
#define list_first(list, type, member)                                     \
	(list_empty(list) ? (type *)NULL :                                 \
		list_item((list)->head.next, type, member))

/* The body must not remove the item, unless it leaves the loop then. */
#define list_for_each(item, list, member)                                  \
	for ((item) = list_item(                                           \
		     (list)->head.next, __typeof__(*(item)), member);      \
		&(item)->member != &(list)->head;                          \
		(item) = list_item(                                        \
			(item)->member.next, __typeof__(*(item)), member))
