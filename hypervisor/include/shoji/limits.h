/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a domain uses of what it may, as dom0's tools read it.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

enum shoji_limit {
	SHOJI_LIMIT_MEMORY, /* pages */
	SHOJI_LIMIT_VCPUS,
	SHOJI_LIMIT_EVENT_PORTS,
	SHOJI_LIMIT_GRANT_FRAMES, /* of its grant table */
	SHOJI_LIMIT_GRANTS,       /* entries that others use now */
	SHOJI_LIMIT_MAPTRACK,     /* its mappings of others' grants */
	SHOJI_NR_LIMITS,
};

struct shoji_get_limits {
	uint16_t domid, pad[3];
	struct {
		uint64_t used, max;
	} limit[SHOJI_NR_LIMITS]; /* 8 out */
};
static_assert(sizeof(struct shoji_get_limits) == 104, "shoji_get_limits");
