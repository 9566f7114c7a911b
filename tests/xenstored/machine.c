/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's end of the test machine, see machine.h: linked in place of
 * dom0-tools/xenstored/host.c.
 */
#include "machine.h"

#include "xenstored/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PAGE = 4096, LOCAL_PORT = 100 };

static struct machine *machine;
static int event_fd;
static void *pages[MACHINE_DOMS];

static void name(char *path, size_t size, const char *what, int dom)
{
	const char *dir = getenv("MACHINE");

	if (dom < 0)
		snprintf(path, size, "%s/%s", dir ? dir : ".", what);
	else
		snprintf(path, size, "%s/%s-%d", dir ? dir : ".", what, dom);
}

static void *map_file(const char *what, int dom)
{
	char path[256];

	name(path, sizeof(path), what, dom);

	const int fd = open(path, O_RDWR | O_CLOEXEC);
	void *page;

	if (fd < 0)
		return NULL;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return page == MAP_FAILED ? NULL : page;
}

int host_open(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	machine = map_file("domains", -1);
	if (!machine)
		return -errno;
	name(address.sun_path, sizeof(address.sun_path), "event-daemon", -1);
	unlink(address.sun_path);
	event_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0);
	if (bind(event_fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return event_fd;
}

static void *map_ring(uint16_t dom)
{
	if (dom >= MACHINE_DOMS || machine->dom[dom].state == DOM_ABSENT) {
		errno = ESRCH;
		return NULL;
	}
	pages[dom] = map_file("ring", dom);
	machine->dom[dom].mapped = pages[dom] != NULL;
	return pages[dom];
}

void *host_dom0_ring(uint32_t *port)
{
	*port = machine->dom[0].port;
	return map_ring(0);
}

void *host_map_ring(uint16_t dom, uint64_t mfn)
{
	(void)mfn;
	return map_ring(dom);
}

void host_unmap_ring(uint16_t dom, void *page)
{
	(void)dom;
	for (int i = 0; i < MACHINE_DOMS; i++) {
		if (pages[i] == page)
			machine->dom[i].mapped = 0;
	}
	munmap(page, PAGE);
}

int host_bind(uint16_t dom, uint32_t remote_port)
{
	if (machine->dom[dom].state == DOM_ABSENT)
		return -ESRCH;
	if (machine->dom[dom].port != remote_port)
		return -EINVAL;
	return LOCAL_PORT + dom;
}

void host_unbind(int port)
{
	(void)port;
}

void host_notify(int port)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	name(address.sun_path, sizeof(address.sun_path), "event",
		port - LOCAL_PORT);
	/* Like an event: if nobody listens, or one is pending, so be it. */
	sendto(event_fd, "", 1, MSG_DONTWAIT, (struct sockaddr *)&address,
		sizeof(address));
}

int host_event(void)
{
	uint16_t dom;

	if (recv(event_fd, &dom, sizeof(dom), 0) != sizeof(dom))
		return -EAGAIN;
	return dom == EVENT_DEATH ? HOST_DEATH : LOCAL_PORT + dom;
}

int host_next_domain(uint16_t from, struct host_domain *domain)
{
	for (unsigned i = from; i < MACHINE_DOMS; i++) {
		const uint8_t state = machine->dom[i].state;

		if (state == DOM_ABSENT)
			continue;
		domain->id = i;
		domain->shutdown = state == DOM_SHUTDOWN;
		domain->dying = state == DOM_DYING;
		return 0;
	}
	return -ESRCH;
}
