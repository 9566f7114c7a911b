/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The figures belong to others and are read without their locks: each is right
 * by itself, at some moment of the call.
 */
#include "core/limits.h"

#include "core/domain.h"
#include "core/eventport.h"
#include "core/granttab.h"
#include "lib/log.h"
#include "lib/string.h"
#include "shoji/limits.h"

void limit_warn(
	const struct domain *d, const char *what, uint32_t used, uint32_t max)
{
	if (used == (max * 4 + 4) / 5)
		log_guest(LOG_WARN, "d%u: %u of %u %s are in use", d->id, used,
			max, what);
}

int64_t limits_get(struct domain *d, void *op)
{
	struct shoji_get_limits *const get = op;
	const struct event_state *const e = d->events;
	const struct grant_table *const t = d->grants;
	uint64_t limits[SHOJI_NR_LIMITS][2] = {
		[SHOJI_LIMIT_MEMORY] = {d->nr_pages, d->max_pages},
		[SHOJI_LIMIT_VCPUS] = {0, d->max_vcpus},
		[SHOJI_LIMIT_EVENT_PORTS] = {e->nr_ports, d->max_event_port},
		[SHOJI_LIMIT_GRANT_FRAMES] = {t->nr_frames, t->max_frames},
		[SHOJI_LIMIT_GRANTS] = {t->nr_used,
			t->max_frames * GRANTS_PER_FRAME},
		[SHOJI_LIMIT_MAPTRACK] = {t->nr_maps,
			t->max_map_pages * MAPS_PER_PAGE},
	};
	struct vcpu *v;

	for_each_vcpu (d, v)
		limits[SHOJI_LIMIT_VCPUS][0]++;
	memcpy(get->limit, limits, sizeof(limits));
	return 0;
}
