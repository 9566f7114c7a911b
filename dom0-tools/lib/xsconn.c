/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection to xenstored, see xsconn.h.
 *
 * Two locks: `request` is held from sending a request to having its reply, so
 * that there is at most one on the way; `state` guards the queues. Without a
 * reader thread whoever holds `request` reads; once the reader runs, only it
 * does. The reader is started under `request`, so the two never meet. A handle
 * of one thread has no reader: that thread reads when it asks for events, too.
 */
#include "lib/xsconn.h"

#include "lib/xserror.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenstore.h>

enum { MAX_PARTS = 8, READER_STACK = 64 << 10 };

struct xs_handle {
	int fd;
	bool is_socket;
	bool filter_unwatched;
	bool single;			/* one thread uses it: no reader */
	pthread_mutex_t request;

	pthread_mutex_t state;		/* guards what follows */
	pthread_cond_t changed;
	struct xs_message *replies, **replies_tail; /* from the reader, for
						       the requester */
	struct xs_message *events, **events_tail;
	int signal_pipe[2];		/* a byte in it while events wait */
	bool broken;			/* the connection is gone */

	/* What was read and not taken yet; whoever reads owns it */
	uint32_t in_start, in_end;
	char in[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];

	bool reader_runs;		/* changes under both locks */
	pthread_t reader;
	int stop_fd;			/* tells the reader to end */
	int either_fd;			/* single: socket or signal_pipe */
};

static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);

	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		const int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

struct xs_handle *xsconn_open(const char *path, unsigned long flags)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return NULL;

	struct xs_handle *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->is_socket = S_ISSOCK(st.st_mode);
	h->fd = h->is_socket ? open_socket(path)
			     : open(path, O_RDWR | O_CLOEXEC);
	if (h->fd < 0) {
		const int error = errno;

		free(h);
		errno = error;
		return NULL;
	}
	h->filter_unwatched = flags & XS_UNWATCH_FILTER;
	h->single = flags & XS_OPEN_SHOJI_SINGLE;
	h->events_tail = &h->events;
	h->replies_tail = &h->replies;
	h->signal_pipe[0] = h->signal_pipe[1] = -1;
	h->stop_fd = h->either_fd = -1;
	pthread_mutex_init(&h->request, NULL);
	pthread_mutex_init(&h->state, NULL);
	pthread_cond_init(&h->changed, NULL);
	return h;
}

static void free_all(struct xs_message *message)
{
	while (message) {
		struct xs_message *const next = message->next;

		free(message);
		message = next;
	}
}

void xsconn_abandon(struct xs_handle *h)
{
	free_all(h->events);
	free_all(h->replies);
	if (h->signal_pipe[0] >= 0) {
		close(h->signal_pipe[0]);
		close(h->signal_pipe[1]);
	}
	if (h->stop_fd >= 0)
		close(h->stop_fd);
	if (h->either_fd >= 0)
		close(h->either_fd);
	close(h->fd);
	free(h);
}

void xsconn_close(struct xs_handle *h)
{
	const uint64_t one = 1;

	if (h->reader_runs) {
		while (write(h->stop_fd, &one, sizeof(one)) < 0 &&
			errno == EINTR)
			;
		pthread_join(h->reader, NULL);
	}
	pthread_mutex_destroy(&h->request);
	pthread_mutex_destroy(&h->state);
	pthread_cond_destroy(&h->changed);
	xsconn_abandon(h);
}

/* What polling the socket does not show. */
static bool has_more(const struct xs_handle *h)
{
	return h->single && h->in_start < h->in_end;
}

/* More bytes into the empty buffer: a whole message as a rule. @stop_fd: gives
 * up as soon as it is readable; -1 if nothing interrupts. */
static bool refill(struct xs_handle *h, int stop_fd)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = h->fd, .events = POLLIN},
			{.fd = stop_fd, .events = POLLIN},
		};

		if (stop_fd >= 0) {
			if (poll(fds, 2, -1) < 0 && errno != EINTR)
				return false;
			if (fds[1].revents)
				return false;
			if (!fds[0].revents)
				continue;
		}

		const ssize_t n = read(h->fd, h->in, sizeof(h->in));

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n == 0)
			errno = EIO;
		h->in_start = 0;
		h->in_end = n > 0 ? n : 0;
		return n > 0;
	}
}

static bool read_exactly(struct xs_handle *h, int stop_fd, void *where,
	size_t size)
{
	while (size) {
		size_t n = h->in_end - h->in_start;

		if (!n) {
			if (!refill(h, stop_fd))
				return false;
			continue;
		}
		n = n < size ? n : size;
		memcpy(where, h->in + h->in_start, n);
		h->in_start += n;
		where = (char *)where + n;
		size -= n;
	}
	return true;
}

static struct xs_message *read_message(struct xs_handle *h, int stop_fd)
{
	struct xsd_sockmsg header;
	struct xs_message *message;

