// SPDX-License-Identifier: BSD-2-Clause
/*
 * domctl (ABI surface 9.2): what tools do to one domain. Operations run one
 * at a time; a second caller restarts its hypercall until the first is done,
 * so that interrupts and other work go on meanwhile.
 */
#include "core/domctl.h"

#include "core/event.h"
#include "core/refusal.h"
#include "core/sched.h"
#include "core/subop.h"
#include "core/vcpu.h"
#include "lib/rangeset.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "pv/cpuid.h"
#include "pv/hypercall.h"
#include "x86/clock.h"
#include "x86/cpu.h"
#include "x86/irq.h"

#define PAUSES_MAX 255
#define FRAME_BATCH 1024 /* getpageframeinfo3 */
#define KIB_PER_PAGE 4
#define TSC_MODE_DEFAULT 0
#define TSC_MODE_NATIVE 2

static bool busy; /* an operation runs; atomic */

/* Life */

static int check_create(const struct xen_domctl_createdomain *c)
{
	if (c->flags & ~XEN_DOMCTL_CDF_xs_domain)
		return reject(-EINVAL, "flags %#x: more than PV has", c->flags);
	if (c->arch.emulation_flags ||
		c->arch.misc_flags & ~XEN_X86_MISC_FLAGS_MAX)
		return reject(-EINVAL, "emulation or unknown x86 flags");
	if (c->vmtrace_size || c->cpupool_id || c->iommu_opts)
		return reject(-EINVAL, "vmtrace, cpupool or IOMMU asked for");
	if (XEN_DOMCTL_GRANT_version(c->grant_opts) < 1)
		return reject(-EINVAL, "grant version 0");
	return 0;
}

static int create(struct xen_domctl *op)
{
	const struct xen_domctl_createdomain *const c = &op->u.createdomain;
	struct domain_config config = {
		.max_vcpus = c->max_vcpus,
		.max_event_port = c->max_evtchn_port,
		.max_grant_frames = c->max_grant_frames,
		.max_maptrack_frames = c->max_maptrack_frames,
	};
	struct domain *d;
	uint16_t id = op->domain;
	int rc = check_create(c);

	if (rc)
		return rc;
	if (id == 0 || id >= DOMID_FIRST_RESERVED)
		id = domain_free_id();
	memcpy(config.handle, c->handle, sizeof(config.handle));
	rc = domain_create(id, &config, &d);
	if (!rc)
		op->domain = d->id;
	return rc;
}

static int destroy(struct domain *d, struct xen_domctl *)
{
	return domain_destroy(d);
}

static int pause(struct domain *d, struct xen_domctl *)
{
	if (d->control_pauses >= PAUSES_MAX)
		return reject(-EOVERFLOW, "paused 255 times already");
	d->control_pauses++;
	domain_pause(d);
	return 0;
}

static int unpause(struct domain *d, struct xen_domctl *)
{
	if (!d->control_pauses)
		return reject(-EINVAL, "the tool did not pause it");
	d->control_pauses--;
	domain_unpause(d);
	return 0;
}

static int resume(struct domain *d, struct xen_domctl *)
{
	domain_resume(d);
	return 0;
}

static int max_vcpus(struct domain *d, struct xen_domctl *op)
{
	if (op->u.max_vcpus.max != d->max_vcpus)
		return reject(-EINVAL, "it was created with %u", d->max_vcpus);
	for (unsigned i = 0; i < d->max_vcpus; i++)
		if (!d->vcpu[i] && !vcpu_create(d, i))
			return -ENOMEM;
	return 0;
}

/* Information */

static void count_vcpus(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	struct vcpu *v;
	bool blocked = true;

	for_each_vcpu (d, v) {
		struct vcpu_runstate_info state;

		sched_runstate(v, &state);
		info->cpu_time += state.time[RUNSTATE_running];
		info->max_vcpu_id = v->id;
		if (v->down)
			continue;
		info->nr_online_vcpus++;
		if (v->running)
			info->flags |= XEN_DOMINF_running;
		if (!v->blocked)
			blocked = false;
	}
	if (blocked)
		info->flags |= XEN_DOMINF_blocked;
}

