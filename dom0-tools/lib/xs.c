/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libxenstore's calls, see include/xenstore.h. Each packs its arguments into
 * a request and unpacks the reply; xsconn.c does the talking.
 */
#include <xenstore.h>

#include "lib/xsconn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *xs_daemon_rundir(void)
{
	const char *dir = getenv("XENSTORED_RUNDIR");

	return dir ? dir : "/run/xenstored";
}

const char *xs_daemon_socket(void)
{
	static char buffer[4096];	/* always the same text */
	const char *path = getenv("XENSTORED_PATH");

	if (path)
		return path;
	if (snprintf(buffer, sizeof(buffer), "%s/socket", xs_daemon_rundir()) >=
		(int)sizeof(buffer))
		return NULL;
	return buffer;
}

const char *xs_daemon_socket_ro(void)
{
	return xs_daemon_socket();
}

bool xs_write_all(int fd, const void *data, unsigned int len)
{
	while (len) {
		const ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data = (const char *)data + n;
		len -= n;
	}
	return true;
}

static const char perm_letters[] = "nrwb";

bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num,
	const char *strings)
{
	for (unsigned i = 0; i < num; i++, strings += strlen(strings) + 1) {
		const char *letter = *strings ?
			strchr(perm_letters, *strings) : NULL;
		char *end;

		errno = 0;

		const unsigned long id = letter ?
			strtoul(strings + 1, &end, 10) : 0;

		if (!letter || strings[1] < '0' || strings[1] > '9' || *end ||
			errno || id > UINT_MAX) {
			errno = EINVAL;
			return false;
		}
		perms[i].id = id;
		perms[i].perms = letter - perm_letters;
	}
	return true;
}

struct xs_handle *xs_open(unsigned long flags)
{
	static const char *const devices[] = {
		"/dev/xen/xenbus", "/proc/xen/xenbus",
	};
	const char *path = xs_daemon_socket();
	struct xs_handle *h = path ? xsconn_open(path, flags) : NULL;
	const int error = errno;

	if (h || flags & XS_OPEN_SOCKETONLY || getenv("XENSTORED_PATH"))
		return h;
	for (unsigned i = 0; i < 2; i++) {
		h = xsconn_open(devices[i], flags);
		if (h)
			return h;
	}
	errno = error;
	return NULL;
}

struct xs_handle *xs_daemon_open(void)
{
	return xs_open(0);
}

struct xs_handle *xs_daemon_open_readonly(void)
{
	return xs_open(XS_OPEN_READONLY);
}

struct xs_handle *xs_domain_open(void)
{
	return xs_open(0);
}

void xs_close(struct xs_handle *h)
{
	if (h)
		xsconn_close(h);
}

void xs_daemon_close(struct xs_handle *h)
{
	xs_close(h);
}

void xs_daemon_destroy_postfork(struct xs_handle *h)
{
	if (h)
		xsconn_abandon(h);
}

static struct iovec text(const char *string)
{
	return (struct iovec){(void *)string, strlen(string) + 1};
}

/* A request of one string; the reply, or NULL. */
static struct xs_message *ask(struct xs_handle *h, uint32_t type,
	xs_transaction_t t, const char *string)
{
	const struct iovec part = text(string);

	return xsconn_call(h, type, t, &part, 1);
}

/* A request whose reply says nothing but that it succeeded. */
static bool tell(struct xs_handle *h, uint32_t type, xs_transaction_t t,
	const struct iovec *parts, unsigned nr)
{
	struct xs_message *reply = xsconn_call(h, type, t, parts, nr);

	free(reply);
	return reply != NULL;
}

/* A reply's body alone, as something to free(). */
static void *body_of(struct xs_message *reply, unsigned int *len)
{
	if (!reply)
		return NULL;

	const uint32_t size = reply->header.len;
	void *body = reply;

	memmove(body, reply->body, size + 1);
	if (len)
		*len = size;
	return body;
}

static unsigned count_strings(const char *bytes, size_t size)
{
	unsigned nr = 0;

	for (size_t i = 0; i < size; i++)
		nr += bytes[i] == '\0';
	return nr;
}

