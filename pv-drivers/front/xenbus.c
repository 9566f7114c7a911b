/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The xenstore client. The ring's indices run free; we write req_prod and
 * rsp_cons, the store the other two. Messages may be longer than the ring, so
 * both directions are streams. Watch events that arrive before a reply are
 * kept in a list. All ring and list state is guarded by os_lock().
 */
#include "pv-drivers/front/xenbus.h"

#include <xen/errno.h>
#include <xen/io/xs_wire.h>

#include "pv-drivers/front/event.h"
#include "pv-drivers/front/hypercall.h"
#include "pv-drivers/front/os.h"
#include "pv-drivers/front/start.h"
#include "pv-drivers/front/text.h"

struct watch_event {
	struct watch_event *next;
	char *token;
	char path[];		/* NUL, then the token and its NUL */
};

static struct xenstore_domain_interface *ring;
static struct watch_event *events, **events_end = &events;
static uint32_t last_request;
static char payload[XENSTORE_PAYLOAD_MAX + 1];

static void on_event(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	os_wake(&ring);
}

int64_t xenbus_init(void)
{
	if (!pv_info->store_mfn || pv_is_dom0())
		return -ENODEV;
	if (ring)
		return 0;
	ring = os_map(pv_info->store_mfn, true);
	if (!ring)
		return -ENOMEM;
	event_register(pv_info->store_evtchn, on_event, NULL);
	return 0;
}

static void notify(void)
{
	event_send(pv_info->store_evtchn);
}

static void send(const void *data, size_t len, uint64_t saved)
{
	const char *from = data;

	while (len) {
		const uint32_t cons = __atomic_load_n(&ring->req_cons,
						      __ATOMIC_ACQUIRE);
		uint32_t prod = ring->req_prod;

		if (prod - cons >= XENSTORE_RING_SIZE) {
			notify();
			os_wait(&ring, saved);
			continue;
		}
		while (len && prod - cons < XENSTORE_RING_SIZE) {
			ring->req[MASK_XENSTORE_IDX(prod++)] = *from++;
			len--;
		}
		__atomic_store_n(&ring->req_prod, prod, __ATOMIC_RELEASE);
	}
}

static bool reply_waits(void)
{
	return __atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE) !=
	       ring->rsp_cons;
}

static void receive(void *data, size_t len, uint64_t saved)
{
	char *to = data;

	while (len) {
		const uint32_t prod = __atomic_load_n(&ring->rsp_prod,
						      __ATOMIC_ACQUIRE);
		uint32_t cons = ring->rsp_cons;

		if (prod == cons) {
			os_wait(&ring, saved);
			continue;
		}
		const bool was_full = prod - cons == XENSTORE_RING_SIZE;

		while (len && cons != prod) {
			*to++ = ring->rsp[MASK_XENSTORE_IDX(cons++)];
			len--;
		}
		__atomic_store_n(&ring->rsp_cons, cons, __ATOMIC_RELEASE);
		if (was_full)
			notify();
	}
}

static void keep_watch_event(size_t len)
{
	struct watch_event *event = os_alloc(sizeof(*event) + len + 1);

	if (!event)
		return;
	text_copy(event->path, payload, len + 1);
	const size_t path = text_length(event->path) + 1;

	event->token = path < len ? event->path + path : event->path + len;
	if (path < len)
		text_copy(event->token, payload + path, len - path + 1);
	event->next = NULL;
	*events_end = event;
	events_end = &event->next;
}

/* Reads one message; its body, terminated, is in payload[]. */
static struct xsd_sockmsg receive_message(uint64_t saved)
{
	struct xsd_sockmsg head;

	receive(&head, sizeof(head), saved);
	if (head.len > XENSTORE_PAYLOAD_MAX)
		os_panic("xenstore: message of %u bytes", head.len);
	receive(payload, head.len, saved);
	payload[head.len] = '\0';
	if (head.type == XS_WATCH_EVENT)
		keep_watch_event(head.len);
	return head;
}

static int64_t error_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} errors[] = {
#define ERROR(name) { #name, name },
		XSD_ERROR_NAMES(ERROR)
#undef ERROR
	};

	for (unsigned int i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (text_equal(errors[i].name, name))
			return -errors[i].number;
	return -EIO;
}

struct part {
	const void *data;
	size_t len;
};

/* Sends a request of up to four parts; the reply's length, in payload[]. */
static int64_t request(uint32_t type, uint32_t tx, const struct part *parts,
		       unsigned int nr)
{
	struct xsd_sockmsg head = { .type = type, .tx_id = tx };

	if (!ring)
		return -ENODEV;
	for (unsigned int i = 0; i < nr; i++)
		head.len += parts[i].len;
	if (head.len > XENSTORE_PAYLOAD_MAX)
		return -E2BIG;
	const uint64_t saved = os_lock();

	head.req_id = ++last_request;
	send(&head, sizeof(head), saved);
	for (unsigned int i = 0; i < nr; i++)
		send(parts[i].data, parts[i].len, saved);
	notify();
	struct xsd_sockmsg reply;

	do
		reply = receive_message(saved);
	while (reply.type == XS_WATCH_EVENT || reply.req_id != head.req_id);
	os_unlock(saved);
	if (reply.type == XS_ERROR)
		return error_number(payload);
	return reply.len;
}

