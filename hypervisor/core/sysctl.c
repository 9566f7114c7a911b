// SPDX-License-Identifier: BSD-2-Clause
/*
 * sysctl (ABI surface 9.3): what tools ask of the machine as a whole.
 */
#include "core/refusal.h"
#include "xen/sysctl.h"

#include "boot/memory.h"
#include "core/console.h"
#include "core/debugkey.h"
#include "core/domctl.h"
#include "core/sched.h"
#include "core/subop.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "pv/cpuid.h"
#include "pv/hypercall.h"
#include "x86/clock.h"

#define SCHEDULER XEN_SCHEDULER_CREDIT2
#define RATELIMIT_US 1000
#define NODE_DISTANCE_SELF 10
#define FEATURE_WORDS 16
#define KEYS_MAX 64
#define PIECE 256

static int read_console(struct xen_sysctl *op)
{
	struct xen_sysctl_readconsole *const r = &op->u.readconsole;
	uint32_t index = r->index, done = 0;
	bool incremental = r->incremental;

	while (done < r->count) {
		char text[PIECE];
		const uint32_t room = r->count - done;
		const size_t n = console_ring_read(
			text, room < PIECE ? room : PIECE, &index, incremental);

		if (!n)
			break;
		if (copy_to_guest(gva_add(r->buffer, done), text, n))
			return -EFAULT;
		done += (uint32_t)n;
		incremental = true;
	}
	if (r->clear)
		console_ring_clear();
	r->index = index;
	r->count = done;
	return 0;
}

static int physinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *const p = &op->u.physinfo;

	memset(p, 0, sizeof(*p));
	p->threads_per_core = 1;
	p->cores_per_socket = nr_cpus;
	p->nr_cpus = nr_cpus;
	p->max_cpu_id = nr_cpus - 1;
	p->nr_nodes = 1;
	p->cpu_khz = (uint32_t)clock_tsc_khz();
	p->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
	p->total_pages = memory_ram_bytes() >> PAGE_SHIFT;
	p->free_pages = buddy_free_pages();
	p->outstanding_pages = buddy_claimed_pages();
	p->max_mfn = nr_frames - 1;
	cpuid_featureset(XEN_SYSCTL_cpu_featureset_host, p->hw_cap, 8);
	return 0;
}

static int sched_id(struct xen_sysctl *op)
{
	op->u.sched_id.sched_id = SCHEDULER;
	return 0;
}

static int domain_list(struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *const l = &op->u.getdomaininfolist;
	struct xen_domctl_getdomaininfo info;
	struct domain *d;
	uint32_t n = 0;
	int rc = 0;

	for_each_domain (d, l->first_domain) {
		if (n < l->max_domains) {
			domctl_domain_info(d, &info);
			rc = put_guest(l->buffer, n++, &info);
		}
		if (rc || n == l->max_domains) {
			domain_put(d);
			break;
		}
	}
	l->num_domains = n;
	return rc;
}

static int debug_keys(struct xen_sysctl *op)
{
	const struct xen_sysctl_debug_keys *const k = &op->u.debug_keys;

	if (k->nr_keys > KEYS_MAX)
		return reject(-E2BIG, "%u keys, above the limit", k->nr_keys);
	for (uint32_t i = 0; i < k->nr_keys; i++) {
		char key;

		if (get_guest(&key, k->keys, i))
			return -EFAULT;
		debug_key(key);
	}
	return 0;
}

static int cpu_times(struct xen_sysctl *op)
{
	struct xen_sysctl_getcpuinfo *const c = &op->u.getcpuinfo;
	const uint32_t nr = c->max_cpus < nr_cpus ? c->max_cpus : nr_cpus;

	for (uint32_t i = 0; i < nr; i++) {
		const struct xen_sysctl_cpuinfo info = {
			.idletime = sched_cpu_idle_ns(i),
		};

		if (put_guest(c->info, i, &info))
			return -EFAULT;
	}
	c->nr_cpus = nr;
	return 0;
}

static int avail_heap(struct xen_sysctl *op)
{
	struct xen_sysctl_availheap *const h = &op->u.availheap;
	uint64_t pages;

	if (h->node > 0)
		return reject(-EINVAL, "there is node 0 only");
	pages = h->max_bitwidth && h->max_bitwidth < 64
			? buddy_free_pages_below(h->max_bitwidth)
			: buddy_free_pages();
	if (h->min_bitwidth && h->min_bitwidth < 64) {
		const uint64_t below = buddy_free_pages_below(h->min_bitwidth);

		pages = pages > below ? pages - below : 0;
	}
	h->avail_bytes = pages << PAGE_SHIFT;
	return 0;
}

static int cpu_topology(struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *const t = &op->u.cputopoinfo;
	const uint32_t nr = t->num_cpus < nr_cpus ? t->num_cpus : nr_cpus;

	if (gva_null(t->cputopo)) {
		t->num_cpus = nr_cpus;
		return 0;
	}
	for (uint32_t i = 0; i < nr; i++) {
		const struct xen_sysctl_cputopo cpu = {.core = i};

		if (put_guest(t->cputopo, i, &cpu))
			return -EFAULT;
	}
	t->num_cpus = nr;
	return 0;
}