/* Pointers to the strings, and the strings, in one piece of memory. */
static char **make_vector(const char *bytes, size_t size, unsigned int *num)
{
	const unsigned nr = count_strings(bytes, size);
	char **vector = malloc((nr + 1) * sizeof(char *) + size + 1);

	if (!vector)
		return NULL;

	char *copy = (char *)&vector[nr + 1];

	memcpy(copy, bytes, size);
	copy[size] = '\0';
	for (unsigned i = 0; i < nr; i++, copy += strlen(copy) + 1)
		vector[i] = copy;
	vector[nr] = NULL;
	if (num)
		*num = nr;
	return vector;
}

struct list {
	char *bytes;
	size_t size;
	char generation[24];
};

/* One more part of a long list: 1 if it was the last, 0 if not, or -1. */
static int add_part(struct xs_handle *h, xs_transaction_t t, const char *path,
	struct list *list)
{
	char offset[24];

	snprintf(offset, sizeof(offset), "%zu", list->size);

	const struct iovec parts[] = {text(path), text(offset)};
	struct xs_message *reply = xsconn_call(h, XS_DIRECTORY_PART, t, parts,
		2);

	if (!reply)
		return -1;

	if (list->size && strcmp(list->generation, reply->body)) {
		list->size = 0;		/* it changed: from the start */
		free(reply);
		return 0;
	}
	snprintf(list->generation, sizeof(list->generation), "%s",
		reply->body);

	/* An empty name comes after the last one. */
	const size_t head = strlen(reply->body) + 1;
	const char *names = reply->body + head;
	size_t size = reply->header.len > head ? reply->header.len - head : 0;
	const bool last = size && !names[size - 1] &&
		(size == 1 || !names[size - 2]);

	size -= last;

	char *bytes = realloc(list->bytes, list->size + size + 1);

	if (bytes) {
		memcpy(bytes + list->size, names, size);
		list->bytes = bytes;
		list->size += size;
	}
	free(reply);
	return bytes ? last : -1;
}

static char **long_directory(struct xs_handle *h, xs_transaction_t t,
	const char *path, unsigned int *num)
{
	struct list list = {.size = 0};
	char **vector = NULL;
	int rc;

	do
		rc = add_part(h, t, path, &list);
	while (rc == 0);
	if (rc > 0)
		vector = make_vector(list.bytes, list.size, num);
	free(list.bytes);
	return vector;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
	unsigned int *num)
{
	struct xs_message *reply = ask(h, XS_DIRECTORY, t, path);

	if (!reply)
		return errno == E2BIG ? long_directory(h, t, path, num) : NULL;

	char **vector = make_vector(reply->body, reply->header.len, num);

	free(reply);
	return vector;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
	unsigned int *len)
{
	return body_of(ask(h, XS_READ, t, path), len);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
	const void *data, unsigned int len)
{
	const struct iovec parts[] = {text(path), {(void *)data, len}};

	return tell(h, XS_WRITE, t, parts, 2);
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	const struct iovec part = text(path);

	return tell(h, XS_MKDIR, t, &part, 1);
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	const struct iovec part = text(path);

	return tell(h, XS_RM, t, &part, 1);
}

bool xs_restrict(struct xs_handle *h, unsigned domid)
{
	(void)h, (void)domid;
	errno = ENOSYS;
	return false;
}

struct xs_permissions *xs_get_permissions(struct xs_handle *h,
	xs_transaction_t t, const char *path, unsigned int *num)
{
	struct xs_message *reply = ask(h, XS_GET_PERMS, t, path);

	if (!reply)
		return NULL;

	const unsigned nr = count_strings(reply->body, reply->header.len);
	struct xs_permissions *perms = calloc(nr ? nr : 1, sizeof(*perms));

	if (perms && !xs_strings_to_perms(perms, nr, reply->body)) {
		free(perms);
		perms = NULL;
	}
	if (num)
		*num = nr;
	free(reply);
	return perms;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
	const char *path, struct xs_permissions *perms,
	unsigned int num_perms)
{
	char list[XENSTORE_PAYLOAD_MAX];
	size_t used = 0;

	for (unsigned i = 0; i < num_perms; i++) {
		const unsigned rights = perms[i].perms;

		if (rights & ~(XS_PERM_READ | XS_PERM_WRITE)) {
			errno = EINVAL;
			return false;
		}
		if (used + 16 > sizeof(list)) {
			errno = E2BIG;
			return false;
		}
		used += 1 + snprintf(list + used, 16, "%c%u",
			perm_letters[rights], perms[i].id);
	}

	const struct iovec parts[] = {text(path), {list, used}};

	return tell(h, XS_SET_PERMS, t, parts, 2);
}

