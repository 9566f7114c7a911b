/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the daemon's state goes to the journal, and how it comes back.
 * Kept: nodes, permissions, introduced domains, and for domains on rings
 * their watches, open transactions (which then fail with EAGAIN, as if by a
 * conflict), requests that arrived in part, and replies not yet taken. Not
 * kept: sockets.
 */
#pragma once

#include "xenstored/domain.h"

/* Reads what an older daemon left; true if there was something. */
bool state_load(const char *path);

/* From now on every change is written. */
int state_start(const char *path);

void state_change(const struct change *change);
void state_add_domain(const struct domain *domain);
void state_special(unsigned special);