	if (!read_exactly(h, stop_fd, &header, sizeof(header)))
		return NULL;
	if (header.len > XENSTORE_PAYLOAD_MAX) {
		errno = EIO;
		return NULL;
	}
	message = malloc(sizeof(*message) + header.len + 1);
	if (!message)
		return NULL;
	message->next = NULL;
	message->header = header;
	message->body[header.len] = '\0';
	if (!read_exactly(h, stop_fd, message->body, header.len)) {
		const int error = errno;

		free(message);
		errno = error;
		return NULL;
	}
	return message;
}

static void signal_pollers(const struct xs_handle *h)
{
	if (h->signal_pipe[1] >= 0 && write(h->signal_pipe[1], "", 1) < 0) {
		/* Full: then it is readable. */
	}
}

/* Under `state`. */
static void add_event(struct xs_handle *h, struct xs_message *event)
{
	if (!h->events)
		signal_pollers(h);
	*h->events_tail = event;
	h->events_tail = &event->next;
}

static void deliver(struct xs_handle *h, struct xs_message *message)
{
	pthread_mutex_lock(&h->state);
	if (message->header.type == XS_WATCH_EVENT) {
		add_event(h, message);
	} else {
		*h->replies_tail = message;
		h->replies_tail = &message->next;
	}
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->state);
}

static void *reader(void *arg)
{
	struct xs_handle *h = arg;
	struct xs_message *message;

	while ((message = read_message(h, h->stop_fd)))
		deliver(h, message);
	pthread_mutex_lock(&h->state);
	h->broken = true;
	signal_pollers(h);
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->state);
	return NULL;
}

/* The thread handles no signals: they belong to the program. */
static int start_thread(struct xs_handle *h)
{
	sigset_t all, before;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, READER_STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);

	const int error = pthread_create(&h->reader, &attr, reader, h);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return error;
}

bool xsconn_start_reader(struct xs_handle *h)
{
	int error = 0;

	pthread_mutex_lock(&h->request);
	if (!h->reader_runs && !h->single) {
		if (h->stop_fd < 0)
			h->stop_fd = eventfd(0, EFD_CLOEXEC);
		error = h->stop_fd < 0 ? errno : start_thread(h);
		pthread_mutex_lock(&h->state);
		h->reader_runs = error == 0;
		pthread_mutex_unlock(&h->state);
	}
	pthread_mutex_unlock(&h->request);
	errno = error;
	return error == 0;
}

static bool write_all(const struct xs_handle *h, struct iovec *vec,
	unsigned nr)
{
	while (nr) {
		struct msghdr message = {.msg_iov = vec, .msg_iovlen = nr};
		ssize_t n = h->is_socket ?
			sendmsg(h->fd, &message, MSG_NOSIGNAL) :
			writev(h->fd, vec, nr);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		while (nr && (size_t)n >= vec->iov_len) {
			n -= vec->iov_len;
			vec++;
			nr--;
		}
		if (nr) {
			vec->iov_base = (char *)vec->iov_base + n;
			vec->iov_len -= n;
		}
	}
	return true;
}

static bool send_request(struct xs_handle *h, uint32_t type,
	uint32_t transaction, const struct iovec *parts, unsigned nr_parts)
{
	struct xsd_sockmsg header = {.type = type, .tx_id = transaction};
	struct iovec vec[MAX_PARTS + 1] = {{&header, sizeof(header)}};
	unsigned nr = 1;
	size_t size = 0;

	for (unsigned i = 0; i < nr_parts; i++) {
		size += parts[i].iov_len;
		if (parts[i].iov_len)
			vec[nr++] = parts[i];
	}
	if (size > XENSTORE_PAYLOAD_MAX) {
		errno = E2BIG;
		return false;
	}
	header.len = size;
	return write_all(h, vec, nr);
}

/* Under `request`. */
static struct xs_message *wait_for_reply(struct xs_handle *h)
{
	struct xs_message *reply;

	if (!h->reader_runs) {
		while ((reply = read_message(h, -1)) &&
			reply->header.type == XS_WATCH_EVENT)
			deliver(h, reply);
		if (has_more(h))
			signal_pollers(h); /* the socket may be empty */
		return reply;
	}
	pthread_mutex_lock(&h->state);
	while (!h->replies && !h->broken)
		pthread_cond_wait(&h->changed, &h->state);
	reply = h->replies;
	if (reply)
		h->replies = reply->next;
	if (!h->replies)
		h->replies_tail = &h->replies;
	pthread_mutex_unlock(&h->state);
	if (!reply)
		errno = EIO;
	return reply;
}

struct xs_message *xsconn_call(struct xs_handle *h, uint32_t type,
	uint32_t transaction, const struct iovec *parts, unsigned nr_parts)
{
	struct xs_message *reply = NULL;

	pthread_mutex_lock(&h->request);
	if (send_request(h, type, transaction, parts, nr_parts))
		reply = wait_for_reply(h);

	const int saved_errno = errno;

	pthread_mutex_unlock(&h->request);
	errno = saved_errno;
	if (!reply)
		return NULL;
	if (reply->header.type == type)
		return reply;

	const int error = reply->header.type == XS_ERROR ?
		xs_error_number(reply->body) : EBADMSG;

	free(reply);
	errno = error;
	return NULL;
}

