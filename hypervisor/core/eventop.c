// SPDX-License-Identifier: BSD-2-Clause
/*
 * event_channel_op (ABI surface 5.1). A new port becomes what it shall be in
 * the moment it is found free; but for an interdomain one, which is reserved
 * until both domains' locks are held.
 */
#include "core/domain.h"
#include "core/eventport.h"
#include "core/policy.h"
#include "core/refusal.h"
#include "core/subop.h"
#include "lib/rangeset.h"
#include "pv/hypercall.h"
#include "x86/irq.h"

/* VIRQs that each vCPU has of its own. */
#define VCPU_VIRQS                                                             \
	(1u << VIRQ_TIMER | 1u << VIRQ_DEBUG | 1u << VIRQ_XENOPROF |           \
		1u << VIRQ_XENPMU)

static int64_t alloc_unbound(struct domain *d, void *arg)
{
	struct evtchn_alloc_unbound *const op = arg;
	struct event_port unbound = {
		.state = PORT_UNBOUND,
		.dom = op->remote_dom,
	};

	if (op->remote_dom == DOMID_SELF)
		unbound.dom = current->domain->id;
	if (!d->privileged) {
		struct domain *const peer = policy_get_peer(d, unbound.dom);

		if (!peer)
			return reject(-EPERM, POLICY_NO_PEER, unbound.dom);
		domain_put(peer);
	}
	return event_new(d, unbound, NULL, &op->port);
}

/* Join the reserved port to the other domain's unbound one. */
static int join(struct domain *d, unsigned port, struct domain *remote,
	uint32_t remote_port)
{
	const uint64_t flags = event_lock_pair(d, remote);
	struct event_port *const p = event_port(d, port);
	struct event_port *const other = event_port(remote, remote_port);
	int rc = 0;

	if (other && other->state == PORT_UNBOUND && other->dom == d->id &&
		!remote->dying) {
		p->state = other->state = PORT_INTERDOMAIN;
		p->remote = remote;
		p->number = remote_port;
		other->remote = d;
		other->number = port;
		/* What was sent while nobody listened is not lost. */
		event_raise(d, port);
	} else {
		rc = reject(-EINVAL, "d%u has no port %u for d%u", remote->id,
			remote_port, d->id);
	}
	event_unlock_pair(d, remote, flags);
	return rc;
}

static int64_t bind_interdomain(struct domain *d, void *arg)
{
	struct evtchn_bind_interdomain *const op = arg;
	struct domain *const remote = policy_get_peer(d, op->remote_dom);
	int rc;

	if (!remote)
		return reject(-ESRCH, POLICY_NO_PEER, op->remote_dom);
	rc = event_new(d, (struct event_port){.state = PORT_RESERVED}, NULL,
		&op->local_port);
	if (!rc) {
		rc = join(d, op->local_port, remote, op->remote_port);
		if (rc)
			event_unreserve(d, op->local_port);
	}
	domain_put(remote);
	return rc;
}

static int64_t bind_virq(struct domain *d, void *arg)
{
	struct evtchn_bind_virq *const op = arg;
	struct vcpu *const v = domain_vcpu(d, op->vcpu);
	const struct event_port virq = {
		.state = PORT_VIRQ,
		.vcpu = (uint8_t)op->vcpu,
		.bound_vcpu = (uint16_t)op->vcpu,
		.number = op->virq,
	};

	if (op->virq >= NR_VIRQS)
		return reject(-EINVAL, "there is no VIRQ %u", op->virq);
	if (op->vcpu != 0 && !(VCPU_VIRQS >> op->virq & 1))
		return reject(-EINVAL, "VIRQ %u belongs to vCPU 0", op->virq);
	if (!v)
		return reject(-ENOENT, "there is no vCPU %u", op->vcpu);
	return event_new(d, virq, &v->virq_port[op->virq], &op->port);
}

static int64_t bind_ipi(struct domain *d, void *arg)
{
	struct evtchn_bind_ipi *const op = arg;
	const struct event_port ipi = {
		.state = PORT_IPI,
		.vcpu = (uint8_t)op->vcpu,
	};

	if (!domain_vcpu(d, op->vcpu))
		return reject(-ENOENT, "there is no vCPU %u", op->vcpu);
	return event_new(d, ipi, NULL, &op->port);
}

/* The port is PIRQ before the interrupt is enabled, so none is lost. */
static int64_t bind_pirq(struct domain *d, void *arg)
{
	struct evtchn_bind_pirq *const op = arg;
	const struct event_port pirq = {
		.state = PORT_PIRQ,
		.number = op->pirq,
	};
	int rc;

	if (op->pirq >= PIRQS_MAX)
		return reject(-EINVAL, "PIRQ %u: above the limit", op->pirq);
	if (!rangeset_contains(d->irqs, op->pirq, op->pirq))
		return reject(-EPERM, "PIRQ %u: not permitted", op->pirq);
	rc = event_new(d, pirq, &d->events->pirq_port[op->pirq], &op->port);
	if (rc)
		return rc;
	rc = irq_bind(d, op->pirq, op->port);
	if (rc)
		event_close(d, op->port);
	return rc;
}

