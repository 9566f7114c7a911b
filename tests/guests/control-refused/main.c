/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves that control calls refuse what makes no sense, each with its error
 * and without any effect: numbers beyond limits, commands that there are not,
 * lists that cannot be read or written, domains and vCPUs in the wrong state;
 * and the calls beside them that a toolstack makes seldom: resume, reset of a
 * vCPU, the reason of a shutdown.
 */
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define NOWHERE ((void *)0x1000)

static struct child child = { .traps = true };
static uint16_t dom;	/* paused, a vCPU without context, no memory */

static int64_t sysctl(struct xen_sysctl *op, uint32_t cmd)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return PV_CALL1(__HYPERVISOR_sysctl, op);
}

static void test_start(void)
{
	const int64_t id = domain_create(16);

	REQUIRE(id > 0);
	dom = id;
	REQUIRE_EQ(child_start(&child), 0);
}

static void test_creation(void)
{
	struct xen_domctl op = { .u.createdomain = {
		.max_vcpus = 1, .max_evtchn_port = 1023,
		.max_grant_frames = 4, .max_maptrack_frames = 4,
	} };

	/* grant tables of version 0 */
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_createdomain, 0), EINVAL_);
	op = (struct xen_domctl){ .u.max_vcpus.max = 2 };
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_max_vcpus, dom), EINVAL_);
	/* the vCPU that is there already is no mistake */
	op.u.max_vcpus.max = 1;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_max_vcpus, dom), 0);
}

/* The answer has no place to go to. */
static void test_read_only_operation(void)
{
	struct xen_domctl *op = page_alloc();
	struct xen_memory_exchange *exchange = (void *)op;

	*op = (struct xen_domctl){
		.cmd = XEN_DOMCTL_getdomaininfo, .domain = dom,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
	};
	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_domctl, op), 0);
	REQUIRE_EQ(pt_protect(op, false), 0);
	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_domctl, op), EFAULT_);
	REQUIRE_EQ(pt_protect(op, true), 0);
	*exchange = (struct xen_memory_exchange){
		.in.domid = DOMID_SELF, .out.domid = DOMID_SELF };
	REQUIRE_EQ(pt_protect(op, false), 0);
	/* Xen writes nothing when nothing was exchanged */
	REQUIRE_EQ(hv_memory_op(XENMEM_exchange, exchange),
		   on_shoji() ? EFAULT_ : 0);
	REQUIRE_EQ(pt_protect(op, true), 0);
	page_free(op);
}

static void test_no_such_domain(void)
{
	const struct mmu_update req = {
		.ptr = machine_address(pt_root()) | MMU_MACHPHYS_UPDATE,
		.val = 1,
	};

	REQUIRE(hv_mmu_update(&req, 1, NULL, 0x7ff5) < 0);
	REQUIRE(PV_CALL4(__HYPERVISOR_update_va_mapping_otherdomain,
			 &dom, 0, 0, 0x7ff5) < 0);
	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_pausedomain, 0x7ff5), ESRCH_);
	REQUIRE_EQ(PV_M2P[pv_frame(pt_root())], pv_pfn(pt_root()));
}

static void test_ranges(void)
{
	struct xen_domctl op = { .u.iomem_permission = { 0xfd000, 0, 1 } };

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_iomem_permission, dom), EINVAL_);
	op.u.iomem_permission.first_mfn = ~0UL;
	op.u.iomem_permission.nr_mfns = 2;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_iomem_permission, dom), EINVAL_);
	/* what it could not be given it has not, either */
	op = (struct xen_domctl){ .u.irq_permission = { .pirq = 5,
							.allow_access = 1 } };
	const int64_t rc = domctl(&op, XEN_DOMCTL_irq_permission, dom);

	REQUIRE(rc == 0 || rc == EPERM_ || rc == EINVAL_);
	op.u.irq_permission.allow_access = 0;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_irq_permission, dom), rc);
}

