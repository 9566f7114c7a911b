/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercall wrappers. Arguments that the hypervisor follows a pointer to are
 * copied into one resident buffer, laid out by take(): the structure first,
 * its arrays behind it.
 */
#include "lib/control.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/error.h"
#include "lib/privcmd.h"
#include "shoji/extension.h"

/* A resident buffer that is cut up from the front. */
struct arena {
	char *start;
	size_t size;
	size_t used;
};

static bool arena_open(struct arena *arena, size_t size)
{
	arena->size = size + 64; /* for alignment */
	arena->used = 0;
	arena->start = privcmd_buffer(arena->size);
	return arena->start != NULL;
}

static void arena_close(struct arena *arena)
{
	privcmd_buffer_free(arena->start, arena->size);
}

/* size bytes of it, filled from data if there is any. */
static void *take(struct arena *arena, const void *data, size_t size)
{
	void *where = arena->start + arena->used;

	arena->used += (size + 15) & ~(size_t)15;
	if (data)
		memcpy(where, data, size);
	return where;
}

/* What the hypervisor says of this domain's last refusal, if that is the call
 * that has failed right now. */
static void remember_reason(int fd, unsigned nr, int code)
{
	struct shoji_get_refusal *get = privcmd_buffer(sizeof(*get));

	if (!get)
		return;
	get->domid = DOMID_SELF;
	if (!privcmd_call(fd, __HYPERVISOR_shoji, SHOJI_refusal, (uintptr_t)get,
		    0, 0, 0) && get->record.count &&
		get->record.vector == SHOJI_VECTOR_HYPERCALL &&
		get->record.call == nr && get->record.error == -code)
		error_reason(code, get->record.text);
	privcmd_buffer_free(get, sizeof(*get));
}

static int64_t hypercall(int fd, unsigned nr, uint64_t a1, uint64_t a2,
	uint64_t a3, uint64_t a4, uint64_t a5)
{
	const int64_t rc = privcmd_call(fd, nr, a1, a2, a3, a4, a5);

	error_reason(0, NULL);
	if (rc < 0)
		remember_reason(fd, nr, (int)-rc);
	return rc;
}

static int64_t call2(int fd, unsigned nr, uint64_t a1, const void *a2)
{
	return hypercall(fd, nr, a1, (uintptr_t)a2, 0, 0, 0);
}

/* A call whose one argument is a structure without further pointers. */
static int64_t simple_call(
	int fd, unsigned nr, uint64_t command, void *data, size_t size)
{
	struct arena arena;
	int64_t rc;
	void *copy;

	if (!arena_open(&arena, size))
		return -ENOMEM;
	copy = take(&arena, data, size);
	rc = call2(fd, nr, command, copy);
	memcpy(data, copy, size);
	arena_close(&arena);
	return rc;
}

/* op is in resident memory already. */
static int domctl_in_place(int fd, struct xen_domctl *op)
{
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	return hypercall(fd, __HYPERVISOR_domctl, (uintptr_t)op, 0, 0, 0, 0);
}

static int domctl(int fd, struct xen_domctl *op)
{
	struct arena arena;
	struct xen_domctl *copy;
	int rc;

	if (!arena_open(&arena, sizeof(*op)))
		return -ENOMEM;
	copy = take(&arena, op, sizeof(*op));
	rc = domctl_in_place(fd, copy);
	*op = *copy;
	arena_close(&arena);
	return rc;
}

static int sysctl_in_place(int fd, struct xen_sysctl *op)
{
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hypercall(fd, __HYPERVISOR_sysctl, (uintptr_t)op, 0, 0, 0, 0);
}

static int sysctl(int fd, struct xen_sysctl *op)
{
	struct arena arena;
	struct xen_sysctl *copy;
	int rc;

	if (!arena_open(&arena, sizeof(*op)))
		return -ENOMEM;
	copy = take(&arena, op, sizeof(*op));
	rc = sysctl_in_place(fd, copy);
	*op = *copy;
	arena_close(&arena);
	return rc;
}