void domctl_domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	memset(info, 0, sizeof(*info));
	info->domain = d->id;
	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	count_vcpus(d, info);
	if (d->dying)
		info->flags |= XEN_DOMINF_dying;
	if (d->control_pauses)
		info->flags |= XEN_DOMINF_paused;
	if (load_acquire(&d->shut_down))
		info->flags |= XEN_DOMINF_shutdown |
			       (uint32_t)(d->shutdown_code - 1)
				       << XEN_DOMINF_shutdownshift;
	info->tot_pages = d->nr_pages;
	info->max_pages = d->max_pages;
	info->outstanding_pages = d->claimed;
	info->shared_info_frame = d->dying ? ~0ull : direct_mfn(d->shared).n;
	info->gpaddr_bits = (uint8_t)cpu_info.physical_bits;
	memcpy(info->handle, d->handle, sizeof(info->handle));
}

/* For the domain with the next id; the caller compares. */
static int get_info(struct xen_domctl *op)
{
	struct domain *const d = domain_next(
		op->domain == DOMID_SELF ? current->domain->id : op->domain);

	if (!d)
		return reject(-ESRCH, "there is none from that id on");
	domctl_domain_info(d, &op->u.getdomaininfo);
	op->domain = d->id;
	domain_put(d);
	return 0;
}

/* Memory */

static int max_mem(struct domain *d, struct xen_domctl *op)
{
	const uint64_t pages = op->u.max_mem.max_memkb / KIB_PER_PAGE;

	spin_lock(&d->pages_lock);
	d->max_pages = pages;
	spin_unlock(&d->pages_lock);
	return 0;
}

static uint64_t frame_info(const struct domain *d, mfn_t mfn)
{
	static const uint32_t tables[FRAME_NR_TYPES] = {
		[FRAME_L1] = XEN_DOMCTL_PFINFO_L1TAB,
		[FRAME_L2] = XEN_DOMCTL_PFINFO_L2TAB,
		[FRAME_L3] = XEN_DOMCTL_PFINFO_L3TAB,
		[FRAME_L4] = XEN_DOMCTL_PFINFO_L4TAB,
	};
	const struct frame *f;
	uint64_t info = XEN_DOMCTL_PFINFO_XTAB;

	if (!frame_try_get(mfn, d))
		return info;
	f = frame_of(mfn);
	info = f->type & FT_COUNT ? tables[frame_type(f)] : 0;
	if (info && (f->type & FT_PINNED))
		info |= XEN_DOMCTL_PFINFO_LPINTAB;
	frame_put(mfn);
	return info;
}

static int page_frame_info(struct domain *d, struct xen_domctl *op)
{
	const gva_t array = op->u.getpageframeinfo3.array;
	const uint64_t nr = op->u.getpageframeinfo3.num;

	if (nr > FRAME_BATCH)
		return reject(-E2BIG, "%lu frames, above 1024", nr);
	for (uint64_t i = 0; i < nr; i++) {
		uint64_t n;

		if (get_guest(&n, array, i))
			return -EFAULT;
		n = frame_info(d, MFN(n));
		if (put_guest(array, i, &n))
			return -EFAULT;
	}
	return 0;
}

/* No shadow page tables: there is nothing to switch off, no memory for them,
 * and no dirty log. */
static int shadow_op(struct domain *, struct xen_domctl *op)
{
	switch (op->u.shadow_op.op) {
	case XEN_DOMCTL_SHADOW_OP_OFF:
	case XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION:
		return 0;
	case XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION:
		op->u.shadow_op.mb = 0;
		return 0;
	default:
		return reject(-EOPNOTSUPP, "no shadow page tables here");
	}
}

static int hypercall_init(struct domain *d, struct xen_domctl *op)
{
	return hypercall_page_install(d, MFN(op->u.hypercall_init.gmfn));
}

/* Scheduling, time */

