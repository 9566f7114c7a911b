/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Back-end domains: guests that serve other guests' devices (backend= of a
 * disk or vif). One must have been created with driver_domain=1, which makes
 * it known as such in /libxl; only then do guests get to share with it, and
 * only those whose configuration names it.
 */
#pragma once

#include <stdint.h>

struct error;
struct host;

/* The domain that `name` (NULL: the control domain) means for a device of
 * dom's. -ESRCH; -EPERM: it is no driver domain. */
int backend_find(struct host *host, const char *name, uint16_t dom,
	uint16_t *backend, struct error *error);
/* The two may share from now on; for the control domain nothing is needed. */
int backend_allow(struct host *host, uint16_t dom, uint16_t backend,
	struct error *error);
/* Not any more. One of them may be gone already. */
void backend_forbid(struct host *host, uint16_t dom, uint16_t backend);