int control_open(struct error *error)
{
	const int fd = privcmd_open();

	if (fd >= 0)
		return fd;
	if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO)
		error_hint(error,
			"this must run in the control domain; is the "
			"machine booted with the hypervisor, and the module "
			"xen-privcmd loaded?");
	else if (fd == -EACCES || fd == -EPERM)
		error_hint(error, "only root may control domains");
	return error_errno(error, -fd, "/dev/xen/privcmd");
}

int control_create(
	int fd, const struct xen_domctl_createdomain *create, uint16_t *dom)
{
	struct xen_domctl op = {.cmd = XEN_DOMCTL_createdomain, .domain = *dom};
	int rc;

	op.u.createdomain = *create;
	rc = domctl(fd, &op);
	if (!rc)
		*dom = op.domain;
	return rc;
}

static int plain_domctl(int fd, uint32_t cmd, uint16_t dom)
{
	struct xen_domctl op = {.cmd = cmd, .domain = dom};
	int rc;

	do /* an interrupted teardown goes on where it was */
		rc = domctl(fd, &op);
	while (rc == -EAGAIN || rc == -EINTR);
	return rc;
}

int control_destroy(int fd, uint16_t dom)
{
	return plain_domctl(fd, XEN_DOMCTL_destroydomain, dom);
}

int control_pause(int fd, uint16_t dom)
{
	return plain_domctl(fd, XEN_DOMCTL_pausedomain, dom);
}

int control_unpause(int fd, uint16_t dom)
{
	return plain_domctl(fd, XEN_DOMCTL_unpausedomain, dom);
}

int control_info(int fd, uint16_t dom, struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl op = {.cmd = XEN_DOMCTL_getdomaininfo, .domain = dom};
	const int rc = domctl(fd, &op);

	if (rc)
		return rc;
	*info = op.u.getdomaininfo;
	return info->domain == dom ? 0 : -ESRCH;
}

int control_list(int fd, uint16_t first, struct xen_domctl_getdomaininfo *info,
	uint32_t room)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_getdomaininfolist}, *copy;
	struct arena arena;
	int rc;

	if (!arena_open(&arena, sizeof(op) + room * sizeof(*info)))
		return -ENOMEM;
	copy = take(&arena, &op, sizeof(op));
	copy->u.getdomaininfolist.first_domain = first;
	copy->u.getdomaininfolist.max_domains = room;
	copy->u.getdomaininfolist.buffer =
		take(&arena, NULL, room * sizeof(*info));
	rc = sysctl_in_place(fd, copy);
	if (!rc) {
		rc = copy->u.getdomaininfolist.num_domains;
		memcpy(info, copy->u.getdomaininfolist.buffer,
			rc * sizeof(*info));
	}
	arena_close(&arena);
	return rc;
}

int control_max_mem(int fd, uint16_t dom, uint64_t kib)
{
	struct xen_domctl op = {.cmd = XEN_DOMCTL_max_mem, .domain = dom};

	op.u.max_mem.max_memkb = kib;
	return domctl(fd, &op);
}

int control_max_vcpus(int fd, uint16_t dom, uint32_t nr)
{
	struct xen_domctl op = {.cmd = XEN_DOMCTL_max_vcpus, .domain = dom};

	op.u.max_vcpus.max = nr;
	return domctl(fd, &op);
}

int control_hypercall_page(int fd, uint16_t dom, uint64_t mfn)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_hypercall_init, .domain = dom};

	op.u.hypercall_init.gmfn = mfn;
	return domctl(fd, &op);
}

