// SPDX-License-Identifier: BSD-2-Clause
/*
 * domctl operations on one vCPU: affinity, registers, and the further state
 * that save and restore carry (ABI surface 9.2). Its domain is paused while
 * registers are read or written.
 */
#include "core/domctl.h"
#include "core/refusal.h"
#include "core/sched.h"
#include "core/vcpu.h"
#include "lib/string.h"
#include "mm/guestmem.h"
#include "mm/heap.h"
#include "pv/cpuid.h"
#include "pv/vcpuop.h"
#include "x86/fpu.h"
#include "xen/errno.h"

/* Extended state: XCR0 as it is, XCR0 as it ever was, the XSAVE area. */
#define XSTATE_HEAD (2 * sizeof(uint64_t))
#define XSAVE_HEADER 512
#define XSAVE_HEADER_SIZE 64

#define XCR0_X87 1ull
#define XCR0_SSE 2ull
#define XCR0_AVX 4ull
#define XCR0_AVX512 0xe0ull

int vcpuctl_set_affinity(struct vcpu *v, struct xen_domctl *op)
{
	struct xen_domctl_vcpuaffinity *const a = &op->u.vcpuaffinity;
	cpumask_t hard, soft;
	int rc;

	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
		return reject(-EINVAL, "neither hard nor soft");
	sched_get_affinity(v, &hard, &soft);
	if ((a->flags & XEN_VCPUAFFINITY_HARD) &&
		domctl_get_bitmap(&a->cpumap_hard, &hard.bits))
		return -EFAULT;
	if ((a->flags & XEN_VCPUAFFINITY_SOFT) &&
		domctl_get_bitmap(&a->cpumap_soft, &soft.bits))
		return -EFAULT;
	rc = sched_set_affinity(v, hard, soft);
	return rc ? rc : vcpuctl_get_affinity(v, op);
}

int vcpuctl_get_affinity(struct vcpu *v, struct xen_domctl *op)
{
	struct xen_domctl_vcpuaffinity *const a = &op->u.vcpuaffinity;
	cpumask_t hard, soft;
	int rc = 0;

	sched_get_affinity(v, &hard, &soft);
	if (a->flags & XEN_VCPUAFFINITY_HARD)
		rc = domctl_put_bitmap(&a->cpumap_hard, hard.bits);
	if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT))
		rc = domctl_put_bitmap(&a->cpumap_soft, soft.bits);
	return rc;
}

/* Registers */

static int load_context(struct vcpu *v, gva_t from)
{
	struct vcpu_guest_context *const c = heap_alloc(sizeof(*c));
	int rc = -EFAULT;

	if (!c)
		return -ENOMEM;
	if (!copy_from_guest(c, from, sizeof(*c)))
		rc = vcpu_set_context(v, c);
	if (!rc) {
		if (!(c->flags & VGCF_online))
			v->down = true;
		else if (v->down)
			vcpu_up(v);
	}
	heap_free(c);
	return rc;
}

int vcpuctl_set_context(struct vcpu *v, struct xen_domctl *op)
{
	if (gva_null(op->u.vcpucontext.ctxt))
		return vcpu_reset(v);
	return load_context(v, op->u.vcpucontext.ctxt);
}

int vcpuctl_get_context(struct vcpu *v, struct xen_domctl *op)
{
	struct vcpu_guest_context *c;
	int rc = 0;

	if (!v->initialised)
		return reject(-ENODATA, "the vCPU is not initialised");
	c = heap_alloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	vcpu_get_context(v, c);
	if (copy_to_guest(op->u.vcpucontext.ctxt, c, sizeof(*c)))
		rc = -EFAULT;
	heap_free(c);
	return rc;
}

int vcpuctl_get_info(struct vcpu *v, struct xen_domctl *op)
{
	struct xen_domctl_getvcpuinfo *const i = &op->u.getvcpuinfo;
	struct vcpu_runstate_info state;

	sched_runstate(v, &state);
	i->online = !v->down;
	i->blocked = v->blocked;
	i->running = v->running;
	i->cpu_time = state.time[RUNSTATE_running];
	i->cpu = v->cpu;
	return 0;
}

int vcpuctl_send_trigger(struct vcpu *v, struct xen_domctl *op)
{
	if (op->u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI)
		return reject(-ENOSYS, "only the NMI");
	vcpu_send_nmi(v);
	return 0;
}

/* Callbacks that vcpu_guest_context has no room for */

