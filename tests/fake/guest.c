// SPDX-License-Identifier: BSD-2-Clause
/*
 * What surrounds vCPUs on the fake machine: device interrupts, the end of the
 * machine; and domains for tests.
 */
#include <string.h>

#include "core/event.h"
#include "core/sched.h"
#include "core/shutdown.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "machine.h"
#include "pv/hypercall.h"
#include "x86/irq.h"
#include "xen/errno.h"
#include "xen/sched.h"

int machine_shutdown_reason;

static unsigned pirq_port[PIRQS_MAX];

void fake_guest_reset(void);

void fake_guest_reset(void)
{
	machine_shutdown_reason = -1;
	memset(pirq_port, 0, sizeof(pirq_port));
}

bool (*machine_preempts)(void);

bool preempt_needed(void)
{
	return machine_preempts ? machine_preempts() : machine_preempt;
}

/* Device interrupts */

int irq_bind(struct domain *d, unsigned pirq, unsigned port)
{
	(void)d;
	if (pirq_port[pirq])
		return -EBUSY;
	pirq_port[pirq] = port;
	return 0;
}

void irq_unbind(struct domain *d, unsigned pirq)
{
	(void)d;
	ASSERT(pirq_port[pirq]);
	pirq_port[pirq] = 0;
}

void irq_set_cpu(struct domain *d, unsigned pirq, unsigned cpu)
{
	(void)d;
	ASSERT(pirq_port[pirq] && cpu < nr_cpus);
}

void irq_release_domain(struct domain *d)
{
	(void)d;
}

/* Ends */

void machine_shutdown(uint8_t reason)
{
	panic("the machine shuts down: %u", reason);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
	(void)fmt;
	domain_shutdown(d, SHUTDOWN_crash);
}

/* Domains */

struct domain *machine_domain(uint16_t id, unsigned vcpus)
{
	const struct domain_config config = {
		.privileged = id == 0,
		.max_vcpus = vcpus,
		.max_grant_frames = 4,
		.max_maptrack_frames = 2,
	};
	struct domain *d;

	ASSERT(domain_create(id, &config, &d) == 0);
	for (unsigned i = 0; i < vcpus; i++) {
		ASSERT(vcpu_create(d, i) != NULL);
		d->vcpu[i]->initialised = true;
		d->vcpu[i]->down = false;
		d->vcpu[i]->period = 0;
		d->vcpu[i]->info->evtchn_upcall_mask = 0;
	}
	domain_unpause(d);
	return d;
}

void machine_destroy(struct domain *d)
{
	int rc;

	do {
		rc = domain_destroy(d);
		ASSERT(rc == 0 || rc == -ERESTART);
	} while (rc);
	machine_settle();
}
