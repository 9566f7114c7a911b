// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pairs of domains, as a set of bits per domain: one for each number that it
 * may share with. Each of a pair must have the other's. A new domain has
 * none, so what its number's last owner was allowed is not inherited, though
 * old partners still have the bit.
 *
 * No lock: bits are atomic, and dom0 pairs domains before they connect.
 */
#include "core/policy.h"

#include "core/domain.h"

/* Grant mappings hold references: they stop long before the count is full,
 * which takes 2^31 map tracks of 20 bytes. */
#define REFS_MAX 0x80000000u

bool policy_may_share(const struct domain *a, const struct domain *b)
{
	return a == b || a->privileged || b->privileged ||
	       (bit_test(a->peers, b->id) && bit_test(b->peers, a->id));
}

struct domain *policy_get_peer(const struct domain *d, uint16_t id)
{
	struct domain *const peer = domain_get_or_self(id);

	if (!peer || (policy_may_share(d, peer) && peer->refs < REFS_MAX))
		return peer;
	domain_put(peer);
	return NULL;
}

void policy_pair(struct domain *a, struct domain *b, bool allow)
{
	if (allow) {
		bit_test_and_set(a->peers, b->id);
		bit_test_and_set(b->peers, a->id);
	} else {
		bit_test_and_clear(a->peers, b->id);
		bit_test_and_clear(b->peers, a->id);
	}
}
