// SPDX-License-Identifier: BSD-2-Clause
/*
 * event_channel_op (ABI surface 5.1). Binding reserves a port first, which
 * may need memory, then fills it in under the lock; what cannot be told to
 * the guest because its structure is not writable is closed again.
 */
#include "core/domain.h"
#include "core/eventport.h"
#include "lib/rangeset.h"
#include "mm/guestmem.h"
#include "pv/hypercall.h"
#include "x86/irq.h"
#include "xen/errno.h"

/* VIRQs that each vCPU has of its own. */
#define VCPU_VIRQS                                                             \
	(1u << VIRQ_TIMER | 1u << VIRQ_DEBUG | 1u << VIRQ_XENOPROF |           \
		1u << VIRQ_XENPMU)

static struct vcpu *vcpu_of(struct domain *d, uint32_t id)
{
	return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

/* A domain that the caller may operate on: itself, or any for dom0. */
static int get_target(uint16_t id, struct domain **d)
{
	struct domain *const found = domain_get_or_self(id);

	if (!found)
		return -ESRCH;
	if (found != current->domain && !current->domain->privileged) {
		domain_put(found);
		return -EPERM;
	}
	*d = found;
	return 0;
}

/* A reserved port becomes what `as` says. */
static void bind(struct domain *d, unsigned port, struct event_port as)
{
	const uint64_t flags = spin_lock_irq(&d->events->lock);

	*event_port(d, port) = as;
	spin_unlock_irq(&d->events->lock, flags);
}

/* Tell the guest the port, or close it again. */
static int report(
	struct domain *d, unsigned port, gva_t to, const void *op, size_t size)
{
	if (!copy_to_guest(to, op, size))
		return 0;
	event_close(d, port);
	return -EFAULT;
}

static int alloc_unbound(gva_t arg)
{
	struct evtchn_alloc_unbound op;
	struct domain *d;
	unsigned port;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	rc = get_target(op.dom, &d);
	if (rc)
		return rc;
	rc = event_reserve(d, &port);
	if (!rc) {
		bind(d, port,
			(struct event_port){
				.state = PORT_UNBOUND,
				.dom = op.remote_dom == DOMID_SELF
					       ? current->domain->id
					       : op.remote_dom,
			});
		op.port = port;
		rc = report(d, port, arg, &op, sizeof(op));
	}
	domain_put(d);
	return rc;
}

/* Join the reserved port to the other domain's unbound one. */
static int join(struct domain *d, unsigned port, struct domain *remote,
	uint32_t remote_port)
{
	const uint64_t flags = event_lock_pair(d, remote);
	struct event_port *const p = event_port(d, port);
	struct event_port *const other = event_port(remote, remote_port);
	int rc = -EINVAL;

	if (other && other->state == PORT_UNBOUND && other->dom == d->id &&
		!remote->dying) {
		p->state = other->state = PORT_INTERDOMAIN;
		p->remote = remote;
		p->number = remote_port;
		other->remote = d;
		other->number = port;
		/* What was sent while nobody listened is not lost. */
		event_raise(d, port, p->vcpu);
		rc = 0;
	}
	event_unlock_pair(d, remote, flags);
	return rc;
}

static int bind_interdomain(gva_t arg)
{
	struct domain *const d = current->domain;
	struct evtchn_bind_interdomain op;
	struct domain *remote;
	unsigned port;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	remote = domain_get_or_self(op.remote_dom);
	if (!remote)
		return -ESRCH;
	rc = event_reserve(d, &port);
	if (rc)
		goto put_remote;
	rc = join(d, port, remote, op.remote_port);
	if (rc) {
		event_unreserve(d, port);
		goto put_remote;
	}
	op.local_port = port;
	rc = report(d, port, arg, &op, sizeof(op));
put_remote:
	domain_put(remote);
	return rc;
}

static int bind_virq(gva_t arg)
{
	struct domain *const d = current->domain;
	struct evtchn_bind_virq op;
	struct vcpu *v;
	unsigned port;
	uint64_t flags;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.virq >= NR_VIRQS)
		return -EINVAL;
	if (op.vcpu != 0 && !(VCPU_VIRQS >> op.virq & 1))
		return -EINVAL;
	v = vcpu_of(d, op.vcpu);
	if (!v)
		return -ENOENT;
	rc = event_reserve(d, &port);
	if (rc)
		return rc;

	flags = spin_lock_irq(&d->events->lock);
	if (v->virq_port[op.virq]) {
		rc = -EEXIST;
	} else {
		*event_port(d, port) = (struct event_port){
			.state = PORT_VIRQ,
			.vcpu = (uint8_t)op.vcpu,
			.bound_vcpu = (uint16_t)op.vcpu,
			.number = op.virq,
		};
		write_once(&v->virq_port[op.virq], port);
	}
	spin_unlock_irq(&d->events->lock, flags);
	if (rc) {
		event_unreserve(d, port);
		return rc;
	}
	op.port = port;
	return report(d, port, arg, &op, sizeof(op));
}

