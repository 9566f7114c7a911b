/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What xenstored's store should do, written as plainly as possible: a list of
 * nodes, searched from end to end, copied whole for a transaction. The random
 * test compares the real store with it, operation by operation.
 */
#pragma once

#include "xenstored/store.h"

enum {
	MODEL_NODES = 512,
	MODEL_PATH = 40,
	MODEL_VALUE = 16,
	MODEL_PERMS = 4,
	MODEL_ANSWER = 512,
};

struct model_node {
	char path[MODEL_PATH];
	char value[MODEL_VALUE];
	unsigned nr_perms;
	struct perm perms[MODEL_PERMS];
};

struct model {
	unsigned nr;
	struct model_node nodes[MODEL_NODES];
};

enum op_kind { OP_READ, OP_LIST, OP_WRITE, OP_MKDIR, OP_RM, OP_PERMS, NR_OPS };

struct op {
	enum op_kind kind;
	char path[MODEL_PATH];
	char value[MODEL_VALUE];
	unsigned nr_perms;
	struct perm perms[MODEL_PERMS];
};

void model_init(struct model *m);
struct model_node *model_find(struct model *m, const char *path);

/* Nodes that a domain owns. */
unsigned model_count(const struct model *m, uint16_t dom);

/*
 * Runs an operation; returns 0 or -errno. What it reads goes to @answer as
 * text. Quota of nodes: @used nodes are on the domain's account, of @limit.
 */
int model_run(struct model *m, const struct who *who, const struct op *op,
	long used, long limit, char answer[MODEL_ANSWER]);

void model_forget(struct model *m, uint16_t dom);
