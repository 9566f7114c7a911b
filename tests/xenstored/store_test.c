/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xenstored's store by itself: fixed cases for what a reader of the protocol
 * would ask, and random operations of three domains and their transactions
 * against a naive model (model.c). Built with ASan and UBSan.
 *
 * A transaction that commits must have been serialisable: run again on the
 * model as it is at the commit, each of its operations gives the same answer.
 * One that fails with EAGAIN must have been disturbed: something below one of
 * the top-level nodes it used was changed since its start.
 */
#include "model.h"
#include "suite.h"

#include "xenstored/txn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct who dom0 = {.dom = 0, .target = DOM_NONE,
	.privileged = true};
static const struct who dom5 = {.dom = 5, .target = DOM_NONE};

static char changes[4096];

static void record_change(const struct change *change)
{
	static const char letters[] = "SIRG";
	const size_t used = strlen(changes);

	if (used + strlen(change->path) + 3 < sizeof(changes))
		sprintf(changes + used, "%c%s ", letters[change->kind],
			change->path);
}

static struct store *fresh(void)
{
	struct store *store = store_new();

	store->on_change = record_change;
	changes[0] = '\0';
	return store;
}

static int put(struct store *store, struct txn *txn, const struct who *who,
	const char *path, const char *value)
{
	return store_write(store, txn, who, path, value, strlen(value));
}

static int get(struct store *store, struct txn *txn, const struct who *who,
	const char *path, char value[64])
{
	const struct node *node;
	const int rc = store_get(store, txn, who, path, &node);

	value[0] = '\0';
	if (rc == 0)
		sprintf(value, "%.*s", (int)node->data->size,
			(const char *)data_value(node->data));
	return rc;
}

static void test_paths(void)
{
	char longest[3074];

	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[3072] = '\0';
	CHECK(store_path_valid("/"));
	CHECK(store_path_valid("/a/B-9_@/c"));
	CHECK(store_path_valid(longest));
	longest[3072] = 'a';
	longest[3073] = '\0';
	CHECK(!store_path_valid(longest));
	CHECK(!store_path_valid(""));
	CHECK(!store_path_valid("a"));
	CHECK(!store_path_valid("/a/"));
	CHECK(!store_path_valid("//"));
	CHECK(!store_path_valid("/a//b"));
	CHECK(!store_path_valid("/a b"));
	CHECK(!store_path_valid("/a:b"));
}

static void test_perm_text(void)
{
	struct perm perm;
	char text[PERM_TEXT];

	CHECK(perm_parse(&perm, "b32751") && perm.dom == 32751);
	perm_format(text, &perm);
	CHECK(!strcmp(text, "b32751"));
	CHECK(perm_parse(&perm, "r0") && perm.rights == RIGHT_READ);
	CHECK(perm_parse(&perm, "w1") && perm.rights == RIGHT_WRITE);
	CHECK(perm_parse(&perm, "n1") && perm.rights == 0);
	CHECK(!perm_parse(&perm, "r32752"));
	CHECK(!perm_parse(&perm, "r"));
	CHECK(!perm_parse(&perm, "x1"));
	CHECK(!perm_parse(&perm, "r1x"));
	CHECK(!perm_parse(&perm, "r-1"));
	CHECK(!perm_parse(&perm, "r99999999999"));
	CHECK(!perm_parse(&perm, ""));
}

static void test_changes(void)
{
	struct store *store = fresh();

	CHECK(put(store, NULL, &dom0, "/a/b/c", "1") == 0);
	CHECK(!strcmp(changes, "I/a I/a/b S/a/b/c "));
	changes[0] = '\0';
	CHECK(store_mkdir(store, NULL, &dom0, "/a/b") == 0);
	CHECK(!changes[0]);
	CHECK(store_rm(store, NULL, &dom0, "/a") == 0);
	CHECK(!strcmp(changes, "R/a G/a/b G/a/b/c "));
	CHECK(store->nr_nodes[0] == 1);
	CHECK(store_rm(store, NULL, &dom0, "/a") == 0);
	CHECK(store_rm(store, NULL, &dom0, "/a/b") == -ENOENT);
	CHECK(store_rm(store, NULL, &dom0, "/") == -EINVAL);
	store_free(store);
}

