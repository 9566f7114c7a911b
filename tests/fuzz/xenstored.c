// SPDX-License-Identifier: BSD-2-Clause
/*
 * What domains send to xenstored: the whole daemon (dom0-tools/xenstored) but
 * its main loop and its host, with dom0 and two guests on rings. The input is
 * a list of steps: a request of one domain (its head is made, the payload
 * given), bytes and indexes straight into a ring, replies taken or left, and
 * domains that die and come. At the end nothing may be left of a guest.
 */
#include "xenstored/server.h"

#include "lib/log.h"
#include "tests/fuzz/fuzz.h"
#include "xenstored/conn.h"
#include "xenstored/domain.h"
#include "xenstored/host.h"
#include "xenstored/journal.h"
#include "xenstored/state.h"
#include "xenstored/watch.h"

#include <errno.h>
#include <time.h>

enum { DOMS = 3, STEPS_MAX = 200 };
enum step { REQUEST, RAW, INDEX, TAKE, RECONNECT, DIE, STEPS };

struct store *server_store;
int server_epoll = -1;
bool server_has_host = true;

static struct xenstore_domain_interface *ring[DOMS];
static bool mapped[DOMS], dead[DOMS];

/* main.c's */

void server_change(const struct change *change)
{
	state_change(change);
	watch_change(change);
}

bool server_set_limit(const char *name, unsigned value)
{
	return !strcmp(name, "nodes") && value;
}

const char *server_limit(unsigned nr, unsigned *value)
{
	*value = server_store->limits.nodes;
	return nr ? NULL : "nodes";
}

/* host.c's */

static void *map(uint16_t dom)
{
	if (dom >= DOMS || dead[dom]) {
		errno = ESRCH;
		return NULL;
	}
	mapped[dom] = true;
	return ring[dom];
}

void *host_dom0_ring(uint32_t *port)
{
	*port = 1;
	return map(0);
}

void *host_map_ring(uint16_t dom, uint64_t mfn)
{
	(void)mfn;
	return map(dom);
}

void host_unmap_ring(uint16_t dom, void *page)
{
	(void)dom;
	for (unsigned i = 0; i < DOMS; i++)
		if (ring[i] == page) {
			CHECK(mapped[i]);
			mapped[i] = false;
		}
}

int host_bind(uint16_t dom, uint32_t remote_port)
{
	return remote_port < 100 ? dom : -EINVAL;
}

void host_unbind(int port)
{
	CHECK(port >= 0 && port < DOMS);
}

void host_notify(int port)
{
	CHECK(port >= 0 && port < DOMS);
}

int host_next_domain(uint16_t from, struct host_domain *domain)
{
	for (unsigned i = from; i < DOMS; i++)
		if (!dead[i]) {
			*domain = (struct host_domain){.id = (uint16_t)i};
			return 0;
		}
	return -ESRCH;
}

/* The event loop's turn, as main.c has it */

static void turn(void)
{
	for (unsigned i = 0; i < 8; i++) {
		for (struct conn *c = conn_list; c; c = c->next)
			if (c->ready && !c->dead)
				conn_run(c);
		journal_flush();
		for (struct conn *c = conn_list; c; c = c->next)
			if (!c->dead)
				conn_flush(c);
		conn_reap();
		if (!conn_any_ready())
			break;
	}
}

/* What guests do */

static void put_bytes(unsigned dom, const void *bytes, size_t size)
{
	struct xenstore_domain_interface *const r = ring[dom];
	const uint32_t used = r->req_prod - r->req_cons;

	if (used > XENSTORE_RING_SIZE || size > XENSTORE_RING_SIZE - used)
		return;
	for (size_t i = 0; i < size; i++)
		r->req[MASK_XENSTORE_IDX(r->req_prod + i)] =
			((const char *)bytes)[i];
	r->req_prod += size;
}

