/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of things in a new domain's memory, and the work of putting them
 * there. From frame 0 up, mapped linearly at the kernel's VIRT_BASE: the
 * kernel at its p_paddr; the initrd and the p2m list unless the kernel takes
 * them elsewhere; start_info; the xenstore and console rings; page tables; a
 * stack page; padding to a 4 MiB boundary, at least 512 KiB. Behind the map:
 * the initrd and the p2m list of a kernel that asked for that.
 */
#include "lib/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/control.h"
#include "lib/error.h"
#include "lib/log.h"
#include "lib/privcmd.h"

#define PAGE 4096ULL
#define PADDING (512ULL << 10)
#define MAP_ALIGN (4ULL << 20)
#define MAP_BATCH 1024           /* frames mapped at a time */
#define POPULATE_BATCH (1 << 14) /* extents asked for at a time */
#define BIG_ORDER 9              /* 2 MiB */
#define ENTRIES 512              /* of a page table */

static uint64_t pages(uint64_t bytes)
{
	return (bytes + PAGE - 1) / PAGE;
}

static void place_tables(struct build_layout *l, uint64_t base)
{
	uint64_t nr = 0;

	do { /* the tables map themselves */
		l->nr_tables = nr;
		l->stack = l->tables + nr;
		l->nr_mapped = (l->stack + 1) * PAGE + PADDING + base;
		l->nr_mapped =
			(l->nr_mapped + MAP_ALIGN - 1) / MAP_ALIGN * MAP_ALIGN -
			base;
		l->nr_mapped /= PAGE;
		nr = build_count_tables(base, l->nr_mapped, true);
	} while (nr != l->nr_tables);
}

int build_layout(struct build *build, struct error *error)
{
	const struct pv_kernel *kernel = &build->kernel;
	const bool apart = kernel->init_p2m != PV_KERNEL_NONE;
	struct build_layout *l = &build->layout;
	uint64_t next = pages(kernel->end);

	*l = (struct build_layout){.nr_pages = build->nr_pages};
	l->nr_initrd = pages(build->initrd_size);
	l->nr_p2m = pages(build->nr_pages * sizeof(uint64_t));
	if (!kernel->unmapped_initrd) {
		l->initrd = next;
		next += l->nr_initrd;
	}
	if (!apart) {
		l->p2m = next;
		next += l->nr_p2m;
	}
	l->start_info = next;
	l->store = next + 1;
	l->console = next + 2;
	l->tables = next + 3;
	place_tables(l, kernel->virt_base);
	next = l->nr_mapped;
	if (kernel->unmapped_initrd) {
		l->initrd = next;
		next += l->nr_initrd;
	}
	if (apart) {
		l->p2m = next;
		l->p2m_tables = next + l->nr_p2m;
		l->nr_p2m_tables =
			build_count_tables(kernel->init_p2m, l->nr_p2m, false);
		next = l->p2m_tables + l->nr_p2m_tables;
	}
	l->nr_needed = next;
	if (next <= build->nr_pages)
		return 0;
	return error_set(error, ENOMEM,
		"%llu MiB of memory are too little: "
		"kernel, ramdisk and what they need to start take %llu MiB",
		(unsigned long long)build->nr_pages >> 8,
		(unsigned long long)(next + 255) >> 8);
}

/* Asks for nr extents; returns how many PFNs' worth were had, or -errno. */
static int64_t populate_some(
	struct build *build, uint64_t pfn, uint64_t nr, unsigned order)
{
	uint64_t *frames = calloc(nr, sizeof(*frames));
	int64_t done;

	if (!frames)
		return -ENOMEM;
	for (uint64_t i = 0; i < nr; i++)
		frames[i] = pfn + (i << order);
	done = control_populate(build->fd, build->dom, frames, nr, order);
	for (int64_t i = 0; i < done; i++)
		for (uint64_t j = 0; j < 1ULL << order; j++)
			build->p2m[pfn + (i << order) + j] = frames[i] + j;
	free(frames);
	return done < 0 ? done : done << order;
}

/* Large extents while there are any, then single pages. */
static int populate(struct build *build)
{
	uint64_t pfn = 0;
	bool big = true;

	while (pfn < build->nr_pages) {
		const uint64_t left = build->nr_pages - pfn;
		const unsigned order = big && left >> BIG_ORDER ? BIG_ORDER : 0;
		uint64_t nr = left >> order;
		int64_t done;

		if (nr > POPULATE_BATCH)
			nr = POPULATE_BATCH;
		done = populate_some(build, pfn, nr, order);
		if (done > 0)
			pfn += done;
		if (done < 0 && done != -ENOMEM)
			return error_errno(build->error, -done,
				"the hypervisor gave no memory "
				"(populate_physmap)");
		if (done == (int64_t)(nr << order))
			continue;
		if (!order)
			return error_set(build->error, ENOMEM,
				"the hypervisor "
				"ran out of memory at %llu of %llu MiB",
				(unsigned long long)pfn >> 8,
				(unsigned long long)build->nr_pages >> 8);
		big = false;
	}
	return 0;
}

