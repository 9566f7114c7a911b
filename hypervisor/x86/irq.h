/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of devices: from vector to the domain and port that is bound to
 * it. A PIRQ is a domain's name for an interrupt: a GSI has its own number
 * there, an MSI one that is chosen or asked for. An edge interrupt or an MSI
 * is acknowledged at once; a level one is masked until the guest's EOI.
 * Vectors are allocated for all CPUs together. Lock: RANK_IRQ.
 *
 * All return 0 or -errno unless said otherwise.
 */
#pragma once

#include "x86/msi.h"

#define PIRQS_MAX 512 /* of a domain; PIRQ 0 is the PIT's GSI */

struct domain;
struct regs;
struct spinlock;

extern struct spinlock irq_lock;

void irq_init(void);
/* From entry.S for vectors 0x20-0xff but 0x80, interrupts off. */
void irq_dispatch(struct regs *regs);

/* A GSI for ourselves (serial port): handler runs with interrupts off. */
int irq_request(unsigned gsi, bool level, bool active_low,
	void (*handler)(void *data), void *data);

/* PIRQ for a GSI; *pirq is the number wanted, or -1: the GSI's own. It is
 * fine if it is already mapped so. -EINVAL no such GSI, -EEXIST the number
 * is something else, -EBUSY the GSI is ours or another domain's. */
int irq_map_gsi(struct domain *d, unsigned gsi, int *pirq);
/* PIRQ for a message of a device; *pirq as above, -1: choose. Besides:
 * -ENODEV -EINVAL -ENOSPC (no vector, no number) -ENOMEM. */
int irq_map_msi(struct domain *d, const struct msi_source *source, int *pirq);
int irq_unmap(struct domain *d, unsigned pirq); /* -EINVAL not mapped */

/* Trigger and polarity as dom0 learned them from ACPI. -EEXIST: it is set up
 * so already (harmless), -EINVAL no such GSI. */
int irq_setup_gsi(unsigned gsi, bool level, bool active_low);

/* Events: bind a mapped PIRQ (a GSI may be mapped by this) to a port.
 * -EINVAL, -EBUSY. Binding enables the interrupt. */
int irq_bind(struct domain *d, unsigned pirq, unsigned port);
void irq_unbind(struct domain *d, unsigned pirq);
/* The guest has handled a level interrupt: enable it again. */
int irq_eoi(struct domain *d, unsigned pirq);
bool irq_needs_eoi(struct domain *d, unsigned pirq);
/* Where it is to be handled: the CPU of the vCPU that its port notifies. */
void irq_set_cpu(struct domain *d, unsigned pirq, unsigned cpu);

void irq_show(void); /* into the log */

/* Everything of a dying domain. */
void irq_release_domain(struct domain *d);