static void test_ownership(void)
{
	struct store *store = fresh();
	const struct perm open[] = {{5, RIGHT_READ}, {6, RIGHT_WRITE}};
	const struct perm stolen[] = {{6, 0}};
	const struct who dom6 = {.dom = 6, .target = DOM_NONE};
	const struct who helper = {.dom = 7, .target = 5};
	char value[64];

	CHECK(store_mkdir(store, NULL, &dom0, "/d") == 0);
	CHECK(put(store, NULL, &dom5, "/d/x", "") == -EACCES);
	CHECK(get(store, NULL, &dom5, "/d/x", value) == -EACCES);
	CHECK(store_set_perms(store, NULL, &dom0, "/d", open, 2) == 0);
	CHECK(put(store, NULL, &dom5, "/d/x/y", "v") == 0);
	CHECK(put(store, NULL, &dom6, "/d/z", "v") == 0);
	CHECK(store_find(store, "/d/z")->data->perms[0].dom == 6);
	CHECK(get(store, NULL, &dom6, "/d", value) == -EACCES);
	CHECK(get(store, NULL, &helper, "/d/x/y", value) == 0);
	CHECK(put(store, NULL, &helper, "/d/x/y", "w") == 0);
	CHECK(store_set_perms(store, NULL, &dom5, "/d", stolen, 1) == -EPERM);
	CHECK(store_set_perms(store, NULL, &dom6, "/d", stolen, 1) == -EACCES);
	CHECK(store->nr_nodes[5] == 3 && store->nr_nodes[6] == 1);
	store_forget_domain(store, 5);
	CHECK(!store_find(store, "/d"));
	CHECK(!store->nr_nodes[5] && !store->nr_nodes[6]);
	store_free(store);
}

static void test_dead_domain_leaves_permissions(void)
{
	struct store *store = fresh();
	const struct perm perms[] = {{0, 0}, {5, RIGHT_READ}, {6, RIGHT_READ}};

	CHECK(put(store, NULL, &dom0, "/a/b", "v") == 0);
	CHECK(store_set_perms(store, NULL, &dom0, "/a/b", perms, 3) == 0);
	store_forget_domain(store, 5);

	const struct data *data = store_find(store, "/a/b")->data;

	CHECK(data->nr_perms == 2 && data->perms[1].dom == 6);
	CHECK(data->size == 1 && *(const char *)data_value(data) == 'v');
	store_free(store);
}

/* The guest that owns a node sees nothing of the death of one it lists, not
 * even by a conflict; and the next domain of that number has no rights. */
static void test_dead_domain_in_guests_lists(void)
{
	struct store *store = fresh();
	const struct perm own[] = {{5, 0}, {6, RIGHT_READ}};
	const struct who dom6 = {.dom = 6, .target = DOM_NONE};
	char value[64];

	CHECK(store_mkdir(store, NULL, &dom0, "/d") == 0);
	CHECK(store_set_perms(store, NULL, &dom0, "/d", own, 2) == 0);
	CHECK(put(store, NULL, &dom5, "/d/x", "v") == 0);
	CHECK(get(store, NULL, &dom6, "/d/x", value) == 0);

	struct txn *reads = txn_start(store, &dom5, 1);
	struct txn *writes = txn_start(store, &dom5, 2);
	struct txn *dom0s = txn_start(store, &dom0, 3);

	CHECK(get(store, reads, &dom5, "/d/x", value) == 0);
	CHECK(put(store, writes, &dom5, "/d/y", "w") == 0);
	CHECK(put(store, dom0s, &dom0, "/e", "w") == 0);
	store_forget_domain(store, 6);
	txn_forget_domain(store, reads, 6);
	txn_forget_domain(store, writes, 6);
	txn_forget_domain(store, dom0s, 6);
	CHECK(txn_commit(store, reads) == 0);
	CHECK(txn_commit(store, writes) == 0);
	CHECK(txn_commit(store, dom0s) == -EAGAIN);

	const struct data *data = store_find(store, "/d/x")->data;

	CHECK(data->nr_perms == 2 && data->perms[1].dom == 6);
	CHECK(data->size == 1 && *(const char *)data_value(data) == 'v');
	CHECK(get(store, NULL, &dom6, "/d/x", value) == -EACCES);
	CHECK(get(store, NULL, &dom6, "/d/y", value) == -EACCES);
	CHECK(put(store, NULL, &dom5, "/d/z", "") == 0);
	CHECK(get(store, NULL, &dom6, "/d/z", value) == -EACCES);
	CHECK(store->nr_nodes[5] == 4);
	store_free(store);
}

/* What was refused in a transaction is no part of it: that it changes, or
 * comes to be, is not to be learnt from a conflict. */
