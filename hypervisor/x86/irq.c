// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interrupts by vector. A vector is free, ours (a handler), or a domain's: a
 * GSI or a message, known to the domain by a PIRQ number and, once it is
 * bound, to be told to an event port. Everything changes under irq_lock
 * (RANK_IRQ), which is also held while an event is sent, so that the domain
 * cannot go away under it.
 *
 * A level interrupt is masked at its IO-APIC pin from its arrival to the
 * guest's EOI; one that nobody is bound to stays masked.
 */
#include "x86/irq.h"

#include "boot/acpi.h"
#include "core/domain.h"
#include "core/event.h"
#include "core/refusal.h"
#include "lib/log.h"
#include "mm/heap.h"
#include "mm/tlb.h"
#include "x86/apic.h"
#include "x86/ioapic.h"
#include "x86/smp.h"
#include "xen/errno.h"

#define VECTORS 256
#define VECTOR_INT80 0x80
#define ISA_IRQS 16

enum irq_kind { IRQ_FREE, IRQ_GSI, IRQ_MSI };

static struct irq {
	enum irq_kind kind;
	uint8_t vector;
	bool in_flight; /* level: masked until the guest's EOI */
	bool spurious_logged;
	unsigned gsi;
	struct msi_source msi;
	unsigned cpu; /* where it is delivered */
	struct domain *d; /* NULL: ours */
	unsigned pirq, port; /* port 0: not bound */
	void (*handler)(void *data); /* ours */
	void *data;
	uint64_t count;
} irqs[VECTORS];

/* Lines, as they are wired. */
static struct gsi {
	uint8_t vector; /* 0: none yet */
	bool level, active_low;
	bool told; /* by dom0 */
} gsis[GSIS_MAX];

struct spinlock irq_lock = SPINLOCK(RANK_IRQ);

void irq_init(void)
{
	bool level, active_low;

	ioapic_init();
	/* PCI's habit for all, then the ISA ones as ACPI has them. */
	for (unsigned i = 0; i < GSIS_MAX; i++)
		gsis[i].level = gsis[i].active_low = i >= ISA_IRQS;
	for (unsigned irq = 0; irq < ISA_IRQS; irq++) {
		const unsigned gsi = acpi_isa_gsi(irq, &level, &active_low);

		if (gsi < GSIS_MAX) {
			gsis[gsi].level = level;
			gsis[gsi].active_low = active_low;
		}
	}
}

/* A free vector, 0: there is none. */
static uint8_t alloc_vector(void) REQUIRES(irq_lock)
{
	for (unsigned v = VECTOR_DEVICE_FIRST; v <= VECTOR_DEVICE_LAST; v++)
		if (irqs[v].kind == IRQ_FREE && v != VECTOR_INT80)
			return (uint8_t)v;
	return 0;
}

static void program(const struct irq *irq) REQUIRES(irq_lock)
{
	const uint32_t target = cpu_of(irq->cpu)->apic_id;

	if (irq->kind == IRQ_GSI)
		ioapic_set(irq->gsi, irq->vector, target, gsis[irq->gsi].level,
			gsis[irq->gsi].active_low);
	else
		msi_program(&irq->msi, irq->vector, target);
}

static void mask(const struct irq *irq, bool masked)
{
	if (irq->kind == IRQ_MSI)
		msi_mask(&irq->msi, masked);
	else
		ioapic_mask(irq->gsi, masked);
}

static bool is_level(const struct irq *irq)
{
	return irq->kind == IRQ_GSI && gsis[irq->gsi].level;
}

/* Arrival */

static void device_interrupt(struct irq *irq)
{
	spin_lock(&irq_lock);
	irq->count++;
	if (irq->handler) {
		apic_eoi();
		spin_unlock(&irq_lock);
		irq->handler(irq->data);
		return;
	}
	if (is_level(irq)) {
		mask(irq, true);
		irq->in_flight = true;
	}
	apic_eoi();
	if (irq->d && irq->port)
		event_send_pirq(irq->d, irq->port);
	spin_unlock(&irq_lock);
}