int vcpuctl_set_extended(struct vcpu *v, struct xen_domctl *op)
{
	const struct xen_domctl_ext_vcpucontext *const e =
		&op->u.ext_vcpucontext;

	if (e->size < offsetof(struct xen_domctl_ext_vcpucontext, mcg_cap) ||
		!is_canonical(e->syscall32_callback_eip) ||
		!is_canonical(e->sysenter_callback_eip))
		return reject(-EINVAL, "size, or address not canonical");
	v->syscall32 = (struct callback){
		e->syscall32_callback_eip, e->syscall32_disables_events};
	v->sysenter = (struct callback){
		e->sysenter_callback_eip, e->sysenter_disables_events};
	return 0;
}

int vcpuctl_get_extended(struct vcpu *v, struct xen_domctl *op)
{
	struct xen_domctl_ext_vcpucontext *const e = &op->u.ext_vcpucontext;

	e->size = sizeof(*e);
	e->syscall32_callback_eip = v->syscall32.rip;
	e->sysenter_callback_eip = v->sysenter.rip;
	e->syscall32_callback_cs = e->sysenter_callback_cs = 0;
	e->syscall32_disables_events = v->syscall32.mask_events;
	e->sysenter_disables_events = v->sysenter.mask_events;
	memset(&e->vmce, 0, sizeof(e->vmce));
	return 0;
}

/* FPU state */

int vcpuctl_get_xstate(struct vcpu *v, struct xen_domctl *op)
{
	struct xen_domctl_vcpuextstate *const x = &op->u.vcpuextstate;
	const uint64_t size = XSTATE_HEAD + fpu_area_size();
	const uint64_t allowed = cpuid_xcr0_allowed(v->domain);
	const uint64_t head[2] = {v->xcr0, allowed};

	if (x->size == 0) {
		x->size = size;
		x->xfeature_mask = allowed;
		return 0;
	}
	if (x->size != size)
		return reject(-EINVAL, "size %lu, not %lu", x->size, size);
	if (copy_to_guest(x->buffer, head, sizeof(head)) ||
		copy_to_guest(gva_add(x->buffer, sizeof(head)), fpu_area(v),
			fpu_area_size()))
		return -EFAULT;
	return 0;
}

/* What XSETBV takes (Intel SDM volume 1, 13.3): it faults on others, when the
 * vCPU is switched to. */
static bool xcr0_sane(uint64_t xcr0, uint64_t allowed)
{
	const uint64_t avx512 = xcr0 & XCR0_AVX512;

	if (!(xcr0 & XCR0_X87) || (xcr0 & ~allowed))
		return false;
	if ((xcr0 & XCR0_AVX) && !(xcr0 & XCR0_SSE))
		return false;
	return !avx512 || (avx512 == XCR0_AVX512 && (xcr0 & XCR0_AVX));
}

/* The header of an XSAVE area names nothing but what the domain may use, in
 * the standard format. */
static bool header_sane(const char *area, uint64_t allowed)
{
	uint64_t header[XSAVE_HEADER_SIZE / sizeof(uint64_t)];

	memcpy(header, area + XSAVE_HEADER, sizeof(header));
	for (unsigned i = 1; i < sizeof(header) / sizeof(header[0]); i++)
		if (header[i])
			return false;
	return !(header[0] & ~allowed);
}

int vcpuctl_set_xstate(struct vcpu *v, struct xen_domctl *op)
{
	const struct xen_domctl_vcpuextstate *const x = &op->u.vcpuextstate;
	const uint64_t allowed = cpuid_xcr0_allowed(v->domain);
	uint64_t head[2];
	char *area;
	int rc = -EFAULT;

	if (x->size < XSTATE_HEAD + XSAVE_HEADER + XSAVE_HEADER_SIZE ||
		x->size > XSTATE_HEAD + fpu_area_size())
		return reject(-EINVAL, "size %lu", x->size);
	area = heap_alloc(fpu_area_size());
	if (!area)
		return -ENOMEM;
	if (copy_from_guest(head, x->buffer, sizeof(head)) ||
		copy_from_guest(area, gva_add(x->buffer, sizeof(head)),
			x->size - sizeof(head)))
		goto out;
	rc = -EINVAL;
	if (!xcr0_sane(head[0], allowed) || !header_sane(area, allowed)) {
		reject(rc, "XCR0 %lx or the XSAVE header", head[0]);
		goto out;
	}
	v->xcr0 = head[0];
	memcpy(fpu_area(v), area, fpu_area_size());
	v->loaded_on = 0;
	rc = 0;
out:
	heap_free(area);
	return rc;
}

/* MSRs: a guest has none that would have to travel. */

int vcpuctl_get_msrs(struct vcpu *, struct xen_domctl *op)
{
	op->u.vcpu_msrs.msr_count = 0;
	return 0;
}

int vcpuctl_set_msrs(struct vcpu *, struct xen_domctl *op)
{
	return op->u.vcpu_msrs.msr_count ? reject(-EINVAL, "no such MSR") : 0;
}
