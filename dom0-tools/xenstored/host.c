/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine below the daemon, see host.h: event channels, grants and the
 * hypervisor, through the kernel's device nodes. A guest's ring is mapped by
 * the grant that its builder left for us (reference 1), or else by its frame.
 */
#include "xenstored/host.h"

#include "lib/evtchn.h"
#include "lib/gnttab.h"
#include "lib/log.h"
#include "lib/privcmd.h"

#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/xen.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* From Linux's include/xen/xenbus_dev.h, which is not installed. */
#define IOCTL_XENBUS_BACKEND_EVTCHN _IOC(_IOC_NONE, 'B', 0, 0)

enum { MAX_MAPPINGS = 32752 };

static int evtchn_fd = -1, gnttab_fd = -1, privcmd_fd = -1;
static int death_port = -1;
static struct xen_domctl *domctl;
static void *by_frame[MAX_MAPPINGS];	/* pages not mapped by a grant */

int host_open(void)
{
	evtchn_fd = evtchn_open();
	if (evtchn_fd < 0) {
		log_error("/dev/xen/evtchn: %s", strerror(-evtchn_fd));
		return evtchn_fd;
	}
	gnttab_fd = gnttab_open();
	if (gnttab_fd < 0)
		log_warn("/dev/xen/gntdev: %s; mapping guests by frame",
			strerror(-gnttab_fd));
	privcmd_fd = privcmd_open();
	if (privcmd_fd < 0) {
		log_error("/dev/xen/privcmd: %s", strerror(-privcmd_fd));
		return privcmd_fd;
	}
	domctl = privcmd_buffer(sizeof(*domctl));
	if (!domctl)
		return -ENOMEM;
	death_port = evtchn_bind_virq(evtchn_fd, VIRQ_DOM_EXC);
	if (death_port < 0) {
		log_error("cannot bind VIRQ_DOM_EXC (is another xenstored "
			"running?): %s", strerror(-death_port));
		return death_port;
	}
	return evtchn_fd;
}

static void *map_device(const char *path, uint32_t *port)
{
	const int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return NULL;

	void *page = mmap(NULL, PRIVCMD_PAGE, PROT_READ | PROT_WRITE,
		MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		page = NULL;
	if (page && port) {
		const int rc = ioctl(fd, IOCTL_XENBUS_BACKEND_EVTCHN);

		if (rc < 0) {
			munmap(page, PRIVCMD_PAGE);
			page = NULL;
		}
		*port = rc;
	}
	close(fd);
	return page;
}

/* The device of newer kernels, or else the two files of xenfs. */
void *host_dom0_ring(uint32_t *port)
{
	char text[16] = "";
	void *page = map_device("/dev/xen/xenbus_backend", port);

	if (page)
		return page;

	const int fd = open("/proc/xen/xsd_port", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;

	const ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	if (n <= 0) {
		errno = EIO;
		return NULL;
	}
	*port = strtoul(text, NULL, 10);
	return map_device("/proc/xen/xsd_kva", NULL);
}

void *host_map_ring(uint16_t dom, uint64_t mfn)
{
	void *page = NULL;

	if (gnttab_fd >= 0)
		page = gnttab_map(gnttab_fd, dom, GNTTAB_RESERVED_XENSTORE,
			true);
	if (page)
		return page;
	page = privcmd_map_foreign(privcmd_fd, dom, &mfn, 1,
		PROT_READ | PROT_WRITE);
	if (page && dom < MAX_MAPPINGS)
		by_frame[dom] = page;
	return page;
}

void host_unmap_ring(uint16_t dom, void *page)
{
	if (dom < MAX_MAPPINGS && by_frame[dom] == page) {
		by_frame[dom] = NULL;
		privcmd_unmap(page, 1);
	} else {
		gnttab_unmap(gnttab_fd, page);
	}
}

int host_bind(uint16_t dom, uint32_t remote_port)
{
	return evtchn_bind_interdomain(evtchn_fd, dom, remote_port);
}

void host_unbind(int port)
{
	evtchn_unbind(evtchn_fd, port);
}

void host_notify(int port)
{
	evtchn_notify(evtchn_fd, port);
}

int host_event(void)
{
	const int port = evtchn_pending(evtchn_fd);

	if (port < 0)
		return -EAGAIN;
	evtchn_unmask(evtchn_fd, port);
	return port == death_port ? HOST_DEATH : port;
}

int host_next_domain(uint16_t from, struct host_domain *domain)
{
	const struct xen_domctl_getdomaininfo *info =
		&domctl->u.getdomaininfo;

	memset(domctl, 0, sizeof(*domctl));
	domctl->cmd = XEN_DOMCTL_getdomaininfo;
	domctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	domctl->domain = from;

	const int64_t rc = privcmd_call(privcmd_fd, __HYPERVISOR_domctl,
		(uintptr_t)domctl, 0, 0, 0, 0);

	if (rc < 0)
		return rc;
	if (info->domain < from)
		return -ESRCH;
	domain->id = info->domain;
	domain->dying = info->flags & XEN_DOMINF_dying;
	domain->shutdown = info->flags & XEN_DOMINF_shutdown;
	return 0;
}