static void spurious(uint8_t vector)
{
	struct irq *const irq = &irqs[vector];

	/* One that was on its way while it was taken away, most likely. */
	apic_eoi();
	if (irq->spurious_logged)
		return;
	irq->spurious_logged = true;
	log_warn("irq: stray vector %#x, CPU %u", vector, this_cpu()->number);
}

void irq_dispatch(struct regs *regs)
{
	const uint8_t vector = (uint8_t)regs->vector;

	current->perf[SHOJI_PERF_IRQ]++;
	switch (vector) {
	case VECTOR_SPURIOUS: return;
	case VECTOR_TIMER: raise_softirq(SOFTIRQ_TIMER); break;
	case VECTOR_EVENT_CHECK: break;
	case VECTOR_WBINVD: smp_wbinvd_interrupt(); break;
	case VECTOR_FLUSH: tlb_answer_requests(); break;
	case VECTOR_ERROR: apic_error_interrupt(); break;
	default:
		if (irqs[vector].kind == IRQ_FREE)
			spurious(vector);
		else
			device_interrupt(&irqs[vector]);
		return;
	}
	apic_eoi();
}

/* Ours */

int irq_request(unsigned gsi, bool level, bool active_low,
	void (*handler)(void *data), void *data)
{
	uint64_t flags;
	uint8_t vector;
	int rc = -EBUSY;

	if (!ioapic_gsi_valid(gsi))
		return reject(-EINVAL, "there is no GSI %u", gsi);
	flags = spin_lock_irq(&irq_lock);
	vector = alloc_vector();
	if (vector && !gsis[gsi].vector) {
		gsis[gsi].level = level;
		gsis[gsi].active_low = active_low;
		gsis[gsi].vector = vector;
		irqs[vector] = (struct irq){ .kind = IRQ_GSI,
			.vector = vector,
			.gsi = gsi,
			.handler = handler,
			.data = data };
		program(&irqs[vector]);
		ioapic_mask(gsi, false);
		rc = 0;
	}
	spin_unlock_irq(&irq_lock, flags);
	return rc;
}

/* PIRQs: domain->pirqs has the vector of each, 0 none. */

static int make_table(struct domain *d)
{
	uint8_t *table;
	uint64_t flags;

	if (read_once(&d->pirqs))
		return 0;
	table = heap_alloc(PIRQS_MAX);
	if (!table)
		return -ENOMEM;
	flags = spin_lock_irq(&irq_lock);
	if (!d->pirqs) {
		d->pirqs = table;
		table = NULL;
	}
	spin_unlock_irq(&irq_lock, flags);
	heap_free(table);
	return 0;
}

static struct irq *irq_of(struct domain *d, unsigned pirq) REQUIRES(irq_lock)
{
	if (!d->pirqs || pirq >= PIRQS_MAX || !d->pirqs[pirq])
		return NULL;
	return &irqs[d->pirqs[pirq]];
}

/* A vector for a domain's interrupt, masked until it is bound. */
static int claim(struct domain *d, unsigned pirq, struct irq as)
	REQUIRES(irq_lock)
{
	const uint8_t vector = alloc_vector();
	struct irq *const irq = &irqs[vector];

	if (!vector)
		return reject(-ENOSPC, "all vectors are in use");
	*irq = as;
	irq->vector = vector;
	irq->cpu = d->vcpu[0] ? d->vcpu[0]->cpu : 0;
	irq->d = d;
	irq->pirq = pirq;
	d->pirqs[pirq] = vector;
	mask(irq, true);
	program(irq);
	return 0;
}

static int claim_gsi(struct domain *d, unsigned gsi, unsigned pirq)
	REQUIRES(irq_lock)
{
	const uint8_t old = gsis[gsi].vector;
	int rc;

	if (old)
		return irqs[old].d == d && irqs[old].pirq == pirq ? 0 :
			reject(-EBUSY, "GSI %u is mapped elsewhere", gsi);
	if (d->pirqs[pirq])
		return reject(-EEXIST, "PIRQ %u is another's", pirq);
	rc = claim(d, pirq, (struct irq){ .kind = IRQ_GSI, .gsi = gsi });
	gsis[gsi].vector = d->pirqs[pirq];
	return rc;
}

