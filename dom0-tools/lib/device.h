/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A domain's disks and network interfaces: their xenstore records, in the
 * places where xl puts them, and the waits for Linux's back-ends.
 *
 *   /local/domain/N/device/TYPE/ID          front-end, the guest's
 *   /local/domain/B/backend/TYPE/N/ID       back-end, the guest may read; B is
 *                                           0, or the domain of backend=
 *   /libxl/N/device/TYPE/ID                 ours alone; teardown trusts only
 *                                           this one
 *
 * Order: devices_check() before there is a domain, devices_add() when there
 * is one, devices_connect() before it starts, devices_remove() at its end.
 */
#pragma once

#include <stdint.h>
#include <xenstore.h>

#include "lib/domconfig.h"

struct error;
struct host;

/* Files and bridges are there. Changes nothing. */
int devices_check(const struct domain_config *dc, struct error *error);
/* The kernel's back-ends are there, or can be loaded. */
int devices_load_drivers(const struct domain_config *dc, struct error *error);
/* Loop devices, records, leave to share with back-end domains, which set up
 * what they serve themselves. The caller holds the creation lock. */
int devices_add(struct host *host, const struct domain_config *dc,
	uint16_t dom, struct error *error);
/* Wait for the back-ends, put interfaces on their bridges. */
int devices_connect(struct xs_handle *xs, const struct domain_config *dc,
	uint16_t dom, struct error *error);
/* Whatever of the above has been done for the domain is undone. */
void devices_remove(struct host *host, uint16_t dom);