/* Every second port is a range of its own. Xen has no limit. */
static void test_many_ranges(void)
{
	struct xen_domctl op = { .u.ioport_permission = { 0x1000, 1, 1 } };
	int64_t rc = 0;

	if (!on_shoji())
		return;
	for (int i = 0; i < 4096 && !rc; i++) {
		rc = domctl(&op, XEN_DOMCTL_ioport_permission, dom);
		op.u.ioport_permission.first_port += 2;
	}
	REQUIRE_EQ(rc, ENOSPC_);
	/* those that it has it keeps, and can lose */
	op.u.ioport_permission.first_port = 0x1000;
	op.u.ioport_permission.allow_access = 0;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_ioport_permission, dom), 0);
}

static void test_pauses(void)
{
	struct xen_domctl_getdomaininfo info;

	for (int i = 0; i < 255; i++)
		if (domctl_simple(XEN_DOMCTL_pausedomain, child.id)) {
			/* Xen's limit is another one, above this */
			test_fail(__LINE__, "pause %d is refused", i);
			return;
		}
	if (on_shoji())
		REQUIRE_EQ(domctl_simple(XEN_DOMCTL_pausedomain, child.id),
			   EOVERFLOW_);
	for (int i = 0; i < 255; i++)
		REQUIRE_EQ(domctl_simple(XEN_DOMCTL_unpausedomain, child.id),
			   0);
	REQUIRE(domain_info(child.id, &info));
	REQUIRE_EQ(info.flags & XEN_DOMINF_paused, 0);
	REQUIRE(child_is_well(&child));
}

static void test_frame_lists(void)
{
	static uint64_t list[4];
	struct xen_domctl op = { .u.getpageframeinfo3 = { 1025, list } };

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getpageframeinfo3, child.id),
		   E2BIG_);
	op.u.getpageframeinfo3.num = 4;
	op.u.getpageframeinfo3.array = NOWHERE;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getpageframeinfo3, child.id),
		   EFAULT_);
	/* it can be read, but not written */
	uint64_t *page = page_alloc();

	REQUIRE_EQ(pt_protect(page, false), 0);
	op.u.getpageframeinfo3.array = page;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getpageframeinfo3, child.id),
		   EFAULT_);
	REQUIRE_EQ(pt_protect(page, true), 0);
	page_free(page);
}

static void test_scheduling(void)
{
	struct xen_domctl op = { .u.scheduler_op = {
		.sched_id = XEN_SCHEDULER_CREDIT2,
		.cmd = XEN_DOMCTL_SCHEDOP_getinfo,
	} };

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_scheduler_op, dom), 0);
	const uint16_t weight = op.u.scheduler_op.u.credit2.weight;

	op.u.scheduler_op.cmd = 77;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_scheduler_op, dom), EINVAL_);
	/* a cap is Xen's alone */
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	op.u.scheduler_op.u.credit2.cap = 20;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_scheduler_op, dom),
		   on_shoji() ? EOPNOTSUPP_ : 0);
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_scheduler_op, dom), 0);
	REQUIRE_EQ(op.u.scheduler_op.u.credit2.weight, weight);
	op = (struct xen_domctl){ .u.tsc_info.tsc_mode = 9 };
	REQUIRE(domctl(&op, XEN_DOMCTL_settscinfo, dom) < 0);
	op = (struct xen_domctl){ .u.nodeaffinity.nodemap = {
		NOWHERE, 64 } };
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setnodeaffinity, dom), EFAULT_);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getnodeaffinity, dom), EFAULT_);
	op = (struct xen_domctl){ .u.vcpuaffinity = {
		.flags = XEN_VCPUAFFINITY_SOFT,
		.cpumap_soft = { NOWHERE, 64 } } };
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpuaffinity, dom), EFAULT_);
}

/* A map of some bits says nothing about those behind it. */
static void test_short_map(void)
{
	uint64_t map = ~0UL;
	struct xen_domctl op = { .u.vcpuaffinity = {
		.flags = XEN_VCPUAFFINITY_SOFT,
		.cpumap_soft = { (uint8_t *)&map, 1 },
	} };

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpuaffinity, dom), 0);
	map = ~0UL;
	op.u.vcpuaffinity.cpumap_soft.nr_bits = 64;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpuaffinity, dom), 0);
	REQUIRE_EQ(map, 1);
}