static int numa(struct xen_sysctl *op)
{
	struct xen_sysctl_numainfo *const n = &op->u.numainfo;
	const struct xen_sysctl_meminfo memory = {
		.memsize = memory_ram_bytes(),
		.memfree = buddy_free_pages() << PAGE_SHIFT,
	};
	const uint32_t distance = NODE_DISTANCE_SELF;

	if (n->num_nodes || (gva_null(n->meminfo) && gva_null(n->distance))) {
		if (!gva_null(n->meminfo) && put_guest(n->meminfo, 0, &memory))
			return -EFAULT;
		if (!gva_null(n->distance) &&
			put_guest(n->distance, 0, &distance))
			return -EFAULT;
		n->num_nodes = 1;
	}
	return 0;
}

static uint32_t count_domains(void)
{
	uint32_t nr = 0;
	struct domain *d;

	for_each_domain (d, 0)
		nr++;
	return nr;
}

/* One pool, number 0, with all CPUs. */
static int cpupool(struct xen_sysctl *op)
{
	struct xen_sysctl_cpupool_op *const p = &op->u.cpupool_op;

	switch (p->op) {
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		if (p->cpupool_id > 0)
			return reject(-ENOENT, "there is pool 0 only");
		p->sched_id = SCHEDULER;
		p->n_dom = count_domains();
		return domctl_put_bitmap(&p->cpumap, cpus_online.bits);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
		return domctl_put_bitmap(&p->cpumap, 0);
	default:
		return reject(-EOPNOTSUPP, "the one pool cannot change");
	}
}

static int scheduler(struct xen_sysctl *op)
{
	struct xen_sysctl_scheduler_op *const s = &op->u.scheduler_op;

	if (s->cpupool_id || s->sched_id != SCHEDULER)
		return reject(-EINVAL, "there is one scheduler in pool 0");
	if (s->cmd != XEN_SYSCTL_SCHEDOP_getinfo)
		return reject(-EOPNOTSUPP, "it has no settings");
	s->u.sched_credit2.ratelimit_us = RATELIMIT_US;
	return 0;
}

static int featureset(struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_featureset *const f = &op->u.cpu_featureset;
	uint32_t words[FEATURE_WORDS];
	const unsigned nr = cpuid_featureset(f->index, words, FEATURE_WORDS);
	const unsigned fit = f->nr_features < nr ? f->nr_features : nr;

	if (!nr)
		return reject(-EINVAL, "there is no set %u", f->index);
	if (!gva_null(f->features)) {
		if (copy_to_guest(f->features, words, fit * sizeof(words[0])))
			return -EFAULT;
		if (fit < nr)
			return reject(-ENOBUFS, "too few words");
	}
	f->nr_features = nr;
	return 0;
}

static int cpu_policy(struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_policy *const c = &op->u.cpu_policy;
	const struct cpuid_policy *const p = cpuid_system_policy(c->index);

	if (c->_rsvd)
		return reject(-EINVAL, "the padding is not zero");
	if (!p)
		return reject(c->index <= XEN_SYSCTL_cpu_policy_hvm_default
				      ? -EOPNOTSUPP
				      : -EINVAL,
			"there is no policy %u for PV", c->index);
	return cpuid_copy_policy(
		p, c->leaves, &c->nr_leaves, c->msrs, &c->nr_msrs);
}

static int (*const ops[])(struct xen_sysctl *) = {
	[XEN_SYSCTL_readconsole] = read_console,
	[XEN_SYSCTL_physinfo] = physinfo,
	[XEN_SYSCTL_sched_id] = sched_id,
	[XEN_SYSCTL_getdomaininfolist] = domain_list,
	[XEN_SYSCTL_debug_keys] = debug_keys,
	[XEN_SYSCTL_getcpuinfo] = cpu_times,
	[XEN_SYSCTL_availheap] = avail_heap,
	[XEN_SYSCTL_cputopoinfo] = cpu_topology,
	[XEN_SYSCTL_numainfo] = numa,
	[XEN_SYSCTL_cpupool_op] = cpupool,
	[XEN_SYSCTL_scheduler_op] = scheduler,
	[XEN_SYSCTL_get_cpu_featureset] = featureset,
	[XEN_SYSCTL_get_cpu_policy] = cpu_policy,
};

static int64_t run(void *arg, gva_t)
{
	struct xen_sysctl *const op = arg;

	if (op->cmd >= sizeof(ops) / sizeof(ops[0]) || !ops[op->cmd])
		return reject(-ENOSYS, "there is no operation %u", op->cmd);
	return ops[op->cmd](op);
}

int64_t hypercall_sysctl(struct hypercall_args *a)
{
	return subop_control((gva_t){a->arg[0]}, sizeof(struct xen_sysctl),
		XEN_SYSCTL_INTERFACE_VERSION, run);
}