int irq_map_gsi(struct domain *d, unsigned gsi, int *pirq)
{
	const unsigned wanted = *pirq < 0 ? gsi : (unsigned)*pirq;
	uint64_t flags;
	int rc;

	if (!ioapic_gsi_valid(gsi) || wanted >= PIRQS_MAX)
		return reject(-EINVAL, "no GSI %u, or the PIRQ", gsi);
	rc = make_table(d);
	if (rc)
		return rc;
	flags = spin_lock_irq(&irq_lock);
	rc = claim_gsi(d, gsi, wanted);
	spin_unlock_irq(&irq_lock, flags);
	if (!rc)
		*pirq = (int)wanted;
	return rc;
}

/* The number wanted, if free, or any above the GSIs; -errno. */
static int choose_pirq(struct domain *d, int wanted) REQUIRES(irq_lock)
{
	if (wanted >= PIRQS_MAX)
		return reject(-EINVAL, "PIRQ %d: above the limit", wanted);
	if (wanted >= 0)
		return d->pirqs[wanted] ?
			reject(-EEXIST, "PIRQ %d is mapped", wanted) : wanted;
	for (int i = PIRQS_MAX - 1; i >= (int)ioapic_nr_gsis(); i--)
		if (!d->pirqs[i])
			return i;
	return reject(-ENOSPC, "all PIRQs are in use");
}

static int claim_msi(
	struct domain *d, const struct msi_source *source, int wanted)
	REQUIRES(irq_lock)
{
	const int pirq = choose_pirq(d, wanted);
	int rc;

	if (pirq < 0)
		return pirq;
	rc = claim(d, (unsigned)pirq,
		(struct irq){ .kind = IRQ_MSI, .msi = *source });
	return rc ? rc : pirq;
}

int irq_map_msi(struct domain *d, const struct msi_source *source, int *pirq)
{
	struct msi_source opened = *source;
	uint64_t flags;
	int rc = make_table(d);

	if (!rc)
		rc = msi_open(&opened);
	if (rc)
		return rc;
	flags = spin_lock_irq(&irq_lock);
	rc = claim_msi(d, &opened, *pirq);
	spin_unlock_irq(&irq_lock, flags);
	if (rc < 0) {
		msi_close(&opened);
		return rc;
	}
	*pirq = rc;
	return 0;
}

/* Mask and forget; what must be unmapped without the lock is in *msi. */
static void release(struct irq *irq, struct msi_source *msi) REQUIRES(irq_lock)
{
	mask(irq, true);
	irq->d->pirqs[irq->pirq] = 0;
	if (irq->kind == IRQ_GSI)
		gsis[irq->gsi].vector = 0;
	else
		*msi = irq->msi;
	irq->kind = IRQ_FREE;
	irq->d = NULL;
	irq->port = 0;
}

int irq_unmap(struct domain *d, unsigned pirq)
{
	struct msi_source msi = { 0 };
	const uint64_t flags = spin_lock_irq(&irq_lock);
	struct irq *const irq = irq_of(d, pirq);

	if (irq)
		release(irq, &msi);
	spin_unlock_irq(&irq_lock, flags);
	if (!irq)
		return reject(-EINVAL, "PIRQ %u is not mapped", pirq);
	msi_close(&msi);
	return 0;
}

void irq_release_domain(struct domain *d)
{
	for (unsigned i = 0; d->pirqs && i < PIRQS_MAX; i++)
		if (d->pirqs[i])
			irq_unmap(d, i);
	heap_free(d->pirqs);
	d->pirqs = NULL;
}

int irq_setup_gsi(unsigned gsi, bool level, bool active_low)
{
	uint64_t flags;
	struct gsi *g;
	int rc = 0;

	if (!ioapic_gsi_valid(gsi))
		return reject(-EINVAL, "there is no GSI %u", gsi);
	g = &gsis[gsi];
	flags = spin_lock_irq(&irq_lock);
	/* Our console's line stays as we have it. */
	if ((g->vector && irqs[g->vector].handler) ||
		(g->told && g->level == level &&
			g->active_low == active_low)) {
		rc = reject(-EEXIST, "GSI %u is set up already", gsi);
	} else {
		g->told = true;
		g->level = level;
		g->active_low = active_low;
		if (g->vector)
			program(&irqs[g->vector]);
	}
	spin_unlock_irq(&irq_lock, flags);
	return rc;
}

