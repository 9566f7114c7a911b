// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hypervisor's own log, copied to LOGDIR/hypervisor.log as it grows
 * (--log=hv). What was logged before the daemon began comes first; after a
 * restart of the daemon it comes again.
 */
#pragma once

#include "xenconsoled/record.h"

#include <stdint.h>

struct daemon;

struct hvlog {
	int port; /* of VIRQ_CON_RING; -1: the log is not recorded */
	uint32_t index;
	struct record record;
};

void hvlog_start(struct hvlog *log, struct daemon *d, bool stamp);
void hvlog_read(struct hvlog *log, struct daemon *d);
void hvlog_reopen(struct hvlog *log, struct daemon *d);
