// SPDX-License-Identifier: BSD-2-Clause
/*
 * The client of a guest's console, see console.h. xenconsoled restarts with a
 * new terminal, so a hang-up alone is not the end: as long as xenstored knows
 * the domain, its tty node is waited for and opened again, and gets what was
 * typed meanwhile. At the domain's end the terminal is read until it is quiet
 * or hung up.
 */
#include "cli/console.h"

#include "lib/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

enum { QUIET_MS = 500, BUFFER = 4096 };

struct console {
	struct xs_handle *xs;
	uint16_t domid;
	int tty;
	int escape;
	bool input_ended; /* nothing more to read from the user */
	bool domain_gone; /* the rest is drained */
	char node[96];
	char path[64];
	char typed[BUFFER]; /* from the user, not taken by the tty yet */
	size_t nr_typed;
};

/* For the signal handler that puts the terminal back. */
static struct termios user_mode;
static volatile sig_atomic_t user_mode_saved;

static void restore_terminal(void)
{
	if (user_mode_saved)
		tcsetattr(STDIN_FILENO, TCSANOW, &user_mode);
	user_mode_saved = 0;
}

static void end_by_signal(int number)
{
	restore_terminal();
	signal(number, SIG_DFL);
	raise(number);
}

static void make_raw(void)
{
	struct termios mode;

	if (tcgetattr(STDIN_FILENO, &user_mode) < 0)
		return;
	user_mode_saved = 1;
	signal(SIGTERM, end_by_signal);
	signal(SIGHUP, end_by_signal);
	mode = user_mode;
	cfmakeraw(&mode);
	tcsetattr(STDIN_FILENO, TCSANOW, &mode);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* The connection with its watches; xenstored may be away for a while. */
static bool xenstore_open(struct console *c)
{
	if (c->xs)
		return true;
	/* The ring of the kernel would wait for a xenstored that is away. */
	c->xs = xs_open(XS_OPEN_SOCKETONLY | XS_OPEN_SHOJI_SINGLE);
	if (c->xs && xs_watch(c->xs, c->node, "tty") &&
		xs_watch(c->xs, "@releaseDomain", "end"))
		return true;
	if (c->xs)
		xs_close(c->xs);
	c->xs = NULL;
	return false;
}

/* What the news are is looked up afterwards. */
static void drain_watches(struct console *c)
{
	char **news;

	while (c->xs && (news = xs_check_watch(c->xs)))
		free(news);
	if (c->xs && errno != EAGAIN) {
		xs_close(c->xs);
		c->xs = NULL;
	}
}

/* As long as nobody can tell it is taken to live. */
static bool lives(const struct console *c)
{
	return !c->xs || xs_is_domain_introduced(c->xs, c->domid);
}

static bool is_named(const struct console *c, const char *path)
{
	char *now = xs_read(c->xs, XBT_NULL, c->node, NULL);
	const bool same = now && !strcmp(now, path);

	free(now);
	return same;
}

/* 0: open, with us as its only client. The node was read a while before: that
 * may have been a dead daemon's, and the terminal be another domain's by now. */
static int open_tty(struct console *c, const char *path, struct error *error)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return error_errno(error, errno, "console terminal %s", path);
	if (!is_named(c, path)) {
		close(fd);
		return error_set(error, EAGAIN,
			"domain %u has another terminal than %s now", c->domid,
			path);
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		close(fd);
		error_set(error, EBUSY,
			"the console of domain %u is open elsewhere", c->domid);
		error_hint(error, "fuser -v %s tells by whom", path);
		return -EBUSY;
	}
	c->tty = fd;
	snprintf(c->path, sizeof(c->path), "%s", path);
	return 0;
}

/* The node may be there already from a daemon that is no more: a terminal
 * that cannot be opened is waited for like one that is not there. */
static int wait_for_tty(struct console *c, int wait_ms, struct error *error)
{
	const long long end = now_ms() + wait_ms;
	struct error last = {0};

	for (;;) {
		char *path = xenstore_open(c) ?
				     xs_read(c->xs, XBT_NULL, c->node, NULL) :
				     NULL;

		error_clear(&last);
		if (path && *path && open_tty(c, path, &last) == 0) {
			free(path);
			return 0;
		}
		free(path);
		if (!lives(c))
			return error_set(error, ESRCH,
				"domain %u does not exist", c->domid);

		struct pollfd wait = {c->xs ? xs_fileno(c->xs) : -1, POLLIN, 0};
		const long long left = end - now_ms();

		if (left <= 0 || last.code == EBUSY)
			break;
		poll(&wait, 1, left < 200 ? left : 200);
		drain_watches(c);
	}
	if (last.code) {
		if (last.hint[0])
			error_hint(error, "%s", last.hint);
		return error_set(error, last.code, "%s", last.cause);
	}
	error_set(error, ETIMEDOUT, "domain %u has no console terminal (%s)",
		c->domid, c->node);
	error_hint(error, "is xenconsoled running?");
	return -ETIMEDOUT;
}

void console_close(struct console *console)
{
	if (!console)
		return;
	restore_terminal();
	if (console->tty >= 0)
		close(console->tty);
	if (console->xs)
		xs_close(console->xs);
	free(console);
}

