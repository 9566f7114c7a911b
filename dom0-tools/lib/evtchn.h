/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels through /dev/xen/evtchn. A descriptor delivers only what was
 * bound through it; closing it unbinds all. Every function returns a value
 * >= 0 or -errno. After evtchn_pending() has returned a port, that port stays
 * masked until evtchn_unmask().
 */
#pragma once

#include <stdint.h>

/* Non-blocking, close-on-exec descriptor, readable when an event waits. */
int evtchn_open(void);

/* Each bind returns the local port. */
int evtchn_bind_interdomain(int fd, uint16_t dom, uint32_t port);
int evtchn_bind_unbound(int fd, uint16_t dom);
int evtchn_bind_virq(int fd, uint32_t virq);

int evtchn_unbind(int fd, uint32_t port);
int evtchn_notify(int fd, uint32_t port);

/* The next port with an event; -EAGAIN when there is none. */
int evtchn_pending(int fd);
int evtchn_unmask(int fd, uint32_t port);
