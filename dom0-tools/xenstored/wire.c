/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol: each kind of request is one function, that takes its strings
 * apart, does the work and replies, or returns -errno, which becomes the
 * reply. A request for something outside of the tree ignores its transaction.
 */
#include "xenstored/wire.h"

#include "lib/log.h"
#include "lib/xserror.h"
#include "xenstored/domain.h"
#include "xenstored/journal.h"
#include "xenstored/server.h"
#include "xenstored/state.h"
#include "xenstored/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

void wire_reply(struct request *r, const void *payload, size_t size)
{
	conn_reply(r->conn, r->header, r->header->type, payload, size);
}

int wire_ack(struct request *r)
{
	wire_reply(r, "OK", 3);
	return 0;
}

int wire_strings(struct request *r, char **strings, unsigned max)
{
	unsigned nr = 0;

	if (!r->size || r->data[r->size - 1])
		return -EINVAL;
	for (size_t at = 0; at < r->size && nr < max; nr++) {
		strings[nr] = r->data + at;
		at += strlen(strings[nr]) + 1;
	}
	return nr;
}

/* A path as the client wrote it, made absolute in r->path. */
static int resolve(struct request *r, const char *text)
{
	const struct who *who = &r->conn->who;
	const size_t length = strlen(text);

	if (*text == '/') {
		if (length > XENSTORE_ABS_PATH_MAX)
			return -EINVAL;
		memcpy(r->path, text, length + 1);
	} else {
		/* What begins with an @ is not a path. */
		if (length > XENSTORE_REL_PATH_MAX || *text == '@')
			return -EINVAL;
		snprintf(r->path, sizeof(r->path), "/local/domain/%u/%s",
			who->dom, text);
	}
	if (!who->privileged && length > server_store->limits.path_max)
		return -EINVAL;
	return store_path_valid(r->path) ? 0 : -EINVAL;
}

/* The only string is a path. */
static int only_path(struct request *r)
{
	if (!r->size || strnlen(r->data, r->size) != r->size - 1)
		return -EINVAL;
	return resolve(r, r->data);
}

/* The only string is a domain number. */
static int only_domid(struct request *r, uint16_t *dom)
{
	if (!r->size || strnlen(r->data, r->size) != r->size - 1)
		return -EINVAL;
	return domid_parse(dom, r->data) ? 0 : -EINVAL;
}

static bool number_parse(uint64_t *number, const char *text)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

static int do_read(struct request *r)
{
	const struct node *node;
	int rc = only_path(r);

	if (rc == 0)
		rc = store_get(server_store, r->txn, &r->conn->who, r->path,
			&node);
	if (rc == 0)
		wire_reply(r, data_value(node->data), node->data->size);
	return rc;
}

static size_t list_size(const struct node *node)
{
	size_t size = 0;

	for (unsigned i = 0; i < node->nr_children; i++)
		size += strlen(node->children[i]->name) + 1;
	return size;
}

static int do_directory(struct request *r)
{
	char list[XENSTORE_PAYLOAD_MAX];
	const struct node *node;
	size_t used = 0;
	int rc = only_path(r);

	if (rc == 0)
		rc = store_list(server_store, r->txn, &r->conn->who, r->path,
			&node);
	if (rc < 0)
		return rc;
	if (list_size(node) > sizeof(list))
		return -E2BIG;
	for (unsigned i = 0; i < node->nr_children; i++) {
		const size_t size = strlen(node->children[i]->name) + 1;

		memcpy(list + used, node->children[i]->name, size);
		used += size;
	}
	wire_reply(r, list, used);
	return 0;
}

/*
 * Tells two states of a list apart, and nothing else: the store's generations
 * count what all domains do.
 */
static uint64_t disguised(uint64_t generation)
{
	static uint64_t key;

	if (!key)
		getrandom(&key, sizeof(key), 0);
	generation = (generation ^ key) * 0xbf58476d1ce4e5b9;
	generation = (generation ^ generation >> 31) * 0x94d049bb133111eb;
	return (generation ^ generation >> 30 ^ key) * 0x9e3779b97f4a7c15;
}

