/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the daemon share: the store, the event loop's descriptor,
 * and the options that others than main.c look at.
 */
#pragma once

#include "xenstored/store.h"

extern struct store *server_store;
extern int server_epoll;
extern bool server_has_host;	/* there is a hypervisor to ask */

/* Every change of the store: to the journal and to the watches. */
void server_change(const struct change *change);

/* Sets a limit by its name, as in -Q name=value; false if there is none. */
bool server_set_limit(const char *name, unsigned value);

/* The nr-th limit: its name, or NULL after the last one. */
const char *server_limit(unsigned nr, unsigned *value);