static void test_contexts(void)
{
	static struct vcpu_guest_context context;
	struct xen_domctl op = { .u.vcpucontext.ctxt = &context };

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, dom), ENODATA_);
	op.u.vcpucontext.ctxt = NOWHERE;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, child.id), EFAULT_);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpucontext, dom), EFAULT_);
	op = (struct xen_domctl){ .u.sendtrigger.trigger = 9 };
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_sendtrigger, child.id), ENOSYS_);
	op.u.sendtrigger.vcpu = 7;
	REQUIRE(domctl(&op, XEN_DOMCTL_sendtrigger, child.id) < 0);
}

static void test_extended_state(void)
{
	static uint64_t area[1024];
	struct xen_domctl op = { 0 };

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpuextstate, child.id), 0);
	const uint64_t size = op.u.vcpuextstate.size;

	REQUIRE(size > 16 + 576 && size <= sizeof(area));
	op.u.vcpuextstate.buffer = area;
	op.u.vcpuextstate.size = size - 8;
	/* Xen writes what the vCPU has used of it */
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpuextstate, child.id),
		   on_shoji() ? EINVAL_ : 0);
	op.u.vcpuextstate.buffer = NOWHERE;
	op.u.vcpuextstate.size = size;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpuextstate, child.id), EFAULT_);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpuextstate, child.id), EFAULT_);
	op.u.vcpuextstate.size = sizeof(area);
	op.u.vcpuextstate.buffer = area;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpuextstate, child.id), EINVAL_);
	/* the header's reserved part: behind XCR0 twice and 512 bytes; Xen
	 * takes it from a vCPU that has no state of that kind */
	op.u.vcpuextstate.size = size;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpuextstate, child.id), 0);
	area[(16 + 512) / 8 + 5] = 1;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpuextstate, child.id),
		   on_shoji() ? EINVAL_ : 0);
	area[(16 + 512) / 8 + 5] = 0;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpuextstate, child.id), 0);
	REQUIRE(child_is_well(&child));
}

/* None travels. */
static void test_msrs(void)
{
	struct xen_domctl_vcpu_msr msr = { .index = 0x174 };
	struct xen_domctl op = { .u.vcpu_msrs.msr_count = 0 };

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_get_vcpu_msrs, dom), 0);
	op = (struct xen_domctl){ .u.vcpu_msrs = { 0, 1, &msr } };
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_vcpu_msrs, dom), EINVAL_);
	op.u.vcpu_msrs.msr_count = 0;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_vcpu_msrs, dom), 0);
}

static void test_shadow_tables(void)
{
	struct xen_domctl op = { .u.shadow_op.op = 99 };

	REQUIRE(domctl(&op, XEN_DOMCTL_shadow_op, dom) < 0);
	op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_OFF;
	const int64_t rc = domctl(&op, XEN_DOMCTL_shadow_op, dom);

	REQUIRE(rc == 0 || !on_shoji());
	if (!on_shoji())
		return;
	op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION;
	op.u.shadow_op.mb = 4;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_shadow_op, dom), 0);
	op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_shadow_op, dom), 0);
	REQUIRE_EQ(op.u.shadow_op.mb, 0);
}

static void test_hypercall_page(void)
{
	struct xen_domctl op = { .u.hypercall_init.gmfn = 1UL << 40 };
	static const uint8_t iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, 23 };

	REQUIRE(domctl(&op, XEN_DOMCTL_hypercall_init, child.id) < 0);
	/* a page that maps nothing of the child's code */
	memset(child.data, 0xee, PV_PAGE);
	op.u.hypercall_init.gmfn = on_shoji() ? child.mfn[CHILD_DATA] :
						CHILD_DATA;
	const int64_t rc = domctl(&op, XEN_DOMCTL_hypercall_init, child.id);

	/* Xen wants to find the page by its PFN, which nobody told it */
	REQUIRE(rc == 0 || !on_shoji());
	if (!rc)
		REQUIRE_EQ(memcmp((char *)child.data + 23 * 32, iret,
				  sizeof(iret)), 0);
	REQUIRE(child_is_well(&child));
}