/*
 * The list from an offset on, whole names only, after the generation of the
 * list; an empty name says that this is its end.
 */
static int do_directory_part(struct request *r)
{
	char list[XENSTORE_PAYLOAD_MAX];
	char *strings[2];
	const struct node *node;
	uint64_t offset;
	size_t at = 0;
	unsigned i = 0;

	if (wire_strings(r, strings, 2) != 2 ||
		!number_parse(&offset, strings[1]))
		return -EINVAL;

	int rc = resolve(r, strings[0]);

	if (rc == 0)
		rc = store_list(server_store, r->txn, &r->conn->who, r->path,
			&node);
	if (rc < 0)
		return rc;

	size_t used = 1 + snprintf(list, sizeof(list), "%" PRIu64,
		disguised(node->child_generation));

	for (; i < node->nr_children; i++) {
		const size_t size = strlen(node->children[i]->name) + 1;

		at += size;
		if (at <= offset)
			continue;
		if (used + size + 1 > sizeof(list))
			break;
		memcpy(list + used, node->children[i]->name, size);
		used += size;
	}
	if (i == node->nr_children)
		list[used++] = '\0';
	wire_reply(r, list, used);
	return 0;
}

/* What a limit refuses is said in the log. @path is valid. */
static int refused(struct request *r, int rc, const char *what,
	const char *path)
{
	const uint16_t dom = r->conn->who.dom;

	if ((rc == -ENOSPC || rc == -E2BIG) && domain_may_log(dom)) {
		log_warn("d%u: %s %s refused: over its limits (nodes %u/%u, "
			"watches %u/%u, transactions %u/%u)", dom, what,
			path, server_store->nr_nodes[dom],
			server_store->limits.nodes, r->conn->nr_watches,
			server_store->limits.watches, r->conn->nr_txns,
			server_store->limits.transactions);
	}
	return rc;
}

/* Says once that a domain comes near a limit. */
static void warn_near(struct domain *domain, unsigned bit, const char *what,
	unsigned used, unsigned limit)
{
	if (!domain || domain->conn->who.privileged)
		return;
	if (used < limit - limit / 5) {
		domain->warned &= ~bit;
	} else if (!(domain->warned & bit) && domain_may_log(domain->id)) {
		domain->warned |= bit;
		log_warn("d%u: has %u of at most %u %s", domain->id, used,
			limit, what);
	}
}

static int changed(struct request *r, int rc, const char *what)
{
	if (rc < 0)
		return refused(r, rc, what, r->path);
	warn_near(r->conn->domain, 1, "nodes",
		server_store->nr_nodes[r->conn->who.dom],
		server_store->limits.nodes);
	return wire_ack(r);
}

static int do_write(struct request *r)
{
	const size_t length = strnlen(r->data, r->size);

	if (length == r->size)
		return -EINVAL;

	int rc = resolve(r, r->data);

	if (rc == 0)
		rc = store_write(server_store, r->txn, &r->conn->who, r->path,
			r->data + length + 1, r->size - length - 1);
	return changed(r, rc, "write");
}

static int do_mkdir(struct request *r)
{
	int rc = only_path(r);

	if (rc == 0)
		rc = store_mkdir(server_store, r->txn, &r->conn->who,
			r->path);
	return changed(r, rc, "mkdir");
}

static int do_rm(struct request *r)
{
	int rc = only_path(r);

	if (rc == 0)
		rc = store_rm(server_store, r->txn, &r->conn->who, r->path);
	return rc < 0 ? rc : wire_ack(r);
}

