/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the daemon needs of the machine: other domains' ring pages, event
 * channels, and word of domains that died. The tests put a machine made of
 * files and sockets in its place (tests/xenstored/machine.c).
 * Functions return -errno, mappings NULL with errno set.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { HOST_DEATH = -1000 };	/* from host_event(): look at all domains */

struct host_domain {
	uint16_t id;
	bool dying;
	bool shutdown;
};

/* A descriptor that is readable when host_event() has something to say. */
int host_open(void);

/* dom0's own ring page and the port at its end. */
void *host_dom0_ring(uint32_t *port);

void *host_map_ring(uint16_t dom, uint64_t mfn);
void host_unmap_ring(uint16_t dom, void *page);

/* Binds to the other side's port; returns the port here. */
int host_bind(uint16_t dom, uint32_t remote_port);
void host_unbind(int port);
void host_notify(int port);

/* A port, HOST_DEATH, or -EAGAIN. */
int host_event(void);

/* The first domain whose number is >= @from; -ESRCH if there is none. */
int host_next_domain(uint16_t from, struct host_domain *domain);
