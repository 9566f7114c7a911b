// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pseudo terminals, see pty.h. Once the other side has been opened and closed
 * the kernel reports POLLHUP on ours until it is opened again; that is the
 * question "is anybody there". It cannot be slept on, so an inotify watch on
 * the other side's name says when to ask.
 */
#include "xenconsoled/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <termios.h>
#include <unistd.h>

int pty_notifier(void)
{
	const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void pty_notifier_drain(int notifier)
{
	char news[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
		__attribute__((aligned(8)));

	while (read(notifier, news, sizeof(news)) > 0)
		;
}

/* The guest has a terminal driver of its own: ours passes every byte. The mode
 * is the other side's, whichever side it is set on. */
static int make_raw(int master)
{
	struct termios mode;

	if (tcgetattr(master, &mode) < 0)
		return -errno;
	cfmakeraw(&mode);
	return tcsetattr(master, TCSANOW, &mode) < 0 ? -errno : 0;
}

/* Leaves our side hung up unless somebody else is there. */
static int open_once(const char *path)
{
	const int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* A client may have waited for this very name, which the last daemon's terminal
 * had too, and opens it as soon as it is unlocked: until then the mode is set
 * and the notifier watches. */
int pty_make(struct pty *pty, int notifier)
{
	int rc;

	*pty = (struct pty){.watch = -1};
	pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (pty->master < 0)
		return -errno;
	if (grantpt(pty->master) < 0 ||
		ptsname_r(pty->master, pty->path, sizeof(pty->path))) {
		rc = -errno;
		goto close;
	}
	rc = make_raw(pty->master);
	if (rc < 0)
		goto close;
	pty->watch = inotify_add_watch(notifier, pty->path, IN_OPEN);
	if (pty->watch < 0 || unlockpt(pty->master) < 0) {
		rc = -errno;
		goto close;
	}
	rc = open_once(pty->path);
	if (rc == 0)
		return 0;
close:
	if (pty->watch >= 0)
		inotify_rm_watch(notifier, pty->watch);
	close(pty->master);
	pty->master = -1;
	return rc;
}

void pty_close(struct pty *pty, int notifier)
{
	if (pty->master < 0)
		return;
	inotify_rm_watch(notifier, pty->watch);
	close(pty->master);
	pty->master = -1;
	pty->attached = false;
}

void pty_check(struct pty *pty)
{
	struct pollfd ask = {pty->master, 0, 0};

	pty->attached = pty->master >= 0 && poll(&ask, 1, 0) >= 0 &&
			!(ask.revents & (POLLHUP | POLLERR | POLLNVAL));
}

size_t pty_write(struct pty *pty, const char *data, size_t count)
{
	const ssize_t n = write(pty->master, data, count);

	return n < 0 ? 0 : n;
}

size_t pty_read(struct pty *pty, char *data, size_t room)
{
	const ssize_t n = read(pty->master, data, room);

	if (n < 0 && errno == EIO)
		pty->attached = false;
	return n < 0 ? 0 : n;
}