static void test_refusals_do_not_conflict(void)
{
	struct store *store = fresh();
	char value[64];

	CHECK(put(store, NULL, &dom0, "/secret/x", "v") == 0);

	struct txn *txn = txn_start(store, &dom5, 1);

	CHECK(get(store, txn, &dom5, "/secret/x", value) == -EACCES);
	CHECK(get(store, txn, &dom5, "/secret/y", value) == -EACCES);
	CHECK(get(store, txn, &dom5, "/other", value) == -EACCES);
	CHECK(put(store, NULL, &dom0, "/secret/x", "w") == 0);
	CHECK(put(store, NULL, &dom0, "/secret/y", "w") == 0);
	CHECK(put(store, NULL, &dom0, "/other", "w") == 0);
	CHECK(txn_nr_nodes(txn) == 0);
	CHECK(txn_commit(store, txn) == 0);
	store_free(store);
}

static void test_quotas(void)
{
	struct store *store = fresh();
	const struct perm own[] = {{5, 0}};
	const struct perm many[] = {{5, 0}, {1, 0}, {2, 0}, {3, 0}};
	char big[32] = "", path[16];

	store->limits.nodes = 10;
	store->limits.node_size = 8;
	store->limits.node_permissions = 3;
	store->limits.transaction_nodes = 3;
	store_mkdir(store, NULL, &dom0, "/d");
	CHECK(store_set_perms(store, NULL, &dom0, "/d", own, 1) == 0);
	CHECK(store_write(store, NULL, &dom5, "/d/a", big, 9) == -ENOSPC);
	CHECK(store_write(store, NULL, &dom0, "/d/a", big, 9) == 0);
	CHECK(store_set_perms(store, NULL, &dom5, "/d", many, 4) == -ENOSPC);
	for (int i = 0; i < 8; i++) {
		sprintf(path, "/d/%d", i);
		CHECK(put(store, NULL, &dom5, path, "") == 0);
	}
	CHECK(store->nr_nodes[5] == 10);
	CHECK(put(store, NULL, &dom5, "/d/9", "") == -ENOSPC);
	CHECK(store_mkdir(store, NULL, &dom5, "/d/9/9") == -ENOSPC);
	CHECK(put(store, NULL, &dom5, "/d/7", "w") == 0);

	struct txn *txn = txn_start(store, &dom5, 1);

	CHECK(put(store, txn, &dom5, "/d/9", "") == -ENOSPC);
	CHECK(store_rm(store, txn, &dom5, "/d/1") == 0);
	CHECK(put(store, txn, &dom5, "/d/9", "") == 0);
	CHECK(put(store, txn, &dom5, "/d/7", "") == -ENOSPC);
	CHECK(txn_commit(store, txn) == 0);
	CHECK(store->nr_nodes[5] == 10);
	store_free(store);
}

/* A quota that was free at the start of the transaction may be used up. */
static void test_quota_at_commit(void)
{
	struct store *store = fresh();
	const struct perm own[] = {{5, 0}};

	store->limits.nodes = 3;
	store_mkdir(store, NULL, &dom0, "/d");
	store_mkdir(store, NULL, &dom0, "/e");
	store_set_perms(store, NULL, &dom0, "/d", own, 1);
	store_set_perms(store, NULL, &dom0, "/e", own, 1);

	struct txn *txn = txn_start(store, &dom5, 1);

	CHECK(put(store, txn, &dom5, "/d/x", "") == 0);
	CHECK(put(store, NULL, &dom5, "/e/x", "") == 0);
	CHECK(txn_commit(store, txn) == -ENOSPC);
	CHECK(!store_find(store, "/d/x"));
	CHECK(store->nr_nodes[5] == 3);
	store_free(store);
}

/* Writing one node for ever takes no memory; nor does making and removing. */
static void test_endless_transaction(void)
{
	struct store *store = fresh();
	const struct perm own[] = {{5, 0}};
	char value[64];
	int rc = 0;

	store->limits.transaction_nodes = 50;
	store_mkdir(store, NULL, &dom0, "/d");
	store_set_perms(store, NULL, &dom0, "/d", own, 1);

	struct txn *txn = txn_start(store, &dom5, 1);

	for (int i = 0; i < 10000; i++)
		CHECK(put(store, txn, &dom5, "/d/x", "again") == 0);
	CHECK(txn->nr_steps == 1);
	for (int i = 0; i < 200 && rc == 0; i++)
		rc = i & 1 ? put(store, txn, &dom5, "/d/x", "last") :
			store_rm(store, txn, &dom5, "/d/x");
	CHECK(rc == -ENOSPC && txn->nr_steps == 200);
	/* The last step was a removal; what is refused leaves no trace. */
	CHECK(put(store, txn, &dom5, "/d/x", "refused") == -ENOSPC);
	CHECK(get(store, txn, &dom5, "/d/x", value) == -ENOENT);
	CHECK(txn_commit(store, txn) == 0);
	CHECK(!store_find(store, "/d/x") && store->nr_nodes[5] == 1);
	store_free(store);
}