static void *map_frames(struct build *build, uint64_t pfn, uint64_t nr)
{
	void *where = privcmd_map_foreign(build->fd, build->dom,
		build->p2m + pfn, nr, PROT_READ | PROT_WRITE);

	if (!where)
		error_errno(build->error, errno,
			"mapping %llu pages of the "
			"new domain at frame %#llx",
			(unsigned long long)nr, (unsigned long long)pfn);
	return where;
}

int build_write(
	struct build *build, uint64_t where, const void *data, uint64_t size)
{
	if (!data && build->zeroed)
		return 0;
	while (size) {
		const uint64_t offset = where % PAGE;
		uint64_t count = pages(offset + size);
		uint64_t bytes;
		char *map;

		if (count > MAP_BATCH)
			count = MAP_BATCH;
		bytes = count * PAGE - offset;
		if (bytes > size)
			bytes = size;
		map = map_frames(build, where / PAGE, count);
		if (!map)
			return -build->error->code;
		if (data)
			memcpy(map + offset, data, bytes);
		else
			memset(map + offset, 0, bytes);
		privcmd_unmap(map, count);
		where += bytes;
		size -= bytes;
		if (data)
			data = (const char *)data + bytes;
	}
	return 0;
}

static int load_kernel(struct build *build)
{
	for (unsigned i = 0; i < build->kernel.nr_segments; i++) {
		const struct pv_segment *s = &build->kernel.segment[i];

		if (build_write(build, s->start, s->data, s->size) ||
			build_write(build, s->start + s->size, NULL,
				s->memory - s->size))
			return error_while(build->error, "loading the kernel");
	}
	return 0;
}

static int load_initrd(struct build *build)
{
	if (!build->initrd_size)
		return 0;
	if (build_write(build, build->layout.initrd * PAGE, build->initrd,
		    build->initrd_size))
		return error_while(build->error, "loading the ramdisk");
	return 0;
}

/* Padded with "no frame" to whole pages. */
static int load_p2m(struct build *build)
{
	const struct build_layout *l = &build->layout;
	const uint64_t size = build->nr_pages * sizeof(uint64_t);
	const uint64_t rest = l->nr_p2m * PAGE - size;
	uint8_t padding[PAGE];

	memset(padding, 0xff, sizeof(padding));
	if (build_write(build, l->p2m * PAGE, build->p2m, size) ||
		build_write(build, l->p2m * PAGE + size, padding, rest))
		return error_while(build->error, "writing the frame list");
	return 0;
}

/* Two ports that Domain-0 can connect to, and rings for them. */
static int make_rings(struct build *build)
{
	const struct build_layout *l = &build->layout;
	const int store = control_unbound_port(build->fd, build->dom, 0);
	const int console = control_unbound_port(build->fd, build->dom, 0);

	if (store < 0 || console < 0)
		return error_errno(build->error, store < 0 ? -store : -console,
			"making the event channels of xenstore and console");
	build->store_port = store;
	build->console_port = console;
	build->store_mfn = build->p2m[l->store];
	build->console_mfn = build->p2m[l->console];
	return build_write(build, l->store * PAGE, NULL, 2 * PAGE);
}

/*
 * Grant entries 0 and 1 let Domain-0's daemons map the rings as grants. The
 * frame comes as a resource, or on older kernels by its frame number.
 */
static int seed_grants(struct build *build)
{
	struct grant_entry_v1 *entries = privcmd_map_resource(build->fd,
		build->dom, XENMEM_resource_grant_table,
		XENMEM_resource_grant_table_id_shared, 0, 1,
		PROT_READ | PROT_WRITE);
	uint64_t mfn;
	int rc;

	if (!entries) {
		rc = control_grant_frame(build->fd, build->dom, &mfn);
		if (rc)
			return error_errno(build->error, -rc,
				"setting up the grant table");
		entries = privcmd_map_foreign(
			build->fd, build->dom, &mfn, 1, PROT_READ | PROT_WRITE);
	}
	if (!entries)
		return error_errno(
			build->error, errno, "mapping the grant table");
	entries[GNTTAB_RESERVED_CONSOLE] = (struct grant_entry_v1){
		GTF_permit_access, 0, (uint32_t)build->console_mfn};
	entries[GNTTAB_RESERVED_XENSTORE] = (struct grant_entry_v1){
		GTF_permit_access, 0, (uint32_t)build->store_mfn};
	privcmd_unmap(entries, 1);
	return 0;
}

static uint64_t to_virtual(const struct build *build, uint64_t pfn)
{
	return build->kernel.virt_base + pfn * PAGE;
}

static void fill_initrd(const struct build *build, struct start_info *info)
{
	const struct build_layout *l = &build->layout;

	if (!build->initrd_size)
		return;
	info->mod_len = build->initrd_size;
	info->mod_start = to_virtual(build, l->initrd);
	if (build->kernel.unmapped_initrd) {
		info->mod_start = l->initrd;
		info->flags |= SIF_MOD_START_PFN;
	}
}