static int do_get_perms(struct request *r)
{
	const enum special special = watch_special_find(r->data);
	char list[XENSTORE_PAYLOAD_MAX];
	const struct data *data;
	const struct node *node;
	size_t used = 0;

	if (r->size && special < NR_SPECIALS) {
		data = watch_special_data(special);
		if (!(perms_rights(data->perms, data->nr_perms,
			&r->conn->who) & RIGHT_READ))
			return -EACCES;
	} else {
		int rc = only_path(r);

		if (rc == 0)
			rc = store_get(server_store, r->txn, &r->conn->who,
				r->path, &node);
		if (rc < 0)
			return rc;
		data = node->data;
	}
	for (unsigned i = 0; i < data->nr_perms; i++) {
		if (used + PERM_TEXT > sizeof(list))
			return -E2BIG;
		perm_format(list + used, &data->perms[i]);
		used += strlen(list + used) + 1;
	}
	wire_reply(r, list, used);
	return 0;
}

static int set_special(struct request *r, enum special special,
	const struct perm *perms, unsigned nr)
{
	struct data *data;

	if (!r->conn->who.privileged)
		return -EACCES;
	data = data_new(perms, nr, NULL, 0);
	if (!data)
		return -ENOMEM;
	watch_special_set(special, data);
	state_special(special);
	return wire_ack(r);
}

static int do_set_perms(struct request *r)
{
	enum { MAX = XENSTORE_PAYLOAD_MAX / 3 };
	char *strings[MAX];
	struct perm perms[MAX];
	const int nr = wire_strings(r, strings, MAX);

	if (nr < 2)
		return -EINVAL;
	for (int i = 1; i < nr; i++) {
		if (!perm_parse(&perms[i - 1], strings[i]))
			return -EINVAL;
	}

	/* Or else a later domain of that number would have the rights. */
	for (int i = 0; i < nr - 1; i++) {
		if (domain_exists(perms[i].dom))
			continue;
		if (r->conn->who.privileged)
			return -ENOENT;
		perms[i].rights |= PERM_VOID;
	}

	const enum special special = watch_special_find(strings[0]);

	if (special < NR_SPECIALS)
		return set_special(r, special, perms, nr - 1);

	int rc = resolve(r, strings[0]);

	if (rc == 0)
		rc = store_set_perms(server_store, r->txn, &r->conn->who,
			r->path, perms, nr - 1);
	return changed(r, rc, "chmod");
}

/* The path of a watch; *cut is what a relative one hides. */
static int resolve_watch(struct request *r, char **strings, uint32_t *cut)
{
	if (wire_strings(r, strings, 2) != 2)
		return -EINVAL;
	*cut = 0;
	if (strings[0][0] == '@') {
		if (strlen(strings[0]) > XENSTORE_REL_PATH_MAX)
			return -EINVAL;
		strcpy(r->path, strings[0]);
		return 0;
	}

	const int rc = resolve(r, strings[0]);

	if (rc == 0)
		*cut = strlen(r->path) - strlen(strings[0]);
	return rc;
}

static int do_watch(struct request *r)
{
	struct conn *conn = r->conn;
	const struct limits *limits = &server_store->limits;
	char *strings[2];
	uint32_t cut;
	int rc = resolve_watch(r, strings, &cut);

	if (rc < 0)
		return rc;
	if (!conn->who.privileged && conn->nr_watches >= limits->watches)
		return refused(r, -E2BIG, "watch",
			*r->path == '/' ? r->path : "");
	rc = watch_add(conn, r->path, strings[1], cut);
	if (rc < 0)
		return rc;
	if (conn->domain)
		journal_add(RECORD_WATCH, conn->who.dom, cut, r->path,
			strlen(r->path) + 1, strings[1],
			strlen(strings[1]) + 1);
	warn_near(conn->domain, 2, "watches", conn->nr_watches,
		limits->watches);
	wire_ack(r);
	conn_event(conn, r->path + cut, strings[1]);
	return 0;
}