static int scheduler_op(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_scheduler_op *const s = &op->u.scheduler_op;
	/* Both schedulers' records are a weight and a cap. */
	struct xen_domctl_sched_credit2 *const c = &s->u.credit2;

	if (s->sched_id != XEN_SCHEDULER_CREDIT &&
		s->sched_id != XEN_SCHEDULER_CREDIT2)
		return reject(-EINVAL, "there is no scheduler %u", s->sched_id);
	switch (s->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
		c->weight = (uint16_t)d->weight;
		c->cap = 0;
		return 0;
	case XEN_DOMCTL_SCHEDOP_putinfo:
		if (c->cap && c->cap != 0xffff)
			return reject(-EOPNOTSUPP, "no caps here: %u", c->cap);
		if (c->weight)
			sched_set_weight(d, c->weight);
		return 0;
	default:
		return reject(-EINVAL, "there is no command %u", s->cmd);
	}
}

static int get_tsc_info(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_tsc_info *const t = &op->u.tsc_info;

	t->tsc_mode = d->tsc_mode;
	t->gtsc_khz = (uint32_t)clock_tsc_khz();
	t->incarnation = d->tsc_incarnation;
	t->elapsed_nsec = now();
	return 0;
}

/* The TSC is never emulated here: always native. */
static int set_tsc_info(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_tsc_info *const t = &op->u.tsc_info;

	if (t->tsc_mode != TSC_MODE_DEFAULT && t->tsc_mode != TSC_MODE_NATIVE)
		return reject(-EOPNOTSUPP, "no TSC mode %u", t->tsc_mode);
	d->tsc_mode = t->tsc_mode;
	d->tsc_incarnation = t->incarnation;
	return 0;
}

/* What it is allowed to reach */

/* Nobody can give what he has not: mine is the caller's set. */
static int permit(struct rangeset *set, const struct rangeset *mine,
	uint64_t first, uint64_t nr, bool allow)
{
	if (!nr || first + nr - 1 < first)
		return reject(-EINVAL, "the range is empty or wraps");
	if (!rangeset_contains(mine, first, first + nr - 1))
		return reject(-EPERM, "%lx: the caller has it not", first);
	if (allow ? rangeset_add(set, first, first + nr - 1)
		  : rangeset_remove(set, first, first + nr - 1))
		return reject(-ENOSPC, "too many ranges");
	return 0;
}

static int irq_permission(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_irq_permission *const p = &op->u.irq_permission;

	if (p->pirq >= PIRQS_MAX)
		return reject(-EINVAL, "PIRQ %u: above the limit", p->pirq);
	return permit(d->irqs, current->domain->irqs, p->pirq, 1,
		p->allow_access);
}

static int iomem_permission(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_iomem_permission *const p =
		&op->u.iomem_permission;
	const uint64_t limit = 1ull << (cpu_info.physical_bits - PAGE_SHIFT);

	if (p->first_mfn >= limit || p->nr_mfns > limit - p->first_mfn)
		return reject(-EINVAL, "no frame %lx", p->first_mfn);
	return permit(d->iomem, current->domain->iomem, p->first_mfn,
		p->nr_mfns, p->allow_access);
}

static int ioport_permission(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_ioport_permission *const p =
		&op->u.ioport_permission;

	if (p->first_port >= 0x10000 || p->nr_ports > 0x10000 - p->first_port)
		return reject(-EINVAL, "port %x: above 0xffff", p->first_port);
	return permit(d->ioports, current->domain->ioports, p->first_port,
		p->nr_ports, p->allow_access);
}

/* What is fixed here */

static int set_address_size(struct domain *, struct xen_domctl *op)
{
	if (op->u.address_size.size == 64)
		return 0;
	return reject(op->u.address_size.size == 32 ? -EOPNOTSUPP : -EINVAL,
		"only 64-bit guests");
}

static int get_address_size(struct domain *, struct xen_domctl *op)
{
	op->u.address_size.size = 64;
	return 0;
}

static int set_node_affinity(struct domain *, struct xen_domctl *op)
{
	uint64_t nodes;

	if (domctl_get_bitmap(&op->u.nodeaffinity.nodemap, &nodes))
		return -EFAULT;
	return nodes & 1 ? 0 : reject(-EINVAL, "there is node 0 only");
}

