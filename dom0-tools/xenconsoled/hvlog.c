// SPDX-License-Identifier: BSD-2-Clause
/* The hypervisor's log, see hvlog.h. */
#include "xenconsoled/hvlog.h"

#include "lib/control.h"
#include "lib/evtchn.h"
#include "lib/log.h"
#include "xenconsoled/guest.h"

#include <string.h>

#define HVLOG_STEM "hypervisor"

enum { ROUNDS = 64 }; /* of one reading; the hypervisor logs on */

void hvlog_read(struct hvlog *log, struct daemon *d)
{
	char text[16384];

	for (int i = 0; i < ROUNDS; i++) {
		const int n = control_read_log(
			d->privcmd, text, sizeof(text), &log->index, 0);

		if (n < 0)
			log_warn("reading the hypervisor's log: %s",
				strerror(-n));
		if (n <= 0)
			break;
		record_write(&log->record, text, n);
	}
	evtchn_unmask(d->evtchn, log->port);
}

void hvlog_start(struct hvlog *log, struct daemon *d, bool stamp)
{
	log->port = evtchn_bind_virq(d->evtchn, VIRQ_CON_RING);
	if (log->port < 0) {
		log_warn("the hypervisor's log is not recorded: VIRQ: %s",
			strerror(-log->port));
		return;
	}
	record_open(&log->record, d->log_dir, HVLOG_STEM, stamp);
	hvlog_read(log, d);
}

void hvlog_reopen(struct hvlog *log, struct daemon *d)
{
	const bool stamp = log->record.stamp;

	if (log->port < 0)
		return;
	record_close(&log->record);
	record_open(&log->record, d->log_dir, HVLOG_STEM, stamp);
}