static int64_t close_op(struct domain *d, void *arg)
{
	const struct evtchn_close *const op = arg;

	return event_close(d, op->port);
}

static int64_t send_op(struct domain *d, void *arg)
{
	const struct evtchn_send *const op = arg;

	return event_send(d, op->port);
}

static int64_t unmask_op(struct domain *d, void *arg)
{
	const struct evtchn_unmask *const op = arg;

	return event_unmask(d, op->port);
}

/* p: as it was under the lock. */
static void describe(struct evtchn_status *op, const struct event_port *p)
{
	op->vcpu = p->vcpu;
	switch (p->state) {
	case PORT_UNBOUND:
		op->status = EVTCHNSTAT_unbound;
		op->u.unbound.dom = p->dom;
		break;
	case PORT_INTERDOMAIN:
		op->status = EVTCHNSTAT_interdomain;
		op->u.interdomain.dom = p->remote->id;
		op->u.interdomain.port = p->number;
		break;
	case PORT_PIRQ:
		op->status = EVTCHNSTAT_pirq;
		op->u.pirq = p->number;
		break;
	case PORT_VIRQ:
		op->status = EVTCHNSTAT_virq;
		op->u.virq = p->number;
		break;
	case PORT_IPI:
		op->status = EVTCHNSTAT_ipi;
		break;
	default:
		op->status = EVTCHNSTAT_closed;
	}
}

static int64_t status(struct domain *d, void *arg)
{
	struct evtchn_status *const op = arg;
	const uint64_t flags = spin_lock_irq(&d->events->lock);
	const struct event_port *const p = event_port(d, op->port);
	int rc = 0;

	if (p)
		describe(op, p);
	else if (op->port == 0)
		op->status = EVTCHNSTAT_closed;
	else
		rc = reject(-EINVAL, "there is no port %u", op->port);
	spin_unlock_irq(&d->events->lock, flags);
	return rc;
}

static bool movable(const struct event_port *p)
{
	switch (p->state) {
	case PORT_UNBOUND:
	case PORT_INTERDOMAIN:
	case PORT_PIRQ:
		return true;
	case PORT_VIRQ:
		return !(VCPU_VIRQS >> p->number & 1);
	default:
		return false;
	}
}

static int64_t bind_vcpu(struct domain *d, void *arg)
{
	const struct evtchn_bind_vcpu *const op = arg;
	struct vcpu *const v = domain_vcpu(d, op->vcpu);
	struct event_port *p;
	uint64_t flags;
	unsigned pirq = PIRQS_MAX;
	int rc = 0;

	if (!v)
		return reject(-ENOENT, "there is no vCPU %u", op->vcpu);
	flags = spin_lock_irq(&d->events->lock);
	p = event_port(d, op->port);
	if (p && movable(p)) {
		write_once(&p->vcpu, (uint8_t)op->vcpu);
		if (p->state == PORT_PIRQ)
			pirq = p->number;
	} else {
		rc = reject(-EINVAL, "port %u cannot move", op->port);
	}
	spin_unlock_irq(&d->events->lock, flags);
	if (pirq < PIRQS_MAX)
		irq_set_cpu(d, pirq, read_once(&v->cpu));
	return rc;
}

static int64_t reset(struct domain *d, void *)
{
	return event_close_all(d);
}

int64_t hypercall_event_channel_op(struct hypercall_args *a)
{
	static const struct subop ops[] = {
		[EVTCHNOP_bind_interdomain] = SUBOP(bind_interdomain,
			evtchn_bind_interdomain, .back = true),
		[EVTCHNOP_bind_virq] = SUBOP(
			bind_virq, evtchn_bind_virq, .back = true),
		[EVTCHNOP_bind_pirq] = SUBOP(
			bind_pirq, evtchn_bind_pirq, .back = true),
		[EVTCHNOP_close] = SUBOP(close_op, evtchn_close),
		[EVTCHNOP_send] = SUBOP(send_op, evtchn_send),
		[EVTCHNOP_status] = SUBOP_ON(
			status, evtchn_status, dom, .back = true),
		[EVTCHNOP_alloc_unbound] = SUBOP_ON(alloc_unbound,
			evtchn_alloc_unbound, dom, .back = true),
		[EVTCHNOP_bind_ipi] = SUBOP(
			bind_ipi, evtchn_bind_ipi, .back = true),
		[EVTCHNOP_bind_vcpu] = SUBOP(bind_vcpu, evtchn_bind_vcpu),
		[EVTCHNOP_unmask] = SUBOP(unmask_op, evtchn_unmask),
		[EVTCHNOP_reset] = SUBOP_ON(reset, evtchn_reset, dom),
	};

	return SUBOP_RUN(ops, (uint32_t)a->arg[0], (gva_t){a->arg[1]});
}
