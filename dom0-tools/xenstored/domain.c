/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains and their rings, see domain.h. The ring page belongs to the domain,
 * which may write anything at any time: indexes are read once and checked.
 */
#include "xenstored/domain.h"

#include "lib/log.h"
#include "xenstored/host.h"
#include "xenstored/journal.h"
#include "xenstored/server.h"
#include "xenstored/state.h"
#include "xenstored/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define READ_INDEX(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define WRITE_INDEX(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELEASE)

struct domain *domain_list;

/* Domains that were there at the last look, or since; and those of them that
 * are dying and have been dealt with. */
#define ID_WORDS ((DOM_LIMIT + 63) / 64)
static uint64_t known[ID_WORDS], forgotten[ID_WORDS];

static bool has_id(const uint64_t *set, unsigned id)
{
	return set[id / 64] >> id % 64 & 1;
}

static void add_id(uint64_t *set, unsigned id)
{
	set[id / 64] |= 1ull << id % 64;
}

struct domain *domain_find(uint16_t id)
{
	struct domain *domain = domain_list;

	while (domain && domain->id != id)
		domain = domain->next;
	return domain;
}

bool domain_exists(uint16_t id)
{
	struct host_domain state;

	if (!server_has_host || !id || domain_find(id))
		return true;
	return host_next_domain(id, &state) == 0 && state.id == id &&
		!state.dying;
}

bool domain_may_log(uint16_t id)
{
	static time_t last[DOM_LIMIT];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (last[id] == now.tv_sec + 1)
		return false;
	last[id] = now.tv_sec + 1;
	return true;
}

struct domain *domain_restore(uint16_t id, uint64_t mfn, uint32_t port)
{
	struct domain *domain = calloc(1, sizeof(*domain));

	if (!domain)
		return NULL;
	add_id(known, id);
	domain->id = id;
	domain->target = DOM_NONE;
	domain->mfn = mfn;
	domain->remote_port = port;
	domain->port = -1;
	domain->saved_tail = &domain->saved;
	domain->conn = conn_new(server_epoll, -1, domain);
	if (!domain->conn) {
		free(domain);
		return NULL;
	}
	domain->next = domain_list;
	domain_list = domain;
	return domain;
}

static void disconnect(struct domain *domain)
{
	if (domain->port >= 0)
		host_unbind(domain->port);
	if (domain->ring)
		host_unmap_ring(domain->id, domain->ring);
	domain->port = -1;
	domain->ring = NULL;
}

void domain_forget_saved(struct domain *domain)
{
	while (domain->saved) {
		struct saved_reply *saved = domain->saved;

		domain->saved = saved->next;
		free(saved);
	}
	domain->saved_tail = &domain->saved;
	domain->restored_cons = false;
}

void domain_drop(struct domain *domain)
{
	struct domain **slot = &domain_list;

	while (*slot != domain)
		slot = &(*slot)->next;
	*slot = domain->next;
	disconnect(domain);
	domain_forget_saved(domain);
	domain->conn->domain = NULL;
	conn_kill(domain->conn, NULL);
	free(domain);
}

static int connect_ring(struct domain *domain)
{
	if (!domain->ring) {
		uint32_t port;

		domain->ring = domain->id ?
			host_map_ring(domain->id, domain->mfn) :
			host_dom0_ring(&port);
		if (!domain->ring) {
			const int rc = -errno;

			log_warn("d%u: cannot map its ring page (mfn 0x%lx): "
				"%s", domain->id, (unsigned long)domain->mfn,
				strerror(-rc));
			return rc;
		}
		if (!domain->id)
			domain->remote_port = port;
	}
	domain->port = host_bind(domain->id, domain->remote_port);
	if (domain->port < 0) {
		log_warn("d%u: cannot bind to its event channel %u: %s",
			domain->id, domain->remote_port,
			strerror(-domain->port));
		return domain->port;
	}
	domain->ring->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION |
		XENSTORE_SERVER_FEATURE_ERROR;
	domain->kick = true;
	domain->conn->ready = true;
	return 0;
}

/* Again, as the toolstack does after a restore: only the port may change. */
static int introduce_again(struct domain *domain, uint64_t mfn, uint32_t port)
{
	if (domain->mfn != mfn) {
		log_warn("d%u: already introduced with mfn 0x%lx, not 0x%lx",
			domain->id, (unsigned long)domain->mfn,
			(unsigned long)mfn);
		return -EINVAL;
	}
	if (domain->port >= 0)
		host_unbind(domain->port);
	domain->remote_port = port;
	return connect_ring(domain);
}