static int get_node_affinity(struct domain *, struct xen_domctl *op)
{
	return domctl_put_bitmap(&op->u.nodeaffinity.nodemap, 1);
}

/* CPU policy */

static int get_cpu_policy(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *const c = &op->u.cpu_policy;
	const struct cpuid_policy *const p = cpuid_domain_policy(d);

	return cpuid_copy_policy(
		p, c->leaves, &c->nr_leaves, c->msrs, &c->nr_msrs);
}

static int set_cpu_policy(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *const c = &op->u.cpu_policy;
	int rc;

	c->err_leaf = c->err_subleaf = c->err_msr = ~0u;
	if (d->vcpu[0] && d->vcpu[0]->initialised)
		return reject(-EBUSY, "it may have looked already");
	rc = cpuid_check_msrs(c->msrs, c->nr_msrs, &c->err_msr);
	return rc ? rc
		  : cpuid_set_policy(d, c->leaves, c->nr_leaves, &c->err_leaf,
			    &c->err_subleaf);
}

/* Bitmaps */

int domctl_get_bitmap(const struct xenctl_bitmap *map, uint64_t *bits)
{
	const uint32_t nr = map->nr_bits < 64 ? map->nr_bits : 64;

	*bits = 0;
	if (copy_from_guest(bits, map->bitmap, (nr + 7) / 8))
		return -EFAULT;
	if (nr < 64)
		*bits &= (1ull << nr) - 1;
	return 0;
}

int domctl_put_bitmap(const struct xenctl_bitmap *map, uint64_t bits)
{
	const uint64_t size = ((uint64_t)map->nr_bits + 7) / 8;
	const uint64_t known = size < sizeof(bits) ? size : sizeof(bits);

	if (copy_to_guest(map->bitmap, &bits, known))
		return -EFAULT;
	if (size > PAGE_SIZE)
		return reject(-EINVAL, "the bitmap is larger than a page");
	return clear_guest(gva_add(map->bitmap, known), size - known);
}

/* Dispatch */

static const struct {
	domctl_fn *fn;   /* on a domain */
	vcpuctl_fn *vcpu; /* on a vCPU; -ESRCH if there is none */
	bool others;     /* -EINVAL for the caller's own domain */
	bool paused;     /* another domain is paused meanwhile */
} ops[] = {
	[XEN_DOMCTL_destroydomain] = {.fn = destroy, .others = true},
	[XEN_DOMCTL_pausedomain] = {.fn = pause, .others = true},
	[XEN_DOMCTL_unpausedomain] = {.fn = unpause, .others = true},
	[XEN_DOMCTL_resumedomain] = {.fn = resume, .others = true},
	[XEN_DOMCTL_max_vcpus] = {.fn = max_vcpus, .others = true},
	[XEN_DOMCTL_max_mem] = {.fn = max_mem},
	[XEN_DOMCTL_getpageframeinfo3] = {.fn = page_frame_info},
	[XEN_DOMCTL_shadow_op] = {.fn = shadow_op},
	[XEN_DOMCTL_hypercall_init] = {.fn = hypercall_init},
	[XEN_DOMCTL_scheduler_op] = {.fn = scheduler_op},
	[XEN_DOMCTL_gettscinfo] = {.fn = get_tsc_info},
	[XEN_DOMCTL_settscinfo] = {.fn = set_tsc_info, .others = true},
	[XEN_DOMCTL_irq_permission] = {.fn = irq_permission,
		.paused = true},
	[XEN_DOMCTL_iomem_permission] = {.fn = iomem_permission,
		.paused = true},
	[XEN_DOMCTL_ioport_permission] = {.fn = ioport_permission,
		.paused = true},
	[XEN_DOMCTL_set_address_size] = {.fn = set_address_size},
	[XEN_DOMCTL_get_address_size] = {.fn = get_address_size},
	[XEN_DOMCTL_setnodeaffinity] = {.fn = set_node_affinity},
	[XEN_DOMCTL_getnodeaffinity] = {.fn = get_node_affinity},
	[XEN_DOMCTL_get_cpu_policy] = {.fn = get_cpu_policy},
	[XEN_DOMCTL_set_cpu_policy] = {.fn = set_cpu_policy, .others = true},
	[XEN_DOMCTL_setvcpuaffinity] = {.vcpu = vcpuctl_set_affinity},
	[XEN_DOMCTL_getvcpuaffinity] = {.vcpu = vcpuctl_get_affinity},
	[XEN_DOMCTL_setvcpucontext] = {.vcpu = vcpuctl_set_context,
		.others = true, .paused = true},
	[XEN_DOMCTL_getvcpucontext] = {.vcpu = vcpuctl_get_context,
		.others = true, .paused = true},
	[XEN_DOMCTL_getvcpuinfo] = {.vcpu = vcpuctl_get_info},
	[XEN_DOMCTL_sendtrigger] = {.vcpu = vcpuctl_send_trigger},
	[XEN_DOMCTL_set_ext_vcpucontext] = {.vcpu = vcpuctl_set_extended,
		.others = true, .paused = true},
	[XEN_DOMCTL_get_ext_vcpucontext] = {.vcpu = vcpuctl_get_extended},
	[XEN_DOMCTL_setvcpuextstate] = {.vcpu = vcpuctl_set_xstate,
		.others = true, .paused = true},
	[XEN_DOMCTL_getvcpuextstate] = {.vcpu = vcpuctl_get_xstate,
		.others = true, .paused = true},
	[XEN_DOMCTL_set_vcpu_msrs] = {.vcpu = vcpuctl_set_msrs},
	[XEN_DOMCTL_get_vcpu_msrs] = {.vcpu = vcpuctl_get_msrs},
};