bool xs_shoji_batch(struct xs_handle *h, const void *requests, size_t size,
	unsigned int *nr)
{
	return xsconn_batch(h, requests, size, nr);
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	const struct iovec parts[] = {text(path), text(token)};

	return xsconn_start_reader(h) && tell(h, XS_WATCH, XBT_NULL, parts, 2);
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	const struct iovec parts[] = {text(path), text(token)};

	if (!tell(h, XS_UNWATCH, XBT_NULL, parts, 2))
		return false;
	xsconn_forget_events(h, path, token);
	return true;
}

int xs_fileno(struct xs_handle *h)
{
	return xsconn_fileno(h);
}

static char **event_vector(struct xs_message *event, unsigned int *num)
{
	char **vector;

	if (!event)
		return NULL;
	vector = make_vector(event->body, event->header.len, num);
	free(event);
	return vector;
}

char **xs_check_watch(struct xs_handle *h)
{
	return event_vector(xsconn_event(h, false), NULL);
}

char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
	if (!xsconn_start_reader(h))
		return NULL;
	return event_vector(xsconn_event(h, true), num);
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
	struct xs_message *reply = ask(h, XS_TRANSACTION_START, XBT_NULL, "");
	xs_transaction_t t = XBT_NULL;

	if (reply)
		t = strtoul(reply->body, NULL, 0);
	free(reply);
	return t;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
	const struct iovec part = text(abort ? "F" : "T");

	return tell(h, XS_TRANSACTION_END, t, &part, 1);
}

struct number {
	char text[24];
};

static struct number number(unsigned long value)
{
	struct number n;

	snprintf(n.text, sizeof(n.text), "%lu", value);
	return n;
}

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
	unsigned long mfn, unsigned int eventchn)
{
	const struct number dom = number(domid), frame = number(mfn),
		port = number(eventchn);
	const struct iovec parts[] = {
		text(dom.text), text(frame.text), text(port.text),
	};

	return tell(h, XS_INTRODUCE, XBT_NULL, parts, 3);
}

bool xs_set_target(struct xs_handle *h, unsigned int domid,
	unsigned int target)
{
	const struct number dom = number(domid), other = number(target);
	const struct iovec parts[] = {text(dom.text), text(other.text)};

	return tell(h, XS_SET_TARGET, XBT_NULL, parts, 2);
}

static struct xs_message *ask_about(struct xs_handle *h, uint32_t type,
	unsigned int domid)
{
	const struct number dom = number(domid);

	return ask(h, type, XBT_NULL, dom.text);
}

bool xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
	struct xs_message *reply = ask_about(h, XS_RESUME, domid);

	free(reply);
	return reply != NULL;
}

bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
	struct xs_message *reply = ask_about(h, XS_RELEASE, domid);

	free(reply);
	return reply != NULL;
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
	return body_of(ask_about(h, XS_GET_DOMAIN_PATH, domid), NULL);
}

bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
	struct xs_message *reply = ask_about(h, XS_IS_DOMAIN_INTRODUCED,
		domid);
	const bool yes = reply && reply->body[0] == 'T';

	free(reply);
	return yes;
}

bool xs_path_is_subpath(const char *parent, const char *child)
{
	const size_t length = strlen(parent);

	return !strncmp(parent, child, length) &&
		(!child[length] || child[length] == '/');
}

char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
	unsigned int len)
{
	const struct iovec parts[] = {text(cmd), {data, len}};

	return body_of(xsconn_call(h, XS_CONTROL, XBT_NULL, parts, 2), NULL);
}

char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data,
	unsigned int len)
{
	return xs_control_command(h, cmd, data, len);
}

int xs_suspend_evtchn_port(int domid)
{
	struct xs_handle *h = xs_open(0);
	char path[64];
	char *value;
	int port = -1;

	if (!h)
		return -1;
	snprintf(path, sizeof(path),
		"/local/domain/%d/device/suspend/event-channel", domid);
	value = xs_read(h, XBT_NULL, path, NULL);
	if (value)
		port = atoi(value);
	free(value);
	xs_close(h);
	return port;
}