/* The requests as they are, or one if the kernel's device takes them. */
static size_t next_part(const struct xs_handle *h, const char *at, size_t size)
{
	struct xsd_sockmsg header;

	if (h->is_socket || size < sizeof(header))
		return size;
	memcpy(&header, at, sizeof(header));
	return header.len < size - sizeof(header) ? sizeof(header) + header.len
						  : size;
}

/* Takes replies until it has *nr; the first error, or 0. *nr is how many were
 * good before it. */
static int take_replies(struct xs_handle *h, unsigned *nr)
{
	unsigned good = 0;
	int error = 0;

	for (unsigned i = 0; i < *nr; i++) {
		struct xs_message *reply = wait_for_reply(h);

		if (!reply) {
			error = error ? error : errno;
			break;
		}
		if (reply->header.type == XS_ERROR && !error)
			error = xs_error_number(reply->body);
		good += !error;
		free(reply);
	}
	*nr = good;
	return error;
}

bool xsconn_batch(struct xs_handle *h, const void *requests, size_t size,
	unsigned *nr)
{
	const char *at = requests;
	unsigned done = 0, wanted = *nr;
	int error = 0;

	pthread_mutex_lock(&h->request);
	while (size && !error) {
		const size_t part = next_part(h, at, size);
		unsigned replies = part == size ? wanted - done : 1;
		struct iovec vec = {(void *)(uintptr_t)at, part};

		if (write_all(h, &vec, 1)) {
			error = take_replies(h, &replies);
			done += replies;
		} else {
			error = errno;
		}
		at += part;
		size -= part;
	}
	pthread_mutex_unlock(&h->request);
	*nr = done;
	errno = error;
	return !error;
}

/* Without a reader: reads until there is an event, as long as there is
 * something, or for ever. */
static void look_for_event(struct xs_handle *h, bool wait)
{
	struct pollfd fd = {.fd = h->fd, .events = POLLIN};

	while (!h->events && !h->broken &&
		(wait || has_more(h) || poll(&fd, 1, 0) > 0)) {
		struct xs_message *const message = read_message(h, -1);

		if (message)
			deliver(h, message);
		else
			h->broken = true;
	}
}

struct xs_message *xsconn_event(struct xs_handle *h, bool wait)
{
	struct xs_message *event;
	char byte;

	if (h->single)
		look_for_event(h, wait);
	pthread_mutex_lock(&h->state);
	while (wait && !h->events && !h->broken)
		pthread_cond_wait(&h->changed, &h->state);
	event = h->events;
	if (event) {
		h->events = event->next;
		if (!h->events)
			h->events_tail = &h->events;
	}
	/* A broken connection stays readable. */
	if (!h->events && !h->broken && !has_more(h) &&
		h->signal_pipe[0] >= 0) {
		while (read(h->signal_pipe[0], &byte, 1) > 0)
			;
	}
	errno = h->broken ? EIO : EAGAIN;
	pthread_mutex_unlock(&h->state);
	return event;
}

void xsconn_forget_events(struct xs_handle *h, const char *path,
	const char *token)
{
	const size_t length = strlen(path);
	struct xs_message **slot = &h->events;

	if (!h->filter_unwatched)
		return;
	pthread_mutex_lock(&h->state);
	while (*slot) {
		struct xs_message *event = *slot;
		const char *its_token = event->body +
			strnlen(event->body, event->header.len) + 1;
		const char next = event->body[strnlen(event->body, length)];

		if (its_token < event->body + event->header.len &&
			!strcmp(its_token, token) &&
			!strncmp(event->body, path, length) &&
			(!next || next == '/' || path[length - 1] == '/')) {
			*slot = event->next;
			free(event);
		} else {
			slot = &event->next;
		}
	}
	h->events_tail = slot;
	pthread_mutex_unlock(&h->state);
}

/* What is readable when the socket or the pipe is. */
static int either(const struct xs_handle *h)
{
	struct epoll_event in = {.events = EPOLLIN};
	const int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd >= 0 && (epoll_ctl(fd, EPOLL_CTL_ADD, h->fd, &in) ||
			epoll_ctl(fd, EPOLL_CTL_ADD, h->signal_pipe[0], &in))) {
		close(fd);
		return -1;
	}
	return fd;
}

int xsconn_fileno(struct xs_handle *h)
{
	pthread_mutex_lock(&h->state);
	if (h->signal_pipe[0] < 0 &&
		pipe2(h->signal_pipe, O_CLOEXEC | O_NONBLOCK) == 0 &&
		(h->events || h->broken || has_more(h)))
		signal_pollers(h);
	if (h->single && h->either_fd < 0 && h->signal_pipe[0] >= 0)
		h->either_fd = either(h);

	const int fd = h->single ? h->either_fd : h->signal_pipe[0];

	pthread_mutex_unlock(&h->state);
	return fd;
}