static void test_memory(void)
{
	struct xen_foreign_memory_map map = {
		.domid = dom, .map = { .nr_entries = 129 },
	};
	static uint64_t frame;
	struct xen_mem_acquire_resource resource = {
		.domid = child.id, .type = XENMEM_resource_grant_table,
		.nr_frames = 1, .pad = 1, .frame_list = &frame,
	};

	REQUIRE(hv_memory_op(XENMEM_set_memory_map, &map) < 0);
	map.map.nr_entries = 2;
	map.map.buffer = NOWHERE;
	REQUIRE_EQ(hv_memory_op(XENMEM_set_memory_map, &map), EFAULT_);
	REQUIRE_EQ(hv_memory_op(XENMEM_acquire_resource, &resource), EINVAL_);
	resource.pad = 0;
	resource.type = 99;
	REQUIRE_EQ(hv_memory_op(XENMEM_acquire_resource, &resource),
		   EOPNOTSUPP_);
	resource.type = XENMEM_resource_grant_table;
	resource.frame = 1000;
	REQUIRE(hv_memory_op(XENMEM_acquire_resource, &resource) < 0);
	resource.nr_frames = 0;
	resource.frame = 0;
	resource.frame_list = NULL;
	REQUIRE_EQ(hv_memory_op(XENMEM_acquire_resource, &resource), 0);
	REQUIRE(resource.nr_frames >= 4);
}

static uint64_t claimed_pages(void)
{
	struct xen_sysctl op = { 0 };

	return sysctl(&op, XEN_SYSCTL_physinfo) ?
		~0UL : op.u.physinfo.outstanding_pages;
}

static void test_claims(void)
{
	struct xen_memory_reservation op = {
		.domid = dom, .nr_extents = 4, .extent_order = 1,
	};
	const uint64_t free = free_pages();

	REQUIRE(hv_memory_op(XENMEM_claim_pages, &op) < 0);
	op.extent_order = 0;
	op.nr_extents = 1UL << 40;
	REQUIRE(hv_memory_op(XENMEM_claim_pages, &op) < 0);
	op.nr_extents = 1;
	REQUIRE_EQ(hv_memory_op(XENMEM_claim_pages, &op), 0);
	op.nr_extents = 0;
	REQUIRE_EQ(hv_memory_op(XENMEM_claim_pages, &op), 0);
	REQUIRE_EQ(free_pages(), free);
	/* what it claims when it ends is nobody's any more (below) */
	op.nr_extents = 2;
	REQUIRE_EQ(hv_memory_op(XENMEM_claim_pages, &op), 0);
	REQUIRE_EQ(claimed_pages(), 2);
}

static void test_sysctls(void)
{
	struct xen_sysctl op = { .u.availheap = { 0, 0, 3, 0 } };

	REQUIRE(!on_shoji() || sysctl(&op, XEN_SYSCTL_availheap) == EINVAL_);
	REQUIRE_EQ(sysctl(&op, 9999), ENOSYS_);
	op = (struct xen_sysctl){ .u.cputopoinfo = { 4, NOWHERE } };
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_cputopoinfo), EFAULT_);
	op = (struct xen_sysctl){ .u.numainfo = { .num_nodes = 1,
						  .meminfo = NOWHERE } };
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_numainfo), EFAULT_);
	op = (struct xen_sysctl){ .u.numainfo = { .num_nodes = 1,
						  .distance = NOWHERE } };
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_numainfo), EFAULT_);
	op = (struct xen_sysctl){ .u.cpupool_op.op = 99 };
	REQUIRE(sysctl(&op, XEN_SYSCTL_cpupool_op) < 0);
	op = (struct xen_sysctl){ .u.scheduler_op = {
		.sched_id = XEN_SCHEDULER_CREDIT2, .cmd = 99 } };
	REQUIRE(sysctl(&op, XEN_SYSCTL_scheduler_op) < 0);
	op = (struct xen_sysctl){ .u.debug_keys = { "h", 100000 } };
	REQUIRE(!on_shoji() || sysctl(&op, XEN_SYSCTL_debug_keys) == E2BIG_);
	op = (struct xen_sysctl){ .u.readconsole = { .buffer = NOWHERE,
						     .count = 100 } };
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_readconsole), EFAULT_);
}

/* The log is read once more after it was cleared: what was there is not. */
static void test_log_cleared(void)
{
	static char text[16384];
	struct xen_sysctl op = { .u.readconsole = {
		.clear = 1, .buffer = text, .count = sizeof(text) } };

	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_readconsole), 0);
	REQUIRE(op.u.readconsole.count > 500);
	op.u.readconsole = (struct xen_sysctl_readconsole){
		.buffer = text, .count = sizeof(text) };
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_readconsole), 0);
	REQUIRE(op.u.readconsole.count < 500);
}