static void test_isolation(void)
{
	struct store *store = fresh();
	char value[64];

	put(store, NULL, &dom0, "/a/x", "old");

	struct txn *txn = txn_start(store, &dom0, 1);

	changes[0] = '\0';
	CHECK(put(store, txn, &dom0, "/a/y", "mine") == 0);
	CHECK(put(store, NULL, &dom0, "/a/x", "new") == 0);
	CHECK(get(store, txn, &dom0, "/a/y", value) == 0);
	CHECK(get(store, NULL, &dom0, "/a/y", value) == -ENOENT);
	CHECK(!strcmp(changes, "S/a/x "));
	CHECK(txn_commit(store, txn) == 0);
	CHECK(!strcmp(changes, "S/a/x S/a/y "));
	CHECK(get(store, NULL, &dom0, "/a/x", value) == 0);
	CHECK(!strcmp(value, "new"));

	txn = txn_start(store, &dom0, 2);
	put(store, NULL, &dom0, "/a/x", "newer");
	CHECK(get(store, txn, &dom0, "/a/x", value) == 0);
	CHECK(!strcmp(value, "new"));
	CHECK(txn_commit(store, txn) == -EAGAIN);
	store_free(store);
}

static int race(const char *ours, const char *theirs, bool we_list)
{
	struct store *store = fresh();
	const struct node *node;
	int rc;

	put(store, NULL, &dom0, "/d/a/v", "1");
	put(store, NULL, &dom0, "/d/b", "1");

	struct txn *txn = txn_start(store, &dom0, 1);

	if (we_list)
		store_list(store, txn, &dom0, ours, &node);
	else
		put(store, txn, &dom0, ours, "2");
	put(store, NULL, &dom0, theirs, "3");
	rc = txn_commit(store, txn);
	store_free(store);
	return rc;
}

static void test_conflicts(void)
{
	CHECK(race("/d/a/v", "/d/b", false) == 0);
	CHECK(race("/d/new", "/d/other", false) == 0);
	CHECK(race("/d/new/x", "/d/other/x", false) == 0);
	CHECK(race("/d/new", "/d/a/v", false) == 0);
	CHECK(race("/d/a/v", "/d/a/v", false) == -EAGAIN);
	CHECK(race("/d/new", "/d/new", false) == -EAGAIN);
	CHECK(race("/d/new/x", "/d/new/y", false) == -EAGAIN);
	CHECK(race("/d", "/d/new", true) == -EAGAIN);
	CHECK(race("/d", "/d/b", true) == 0);
	CHECK(race("/d", "/d", true) == -EAGAIN);
	CHECK(race("/d/a", "/d/new", true) == 0);
}

static void test_replay_order(void)
{
	struct store *store = fresh();
	char value[64];

	put(store, NULL, &dom0, "/a/b", "1");
	put(store, NULL, &dom0, "/a/c", "1");

	struct txn *txn = txn_start(store, &dom0, 1);

	put(store, NULL, &dom0, "/elsewhere", "");
	changes[0] = '\0';
	store_rm(store, txn, &dom0, "/a");
	put(store, txn, &dom0, "/a/b", "2");
	put(store, txn, &dom0, "/a/b", "3");
	put(store, txn, &dom0, "/a", "dir");
	put(store, txn, &dom0, "/t/u", "");
	store_rm(store, txn, &dom0, "/t");
	CHECK(txn_commit(store, txn) == 0);
	CHECK(!strcmp(changes, "R/a G/a/b G/a/c I/a S/a/b S/a "));
	CHECK(!store_find(store, "/a/c") && !store_find(store, "/t"));
	CHECK(get(store, NULL, &dom0, "/a/b", value) == 0);
	CHECK(!strcmp(value, "3"));
	store_free(store);
}