int domain_introduce(uint16_t id, uint64_t mfn, uint32_t port)
{
	struct domain *domain = domain_find(id);
	int rc;

	if (domain) {
		rc = introduce_again(domain, mfn, port);
	} else {
		domain = domain_restore(id, mfn, port);
		if (!domain)
			return -ENOMEM;
		rc = connect_ring(domain);
		if (rc < 0)
			domain_drop(domain);
	}
	if (rc < 0)
		return rc;
	state_add_domain(domain);
	log_debug("d%u: introduced", id);
	watch_special(SPECIAL_INTRODUCE);
	return 0;
}

int domain_introduce_dom0(void)
{
	return domain_find(0) ? 0 : domain_introduce(0, 0, 0);
}

int domain_set_target(uint16_t id, uint16_t target)
{
	struct domain *domain = domain_find(id);

	if (!domain || !domain_find(target))
		return -ENOENT;
	domain->target = domain->conn->who.target = target;
	state_add_domain(domain);
	return 0;
}

/* What the dead leave behind. */
static void forget(uint16_t id)
{
	for (struct domain *d = domain_list; d; d = d->next) {
		if (d->target != id)
			continue;
		d->target = d->conn->who.target = DOM_NONE;
		state_add_domain(d);
	}
	conn_forget_domain(id);
	store_forget_domain(server_store, id);
}

static void release(struct domain *domain)
{
	const uint16_t id = domain->id;

	log_debug("d%u: released", id);
	domain_drop(domain);
	journal_add(RECORD_RELEASE, id, 0, NULL, 0, NULL, 0);
	forget(id);
}

int domain_release(uint16_t id)
{
	struct domain *domain = domain_find(id);

	if (!domain)
		return -ENOENT;
	release(domain);
	watch_special(SPECIAL_RELEASE);
	return 0;
}

int domain_resume(uint16_t id)
{
	struct domain *domain = domain_find(id);

	if (!domain)
		return -ENOENT;
	domain->shutdown = false;
	state_add_domain(domain);
	return 0;
}

/* True if its state is news to those who watch. */
static bool check_one(const struct host_domain *state)
{
	struct domain *domain = domain_find(state->id);
	bool news = false;

	if (domain && state->shutdown && !domain->shutdown) {
		domain->shutdown = news = true;
		state_add_domain(domain);
	}
	add_id(known, state->id);
	if (!state->dying) {
		forgotten[state->id / 64] &= ~(1ull << state->id % 64);
		return news;
	}
	if (domain) {
		release(domain);
		news = true;
	} else if (!has_id(forgotten, state->id)) {
		forget(state->id);
	}
	add_id(forgotten, state->id);
	return news;
}

void domain_check(void)
{
	static uint64_t alive[ID_WORDS];
	struct host_domain state;
	bool news = false;
	unsigned from = 0;

	memset(alive, 0, sizeof(alive));
	add_id(alive, 0);
	while (from < DOM_LIMIT && host_next_domain(from, &state) == 0) {
		add_id(alive, state.id);
		news |= check_one(&state);
		from = state.id + 1u;
	}
	for (struct domain *d = domain_list, *next; d; d = next) {
		next = d->next;
		if (d->id && !has_id(alive, d->id)) {
			release(d);
			news = true;
		}
	}
	for (unsigned i = 0; i < ID_WORDS; i++) {
		/* Nodes may have been given to it though it was released or
		 * dying already, or was never introduced. */
		for (uint64_t gone = known[i] & ~alive[i]; gone;
			gone &= gone - 1)
			forget((uint16_t)(i * 64 +
					  (unsigned)__builtin_ctzll(gone)));
		known[i] = alive[i];
		forgotten[i] &= alive[i];
	}
	if (news)
		watch_special(SPECIAL_RELEASE);
}

/* The domain asks to begin anew (a kernel that took over from another). */
static void reconnect(struct domain *domain)
{
	struct xenstore_domain_interface *ring = domain->ring;

	log_debug("d%u: asks for a fresh connection", domain->id);
	conn_reset(domain->conn);
	journal_add(RECORD_RESET, domain->id, 0, NULL, 0, NULL, 0);
	ring->req_cons = ring->req_prod = 0;
	ring->rsp_cons = ring->rsp_prod = 0;
	ring->error = XENSTORE_ERROR_NONE;
	domain->req_cons = domain->journal_cons = domain->journal_left = 0;
	domain->taken = false;
	domain->broken = false;
	domain->kick = true;
	WRITE_INDEX(ring->connection, XENSTORE_CONNECTED);
}

void domain_event(int port)
{
	for (struct domain *d = domain_list; d; d = d->next) {
		if (d->port != port)
			continue;
		if (READ_INDEX(d->ring->connection) == XENSTORE_RECONNECT)
			reconnect(d);
		d->conn->ready = true;
		return;
	}
}