static void journal_unwatch(const struct conn *conn, const char *path,
	const char *token)
{
	if (conn->domain)
		journal_add(RECORD_UNWATCH, conn->who.dom, 0, path,
			strlen(path) + 1, token, strlen(token) + 1);
}

static int do_unwatch(struct request *r)
{
	char *strings[2];
	uint32_t cut;
	int rc = resolve_watch(r, strings, &cut);

	if (rc == 0)
		rc = watch_remove(r->conn, r->path, strings[1]);
	if (rc < 0)
		return rc;
	journal_unwatch(r->conn, r->path, strings[1]);
	return wire_ack(r);
}

static void journal_txn(const struct conn *conn, enum record_type type,
	uint32_t id)
{
	if (conn->domain)
		journal_add(type, conn->who.dom, id, NULL, 0, NULL, 0);
}

static int do_reset_watches(struct request *r)
{
	struct conn *conn = r->conn;

	while (conn->nr_txns) {
		struct txn *txn = conn->txns[--conn->nr_txns];

		journal_txn(conn, RECORD_TXN_END, txn_id(txn));
		txn_free(txn);
	}
	for (const struct watch *w = conn->watches; w; w = w->next_of_conn)
		journal_unwatch(conn, w->path, w->token);
	watch_remove_all(conn);
	return wire_ack(r);
}

static int do_transaction_start(struct request *r)
{
	struct conn *conn = r->conn;
	char text[16];

	if (r->header->tx_id)
		return -EBUSY;
	if (!conn->who.privileged &&
		conn->nr_txns >= server_store->limits.transactions)
		return refused(r, -ENOSPC, "transaction", "");
	do
		conn->next_txn++;
	while (!conn->next_txn || conn_find_txn(conn, conn->next_txn));

	struct txn *txn = txn_start(server_store, &conn->who, conn->next_txn);

	if (!txn || conn_add_txn(conn, txn) < 0) {
		if (txn)
			txn_free(txn);
		return -ENOMEM;
	}
	journal_txn(conn, RECORD_TXN, conn->next_txn);
	warn_near(conn->domain, 4, "transactions", conn->nr_txns,
		server_store->limits.transactions);
	wire_reply(r, text,
		snprintf(text, sizeof(text), "%u", conn->next_txn) + 1);
	return 0;
}

static int do_transaction_end(struct request *r)
{
	int rc = 0;

	if (r->size != 2 || r->data[1] ||
		(r->data[0] != 'T' && r->data[0] != 'F'))
		return -EINVAL;
	if (!r->txn)
		return -ENOENT;
	conn_remove_txn(r->conn, r->txn);
	journal_txn(r->conn, RECORD_TXN_END, txn_id(r->txn));
	if (r->data[0] == 'T')
		rc = txn_commit(server_store, r->txn);
	else
		txn_free(r->txn);
	return changed(r, rc, "transaction");
}

static int do_introduce(struct request *r)
{
	char *strings[3];
	uint64_t mfn, port;
	uint16_t dom;

	if (wire_strings(r, strings, 3) != 3 ||
		!domid_parse(&dom, strings[0]) || dom == 0 ||
		!number_parse(&mfn, strings[1]) ||
		!number_parse(&port, strings[2]) || !port || port > INT32_MAX)
		return -EINVAL;

	const int rc = domain_introduce(dom, mfn, port);

	return rc < 0 ? rc : wire_ack(r);
}

static int do_release(struct request *r)
{
	uint16_t dom;
	int rc = only_domid(r, &dom);

	if (rc == 0)
		rc = dom ? domain_release(dom) : -EINVAL;
	return rc < 0 ? rc : wire_ack(r);
}

static int do_resume(struct request *r)
{
	uint16_t dom;
	int rc = only_domid(r, &dom);

	if (rc == 0)
		rc = dom ? domain_resume(dom) : -EINVAL;
	return rc < 0 ? rc : wire_ack(r);
}

