/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients and their queues, see conn.h. Bytes of domains go through domain.c.
 */
#include "xenstored/conn.h"

#include "lib/log.h"
#include "xenstored/domain.h"
#include "xenstored/journal.h"
#include "xenstored/server.h"
#include "xenstored/watch.h"
#include "xenstored/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	SHARE = 16,			/* requests before others get a turn */
	GUEST_EVENTS = 1024,		/* waiting events of a domain */
	DEDUP_EVENTS = 1024,		/* look for doubles among so many */
	LOCAL_BYTES = 16 << 20,		/* waiting for a socket client */
};

struct conn *conn_list;
static int conn_epoll = -1;
static unsigned conn_count;

struct conn *conn_new(int epoll, int fd, struct domain *domain)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn_epoll = epoll;
	conn->fd = fd;
	conn->domain = domain;
	conn->number = ++conn_count;
	conn->who.dom = domain ? domain->id : 0;
	conn->who.target = domain ? domain->target : DOM_NONE;
	conn->who.privileged = conn->who.dom == 0;
	conn->out_tail = &conn->out;
	conn->next = conn_list;
	if (conn_list)
		conn_list->prev = conn;
	conn_list = conn;
	if (fd >= 0) {
		struct epoll_event event = {.events = EPOLLIN,
			.data.ptr = conn};

		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
		conn->interest = EPOLLIN;
	}
	return conn;
}

void conn_kill(struct conn *conn, const char *why)
{
	if (why && conn->fd >= 0)
		log_warn("client %u: %s; closed", conn->number, why);
	conn->dead = true;
}

static void drop_out(struct conn *conn)
{
	while (conn->out) {
		struct message *message = conn->out;

		conn->out = message->next;
		free(message);
	}
	conn->out_tail = &conn->out;
	conn->out_sent = 0;
	conn->out_bytes = 0;
	conn->nr_replies = conn->nr_events = 0;
	conn->lost_events = false;
}

void conn_reset(struct conn *conn)
{
	watch_remove_all(conn);
	for (unsigned i = 0; i < conn->nr_txns; i++)
		txn_free(conn->txns[i]);
	conn->nr_txns = 0;
	conn->in_start = conn->in_end = 0;
	drop_out(conn);
}

static void conn_free(struct conn *conn)
{
	conn_reset(conn);
	free(conn->txns);
	if (conn->next)
		conn->next->prev = conn->prev;
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		conn_list = conn->next;
	if (conn->fd >= 0)
		close(conn->fd);
	free(conn);
}

void conn_reap(void)
{
	for (struct conn *conn = conn_list, *next; conn; conn = next) {
		next = conn->next;
		if (conn->dead)
			conn_free(conn);
	}
}

bool conn_any_ready(void)
{
	for (struct conn *conn = conn_list; conn; conn = conn->next) {
		if (conn->ready)
			return true;
	}
	return false;
}

/* Too much waits for this client: answer nothing more until it reads. */
static bool congested(const struct conn *conn)
{
	if (conn->who.privileged)
		return conn->out_bytes > LOCAL_BYTES / 16;
	return conn->nr_replies >= server_store->limits.outstanding ||
		conn->out_bytes > server_store->limits.memory;
}

static void enqueue(struct conn *conn, struct message *message)
{
	if (conn->domain)
		domain_journal_out(conn->domain, message->bytes,
			message->size, conn->out_bytes - conn->out_sent);
	message->next = NULL;
	*conn->out_tail = message;
	conn->out_tail = &message->next;
	conn->out_bytes += message->size;
	if (message->event)
		conn->nr_events++;
	else
		conn->nr_replies++;
}

static struct message *message_new(const struct xsd_sockmsg *header,
	const void *payload, size_t size)
{
	struct message *message = malloc(sizeof(*message) + sizeof(*header) +
		size);

	if (!message)
		return NULL;
	message->size = sizeof(*header) + size;
	message->event = header->type == XS_WATCH_EVENT;
	memcpy(message->bytes, header, sizeof(*header));
	if (size)
		memcpy(message->bytes + sizeof(*header), payload, size);
	return message;
}