struct console *console_open(
	uint16_t domid, unsigned number, int wait_ms, struct error *error)
{
	struct console *c = calloc(1, sizeof(*c));

	if (!c) {
		error_errno(error, ENOMEM, "console");
		return NULL;
	}
	c->domid = domid;
	c->tty = -1;
	if (number == 0)
		snprintf(c->node, sizeof(c->node),
			"/local/domain/%u/console/tty", domid);
	else
		snprintf(c->node, sizeof(c->node),
			"/local/domain/%u/device/console/%u/tty", domid,
			number);
	if (!xenstore_open(c))
		error_errno(error, errno, "xenstored");
	else if (wait_for_tty(c, wait_ms, error) == 0)
		return c;
	console_close(c);
	return NULL;
}

static bool write_user(const char *text, size_t count)
{
	while (count > 0) {
		const ssize_t n = write(STDOUT_FILENO, text, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd wait = {STDOUT_FILENO, POLLOUT, 0};

			poll(&wait, 1, -1);
			continue;
		}
		if (n < 0)
			return false;
		text += n;
		count -= n;
	}
	return true;
}

enum turn { GO_ON, LEAVE, HUNG_UP };

static enum turn from_guest(struct console *c)
{
	char text[BUFFER];
	const ssize_t n = read(c->tty, text, sizeof(text));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return GO_ON;
	if (n <= 0)
		return HUNG_UP;
	return write_user(text, n) ? GO_ON : LEAVE;
}

static void to_guest(struct console *c)
{
	const ssize_t n = write(c->tty, c->typed, c->nr_typed);

	if (n <= 0)
		return;
	c->nr_typed -= n;
	memmove(c->typed, c->typed + n, c->nr_typed);
}

static enum turn from_user(struct console *c)
{
	const ssize_t n = read(STDIN_FILENO, c->typed, sizeof(c->typed));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return GO_ON;
	if (n <= 0) {
		c->input_ended = true;
		return GO_ON;
	}
	c->nr_typed = n;
	if (c->escape < 0)
		return GO_ON;

	const char *escape = memchr(c->typed, c->escape, n);

	if (!escape)
		return GO_ON;
	c->nr_typed = escape - c->typed;
	to_guest(c);
	return LEAVE;
}

/* -1: for ever. */
static int patience(const struct console *c)
{
	return c->domain_gone || !c->xs ? QUIET_MS : -1;
}

/* One wait for anything, and what follows from it. */
static enum turn turn(struct console *c)
{
	const bool listen = !c->input_ended && !c->nr_typed;
	const bool watch = !c->domain_gone && c->xs;
	struct pollfd polls[] = {
		{c->tty, POLLIN | (c->nr_typed ? POLLOUT : 0), 0},
		{listen ? STDIN_FILENO : -1, POLLIN, 0},
		{watch ? xs_fileno(c->xs) : -1, POLLIN, 0},
	};
	enum turn next = GO_ON;
	const int n = poll(polls, 3, patience(c));

	if (n < 0)
		return errno == EINTR ? GO_ON : LEAVE;
	if (n == 0 && c->domain_gone)
		return LEAVE;
	if (!c->domain_gone && (polls[2].revents || !c->xs)) {
		drain_watches(c);
		xenstore_open(c);
		c->domain_gone = !lives(c);
	}
	if (polls[0].revents & (POLLIN | POLLHUP | POLLERR))
		next = from_guest(c);
	if (next == GO_ON && polls[1].revents)
		next = from_user(c);
	if (next == GO_ON && c->nr_typed)
		to_guest(c);
	return next;
}

/* The daemon has gone, or the domain. */
static enum turn open_again(struct console *c)
{
	struct error error = {0};

	close(c->tty);
	c->tty = -1;
	if (c->domain_gone)
		return LEAVE;
	return wait_for_tty(c, CONSOLE_WAIT_MS, &error) == 0 ? GO_ON : LEAVE;
}

int console_run(struct console *c, int escape, struct error *error)
{
	const bool terminal = isatty(STDIN_FILENO);
	enum turn next;

	c->escape = escape;
	if (terminal)
		make_raw();
	do {
		next = turn(c);
		if (next == HUNG_UP)
			next = open_again(c);
	} while (next != LEAVE);

	/* Hung up, and no terminal came again, but the domain lives. */
	const bool lost = c->tty < 0 && !c->domain_gone && lives(c);

	console_close(c);
	if (terminal)
		putchar('\n');
	if (lost)
		return error_set(error, EPIPE,
			"xenconsoled went away and did not come back");
	return 0;
}

int console_attach(
	uint16_t domid, unsigned number, int escape, struct error *error)
{
	struct console *c = console_open(domid, number, CONSOLE_WAIT_MS, error);

	if (!c)
		return error && error->code ? -error->code : -EIO;
	return console_run(c, escape, error);
}

int console_parse_escape(const char *text)
{
	const unsigned char first = text[0];

	if (first == '^' && text[1] && !text[2]) {
		const unsigned char letter = text[1];

		return letter >= '@' && letter < 0x7f ? letter & 0x1f : -1;
	}
	return first && !text[1] ? first : -1;
}
