/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entry points that a guest kernel registers: trap table and callbacks
 * (ABI surface 2.1: 0, 4, 30). All belong to the calling vCPU.
 */
#include "core/refusal.h"
#include "core/vcpu.h"
#include "lib/string.h"
#include "mm/guestmem.h"
#include "pv/hypercall.h"
#include "pv/segment.h"
#include "xen/callback.h"

/* set_trap_table(list): ends with an address of 0; a null list clears. */
int64_t hypercall_set_trap_table(struct hypercall_args *a)
{
	struct vcpu *const v = current;
	gva_t list = { a->arg[0] };

	if (gva_null(list)) {
		memset(v->traps, 0, 256 * sizeof(v->traps[0]));
		return 0;
	}
	for (;;) {
		struct trap_info trap;

		if (get_guest(&trap, list, 0))
			return -EFAULT;
		if (!trap.address)
			return 0;
		if (!is_canonical(trap.address))
			return reject(-EINVAL, "vector %u: address %lx",
				trap.vector, trap.address);
		trap.cs |= 3;
		v->traps[trap.vector] = trap;
		list = gva_add(list, sizeof(trap));
		if (preempt_needed()) {
			a->arg[0] = list.va;
			return -ERESTART;
		}
	}
}

static struct callback *find(struct vcpu *v, uint16_t type)
{
	struct callback *const all[] = {
		[CALLBACKTYPE_event] = &v->event,
		[CALLBACKTYPE_failsafe] = &v->failsafe,
		[CALLBACKTYPE_syscall] = &v->syscall,
		[CALLBACKTYPE_nmi] = &v->nmi,
		[CALLBACKTYPE_sysenter] = &v->sysenter,
		[CALLBACKTYPE_syscall32] = &v->syscall32,
	};

	return type < sizeof(all) / sizeof(all[0]) ? all[type] : NULL;
}

static int64_t set(struct callback *callback, gva_t arg)
{
	struct callback_register reg;

	if (get_guest(&reg, arg, 0))
		return -EFAULT;
	if (!is_canonical(reg.address))
		return reject(-EINVAL, "bad address %lx", reg.address);
	callback->rip = reg.address;
	callback->mask_events = callback == &current->event ||
		(reg.flags & CALLBACKF_mask_events);
	return 0;
}

/* Only these may go: without the others the guest could not go on. */
static int64_t clear(struct callback *callback)
{
	struct vcpu *const v = current;

	if (callback != &v->nmi && callback != &v->syscall32)
		return reject(-EINVAL, "this callback has to stay");
	*callback = (struct callback){ 0 };
	return 0;
}

/* callback_op(cmd, arg): both structures begin with the type. */
int64_t hypercall_callback_op(struct hypercall_args *a)
{
	const gva_t arg = { a->arg[1] };
	struct callback_unregister head;
	struct callback *callback;

	if (a->arg[0] != CALLBACKOP_register &&
		a->arg[0] != CALLBACKOP_unregister)
		return reject(-ENOSYS, "no such operation");
	if (get_guest(&head, arg, 0))
		return -EFAULT;
	callback = find(current, head.type);
	if (!callback)
		return reject(-ENOSYS, "no callback type %u", head.type);
	return a->arg[0] == CALLBACKOP_register ? set(callback, arg) :
						  clear(callback);
}

/* set_callbacks(event, failsafe, syscall): the old form, without flags. It
 * leaves out addresses that are not canonical and succeeds. */
int64_t hypercall_set_callbacks(struct hypercall_args *a)
{
	struct vcpu *const v = current;
	struct callback *const all[] = { &v->event, &v->failsafe, &v->syscall };

	for (unsigned i = 0; i < 3; i++)
		if (is_canonical(a->arg[i]))
			*all[i] = (struct callback){ a->arg[i], i == 0 };
	return 0;
}