int control_set_context(int fd, uint16_t dom, uint32_t vcpu,
	const struct vcpu_guest_context *context)
{
	struct xen_domctl op = {.cmd = XEN_DOMCTL_setvcpucontext,
				  .domain = dom},
			  *copy;
	struct arena arena;
	int rc;

	if (!arena_open(&arena, sizeof(op) + sizeof(*context)))
		return -ENOMEM;
	copy = take(&arena, &op, sizeof(op));
	copy->u.vcpucontext.vcpu = vcpu;
	copy->u.vcpucontext.ctxt = take(&arena, context, sizeof(*context));
	rc = domctl_in_place(fd, copy);
	arena_close(&arena);
	return rc;
}

int control_vcpu_info(int fd, uint16_t dom, uint32_t vcpu,
	struct xen_domctl_getvcpuinfo *info)
{
	struct xen_domctl op = {.cmd = XEN_DOMCTL_getvcpuinfo, .domain = dom};
	int rc;

	op.u.getvcpuinfo.vcpu = vcpu;
	rc = domctl(fd, &op);
	*info = op.u.getvcpuinfo;
	return rc;
}

static int affinity(int fd, struct xen_domctl *op, uint8_t *hard, uint8_t *soft,
	uint32_t nr_cpus)
{
	struct xen_domctl_vcpuaffinity *maps;
	const size_t size = (nr_cpus + 7) / 8;
	struct xen_domctl *copy;
	struct arena arena;
	int rc;

	if (!arena_open(&arena, sizeof(*op) + 2 * (size + 16)))
		return -ENOMEM;
	copy = take(&arena, op, sizeof(*op));
	maps = &copy->u.vcpuaffinity;
	maps->flags = (hard ? XEN_VCPUAFFINITY_HARD : 0) |
		      (soft ? XEN_VCPUAFFINITY_SOFT : 0);
	maps->cpumap_hard.bitmap = take(&arena, hard, size);
	maps->cpumap_soft.bitmap = take(&arena, soft, size);
	maps->cpumap_hard.nr_bits = maps->cpumap_soft.nr_bits = nr_cpus;
	rc = domctl_in_place(fd, copy);
	if (!rc && hard)
		memcpy(hard, maps->cpumap_hard.bitmap, size);
	if (!rc && soft)
		memcpy(soft, maps->cpumap_soft.bitmap, size);
	arena_close(&arena);
	return rc;
}

int control_get_affinity(int fd, uint16_t dom, uint32_t vcpu, uint8_t *hard,
	uint8_t *soft, uint32_t nr_cpus)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_getvcpuaffinity, .domain = dom};

	op.u.vcpuaffinity.vcpu = vcpu;
	return affinity(fd, &op, hard, soft, nr_cpus);
}

int control_set_affinity(int fd, uint16_t dom, uint32_t vcpu,
	const uint8_t *hard, const uint8_t *soft, uint32_t nr_cpus)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_setvcpuaffinity, .domain = dom};
	uint8_t maps[2][128];
	const size_t size = (nr_cpus + 7) / 8;

	if (size > sizeof(maps[0]))
		return -E2BIG;
	if (hard)
		memcpy(maps[0], hard, size);
	if (soft)
		memcpy(maps[1], soft, size);
	op.u.vcpuaffinity.vcpu = vcpu;
	return affinity(
		fd, &op, hard ? maps[0] : NULL, soft ? maps[1] : NULL, nr_cpus);
}

int control_set_schedule(int fd, uint16_t dom, unsigned weight, int cap)
{
	struct xen_domctl op = {.cmd = XEN_DOMCTL_scheduler_op, .domain = dom};
	struct xen_domctl_scheduler_op *sched = &op.u.scheduler_op;
	int rc = control_scheduler(fd, &sched->sched_id);

	if (!rc && sched->sched_id != XEN_SCHEDULER_CREDIT &&
		sched->sched_id != XEN_SCHEDULER_CREDIT2)
		rc = -EOPNOTSUPP;
	sched->cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	if (!rc)
		rc = domctl(fd, &op);
	if (rc)
		return rc;
	sched->cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	/* credit and credit2 have the same record */
	if (weight)
		sched->u.credit2.weight = weight;
	if (cap >= 0)
		sched->u.credit2.cap = cap;
	return domctl(fd, &op);
}

