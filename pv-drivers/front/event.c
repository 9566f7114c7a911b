/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels over shared_info's two-level bitmaps. A port starts masked
 * and is unmasked when a handler is registered. Unmasking upcalls follows the
 * ABI's rule: clear the mask, and if something was pending meanwhile make any
 * hypercall, whose return delivers it.
 */
#include "pv-drivers/front/event.h"

#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/version.h>

#include "pv-drivers/front/hypercall.h"
#include "pv-drivers/front/os.h"
#include "pv-drivers/front/regs.h"
#include "pv-drivers/front/start.h"

static struct {
	event_fn *fn;
	void *data;
} handlers[EVENT_PORTS];

static volatile struct vcpu_info *moved[XEN_LEGACY_MAX_VCPUS];

volatile struct vcpu_info *event_vcpu_info(unsigned int vcpu)
{
	return moved[vcpu] ? moved[vcpu] : &pv_shared->vcpu_info[vcpu];
}

void event_set_vcpu_info(unsigned int vcpu, volatile struct vcpu_info *info)
{
	moved[vcpu] = info;
}

int64_t event_init(void)
{
	const struct callback_register reg = {
		.type = CALLBACKTYPE_event,
		.address = (uint64_t)pv_event,
	};

	return hv_callback_op(CALLBACKOP_register, &reg);
}

void event_register(uint32_t port, event_fn *fn, void *data)
{
	handlers[port].data = data;
	__atomic_store_n(&handlers[port].fn, fn, __ATOMIC_RELEASE);
	if (fn)
		event_unmask(port);
	else
		event_mask(port);
}

int64_t event_alloc(uint16_t remote)
{
	struct evtchn_alloc_unbound op = {
		.dom = DOMID_SELF, .remote_dom = remote,
	};
	const int64_t rc = hv_event_channel_op(EVTCHNOP_alloc_unbound, &op);

	return rc ? rc : op.port;
}

int64_t event_bind_interdomain(uint16_t dom, uint32_t port)
{
	struct evtchn_bind_interdomain op = {
		.remote_dom = dom, .remote_port = port,
	};
	const int64_t rc = hv_event_channel_op(EVTCHNOP_bind_interdomain, &op);

	return rc ? rc : op.local_port;
}

int64_t event_bind_virq(uint32_t virq, uint32_t vcpu)
{
	struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu };
	const int64_t rc = hv_event_channel_op(EVTCHNOP_bind_virq, &op);

	return rc ? rc : op.port;
}

int64_t event_bind_ipi(uint32_t vcpu)
{
	struct evtchn_bind_ipi op = { .vcpu = vcpu };
	const int64_t rc = hv_event_channel_op(EVTCHNOP_bind_ipi, &op);

	return rc ? rc : op.port;
}

int64_t event_bind_pirq(uint32_t pirq, uint32_t flags)
{
	struct evtchn_bind_pirq op = { .pirq = pirq, .flags = flags };
	const int64_t rc = hv_event_channel_op(EVTCHNOP_bind_pirq, &op);

	return rc ? rc : op.port;
}

int64_t event_send(uint32_t port)
{
	struct evtchn_send op = { .port = port };

	return hv_event_channel_op(EVTCHNOP_send, &op);
}

int64_t event_close(uint32_t port)
{
	struct evtchn_close op = { .port = port };

	if (port < EVENT_PORTS)
		event_register(port, NULL, NULL);
	return hv_event_channel_op(EVTCHNOP_close, &op);
}

static uint64_t bit(uint32_t port)
{
	return 1UL << (port % 64);
}

void event_mask(uint32_t port)
{
	__atomic_fetch_or(&pv_shared->evtchn_mask[port / 64], bit(port),
			  __ATOMIC_SEQ_CST);
}

int64_t event_unmask(uint32_t port)
{
	struct evtchn_unmask op = { .port = port };

	return hv_event_channel_op(EVTCHNOP_unmask, &op);
}

bool event_pending(uint32_t port)
{
	return __atomic_load_n(&pv_shared->evtchn_pending[port / 64],
			       __ATOMIC_SEQ_CST) & bit(port);
}

void event_clear(uint32_t port)
{
	__atomic_fetch_and(&pv_shared->evtchn_pending[port / 64], ~bit(port),
			   __ATOMIC_SEQ_CST);
}

static void dispatch_word(unsigned int word)
{
	for (;;) {
		const uint64_t ready =
			__atomic_load_n(&pv_shared->evtchn_pending[word],
					__ATOMIC_SEQ_CST) &
			~pv_shared->evtchn_mask[word];

		if (!ready)
			return;
		const uint32_t port = word * 64 + __builtin_ctzl(ready);

		event_clear(port);
		if (handlers[port].fn)
			handlers[port].fn(port, handlers[port].data);
		else
			event_mask(port);
	}
}

void event_dispatch(unsigned int vcpu)
{
	volatile struct vcpu_info *info = event_vcpu_info(vcpu);

	do {
		__atomic_store_n(&info->evtchn_upcall_pending, 0,
				 __ATOMIC_SEQ_CST);
		uint64_t words = __atomic_exchange_n(&info->evtchn_pending_sel,
						     0, __ATOMIC_SEQ_CST);

		for (; words; words &= words - 1)
			dispatch_word(__builtin_ctzl(words));
	} while (info->evtchn_upcall_pending);
}

bool event_disable(unsigned int vcpu)
{
	return __atomic_exchange_n(&event_vcpu_info(vcpu)->evtchn_upcall_mask,
				   1, __ATOMIC_SEQ_CST);
}

void event_enable(unsigned int vcpu)
{
	volatile struct vcpu_info *info = event_vcpu_info(vcpu);

	__atomic_store_n(&info->evtchn_upcall_mask, 0, __ATOMIC_SEQ_CST);
	if (info->evtchn_upcall_pending)
		hv_xen_version(XENVER_version, NULL);
}
