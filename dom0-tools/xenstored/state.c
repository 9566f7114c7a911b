/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's state as records, see state.h and journal.h.
 */
#include "xenstored/state.h"

#include "lib/log.h"
#include "xenstored/journal.h"
#include "xenstored/server.h"
#include "xenstored/watch.h"

#include <stdlib.h>
#include <string.h>

struct state_domain {
	uint32_t port;
	uint16_t target;
	uint16_t shutdown;
};

static void add_data(enum record_type type, const char *name,
	const struct data *data)
{
	journal_add(type, 0, data->nr_perms, name, strlen(name) + 1,
		data->perms,
		data->nr_perms * sizeof(data->perms[0]) + data->size);
}

void state_change(const struct change *change)
{
	if (change->kind == CHANGE_RM)
		journal_add(RECORD_RM, 0, 0, change->path,
			strlen(change->path) + 1, NULL, 0);
	else if (change->kind != CHANGE_GONE)
		add_data(RECORD_SET, change->path, change->after);
}

void state_special(unsigned special)
{
	add_data(RECORD_SPECIAL, watch_special_name(special),
		watch_special_data(special));
}

void state_add_domain(const struct domain *domain)
{
	const struct state_domain state = {
		.port = domain->remote_port,
		.target = domain->target,
		.shutdown = domain->shutdown,
	};

	journal_add(RECORD_DOMAIN, domain->id, domain->mfn, &state,
		sizeof(state), NULL, 0);
}

static bool add_node(const char *path, const struct node *node, void *arg)
{
	(void)arg;
	add_data(RECORD_SET, path, node->data);
	return true;
}

/* The transactions come last: they are to see the whole store. */
static void add_conn(const struct conn *conn)
{
	const struct domain *domain = conn->domain;
	size_t waiting = 0;

	for (const struct watch *w = conn->watches; w; w = w->next_of_conn)
		journal_add(RECORD_WATCH, domain->id, w->cut, w->path,
			strlen(w->path) + 1, w->token, strlen(w->token) + 1);
	for (unsigned i = 0; i < conn->nr_txns; i++)
		journal_add(RECORD_TXN, domain->id, txn_id(conn->txns[i]),
			NULL, 0, NULL, 0);
	journal_add(RECORD_IN, domain->id,
		domain->taken ? domain->req_cons : domain->ring->req_cons,
		conn->in + conn->in_start, conn->in_end - conn->in_start,
		NULL, 0);
	for (const struct message *m = conn->out; m; m = m->next) {
		const uint32_t skip = m == conn->out ? conn->out_sent : 0;

		domain_journal_out(conn->domain, m->bytes + skip,
			m->size - skip, waiting);
		waiting += m->size - skip;
	}
}

static void snapshot(void)
{
	node_walk(server_store->root, "/", add_node, NULL);
	for (unsigned i = 0; i < NR_SPECIALS; i++)
		state_special(i);
	for (const struct domain *d = domain_list; d; d = d->next) {
		state_add_domain(d);
		add_conn(d->conn);
	}
}

int state_start(const char *path)
{
	return journal_start(path, snapshot);
}

static void load_set(const struct record *record, const char *a, const char *b)
{
	const size_t size = record->size - sizeof(*record) - record->a_size;
	const size_t perms = record->number * sizeof(struct perm);

	if (!record->number || perms > size)
		return;

	/* Records are not aligned, permissions need to be. */
	struct perm *list = malloc(perms);

	if (!list)
		return;
	memcpy(list, b, perms);

	struct data *data = data_new(list, record->number, b + perms,
		size - perms);

	free(list);
	if (!data)
		return;
	if (record->type == RECORD_SPECIAL) {
		const enum special special = watch_special_find(a);

		if (special < NR_SPECIALS) {
			watch_special_set(special, data);
			return;
		}
	} else {
		store_put(server_store, a, data);
	}
	data_put(data);
}

static void load_domain(const struct record *record, const char *a)
{
	struct domain *domain = domain_find(record->dom);
	struct state_domain state;

	if (record->a_size != sizeof(state))
		return;
	memcpy(&state, a, sizeof(state));
	if (!domain)
		domain = domain_restore(record->dom, record->number,
			state.port);
	if (!domain)
		return;
	domain->remote_port = state.port;
	domain->target = domain->conn->who.target = state.target;
	domain->shutdown = state.shutdown;
}

static void save_reply(struct domain *domain, const struct record *record,
	const char *a)
{
	struct saved_reply *saved = malloc(sizeof(*saved) + record->a_size);

	if (!saved)
		return;
	saved->next = NULL;
	saved->position = record->number;
	saved->size = record->a_size;
	memcpy(saved->bytes, a, record->a_size);
	*domain->saved_tail = saved;
	domain->saved_tail = &saved->next;
}

static void load_txn(struct conn *conn, uint32_t id)
{
	struct txn *txn = txn_start(server_store, &conn->who, id);

	if (!txn)
		return;
	txn_doom(txn);
	if (conn_add_txn(conn, txn) < 0)
		txn_free(txn);
	if (conn->next_txn < id)
		conn->next_txn = id;
}

static void load_of_domain(struct domain *domain, const struct record *record,
	const char *a, const char *b)
{
	struct conn *conn = domain->conn;
	struct txn *txn;

	switch (record->type) {
	case RECORD_WATCH:
		watch_add(conn, a, b, record->number);
		break;
	case RECORD_UNWATCH:
		watch_remove(conn, a, b);
		break;
	case RECORD_TXN:
		load_txn(conn, record->number);
		break;
	case RECORD_TXN_END:
		txn = conn_find_txn(conn, record->number);
		if (txn) {
			conn_remove_txn(conn, txn);
			txn_free(txn);
		}
		break;
	case RECORD_IN:
		domain->journal_cons = record->number;
		domain->journal_left = record->a_size;
		domain->restored_cons = true;
		if (record->a_size <= CONN_IN_ROOM) {
			memcpy(conn->in, a, record->a_size);
			conn->in_start = 0;
			conn->in_end = record->a_size;
		}
		break;
	case RECORD_OUT:
		save_reply(domain, record, a);
		break;
	}
}

static void load(const struct record *record, const char *a, const char *b)
{
	struct domain *domain = domain_find(record->dom);

	switch (record->type) {
	case RECORD_SET:
	case RECORD_SPECIAL:
		load_set(record, a, b);
		break;
	case RECORD_RM:
		store_drop(server_store, a);
		break;
	case RECORD_DOMAIN:
		load_domain(record, a);
		break;
	case RECORD_RELEASE:
		if (domain)
			domain_drop(domain);
		break;
	case RECORD_RESET:
		if (domain) {
			conn_reset(domain->conn);
			domain_forget_saved(domain);
		}
		break;
	default:
		if (domain)
			load_of_domain(domain, record, a, b);
	}
}

bool state_load(const char *path)
{
	const int nr = journal_load(path, load);

	if (nr)
		log_info("took over from an older xenstored: %d records in %s",
			nr, path);
	return nr > 0;
}