static int run_on_vcpu(struct domain *d, struct xen_domctl *op)
{
	/* All structures but one begin with the vCPU. */
	struct vcpu *const v = domain_vcpu(d,
		op->cmd == XEN_DOMCTL_sendtrigger ? op->u.sendtrigger.vcpu
						  : op->u.vcpucontext.vcpu);

	return v ? ops[op->cmd].vcpu(v, op) : reject(-ESRCH, "no such vCPU");
}

static int run_on(struct domain *d, struct xen_domctl *op)
{
	const bool other = d != current->domain;
	const bool paused = ops[op->cmd].paused && other;
	int rc;

	if (d->dying && op->cmd != XEN_DOMCTL_destroydomain)
		return reject(-EINVAL, "the domain is dying");
	if (ops[op->cmd].others && !other)
		return reject(-EINVAL, "not for the caller's own domain");
	if (paused)
		domain_pause(d);
	rc = ops[op->cmd].fn ? ops[op->cmd].fn(d, op) : run_on_vcpu(d, op);
	if (paused)
		domain_unpause(d);
	return rc;
}

static int run(struct xen_domctl *op)
{
	struct domain *d;
	int rc;

	if (op->cmd == XEN_DOMCTL_createdomain)
		return create(op);
	if (op->cmd == XEN_DOMCTL_getdomaininfo)
		return get_info(op);
	if (op->cmd >= sizeof(ops) / sizeof(ops[0]) ||
		(!ops[op->cmd].fn && !ops[op->cmd].vcpu))
		return reject(-ENOSYS, "there is no operation %u", op->cmd);
	d = domain_get_or_self(op->domain);
	if (!d)
		return reject(-ESRCH, "there is no d%u", op->domain);
	rc = run_on(d, op);
	domain_put(d);
	return rc;
}

static int64_t run_alone(void *op, gva_t arg)
{
	struct xen_domctl *const domctl = op;
	int rc;

	if (atomic_xchg(&busy, true))
		return -ERESTART;
	rc = run(domctl);
	store_release(&busy, false);
	/* A refused CPU policy is answered with what is wrong in it. */
	if (rc && rc != -ERESTART && domctl->cmd == XEN_DOMCTL_set_cpu_policy &&
		copy_to_guest(arg, domctl, sizeof(*domctl)))
		rc = -EFAULT;
	return rc;
}

int64_t hypercall_domctl(struct hypercall_args *a)
{
	return subop_control((gva_t){a->arg[0]}, sizeof(struct xen_domctl),
		XEN_DOMCTL_INTERFACE_VERSION, run_alone);
}