void conn_reply(struct conn *conn, const struct xsd_sockmsg *request,
	uint32_t type, const void *payload, size_t size)
{
	const struct xsd_sockmsg header = {
		.type = type,
		.req_id = request->req_id,
		.tx_id = request->tx_id,
		.len = size,
	};
	struct message *message = message_new(&header, payload, size);

	if (message)
		enqueue(conn, message);
	else
		conn_kill(conn, "no memory for a reply");
}

void conn_requeue(struct conn *conn, const void *bytes, size_t size)
{
	struct xsd_sockmsg header = {.type = XS_INVALID};
	struct message *message;

	if (size >= sizeof(header))
		memcpy(&header, bytes, sizeof(header));
	message = malloc(sizeof(*message) + size);
	if (!message)
		return;
	message->size = size;
	message->hash = 0;
	message->event = header.type == XS_WATCH_EVENT;
	memcpy(message->bytes, bytes, size);
	enqueue(conn, message);
}

static bool waits_already(const struct conn *conn, const struct message *new)
{
	const struct message *message = conn->out;

	if (conn->nr_events > DEDUP_EVENTS)
		return false;
	if (message && conn->out_sent)
		message = message->next;
	for (; message; message = message->next) {
		if (message->event && message->hash == new->hash &&
			message->size == new->size &&
			!memcmp(message->bytes, new->bytes, new->size))
			return true;
	}
	return false;
}

static bool event_room(const struct conn *conn)
{
	if (conn->who.privileged)
		return conn->out_bytes < LOCAL_BYTES;
	return conn->nr_events < GUEST_EVENTS &&
		conn->out_bytes < server_store->limits.memory;
}

void conn_event(struct conn *conn, const char *path, const char *token)
{
	char payload[2 * XENSTORE_PAYLOAD_MAX];
	const size_t path_size = strlen(path) + 1;
	const size_t size = path_size + strlen(token) + 1;
	const struct xsd_sockmsg header = {
		.type = XS_WATCH_EVENT,
		.len = size,
	};

	if (conn->dead || conn->lost_events || size > sizeof(payload))
		return;
	memcpy(payload, path, path_size);
	memcpy(payload + path_size, token, size - path_size);
	if (!event_room(conn) || size > XENSTORE_PAYLOAD_MAX) {
		if (domain_may_log(conn->who.dom))
			log_warn("d%u: client %u does not read its watch "
				"events; dropping them until it does",
				conn->who.dom, conn->number);
		conn->lost_events = true;
		return;
	}

	struct message *message = message_new(&header, payload, size);

	if (!message)
		return;
	message->hash = watch_hash(payload, size);
	if (waits_already(conn, message))
		free(message);
	else
		enqueue(conn, message);
}

struct txn *conn_find_txn(const struct conn *conn, uint32_t id)
{
	for (unsigned i = 0; i < conn->nr_txns; i++) {
		if (txn_id(conn->txns[i]) == id)
			return conn->txns[i];
	}
	return NULL;
}

int conn_add_txn(struct conn *conn, struct txn *txn)
{
	if (conn->nr_txns == conn->txn_room) {
		const unsigned room = conn->txn_room ? conn->txn_room * 2 : 4;
		struct txn **txns = realloc(conn->txns, room * sizeof(*txns));

		if (!txns)
			return -ENOMEM;
		conn->txns = txns;
		conn->txn_room = room;
	}
	conn->txns[conn->nr_txns++] = txn;
	return 0;
}

void conn_remove_txn(struct conn *conn, const struct txn *txn)
{
	for (unsigned i = 0; i < conn->nr_txns; i++) {
		if (conn->txns[i] == txn) {
			conn->txns[i] = conn->txns[--conn->nr_txns];
			return;
		}
	}
}

void conn_forget_domain(uint16_t dom)
{
	for (struct conn *conn = conn_list; conn; conn = conn->next) {
		for (unsigned i = 0; i < conn->nr_txns; i++)
			txn_forget_domain(server_store, conn->txns[i], dom);
	}
}