void domain_break(struct domain *domain, uint32_t error, const char *why)
{
	if (!domain->broken && domain_may_log(domain->id))
		log_warn("d%u: %s; not talking to it any more", domain->id,
			why);
	domain->broken = true;
	domain->kick = true;
	if (domain->ring)
		domain->ring->error = error;
}

ssize_t domain_read(struct domain *domain, void *where, size_t room)
{
	struct xenstore_domain_interface *ring = domain->ring;

	if (!ring || domain->broken)
		return 0;
	if (!domain->taken)
		domain->req_cons = READ_INDEX(ring->req_cons);

	const uint32_t cons = domain->req_cons;
	uint32_t nr = READ_INDEX(ring->req_prod) - cons;

	if (nr > XENSTORE_RING_SIZE) {
		domain_break(domain, XENSTORE_ERROR_RINGIDX,
			"its request ring has impossible indexes");
		return 0;
	}
	if (nr > room)
		nr = room;

	const uint32_t start = MASK_XENSTORE_IDX(cons);
	const uint32_t first = nr < XENSTORE_RING_SIZE - start ?
		nr : XENSTORE_RING_SIZE - start;

	memcpy(where, &ring->req[start], first);
	memcpy((char *)where + first, ring->req, nr - first);
	if (nr) {
		domain->req_cons = cons + nr;
		domain->taken = true;
	}
	return nr;
}

ssize_t domain_write(struct domain *domain, const void *bytes, size_t size)
{
	struct xenstore_domain_interface *ring = domain->ring;

	if (!ring || domain->broken)
		return 0;

	const uint32_t prod = READ_INDEX(ring->rsp_prod);
	const uint32_t used = prod - READ_INDEX(ring->rsp_cons);

	if (used > XENSTORE_RING_SIZE) {
		domain_break(domain, XENSTORE_ERROR_RINGIDX,
			"its reply ring has impossible indexes");
		return 0;
	}

	const uint32_t start = MASK_XENSTORE_IDX(prod);
	uint32_t nr = XENSTORE_RING_SIZE - used;

	if (nr > XENSTORE_RING_SIZE - start)
		nr = XENSTORE_RING_SIZE - start;
	if (nr > size)
		nr = size;
	if (!nr)
		return 0;
	memcpy(&ring->rsp[start], bytes, nr);
	WRITE_INDEX(ring->rsp_prod, prod + nr);
	domain->kick = true;
	return nr;
}

void domain_publish(struct domain *domain)
{
	if (domain->taken) {
		WRITE_INDEX(domain->ring->req_cons, domain->req_cons);
		domain->taken = false;
		domain->kick = true;
		/* Who added to the ring since we read it saw the old index, and
		 * sent no event: he counts on us to look again. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (READ_INDEX(domain->ring->req_prod) != domain->req_cons)
			domain->conn->ready = true;
	}
	if (domain->kick && domain->port >= 0)
		host_notify(domain->port);
	domain->kick = false;
}

void domain_journal_in(struct domain *domain, const void *left, size_t size)
{
	if (!domain->taken && domain->journal_left == size)
		return;
	domain->journal_cons = domain->req_cons;
	domain->journal_left = size;
	journal_add(RECORD_IN, domain->id, domain->req_cons, left, size, NULL,
		0);
}

void domain_journal_out(struct domain *domain, const void *bytes, size_t size,
	size_t waiting)
{
	if (!domain->ring)
		return;
	journal_add(RECORD_OUT, domain->id,
		(uint32_t)(READ_INDEX(domain->ring->rsp_prod) + waiting),
		bytes, size, NULL, 0);
}

/* Queues again what the domain has not got yet. */
static void requeue_saved(struct domain *domain)
{
	const uint32_t prod = READ_INDEX(domain->ring->rsp_prod);

	while (domain->saved) {
		struct saved_reply *saved = domain->saved;
		const int32_t got = prod - saved->position;

		if (got <= 0)
			conn_requeue(domain->conn, saved->bytes, saved->size);
		else if ((uint32_t)got < saved->size)
			conn_requeue(domain->conn, saved->bytes + got,
				saved->size - got);
		domain->saved = saved->next;
		free(saved);
	}
	domain_forget_saved(domain);
}

void domain_reconnect_all(void)
{
	bool lost = false;

	/* First all queues as they were, then what is news. */
	for (struct domain *d = domain_list; d; d = d->next) {
		if (connect_ring(d) < 0)
			continue;
		d->req_cons = d->journal_cons;
		d->taken = d->restored_cons;
		requeue_saved(d);
	}
	for (struct domain *d = domain_list, *next; d; d = next) {
		next = d->next;
		if (d->port >= 0)
			continue;
		release(d);
		lost = true;
	}
	if (lost)
		watch_special(SPECIAL_RELEASE);
}