/* In the payload, 0x01 stands for the NUL between strings. */
static void request(struct input *in, unsigned dom)
{
	char payload[256];
	struct xsd_sockmsg head = {
		.type = take(in, 1),
		.tx_id = take(in, 1),
		.req_id = 5,
	};

	head.len = take_bytes(in, payload, take(in, 1));
	for (unsigned i = 0; i < head.len; i++)
		if (payload[i] == 1)
			payload[i] = 0;
	put_bytes(dom, &head, sizeof(head));
	put_bytes(dom, payload, head.len);
}

static void write_index(struct input *in, unsigned dom)
{
	uint32_t *const index[] = {&ring[dom]->req_cons, &ring[dom]->req_prod,
		&ring[dom]->rsp_cons, &ring[dom]->rsp_prod};

	*index[take(in, 1) % 4] = take(in, 4);
}

/* Dies, or is made and introduced again. */
static void die(unsigned dom)
{
	if (!dom)
		return;
	dead[dom] = !dead[dom];
	if (!dead[dom])
		memset(ring[dom], 0, sizeof(*ring[dom]));
	domain_check();
	if (!dead[dom])
		domain_introduce(dom, 1, 1);
}

static void one_step(struct input *in)
{
	const unsigned kind = take(in, 1);
	const unsigned dom = kind / STEPS % DOMS;
	char bytes[256];

	switch ((enum step)(kind % STEPS)) {
	case REQUEST: request(in, dom); break;
	case RAW: put_bytes(dom, bytes, take_bytes(in, bytes, take(in, 1)));
		break;
	case INDEX: write_index(in, dom); break;
	case RECONNECT: ring[dom]->connection = XENSTORE_RECONNECT; break;
	case DIE: die(dom); break;
	default: ring[dom]->rsp_cons = ring[dom]->rsp_prod; break;
	}
	if (domain_find(dom))
		domain_event(dom);
	turn();
}

/* Limits hold at any time. */
static void check(void)
{
	const struct limits *const limits = &server_store->limits;

	for (const struct domain *d = domain_list; d; d = d->next) {
		if (!d->id)
			continue;
		CHECK(server_store->nr_nodes[d->id] <= limits->nodes + 1);
		CHECK(d->conn->nr_watches <= limits->watches);
		CHECK(d->conn->nr_txns <= limits->transactions);
		CHECK(d->conn->nr_replies <= limits->outstanding + 1);
	}
}

static bool count_owner(const char *path, const struct node *node, void *arg)
{
	(void)path;
	((unsigned *)arg)[node->data->perms[0].dom % DOM_LIMIT]++;
	return true;
}

static void begin(void)
{
	server_store = store_new();
	server_store->on_change = server_change;
	server_store->limits.nodes = 12;
	server_store->limits.watches = 6;
	server_store->limits.transaction_nodes = 8;
	for (unsigned i = 0; i < DOMS; i++) {
		ring[i] = calloc(1, sizeof(*ring[i]));
		dead[i] = false;
	}
	CHECK(!domain_introduce_dom0());
	CHECK(!domain_introduce(1, 1, 1) && !domain_introduce(2, 1, 1));
}

static void end(void)
{
	static unsigned owned[DOM_LIMIT];

	dead[1] = dead[2] = true;
	domain_check();
	turn();
	memset(owned, 0, sizeof(owned));
	node_walk(server_store->root, "/", count_owner, owned);
	for (unsigned i = 1; i < DOMS; i++) {
		CHECK(!owned[i] && !server_store->nr_nodes[i]);
		CHECK(!mapped[i] && !domain_find(i));
	}
	while (domain_list)
		domain_drop(domain_list);
	conn_reap();
	CHECK(!conn_list && !watch_count());
	store_free(server_store);
	for (unsigned i = 0; i < DOMS; i++)
		free(ring[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	log_set_level(LOG_LEVEL_ERROR);
	begin();
	for (unsigned i = 0; in.left && i < STEPS_MAX; i++) {
		one_step(&in);
		check();
	}
	end();
	return 0;
}