/* More bytes; false if there are none now. */
static bool fill(struct conn *conn)
{
	const size_t waiting = conn->in_end - conn->in_start;

	memmove(conn->in, conn->in + conn->in_start, waiting);
	conn->in_start = 0;
	conn->in_end = waiting;

	uint8_t *where = conn->in + conn->in_end;
	const size_t room = CONN_IN_ROOM - conn->in_end;
	ssize_t n;

	if (conn->domain) {
		n = domain_read(conn->domain, where, room);
	} else {
		/* Less than was asked for was all; epoll tells of more. */
		if (conn->drained)
			return false;
		n = recv(conn->fd, where, room, MSG_DONTWAIT);
		conn->drained = n < (ssize_t)room;
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			conn_kill(conn, NULL);
	}
	if (n <= 0)
		return false;
	conn->in_end += n;
	return true;
}

/* A whole message at the start of the input, or NULL. */
static const struct xsd_sockmsg *next_message(struct conn *conn)
{
	static struct xsd_sockmsg header;
	const size_t waiting = conn->in_end - conn->in_start;

	if (waiting < sizeof(header))
		return NULL;
	memcpy(&header, conn->in + conn->in_start, sizeof(header));
	if (header.len > XENSTORE_PAYLOAD_MAX) {
		if (conn->domain)
			domain_break(conn->domain, XENSTORE_ERROR_PROTO,
				"a message longer than the protocol allows");
		else
			conn_kill(conn, "a message longer than the protocol "
				"allows");
		return NULL;
	}
	return waiting < sizeof(header) + header.len ? NULL : &header;
}

void conn_run(struct conn *conn)
{
	conn->ready = false;
	conn->drained = false;
	for (unsigned i = 0; !conn->dead; i++) {
		const struct xsd_sockmsg *header = next_message(conn);

		if (conn->dead || congested(conn))
			break;
		if (!header) {
			if (!fill(conn))
				break;
			continue;
		}
		if (i >= SHARE) {
			conn->ready = true;
			break;
		}

		uint8_t *payload = conn->in + conn->in_start +
			sizeof(*header);
		const struct xsd_sockmsg request = *header;

		conn->in_start += sizeof(request) + request.len;
		wire_request(conn, &request, (char *)payload);
	}
	if (conn->domain && !conn->dead)
		domain_journal_in(conn->domain, conn->in + conn->in_start,
			conn->in_end - conn->in_start);
}

static void sent(struct conn *conn, size_t n)
{
	while (n) {
		struct message *message = conn->out;
		const size_t left = message->size - conn->out_sent;

		if (n < left) {
			conn->out_sent += n;
			return;
		}
		n -= left;
		conn->out_sent = 0;
		conn->out_bytes -= message->size;
		if (message->event)
			conn->nr_events--;
		else
			conn->nr_replies--;
		conn->out = message->next;
		if (!conn->out)
			conn->out_tail = &conn->out;
		free(message);
	}
}

static ssize_t send_some(struct conn *conn)
{
	struct iovec vec[16];
	struct msghdr header = {.msg_iov = vec};
	uint32_t skip = conn->out_sent;

	for (struct message *m = conn->out; m && header.msg_iovlen < 16;
		m = m->next) {
		vec[header.msg_iovlen++] = (struct iovec){
			.iov_base = m->bytes + skip,
			.iov_len = m->size - skip,
		};
		skip = 0;
	}
	if (conn->domain)
		return domain_write(conn->domain, vec[0].iov_base,
			vec[0].iov_len);

	const ssize_t n = sendmsg(conn->fd, &header,
		MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		conn_kill(conn, NULL);
	return n;
}

static void update_interest(struct conn *conn)
{
	const uint32_t interest = (congested(conn) ? 0 : EPOLLIN) |
		(conn->out ? EPOLLOUT : 0);

	if (conn->fd < 0 || interest == conn->interest)
		return;

	struct epoll_event event = {.events = interest, .data.ptr = conn};

	epoll_ctl(conn_epoll, EPOLL_CTL_MOD, conn->fd, &event);
	conn->interest = interest;
}

void conn_flush(struct conn *conn)
{
	const bool was_congested = congested(conn);

	while (conn->out && !conn->dead) {
		const ssize_t n = send_some(conn);

		if (n <= 0)
			break;
		sent(conn, n);
	}
	if (conn->lost_events && !conn->out) {
		conn->lost_events = false;
		watch_refire(conn);
		conn->ready = true;	/* another turn, for the journal */
	}
	if (was_congested && !congested(conn))
		conn->ready = true;
	if (conn->domain && !conn->dead)
		domain_publish(conn->domain);
	if (!conn->dead)
		update_interest(conn);
}