/* The deepest path there is; recursion would need a stack for it. */
static void test_depth(void)
{
	struct store *store = fresh();
	char path[3073] = "";

	store->on_change = NULL;
	for (int i = 0; i < 1536; i++)
		memcpy(path + 2 * i, "/d", 3);
	CHECK(put(store, NULL, &dom0, path, "bottom") == 0);
	CHECK(store->nr_nodes[0] == 1537);

	struct txn *txn = txn_start(store, &dom0, 1);

	CHECK(put(store, NULL, &dom0, path, "again") == 0);
	CHECK(store_rm(store, txn, &dom0, "/d") == 0);
	CHECK(txn_commit(store, txn) == 0);
	CHECK(store->nr_nodes[0] == 1);
	store_free(store);
}

/* Random operations against the model. */

enum { NR_DOMS = 3, NR_TXNS = 3, LOG_ROOM = 64, NODE_LIMIT = 24 };

struct session {
	struct txn *txn;
	const struct who *who;
	struct model view;
	long delta;
	unsigned nr_ops;
	struct op ops[LOG_ROOM];
	int rcs[LOG_ROOM];
	char answers[LOG_ROOM][MODEL_ANSWER];
	unsigned disturbed;	/* top-level nodes changed since, as bits */
	unsigned used;		/* and those that it used */
};

static struct model model;
static struct session sessions[NR_TXNS];
static const struct who whos[NR_DOMS] = {
	{.dom = 0, .target = DOM_NONE, .privileged = true},
	{.dom = 1, .target = DOM_NONE}, {.dom = 2, .target = DOM_NONE},
};
static uint64_t seed;

static unsigned pick(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % below;
}

static void random_path(char *path)
{
	const unsigned depth = pick(5);

	strcpy(path, depth ? "" : "/");
	for (unsigned i = 0; i < depth; i++) {
		const char part[] = {'/', "abcd"[pick(4)], '\0'};

		strcat(path, part);
		if (pick(8) == 0)
			strcat(path, "x");
	}
}

static struct op random_op(void)
{
	struct op op = {.kind = pick(NR_OPS), .nr_perms = 1 + pick(3)};

	random_path(op.path);
	snprintf(op.value, sizeof(op.value), "%u", pick(1000));
	for (unsigned i = 0; i < op.nr_perms; i++)
		op.perms[i] = (struct perm){pick(NR_DOMS), pick(4)};
	/* Keep the tree from being closed or emptied for good. */
	if (op.path[1] == '\0' && op.kind == OP_PERMS)
		op.perms[0].rights = RIGHT_READ | RIGHT_WRITE;
	return op;
}

static int store_run(struct store *store, struct txn *txn,
	const struct who *who, const struct op *op, char *answer)
{
	const struct node *node;
	int rc;

	answer[0] = '\0';
	switch (op->kind) {
	case OP_READ:
		return get(store, txn, who, op->path, answer);
	case OP_LIST:
		rc = store_list(store, txn, who, op->path, &node);
		for (unsigned i = 0; rc == 0 && i < node->nr_children; i++) {
			strcat(answer, node->children[i]->name);
			strcat(answer, ",");
		}
		return rc;
	case OP_WRITE:
		return put(store, txn, who, op->path, op->value);
	case OP_MKDIR:
		return store_mkdir(store, txn, who, op->path);
	case OP_RM:
		return store_rm(store, txn, who, op->path);
	default:
		return store_set_perms(store, txn, who, op->path, op->perms,
			op->nr_perms);
	}
}

static unsigned top_bit(const char *path)
{
	return path[1] ? 1u << (path[1] - 'a') : 0xf;
}

static void disturb(unsigned bits)
{
	for (unsigned i = 0; i < NR_TXNS; i++)
		sessions[i].disturbed |= bits;
}

static bool mutates(const struct op *op)
{
	return op->kind != OP_READ && op->kind != OP_LIST;
}

static bool same_node(const char *path, const struct node *node, void *arg)
{
	unsigned *nr = arg;
	const struct model_node *m = model_find(&model, path);
	const struct data *data = node->data;

	++*nr;
	CHECK(m);
	if (!m)
		return false;
	CHECK(data->size == strlen(m->value) &&
		!memcmp(data_value(data), m->value, data->size));
	CHECK(data->nr_perms == m->nr_perms &&
		!memcmp(data->perms, m->perms,
			m->nr_perms * sizeof(m->perms[0])));
	return true;
}

static void compare_all(struct store *store)
{
	unsigned nr = 0;

	node_walk(store->root, "/", same_node, &nr);
	CHECK(nr == model.nr);
	for (unsigned i = 0; i < NR_DOMS; i++)
		CHECK(store->nr_nodes[i] == model_count(&model, i));
}

