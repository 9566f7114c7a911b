/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of nodes, with permissions, quotas and transactions; no I/O.
 *
 * The tree is persistent: a node that more than one tree reaches is never
 * changed, a change copies the nodes on the way to it. So a transaction starts
 * by taking a reference to the root. A node carries two generations, of its
 * content (value, permissions) and of its set of children. A transaction notes
 * which of the two it depends on, per path; it can commit if none of those has
 * changed in the store since, and is then replayed onto the store as it is
 * now. Two transactions that touch different nodes never disturb each other,
 * even if both create children of one directory.
 *
 * Functions return 0 or an errno of the xenstore protocol, negated. Paths are
 * absolute and valid (store_path_valid).
 */
#pragma once

#include "xenstored/perms.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Value and permissions of a node: immutable and shared. */
struct data {
	uint32_t refs;
	uint32_t size;		/* of the value */
	uint16_t nr_perms;	/* >= 1 */
	struct perm perms[];	/* then the value */
};

struct node {
	uint32_t refs;
	uint32_t nr_children;
	uint32_t room;		/* allocated in children */
	uint64_t generation;	/* of data */
	uint64_t child_generation;
	struct data *data;
	struct node **children;	/* sorted by name */
	char name[];		/* empty for the root */
};

/* Limits for one unprivileged domain. */
struct limits {
	unsigned nodes;			/* owned by the domain */
	unsigned node_size;		/* bytes of a value */
	unsigned node_permissions;	/* entries of a node */
	unsigned path_max;		/* characters */
	unsigned transactions;		/* open at a time */
	unsigned transaction_nodes;	/* touched by one transaction */
	unsigned watches;
	unsigned outstanding;		/* replies not yet taken */
	unsigned memory;		/* bytes that wait to be sent */
};
extern const struct limits store_default_limits;

enum change_kind {
	CHANGE_SET,	/* created, written, or permissions changed */
	CHANGE_IMPLIED,	/* created on the way to another node */
	CHANGE_RM,	/* removed, with all below */
	CHANGE_GONE,	/* was below a node that is being removed */
};

/* What happened to a node; NULL where there is no such node. */
struct change {
	enum change_kind kind;
	const char *path;
	const struct data *before, *after, *parent;
};

struct store {
	struct node *root;
	uint64_t generation;	/* the last one given out */
	struct limits limits;
	void (*on_change)(const struct change *change);
	uint32_t nr_nodes[DOM_LIMIT];	/* by owner */
};

struct txn;

struct store *store_new(void);
void store_free(struct store *store);

static inline const void *data_value(const struct data *data)
{
	return &data->perms[data->nr_perms];
}

struct data *data_new(const struct perm *perms, unsigned nr_perms,
	const void *value, size_t size);
void data_put(struct data *data);

/* The same without rights for a dead domain: its entries are gone, or void if
 * a guest owns the node. NULL: no memory. */
struct data *data_without(const struct data *data, uint16_t dom);

/* Absolute, known characters, no empty part, not longer than the ABI allows. */
bool store_path_valid(const char *path);

/* In all of these, @txn NULL means the store itself. */
int store_get(struct store *store, struct txn *txn, const struct who *who,
	const char *path, const struct node **node);
int store_list(struct store *store, struct txn *txn, const struct who *who,
	const char *path, const struct node **node);
int store_write(struct store *store, struct txn *txn, const struct who *who,
	const char *path, const void *value, size_t size);
int store_mkdir(struct store *store, struct txn *txn, const struct who *who,
	const char *path);
int store_rm(struct store *store, struct txn *txn, const struct who *who,
	const char *path);
int store_set_perms(struct store *store, struct txn *txn,
	const struct who *who, const char *path, const struct perm *perms,
	unsigned nr);

/* A dead domain: removes what it owned, drops it from all permissions. */
void store_forget_domain(struct store *store, uint16_t dom);

/* NULL: no memory. The id is chosen by the caller. */
struct txn *txn_start(struct store *store, const struct who *who, uint32_t id);
uint32_t txn_id(const struct txn *txn);
unsigned txn_nr_nodes(const struct txn *txn);
void txn_doom(struct txn *txn);	/* the commit will fail with EAGAIN */

/*
 * A domain has died. What the control domain was about to do for it is not to
 * be done; what a guest was about to write gives it no rights.
 */
void txn_forget_domain(struct store *store, struct txn *txn, uint16_t dom);
int txn_commit(struct store *store, struct txn *txn);	/* frees it */
void txn_free(struct txn *txn);

/* For the journal and for tests: no checks, no transaction. */
const struct node *store_find(const struct store *store, const char *path);
int store_put(struct store *store, const char *path, struct data *data);
int store_apply(struct store *store, const char *path, struct data *data,
	enum change_kind kind);
void store_drop(struct store *store, const char *path);

/*
 * Visits node and all below it, parents first, without recursion. @visit may
 * return false to leave out what is below a node.
 */
void node_walk(const struct node *node, const char *path,
	bool (*visit)(const char *path, const struct node *node, void *arg),
	void *arg);