/* Ports */

int irq_bind(struct domain *d, unsigned pirq, unsigned port)
{
	int number = (int)pirq, rc = 0;
	struct irq *irq;
	uint64_t flags;

	if (pirq >= PIRQS_MAX || !port)
		return reject(-EINVAL, "PIRQ %u, or no port", pirq);
	if ((!d->pirqs || !d->pirqs[pirq]) && pirq < ioapic_nr_gsis())
		rc = irq_map_gsi(d, pirq, &number);
	if (rc)
		return rc;
	flags = spin_lock_irq(&irq_lock);
	irq = irq_of(d, pirq);
	if (!irq) {
		rc = reject(-EINVAL, "PIRQ %u is not mapped", pirq);
	} else if (irq->port) {
		rc = reject(-EBUSY, "PIRQ %u is bound already", pirq);
	} else {
		irq->port = port;
		irq->in_flight = false;
		mask(irq, false);
	}
	spin_unlock_irq(&irq_lock, flags);
	return rc;
}

void irq_unbind(struct domain *d, unsigned pirq)
{
	const uint64_t flags = spin_lock_irq(&irq_lock);
	struct irq *const irq = irq_of(d, pirq);

	if (irq && irq->port) {
		mask(irq, true);
		irq->port = 0;
	}
	spin_unlock_irq(&irq_lock, flags);
}

int irq_eoi(struct domain *d, unsigned pirq)
{
	const uint64_t flags = spin_lock_irq(&irq_lock);
	struct irq *const irq = irq_of(d, pirq);

	if (irq && irq->in_flight) {
		irq->in_flight = false;
		if (irq->port)
			mask(irq, false);
	}
	spin_unlock_irq(&irq_lock, flags);
	return irq ? 0 : reject(-EINVAL, "PIRQ %u is not mapped", pirq);
}

bool irq_needs_eoi(struct domain *d, unsigned pirq)
{
	const uint64_t flags = spin_lock_irq(&irq_lock);
	const struct irq *const irq = irq_of(d, pirq);
	const bool needs = irq && is_level(irq);

	spin_unlock_irq(&irq_lock, flags);
	return needs;
}

void irq_set_cpu(struct domain *d, unsigned pirq, unsigned cpu)
{
	const uint64_t flags = spin_lock_irq(&irq_lock);
	struct irq *const irq = irq_of(d, pirq);

	if (irq && irq->cpu != cpu) {
		irq->cpu = cpu;
		program(irq);
	}
	spin_unlock_irq(&irq_lock, flags);
}

void irq_show(void)
{
	for (unsigned v = VECTOR_DEVICE_FIRST; v <= VECTOR_DEVICE_LAST; v++) {
		const struct irq *const irq = &irqs[v];

		if (irq->kind == IRQ_FREE)
			continue;
		if (!irq->d)
			log_info("vector %#x: GSI %u, ours, CPU %u: %lu", v,
				irq->gsi, irq->cpu, irq->count);
		else if (irq->kind == IRQ_GSI)
			log_info("vector %#x: GSI %u %s, d%u PIRQ %u port %u, "
				 "CPU %u: %lu", v, irq->gsi,
				is_level(irq) ? "level" : "edge", irq->d->id,
				irq->pirq, irq->port, irq->cpu, irq->count);
		else
			log_info("vector %#x: MSI%s of %02x:%02x.%u, d%u PIRQ "
				 "%u port %u, CPU %u: %lu", v,
				irq->msi.msix ? "-X" : "", irq->msi.bus,
				irq->msi.devfn >> 3, irq->msi.devfn & 7u,
				irq->d->id, irq->pirq, irq->port, irq->cpu,
				irq->count);
	}
}