static void run_directly(struct store *store, const struct who *who)
{
	const struct op op = random_op();
	char real[MODEL_ANSWER], wanted[MODEL_ANSWER];
	const long used = store->nr_nodes[who->dom];
	const int rc = store_run(store, NULL, who, &op, real);

	CHECK(rc == model_run(&model, who, &op, used, NODE_LIMIT, wanted));
	CHECK(!strcmp(real, wanted));
	if (rc == 0 && mutates(&op))
		disturb(top_bit(op.path));
}

static void run_in(struct store *store, struct session *s)
{
	const unsigned i = s->nr_ops++;
	char wanted[MODEL_ANSWER];
	const long before = model_count(&s->view, s->who->dom);

	s->ops[i] = random_op();
	s->rcs[i] = store_run(store, s->txn, s->who, &s->ops[i],
		s->answers[i]);
	s->used |= top_bit(s->ops[i].path);
	CHECK(s->rcs[i] == model_run(&s->view, s->who, &s->ops[i],
		store->nr_nodes[s->who->dom] + s->delta, NODE_LIMIT, wanted));
	CHECK(!strcmp(s->answers[i], wanted));
	s->delta += model_count(&s->view, s->who->dom) - before;
}

static void end(struct store *store, struct session *s)
{
	static struct model before;
	char wanted[MODEL_ANSWER];
	const bool full = !s->who->privileged && s->delta > 0 &&
		store->nr_nodes[s->who->dom] + s->delta > NODE_LIMIT;
	const int rc = txn_commit(store, s->txn);

	before = model;
	for (unsigned i = 0; rc == 0 && i < s->nr_ops; i++) {
		/* A refusal may be out of date: it tells of nothing. */
		if (s->rcs[i] == -ENOSPC || s->rcs[i] == -EACCES)
			continue;
		CHECK(s->rcs[i] == model_run(&model, s->who, &s->ops[i], 0,
			MODEL_NODES, wanted));
		CHECK(!strcmp(s->answers[i], wanted));
	}
	if (rc == 0)
		disturb(s->used);
	else
		model = before;
	if (rc == -EAGAIN)
		CHECK(s->disturbed & s->used);
	else
		CHECK(rc == (full ? -ENOSPC : 0));
	s->txn = NULL;
}

static void step(struct store *store)
{
	struct session *s = &sessions[pick(NR_TXNS)];

	if (pick(400) == 0) {
		const uint16_t dom = 1 + pick(2);

		store_forget_domain(store, dom);
		model_forget(&model, dom);
		for (unsigned i = 0; i < NR_TXNS; i++) {
			if (sessions[i].txn)
				txn_free(sessions[i].txn);
			sessions[i].txn = NULL;
		}
	} else if (pick(3) == 0) {
		run_directly(store, &whos[pick(NR_DOMS)]);
	} else if (!s->txn) {
		memset(s, 0, sizeof(*s));
		s->who = &whos[pick(NR_DOMS)];
		s->txn = txn_start(store, s->who, 1);
		s->view = model;
	} else if (s->nr_ops == LOG_ROOM || pick(6) == 0) {
		end(store, s);
	} else {
		run_in(store, s);
	}
}

static void random_run(uint64_t from)
{
	struct store *store = store_new();

	seed = from;
	store->limits.nodes = NODE_LIMIT;
	model_init(&model);
	memset(sessions, 0, sizeof(sessions));
	for (unsigned i = 0; i < 4000; i++) {
		step(store);
		if (i % 16 == 0)
			compare_all(store);
		if (suite_failed()) {
			printf("seed %lu, step %u\n", (unsigned long)from, i);
			break;
		}
	}
	for (unsigned i = 0; i < NR_TXNS; i++) {
		if (sessions[i].txn)
			txn_free(sessions[i].txn);
	}
	store_free(store);
}

static void test_random(void)
{
	for (uint64_t from = 1; from <= 40 && !suite_failed(); from++)
		random_run(from);
}

int main(void)
{
	RUN(paths);
	RUN(perm_text);
	RUN(changes);
	RUN(ownership);
	RUN(dead_domain_leaves_permissions);
	RUN(dead_domain_in_guests_lists);
	RUN(refusals_do_not_conflict);
	RUN(quotas);
	RUN(quota_at_commit);
	RUN(endless_transaction);
	RUN(isolation);
	RUN(conflicts);
	RUN(replay_order);
	RUN(depth);
	RUN(random);
	return suite_end();
}