int control_physinfo(int fd, struct xen_sysctl_physinfo *info)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
	const int rc = sysctl(fd, &op);

	*info = op.u.physinfo;
	return rc;
}

int control_scheduler(int fd, uint32_t *id)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_sched_id};
	const int rc = sysctl(fd, &op);

	*id = op.u.sched_id.sched_id;
	return rc;
}

int control_read_log(
	int fd, char *text, uint32_t room, uint32_t *index, int clear)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole}, *copy;
	struct xen_sysctl_readconsole *read;
	struct arena arena;
	int rc;

	if (!arena_open(&arena, sizeof(op) + room))
		return -ENOMEM;
	copy = take(&arena, &op, sizeof(op));
	read = &copy->u.readconsole;
	read->clear = clear;
	read->incremental = 1;
	read->index = *index;
	read->count = room;
	read->buffer = take(&arena, NULL, room);
	rc = sysctl_in_place(fd, copy);
	if (!rc) {
		memcpy(text, read->buffer, read->count);
		*index = read->index;
		rc = read->count;
	}
	arena_close(&arena);
	return rc;
}

int64_t control_version(int fd, unsigned command, void *result, size_t size)
{
	if (!result)
		return call2(fd, __HYPERVISOR_xen_version, command, NULL);
	return simple_call(fd, __HYPERVISOR_xen_version, command, result, size);
}

bool control_gives_zeroes(int fd)
{
	char extra[16] = "";

	return control_version(fd, XENVER_extraversion, extra, sizeof(extra)) >=
		       0 && strstr(extra, "-shoji");
}

int64_t control_populate(
	int fd, uint16_t dom, uint64_t *frames, uint64_t nr, unsigned order)
{
	struct xen_memory_reservation *reservation;
	struct arena arena;
	int64_t rc;

	if (!arena_open(&arena, sizeof(*reservation) + nr * sizeof(*frames)))
		return -ENOMEM;
	reservation = take(&arena, NULL, sizeof(*reservation));
	reservation->extent_start = take(&arena, frames, nr * sizeof(*frames));
	reservation->nr_extents = nr;
	reservation->extent_order = order;
	reservation->domid = dom;
	rc = call2(fd, __HYPERVISOR_memory_op, XENMEM_populate_physmap,
		reservation);
	if (rc > 0)
		memcpy(frames, reservation->extent_start, rc * sizeof(*frames));
	arena_close(&arena);
	return rc;
}

int control_claim(int fd, uint16_t dom, uint64_t pages)
{
	struct xen_memory_reservation reservation = {
		.nr_extents = pages, .domid = dom};

	return simple_call(fd, __HYPERVISOR_memory_op, XENMEM_claim_pages,
		&reservation, sizeof(reservation));
}

int control_memory_map(
	int fd, uint16_t dom, const struct xen_e820_entry *entries, unsigned nr)
{
	struct xen_foreign_memory_map *map;
	struct arena arena;
	int rc;

	if (!arena_open(&arena, sizeof(*map) + 16 + nr * sizeof(*entries)))
		return -ENOMEM;
	map = take(&arena, NULL, sizeof(*map));
	map->domid = dom;
	map->map.nr_entries = nr;
	map->map.buffer = take(&arena, entries, nr * sizeof(*entries));
	rc = call2(fd, __HYPERVISOR_memory_op, XENMEM_set_memory_map, map);
	arena_close(&arena);
	return rc;
}

int64_t control_memory_count(int fd, unsigned command)
{
	return call2(fd, __HYPERVISOR_memory_op, command, NULL);
}

