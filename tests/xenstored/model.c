/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The naive store, see model.h. Written from the protocol's rules, not from
 * store.c: nothing here is meant to be fast.
 */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	m->nr = 1;
	strcpy(m->nodes[0].path, "/");
	m->nodes[0].nr_perms = 1;
}

struct model_node *model_find(struct model *m, const char *path)
{
	for (unsigned i = 0; i < m->nr; i++) {
		if (!strcmp(m->nodes[i].path, path))
			return &m->nodes[i];
	}
	return NULL;
}

unsigned model_count(const struct model *m, uint16_t dom)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < m->nr; i++)
		nr += m->nodes[i].perms[0].dom == dom;
	return nr;
}

static void parent_of(char *parent, const char *path)
{
	memmove(parent, path, strlen(path) + 1);
	*strrchr(parent, '/') = '\0';
	if (!*parent)
		strcpy(parent, "/");
}

static bool is_below(const char *path, const char *above)
{
	const size_t length = strlen(above);

	if (!strcmp(above, "/"))
		return strcmp(path, "/");
	return !strncmp(path, above, length) && path[length] == '/';
}

static unsigned rights(const struct model_node *node, const struct who *who)
{
	if (who->privileged || who->dom == node->perms[0].dom)
		return 7;
	for (unsigned i = 1; i < node->nr_perms; i++) {
		if (node->perms[i].dom == who->dom &&
			!(node->perms[i].rights & PERM_VOID))
			return node->perms[i].rights;
	}
	return node->perms[0].rights;
}

static int check(struct model *m, const struct who *who, const char *path,
	unsigned want)
{
	char above[MODEL_PATH];
	const struct model_node *node;

	strcpy(above, path);
	while (!(node = model_find(m, above)))
		parent_of(above, above);
	if (~rights(node, who) & want)
		return -EACCES;
	return strcmp(above, path) ? -ENOENT : 0;
}

static void drop(struct model *m, const char *path)
{
	for (unsigned i = 0; i < m->nr;) {
		if (!strcmp(m->nodes[i].path, path) ||
			is_below(m->nodes[i].path, path))
			m->nodes[i] = m->nodes[--m->nr];
		else
			i++;
	}
}

static unsigned missing(struct model *m, const char *path)
{
	char above[MODEL_PATH];
	unsigned nr = 0;

	strcpy(above, path);
	for (; !model_find(m, above); nr++)
		parent_of(above, above);
	return nr;
}

static void create(struct model *m, const struct who *who, const char *path)
{
	char parent[MODEL_PATH];

	parent_of(parent, path);
	if (!model_find(m, parent))
		create(m, who, parent);

	struct model_node *node = &m->nodes[m->nr++];

	if (m->nr > MODEL_NODES)
		abort();
	*node = *model_find(m, parent);
	strcpy(node->path, path);
	node->value[0] = '\0';
	if (!who->privileged)
		node->perms[0].dom = who->dom;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void list(struct model *m, const char *path, char *answer)
{
	char names[MODEL_NODES][MODEL_PATH], parent[MODEL_PATH];
	unsigned nr = 0;

	for (unsigned i = 1; i < m->nr; i++) {
		if (!strcmp(m->nodes[i].path, "/"))
			continue;
		parent_of(parent, m->nodes[i].path);
		if (!strcmp(parent, path))
			strcpy(names[nr++], strrchr(m->nodes[i].path, '/') + 1);
	}
	qsort(names, nr, sizeof(names[0]), compare_names);
	for (unsigned i = 0; i < nr; i++) {
		strcat(answer, names[i]);
		strcat(answer, ",");
	}
}

static int set_perms(struct model *m, const struct who *who,
	const struct op *op)
{
	struct model_node *node = model_find(m, op->path);

	if (!who->privileged && op->perms[0].dom != node->perms[0].dom)
		return -EPERM;
	node->nr_perms = op->nr_perms;
	memcpy(node->perms, op->perms, sizeof(node->perms));
	return 0;
}

int model_run(struct model *m, const struct who *who, const struct op *op,
	long used, long limit, char answer[MODEL_ANSWER])
{
	static const unsigned wants[NR_OPS] = {
		[OP_READ] = RIGHT_READ, [OP_LIST] = RIGHT_READ,
		[OP_WRITE] = RIGHT_WRITE, [OP_MKDIR] = RIGHT_WRITE,
		[OP_RM] = RIGHT_WRITE, [OP_PERMS] = RIGHT_OWNER,
	};
	int rc = check(m, who, op->path, wants[op->kind]);

	answer[0] = '\0';
	if (op->kind == OP_RM && !strcmp(op->path, "/"))
		return -EINVAL;
	if (rc == -ENOENT && op->kind == OP_RM)
		return missing(m, op->path) > 1 ? -ENOENT : 0;
	if (rc == -ENOENT && (op->kind == OP_WRITE || op->kind == OP_MKDIR)) {
		if (!who->privileged && used + missing(m, op->path) > limit)
			return -ENOSPC;
		create(m, who, op->path);
		rc = 0;
	}
	if (rc < 0)
		return rc;
	if (op->kind == OP_READ)
		strcpy(answer, model_find(m, op->path)->value);
	else if (op->kind == OP_LIST)
		list(m, op->path, answer);
	else if (op->kind == OP_WRITE)
		strcpy(model_find(m, op->path)->value, op->value);
	else if (op->kind == OP_RM)
		drop(m, op->path);
	else if (op->kind == OP_PERMS)
		rc = set_perms(m, who, op);
	return rc;
}

void model_forget(struct model *m, uint16_t dom)
{
	for (unsigned i = 0; i < m->nr;) {
		struct model_node *node = &m->nodes[i];
		unsigned nr = 1;

		if (node->perms[0].dom == dom && strcmp(node->path, "/")) {
			char path[MODEL_PATH];

			strcpy(path, node->path);
			drop(m, path);
			i = 0;
			continue;
		}
		if (node->perms[0].dom == dom) {
			node->perms[0].dom = 0;
			node->perms[0].rights = 0;
		}
		for (unsigned j = 1; j < node->nr_perms; j++) {
			const bool its = node->perms[j].dom == dom &&
				!(node->perms[j].rights & PERM_VOID);

			if (!its || node->perms[0].dom)
				node->perms[nr++] = node->perms[j];
			if (its && node->perms[0].dom)
				node->perms[nr - 1].rights |= PERM_VOID;
		}
		node->nr_perms = nr;
		i++;
	}
}
