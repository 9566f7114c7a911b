/* SPDX-License-Identifier: BSD-2-Clause */
/* What domains use of what they may. */
#pragma once

#include <stdint.h>

struct domain;

/* One more is in use than before: a warning when that makes it 80 %. */
void limit_warn(
	const struct domain *d, const char *what, uint32_t used, uint32_t max);

/* Sub-operation of hypercall_shoji(): struct shoji_get_limits. */
int64_t limits_get(struct domain *d, void *op);