int control_pin_l4(int fd, uint16_t dom, uint64_t mfn)
{
	struct mmuext_op op = {.cmd = MMUEXT_PIN_L4_TABLE}, *copy;
	struct arena arena;
	int rc;

	op.arg1.mfn = mfn;
	if (!arena_open(&arena, sizeof(op)))
		return -ENOMEM;
	copy = take(&arena, &op, sizeof(op));
	rc = hypercall(
		fd, __HYPERVISOR_mmuext_op, (uintptr_t)copy, 1, 0, dom, 0);
	arena_close(&arena);
	return rc;
}

int control_unbound_port(int fd, uint16_t dom, uint16_t remote)
{
	struct evtchn_alloc_unbound alloc = {.dom = dom, .remote_dom = remote};
	const int rc = simple_call(fd, __HYPERVISOR_event_channel_op,
		EVTCHNOP_alloc_unbound, &alloc, sizeof(alloc));

	return rc ? rc : (int)alloc.port;
}

int control_grant_frame(int fd, uint16_t dom, uint64_t *mfn)
{
	struct gnttab_setup_table *setup;
	struct arena arena;
	int rc;

	if (!arena_open(&arena, sizeof(*setup) + sizeof(*mfn) + 16))
		return -ENOMEM;
	setup = take(&arena, NULL, sizeof(*setup));
	setup->dom = dom;
	setup->nr_frames = 1;
	setup->frame_list = take(&arena, NULL, sizeof(*mfn));
	rc = hypercall(fd, __HYPERVISOR_grant_table_op, GNTTABOP_setup_table,
		(uintptr_t)setup, 1, 0, 0);
	if (!rc && setup->status)
		rc = -EIO;
	*mfn = *(uint64_t *)setup->frame_list;
	arena_close(&arena);
	return rc;
}

/* Shoji's own */

static int shoji_call(int fd, unsigned command, void *op, size_t size)
{
	return simple_call(fd, __HYPERVISOR_shoji, command, op, size);
}

int control_refusal(int fd, uint16_t dom, uint16_t back,
	struct shoji_get_refusal *refusal)
{
	refusal->domid = dom;
	refusal->back = back;
	return shoji_call(fd, SHOJI_refusal, refusal, sizeof(*refusal));
}

int control_limits(int fd, uint16_t dom, struct shoji_get_limits *limits)
{
	limits->domid = dom;
	return shoji_call(fd, SHOJI_limits, limits, sizeof(*limits));
}

int control_perf(int fd, uint16_t dom, uint16_t vcpu, bool idle,
	uint64_t counts[SHOJI_NR_PERF])
{
	const size_t size = SHOJI_NR_PERF * sizeof(counts[0]);
	struct shoji_get_perf *op;
	struct arena arena;
	int rc;

	if (!arena_open(&arena, sizeof(*op) + size))
		return -ENOMEM;
	op = take(&arena, NULL, sizeof(*op));
	*op = (struct shoji_get_perf){
		.domid = dom,
		.vcpu = vcpu,
		.idle = idle,
		.counts = take(&arena, NULL, size),
	};
	rc = call2(fd, __HYPERVISOR_shoji, SHOJI_perf, op);
	if (!rc)
		memcpy(counts, op->counts, size);
	arena_close(&arena);
	return rc;
}

int control_share(int fd, uint16_t a, uint16_t b, int allow)
{
	struct shoji_share op = {.a = a, .b = b, .allow = allow};

	return shoji_call(fd, SHOJI_share, &op, sizeof(op));
}

int control_audit(int fd, struct shoji_audit *op, char *text, size_t room)
{
	struct shoji_audit *copy;
	struct arena arena;
	int rc;

	if (!arena_open(&arena, sizeof(*op) + room))
		return -ENOMEM;
	copy = take(&arena, NULL, sizeof(*op));
	copy->text = take(&arena, NULL, room);
	copy->size = room;
	rc = call2(fd, __HYPERVISOR_shoji, SHOJI_audit, copy);
	*op = *copy;
	if (!rc)
		memcpy(text, copy->text, copy->size);
	arena_close(&arena);
	return rc;
}
