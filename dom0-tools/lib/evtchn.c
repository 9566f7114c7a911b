/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels through /dev/xen/evtchn, see evtchn.h. The layout of the
 * calls is the kernel's user-space header (linux-libc-dev).
 */
#include "lib/evtchn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The kernel's header leaves this name to its user. */
typedef uint16_t domid_t;
#include <xen/evtchn.h>

static int call(int fd, unsigned long request, void *argument)
{
	const int rc = ioctl(fd, request, argument);

	return rc < 0 ? -errno : rc;
}

int evtchn_open(void)
{
	const int fd = open("/dev/xen/evtchn", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int evtchn_bind_interdomain(int fd, uint16_t dom, uint32_t port)
{
	struct ioctl_evtchn_bind_interdomain bind = {
		.remote_domain = dom,
		.remote_port = port,
	};

	return call(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind);
}

int evtchn_bind_unbound(int fd, uint16_t dom)
{
	struct ioctl_evtchn_bind_unbound_port bind = {.remote_domain = dom};

	return call(fd, IOCTL_EVTCHN_BIND_UNBOUND_PORT, &bind);
}

int evtchn_bind_virq(int fd, uint32_t virq)
{
	struct ioctl_evtchn_bind_virq bind = {.virq = virq};

	return call(fd, IOCTL_EVTCHN_BIND_VIRQ, &bind);
}

int evtchn_unbind(int fd, uint32_t port)
{
	struct ioctl_evtchn_unbind unbind = {.port = port};

	return call(fd, IOCTL_EVTCHN_UNBIND, &unbind);
}

int evtchn_notify(int fd, uint32_t port)
{
	struct ioctl_evtchn_notify notify = {.port = port};

	return call(fd, IOCTL_EVTCHN_NOTIFY, &notify);
}

int evtchn_pending(int fd)
{
	uint32_t port;
	const ssize_t n = read(fd, &port, sizeof(port));

	if (n < 0)
		return -errno;
	return n == sizeof(port) ? (int)port : -EAGAIN;
}

int evtchn_unmask(int fd, uint32_t port)
{
	const ssize_t n = write(fd, &port, sizeof(port));

	if (n < 0)
		return -errno;
	return n == sizeof(port) ? 0 : -EIO;
}