static int write_start_info(
	struct build *build, const struct xen_domctl_getdomaininfo *dominfo)
{
	const struct build_layout *l = &build->layout;
	struct start_info info = {
		.magic = "xen-3.0-x86_64",
		.nr_pages = build->nr_pages,
		.shared_info = dominfo->shared_info_frame * PAGE,
		.store_mfn = build->store_mfn,
		.store_evtchn = build->store_port,
		.pt_base = to_virtual(build, l->tables),
		.nr_pt_frames = l->nr_tables,
		.mfn_list = to_virtual(build, l->p2m),
		.flags = SIF_VIRT_P2M_4TOOLS,
	};

	info.console.domU.mfn = build->console_mfn;
	info.console.domU.evtchn = build->console_port;
	fill_initrd(build, &info);
	if (l->nr_p2m_tables) {
		info.mfn_list = build->kernel.init_p2m;
		info.first_p2m_pfn = l->p2m;
		info.nr_p2m_frames = l->nr_p2m + l->nr_p2m_tables;
	}
	strncpy((char *)info.cmd_line, build->cmdline, MAX_GUEST_CMDLINE - 1);
	return build_write(build, l->start_info * PAGE, &info, sizeof(info));
}

/* All upcalls masked; the rest of the page is the hypervisor's work. */
static int init_shared_info(
	struct build *build, const struct xen_domctl_getdomaininfo *dominfo)
{
	struct shared_info *shared = privcmd_map_foreign(build->fd, build->dom,
		&dominfo->shared_info_frame, 1, PROT_READ | PROT_WRITE);

	if (!shared)
		return error_errno(
			build->error, errno, "mapping the shared page");
	for (unsigned i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		shared->vcpu_info[i].evtchn_upcall_mask = 1;
	privcmd_unmap(shared, 1);
	return 0;
}

static int set_vcpu(struct build *build)
{
	const struct build_layout *l = &build->layout;
	struct vcpu_guest_context *context = calloc(1, sizeof(*context));
	struct cpu_user_regs *regs;
	int rc;

	if (!context)
		return error_set(build->error, ENOMEM, "out of memory");
	regs = &context->user_regs;
	regs->rip = build->kernel.entry;
	regs->rsp = to_virtual(build, l->stack + 1);
	regs->rsi = to_virtual(build, l->start_info);
	regs->rflags = 1 << 9;
	regs->cs = FLAT_KERNEL_CS;
	regs->ss = FLAT_RING3_SS64;
	context->kernel_ss = FLAT_RING3_SS64;
	context->kernel_sp = regs->rsp;
	context->flags = VGCF_in_kernel | VGCF_online;
	context->ctrlreg[3] = build->p2m[l->tables] * PAGE;
	rc = control_set_context(build->fd, build->dom, 0, context);
	free(context);
	return rc ? error_errno(build->error, -rc, "setting up vCPU 0") : 0;
}

static int start_of_day(struct build *build)
{
	const struct pv_kernel *kernel = &build->kernel;
	struct xen_domctl_getdomaininfo info;
	uint64_t pfn;
	int rc = control_info(build->fd, build->dom, &info);

	if (rc)
		return error_errno(
			build->error, -rc, "asking about the new domain");
	if (write_start_info(build, &info) || init_shared_info(build, &info))
		return -build->error->code;
	if (kernel->hypercall_page != PV_KERNEL_NONE) {
		pfn = (kernel->hypercall_page - kernel->virt_base) / PAGE;
		rc = control_hypercall_page(
			build->fd, build->dom, build->p2m[pfn]);
		if (rc)
			return error_errno(build->error, -rc,
				"filling the hypercall page");
	}
	rc = control_pin_l4(
		build->fd, build->dom, build->p2m[build->layout.tables]);
	if (rc)
		return error_errno(build->error, -rc,
			"the hypervisor did not "
			"accept the initial page tables");
	return set_vcpu(build);
}

int build_domain(struct build *build, int fd, uint16_t dom, struct error *error)
{
	build->fd = fd;
	build->dom = dom;
	build->error = error;
	build->zeroed = control_gives_zeroes(fd);
	build->p2m = malloc(build->nr_pages * sizeof(uint64_t));
	if (!build->p2m)
		return error_set(error, ENOMEM, "out of memory");
	log_debug("d%u: %llu pages, kernel %#llx-%#llx, tables %#llx+%llu, "
		  "mapped to %#llx, entry %#llx",
		dom, (unsigned long long)build->nr_pages,
		(unsigned long long)build->kernel.start,
		(unsigned long long)build->kernel.end,
		(unsigned long long)build->layout.tables,
		(unsigned long long)build->layout.nr_tables,
		(unsigned long long)build->layout.nr_mapped,
		(unsigned long long)build->kernel.entry);
	if (populate(build) || load_kernel(build) || load_initrd(build) ||
		load_p2m(build) || make_rings(build) || seed_grants(build) ||
		build_tables(build) || start_of_day(build))
		return -error->code;
	return 0;
}

void build_free(struct build *build)
{
	free(build->p2m);
	build->p2m = NULL;
}