/* To Xen any number is a reason. */
static void test_reasons(void)
{
	struct sched_remote_shutdown remote = { child.id, 200 };
	struct sched_shutdown own = { 200 };

	if (!on_shoji())
		return;
	REQUIRE_EQ(hv_sched_op(SCHEDOP_remote_shutdown, &remote), EINVAL_);
	REQUIRE_EQ(child_call_with(&child, __HYPERVISOR_sched_op,
				   SCHEDOP_shutdown, &own, sizeof(own)),
		   EINVAL_);
	REQUIRE_EQ(child_call_with(&child, __HYPERVISOR_sched_op,
				   SCHEDOP_shutdown_code, &own, sizeof(own)),
		   EINVAL_);
	REQUIRE(child_is_well(&child));
}

static void test_resume(void)
{
	struct sched_remote_shutdown remote = { child.id, SHUTDOWN_suspend };
	struct sched_shutdown own = { SHUTDOWN_reboot };

	/* who runs is not resumed */
	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_resumedomain, child.id), 0);
	REQUIRE(child_is_well(&child));
	REQUIRE_EQ(hv_sched_op(SCHEDOP_remote_shutdown, &remote), 0);
	REQUIRE_EQ(child_fate(&child), SHUTDOWN_suspend);
	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_resumedomain, child.id), 0);
	REQUIRE(child_is_well(&child));
	/* it has said beforehand how its next end is to be understood */
	REQUIRE_EQ(child_call_with(&child, __HYPERVISOR_sched_op,
				   SCHEDOP_shutdown_code, &own, sizeof(own)),
		   0);
	REQUIRE(child_is_well(&child));
	REQUIRE_EQ(hv_sched_op(SCHEDOP_remote_shutdown, &remote), 0);
	REQUIRE_EQ(child_fate(&child), SHUTDOWN_reboot);
	REQUIRE_EQ(domctl_simple(XEN_DOMCTL_resumedomain, child.id), 0);
	REQUIRE(child_is_well(&child));
}

/* What the child has made of itself is in its context. */
static void test_whole_context(void)
{
	static struct vcpu_guest_context context;
	struct xen_domctl op = { .u.vcpucontext.ctxt = &context };
	const uint64_t spare = child.mfn[CHILD_SPARE];
	const struct mmuext_op user = {
		.cmd = MMUEXT_NEW_USER_BASEPTR,
		.arg1.mfn = child.mfn[CHILD_L4],
	};

	REQUIRE_EQ(child_call(&child, __HYPERVISOR_update_va_mapping,
			      CHILD_VA(CHILD_SPARE), spare * PV_PAGE | PTE_RO,
			      UVMF_INVLPG | UVMF_ALL, 0), 0);
	memcpy(child.mailbox->room, &spare, sizeof(spare));
	REQUIRE_EQ(child_call(&child, __HYPERVISOR_set_gdt, CHILD_ROOM, 16, 0,
			      0), 0);
	memcpy(child.mailbox->room, &user, sizeof(user));
	REQUIRE_EQ(child_call(&child, __HYPERVISOR_mmuext_op, CHILD_ROOM, 1, 0,
			      DOMID_SELF), 0);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, child.id), 0);
	REQUIRE_EQ(context.gdt_ents, 16);
	REQUIRE_EQ(context.gdt_frames[0], spare);
	REQUIRE_EQ(context.ctrlreg[1],
		   xen_pfn_to_cr3(child.mfn[CHILD_L4]));
	/* a handler at no address */
	context.trap_ctxt[3].address ^= 1ul << 63;
	REQUIRE(domctl(&op, XEN_DOMCTL_setvcpucontext, child.id) < 0 ||
		!on_shoji());
	context.trap_ctxt[3].address ^= 1ul << 63;
	/* the same again changes nothing */
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpucontext, child.id), 0);
	REQUIRE(child_is_well(&child));
}