static int do_set_target(struct request *r)
{
	char *strings[2];
	uint16_t dom, target;

	if (wire_strings(r, strings, 2) != 2 ||
		!domid_parse(&dom, strings[0]) ||
		!domid_parse(&target, strings[1]))
		return -EINVAL;

	const int rc = domain_set_target(dom, target);

	return rc < 0 ? rc : wire_ack(r);
}

static int do_get_domain_path(struct request *r)
{
	char text[32];
	uint16_t dom;

	if (only_domid(r, &dom) < 0)
		return -EINVAL;
	wire_reply(r, text,
		snprintf(text, sizeof(text), "/local/domain/%u", dom) + 1);
	return 0;
}

/* A guest knows itself, the control domain, and whose home it may read. */
static bool known_to(const struct who *who, uint16_t dom)
{
	const struct node *node;
	char home[32];

	if (dom == who->dom)
		return true;
	if (!domain_find(dom))
		return false;
	snprintf(home, sizeof(home), "/local/domain/%u", dom);
	return who->privileged || dom == 0 ||
		store_get(server_store, NULL, who, home, &node) == 0;
}

static int do_is_introduced(struct request *r)
{
	uint16_t dom;

	if (only_domid(r, &dom) < 0)
		return -EINVAL;
	wire_reply(r, known_to(&r->conn->who, dom) ? "T" : "F", 2);
	return 0;
}

static const struct {
	int (*run)(struct request *r);
	bool in_txn;		/* belongs to a transaction, if it names one */
	bool privileged;
} requests[XS_TYPE_COUNT] = {
	[XS_CONTROL] = {control_request, false, true},
	[XS_DIRECTORY] = {do_directory, true, false},
	[XS_READ] = {do_read, true, false},
	[XS_GET_PERMS] = {do_get_perms, true, false},
	[XS_WATCH] = {do_watch, false, false},
	[XS_UNWATCH] = {do_unwatch, false, false},
	[XS_TRANSACTION_START] = {do_transaction_start, true, false},
	[XS_TRANSACTION_END] = {do_transaction_end, true, false},
	[XS_INTRODUCE] = {do_introduce, false, true},
	[XS_RELEASE] = {do_release, false, true},
	[XS_GET_DOMAIN_PATH] = {do_get_domain_path, false, false},
	[XS_WRITE] = {do_write, true, false},
	[XS_MKDIR] = {do_mkdir, true, false},
	[XS_RM] = {do_rm, true, false},
	[XS_SET_PERMS] = {do_set_perms, true, false},
	[XS_IS_DOMAIN_INTRODUCED] = {do_is_introduced, false, false},
	[XS_RESUME] = {do_resume, false, true},
	[XS_SET_TARGET] = {do_set_target, false, true},
	[XS_RESET_WATCHES] = {do_reset_watches, false, false},
	[XS_DIRECTORY_PART] = {do_directory_part, true, false},
};

static int run(struct request *r)
{
	const uint32_t type = r->header->type;

	if (type >= XS_TYPE_COUNT || !requests[type].run)
		return -ENOSYS;
	if (requests[type].privileged && !r->conn->who.privileged)
		return -EACCES;
	if (requests[type].in_txn && r->header->tx_id) {
		r->txn = conn_find_txn(r->conn, r->header->tx_id);
		if (!r->txn)
			return -ENOENT;
	}
	return requests[type].run(r);
}

void wire_request(struct conn *conn, const struct xsd_sockmsg *header,
	char *payload)
{
	struct request request;
	const char saved = payload[header->len];

	request.conn = conn;
	request.header = header;
	request.txn = NULL;
	request.path[0] = '\0';
	request.data = payload;
	request.size = header->len;
	/* So that what is printed or compared ends. */
	payload[header->len] = '\0';

	const int rc = run(&request);

	if (rc < 0) {
		const char *name = xs_error_name(-rc);

		conn_reply(conn, header, XS_ERROR, name, strlen(name) + 1);
	}
	payload[header->len] = saved;
}