static struct part string(const char *text)
{
	return (struct part){ text, text_length(text) + 1 };
}

/* A request about dir/node (dir may be NULL), with an optional value. */
static int64_t about(uint32_t type, uint32_t tx, const char *dir,
		     const char *node, const char *value)
{
	struct part parts[4];
	unsigned int nr = 0;

	if (dir) {
		parts[nr++] = (struct part){ dir, text_length(dir) };
		parts[nr++] = (struct part){ "/", 1 };
	}
	parts[nr++] = string(node);
	if (value)
		parts[nr++] = (struct part){ value, text_length(value) };
	return request(type, tx, parts, nr);
}

static int64_t give(int64_t len, char *value, size_t size)
{
	if (len >= 0)
		text_copy(value, payload, (size_t)len < size ? (size_t)len + 1 :
			  size);
	return len;
}

int64_t xenbus_read_in(uint32_t tx, const char *dir, const char *node,
		       char *value, size_t size)
{
	return give(about(XS_READ, tx, dir, node, NULL), value, size);
}

int64_t xenbus_read(uint32_t tx, const char *path, char *value, size_t size)
{
	return xenbus_read_in(tx, NULL, path, value, size);
}

int64_t xenbus_read_number(uint32_t tx, const char *dir, const char *node)
{
	char text[24];
	const int64_t len = xenbus_read_in(tx, dir, node, text, sizeof(text));

	return len < 0 ? len : text_number(text);
}

int64_t xenbus_write_in(uint32_t tx, const char *dir, const char *node,
			const char *value)
{
	const int64_t rc = about(XS_WRITE, tx, dir, node, value);

	return rc < 0 ? rc : 0;
}

int64_t xenbus_write(uint32_t tx, const char *path, const char *value)
{
	return xenbus_write_in(tx, NULL, path, value);
}

int64_t xenbus_write_number(uint32_t tx, const char *dir, const char *node,
			    uint64_t value)
{
	char text[24];

	return xenbus_write_in(tx, dir, node, text_from_number(text, value));
}

int64_t xenbus_mkdir(uint32_t tx, const char *path)
{
	const int64_t rc = about(XS_MKDIR, tx, NULL, path, NULL);

	return rc < 0 ? rc : 0;
}

int64_t xenbus_rm(uint32_t tx, const char *path)
{
	const int64_t rc = about(XS_RM, tx, NULL, path, NULL);

	return rc < 0 ? rc : 0;
}

int64_t xenbus_directory(uint32_t tx, const char *path, char *names,
			 size_t size)
{
	const int64_t len = about(XS_DIRECTORY, tx, NULL, path, NULL);

	for (int64_t i = 0; i < len && i < (int64_t)size; i++)
		names[i] = payload[i];
	return len;
}

int64_t xenbus_begin(void)
{
	const struct part empty = { "", 1 };
	const int64_t rc = request(XS_TRANSACTION_START, 0, &empty, 1);

	return rc < 0 ? rc : text_number(payload);
}

int64_t xenbus_end(uint32_t tx, bool commit)
{
	const struct part answer = string(commit ? "T" : "F");
	const int64_t rc = request(XS_TRANSACTION_END, tx, &answer, 1);

	return rc < 0 ? rc : 0;
}

static int64_t watch(uint32_t type, const char *path, const char *token)
{
	const struct part parts[2] = { string(path), string(token) };
	const int64_t rc = request(type, 0, parts, 2);

	return rc < 0 ? rc : 0;
}

int64_t xenbus_watch(const char *path, const char *token)
{
	return watch(XS_WATCH, path, token);
}

int64_t xenbus_unwatch(const char *path, const char *token)
{
	return watch(XS_UNWATCH, path, token);
}

static bool take_event(char *token, size_t token_size, char *path,
		       size_t path_size)
{
	struct watch_event *event = events;

	if (!event)
		return false;
	events = event->next;
	if (!events)
		events_end = &events;
	text_copy(token, event->token, token_size);
	text_copy(path, event->path, path_size);
	os_free(event);
	return true;
}

bool xenbus_poll_watch(char *token, size_t token_size, char *path,
		       size_t path_size)
{
	const uint64_t saved = os_lock();

	while (!events && reply_waits())
		receive_message(saved);
	const bool found = take_event(token, token_size, path, path_size);

	os_unlock(saved);
	return found;
}

void xenbus_wait_watch(char *token, size_t token_size, char *path,
		       size_t path_size)
{
	const uint64_t saved = os_lock();

	while (!take_event(token, token_size, path, path_size))
		receive_message(saved);
	os_unlock(saved);
}

int64_t xenbus_wait_state(const char *dir, unsigned int mask)
{
	char path[128], token[16], fired[128];
	const size_t len = text_length(dir);
	int64_t state;

	if (len + sizeof("/state") > sizeof(path))
		return -E2BIG;
	text_copy(path, dir, sizeof(path));
	text_copy(path + len, "/state", sizeof(path) - len);
	int64_t rc = xenbus_watch(path, "state");

	if (rc)
		return rc;
	for (;;) {
		state = xenbus_read_number(0, NULL, path);
		if (state >= 0 && state < 32 && mask >> state & 1)
			break;
		xenbus_wait_watch(token, sizeof(token), fired, sizeof(fired));
	}
	rc = xenbus_unwatch(path, "state");
	return rc ? rc : state;
}