/* Its vCPU as it was before it had a context, and then with one again. */
static void test_reset(void)
{
	static struct vcpu_guest_context context;
	struct xen_domctl op = { .u.vcpucontext.ctxt = &context };

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, child.id), 0);
	op.u.vcpucontext.ctxt = NULL;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpucontext, child.id), 0);
	op.u.vcpucontext.ctxt = &context;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, child.id),
		   ENODATA_);
	context.flags &= ~VGCF_online;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpucontext, child.id), 0);
	child_tell(&child, __HYPERVISOR_xen_version, 0, 0);
	rest(20000000);
	REQUIRE(child.mailbox->state != 2);
	context.flags |= VGCF_online;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpucontext, child.id), 0);
	REQUIRE(child_is_well(&child));
}

/* A guest that does not come back to its watchdog is ended by it. */
static void test_watchdog(void)
{
	struct sched_watchdog op = { .id = 0, .timeout = 1 };

	REQUIRE(child_call_with(&child, __HYPERVISOR_sched_op,
				SCHEDOP_watchdog, &op, sizeof(op)) > 0);
	REQUIRE_EQ(child_fate(&child), SHUTDOWN_watchdog);
}

static void bad_segment(struct vcpu_guest_context *context)
{
	context->user_regs.ds = 0x23; /* of a GDT that it has not */
}

/* A guest that has not said where to go is ended by what wants to go there:
 * an event, a selector that does not load. */
static void test_no_callback(void)
{
	static struct child bare;

	bare = (struct child){ .traps = false };
	REQUIRE_EQ(child_start(&bare), 0);
	REQUIRE(child_is_well(&bare));
	bare.shared->vcpu_info[0].evtchn_upcall_pending = 1;
	bare.shared->vcpu_info[0].evtchn_upcall_mask = 0;
	REQUIRE_EQ(child_fate(&bare), SHUTDOWN_crash);
	REQUIRE(child_end(&bare));
	bare = (struct child){ .adjust = bad_segment };
	REQUIRE_EQ(child_start(&bare), 0);
	REQUIRE_EQ(child_fate(&bare), SHUTDOWN_crash);
	REQUIRE(child_end(&bare));
}

/* Returns that cannot be: no frame, and to a user space without a root. */
static void test_bad_returns(void)
{
	/* mov $0x1000, %rsp; mov $23, %eax; syscall */
	static const uint8_t no_frame[] = {
		0x48, 0xc7, 0xc4, 0, 0x10, 0, 0, 0xb8, 23, 0, 0, 0, 0x0f, 0x05,
	};
	/* ss rsp rflags cs rip, flags rcx r11 rax; mov $23, %eax; syscall */
	static const uint8_t to_user[] = {
		0x68, 0x2b, 0xe0, 0, 0, 0x6a, 0, 0x68, 0x02, 0x02, 0, 0,
		0x68, 0x33, 0xe0, 0, 0, 0x6a, 0, 0x6a, 0, 0x6a, 0, 0x6a, 0,
		0x6a, 0, 0xb8, 23, 0, 0, 0, 0x0f, 0x05,
	};
	static struct child bare;

	for (int i = 0; i < 2; i++) {
		bare = (struct child){ .traps = true };
		REQUIRE_EQ(child_start(&bare), 0);
		child_launch(&bare, i ? to_user : no_frame,
			     i ? sizeof(to_user) : sizeof(no_frame), 0, 0, 0);
		REQUIRE_EQ(child_fate(&bare), SHUTDOWN_crash);
		REQUIRE(child_end(&bare));
	}
}

static void test_end(void)
{
	REQUIRE(child_end(&child));
	REQUIRE(domain_destroy(dom));
	REQUIRE_EQ(claimed_pages(), 0);
}

const struct test tests[] = {
	TEST(start),
	TEST(creation),
	TEST(read_only_operation),
	TEST(no_such_domain),
	TEST(ranges),
	TEST(many_ranges),
	TEST(pauses),
	TEST(frame_lists),
	TEST(scheduling),
	TEST(short_map),
	TEST(contexts),
	TEST(extended_state),
	TEST(msrs),
	TEST(shadow_tables),
	TEST(hypercall_page),
	TEST(memory),
	TEST(claims),
	TEST(sysctls),
	TEST(log_cleared),
	TEST(reasons),
	TEST(resume),
	TEST(whole_context),
	TEST(reset),
	TEST(watchdog),
	TEST(no_callback),
	TEST(bad_returns),
	TEST(end),
	TESTS_END
};
