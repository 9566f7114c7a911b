// SPDX-License-Identifier: BSD-2-Clause
/*
 * The console page that is shared with a guest, seen from the daemon. Pure:
 * no system call, no state but the page, so that a test or a fuzzer can stand
 * in for the guest.
 *
 * The guest may write anything anywhere in the page at any time, our own two
 * indices included. Each index is therefore read once, and a distance that is
 * longer than the ring is -EPROTO: nothing outside the page is ever touched,
 * and what such a guest loses is its own console.
 */
#pragma once

#include <stddef.h>

struct xencons_interface;

/* Take up to room bytes that the guest wrote. How many, or -EPROTO. */
int ring_take(struct xencons_interface *ring, char *to, size_t room);

/* Give the guest up to count bytes. How many fitted, or -EPROTO. */
int ring_put(struct xencons_interface *ring, const char *from, size_t count);

/* How many bytes ring_put() would take now, or -EPROTO. */
int ring_room(const struct xencons_interface *ring);

/* Forget what both rings hold: the way out of -EPROTO. */
void ring_reset(struct xencons_interface *ring);