static int bind_ipi(gva_t arg)
{
	struct domain *const d = current->domain;
	struct evtchn_bind_ipi op;
	unsigned port;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (!vcpu_of(d, op.vcpu))
		return -ENOENT;
	rc = event_reserve(d, &port);
	if (rc)
		return rc;
	bind(d, port,
		(struct event_port){
			.state = PORT_IPI,
			.vcpu = (uint8_t)op.vcpu,
		});
	op.port = port;
	return report(d, port, arg, &op, sizeof(op));
}

/* The port is PIRQ before the interrupt is enabled, so none is lost. */
static int bind_pirq(gva_t arg)
{
	struct domain *const d = current->domain;
	struct evtchn_bind_pirq op;
	unsigned port;
	uint64_t flags;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.pirq >= PIRQS_MAX)
		return -EINVAL;
	if (!rangeset_contains(d->irqs, op.pirq, op.pirq))
		return -EPERM;
	rc = event_reserve(d, &port);
	if (rc)
		return rc;

	flags = spin_lock_irq(&d->events->lock);
	if (d->events->pirq_port[op.pirq]) {
		rc = -EEXIST;
	} else {
		*event_port(d, port) = (struct event_port){
			.state = PORT_PIRQ,
			.number = op.pirq,
		};
		d->events->pirq_port[op.pirq] = (uint16_t)port;
	}
	spin_unlock_irq(&d->events->lock, flags);
	if (rc) {
		event_unreserve(d, port);
		return rc;
	}

	rc = irq_bind(d, op.pirq, port);
	if (rc) {
		flags = spin_lock_irq(&d->events->lock);
		d->events->pirq_port[op.pirq] = 0;
		event_port(d, port)->state = PORT_RESERVED;
		spin_unlock_irq(&d->events->lock, flags);
		event_unreserve(d, port);
		return rc;
	}
	op.port = port;
	return report(d, port, arg, &op, sizeof(op));
}

static int close_op(gva_t arg)
{
	struct evtchn_close op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return event_close(current->domain, op.port);
}

static int send_op(gva_t arg)
{
	struct evtchn_send op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return event_send(current->domain, op.port);
}

static int unmask_op(gva_t arg)
{
	struct evtchn_unmask op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return event_unmask(current->domain, op.port);
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

static int status(gva_t arg)
{
	struct evtchn_status op;
	const struct event_port *p;
	struct domain *d;
	uint64_t flags;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	rc = get_target(op.dom, &d);
	if (rc)
		return rc;
	flags = spin_lock_irq(&d->events->lock);
	p = event_port(d, op.port);
	if (p)
		describe(&op, p);
	else if (op.port == 0)
		op.status = EVTCHNSTAT_closed;
	else
		rc = -EINVAL;
	spin_unlock_irq(&d->events->lock, flags);
	domain_put(d);
	if (!rc && copy_to_guest(arg, &op, sizeof(op)))
		rc = -EFAULT;
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

static int bind_vcpu(gva_t arg)
{
	struct domain *const d = current->domain;
	struct evtchn_bind_vcpu op;
	struct event_port *p;
	struct vcpu *v;
	uint64_t flags;
	unsigned pirq = PIRQS_MAX;
	int rc = -EINVAL;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	v = vcpu_of(d, op.vcpu);
	if (!v)
		return -ENOENT;
	flags = spin_lock_irq(&d->events->lock);
	p = event_port(d, op.port);
	if (p && movable(p)) {
		write_once(&p->vcpu, (uint8_t)op.vcpu);
		if (p->state == PORT_PIRQ)
			pirq = p->number;
		rc = 0;
	}
	spin_unlock_irq(&d->events->lock, flags);
	if (pirq < PIRQS_MAX)
		irq_set_cpu(d, pirq, read_once(&v->cpu));
	return rc;
}

static int reset(gva_t arg)
{
	struct evtchn_reset op;
	struct domain *d;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	rc = get_target(op.dom, &d);
	if (rc)
		return rc;
	rc = event_close_all(d);
	domain_put(d);
	return rc;
}

int64_t hypercall_event_channel_op(struct hypercall_args *a)
{
	static int (*const ops[])(gva_t) = {
		[EVTCHNOP_bind_interdomain] = bind_interdomain,
		[EVTCHNOP_bind_virq] = bind_virq,
		[EVTCHNOP_bind_pirq] = bind_pirq,
		[EVTCHNOP_close] = close_op,
		[EVTCHNOP_send] = send_op,
		[EVTCHNOP_status] = status,
		[EVTCHNOP_alloc_unbound] = alloc_unbound,
		[EVTCHNOP_bind_ipi] = bind_ipi,
		[EVTCHNOP_bind_vcpu] = bind_vcpu,
		[EVTCHNOP_unmask] = unmask_op,
		[EVTCHNOP_reset] = reset,
	};
	const uint32_t cmd = (uint32_t)a->arg[0];

	if (cmd >= sizeof(ops) / sizeof(ops[0]) || !ops[cmd])
		return -ENOSYS;
	return ops[cmd]((gva_t){a->arg[1]});
}
