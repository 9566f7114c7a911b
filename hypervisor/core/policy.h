/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may share with whom: event channels, and grants mapped or copied. A
 * guest shares with itself, with dom0, and with the domains that dom0 has
 * paired it with, by policy_pair(), because its configuration names them as
 * back-ends.
 *
 * To a guest, a domain that it may not share with is one that is not there:
 * policy_get_peer() is how hypercalls find another domain by its number.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct domain;

bool policy_may_share(const struct domain *a, const struct domain *b);

/* The domain of this number with a reference, if d may share with it; else
 * NULL, whether it exists or not. DOMID_SELF is the caller. */
struct domain *policy_get_peer(const struct domain *d, uint16_t id);

/* To reject() what names nobody to share with; nobody but dom0 reads it. */
#define POLICY_NO_PEER "no d%u, or none to share with (backend=)"

/* Both ways. What they share already stays. */
void policy_pair(struct domain *a, struct domain *b, bool allow);
