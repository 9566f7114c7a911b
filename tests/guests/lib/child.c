/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building a domain. Its tables are written through foreign mappings, which
 * must be gone before they can be pinned: a table is never writable.
 */
#include "tests/guests/lib/child.h"

#include <shoji/extension.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

extern const char child_code[], child_trap[], child_code_end[];

int64_t domctl(struct xen_domctl *op, uint32_t cmd, uint16_t dom)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = dom;
	return PV_CALL1(__HYPERVISOR_domctl, op);
}

int64_t domctl_simple(uint32_t cmd, uint16_t dom)
{
	struct xen_domctl op = { 0 };

	return domctl(&op, cmd, dom);
}

bool domain_info(uint16_t dom, struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl op = { 0 };

	if (domctl(&op, XEN_DOMCTL_getdomaininfo, dom))
		return false;
	*info = op.u.getdomaininfo;
	return info->domain == dom;
}

bool on_shoji(void)
{
	return PV_CALL2(__HYPERVISOR_shoji, SHOJI_share, 0) != ENOSYS_;
}

int64_t domains_share(uint16_t a, uint16_t b, bool allow)
{
	const struct shoji_share op = { .a = a, .b = b, .allow = allow };

	return on_shoji() ? PV_CALL2(__HYPERVISOR_shoji, SHOJI_share, &op) : 0;
}

int64_t domain_create(unsigned int pages)
{
	struct xen_domctl op = {
		.u.createdomain = {
			.max_vcpus = 1, .max_evtchn_port = 1023,
			.max_grant_frames = 4, .max_maptrack_frames = 4,
			.grant_opts = 1,
		},
	};
	int64_t rc = domctl(&op, XEN_DOMCTL_createdomain, 0);

	if (rc)
		return rc;
	const uint16_t dom = op.domain;

	op = (struct xen_domctl){ .u.max_vcpus.max = 1 };
	rc = domctl(&op, XEN_DOMCTL_max_vcpus, dom);
	if (!rc) {
		op = (struct xen_domctl){ .u.max_mem.max_memkb = pages * 4 };
		rc = domctl(&op, XEN_DOMCTL_max_mem, dom);
	}
	if (rc) {
		domctl_simple(XEN_DOMCTL_destroydomain, dom);
		return rc;
	}
	return dom;
}

void rest(uint64_t ns)
{
	struct sched_poll op = { .timeout = now() + ns };

	hv_sched_op(SCHEDOP_poll, &op);
}

bool domain_goes(uint16_t dom)
{
	struct xen_domctl_getdomaininfo info;
	const uint64_t end = now() + PATIENCE;

	while (domain_info(dom, &info)) {
		if (now() > end)
			return false;
		rest(1000000);
	}
	return true;
}

bool domain_destroy(uint16_t dom)
{
	return domctl_simple(XEN_DOMCTL_destroydomain, dom) == 0 &&
	       domain_goes(dom);
}

uint64_t free_pages(void)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_physinfo,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
	};

	if (PV_CALL1(__HYPERVISOR_sysctl, &op))
		os_panic("physinfo failed");
	return op.u.physinfo.free_pages;
}

/* Windows that are closed again: a test may have thousands of children. */
static void *spare[32];
static unsigned int nr_spare;

void *map_foreign(uint16_t dom, uint64_t mfn)
{
	void *va = nr_spare ? spare[--nr_spare] : va_alloc();
	const struct mmu_update req = {
		.ptr = machine_address(pt_entry(NULL, va, 1)),
		.val = mfn * PV_PAGE | PTE_KERNEL,
	};

	return hv_mmu_update(&req, 1, NULL, dom) ? NULL : va;
}

static void unmap_foreign(void *va)
{
	if (pt_set(va, 0))
		os_panic("cannot unmap a frame of the child");
	if (nr_spare < 32)
		spare[nr_spare++] = va;
}

static int64_t populate(struct child *child)
{
	struct xen_memory_reservation op = {
		.extent_start = child->mfn, .nr_extents = CHILD_SHARED,
		.domid = child->id,
	};

	for (uint64_t i = 0; i < CHILD_SHARED; i++)
		child->mfn[i] = i;
	const int64_t rc = hv_memory_op(XENMEM_populate_physmap, &op);

	return rc == CHILD_SHARED ? 0 : ENOMEM_;
}

static void set_entry(struct child *child, int table, unsigned int index,
		      uint64_t pte)
{
	uint64_t *va = map_foreign(child->id, child->mfn[table]);

	if (!va)
		os_panic("cannot map a table of the child");
	va[index] = pte;
	unmap_foreign(va);
}

/* One L1 that maps all pages, the tables read-only. */
static int64_t make_tables(struct child *child)
{
	for (int i = 0; i < CHILD_PAGES; i++)
		set_entry(child, CHILD_L1, i, child->mfn[i] * PV_PAGE |
			  (i <= CHILD_L1 ? PTE_RO : PTE_KERNEL));
	set_entry(child, CHILD_L2, CHILD_BASE >> 21 & 511,
		  child->mfn[CHILD_L1] * PV_PAGE | PTE_KERNEL);
	set_entry(child, CHILD_L3, CHILD_BASE >> 30 & 511,
		  child->mfn[CHILD_L2] * PV_PAGE | PTE_KERNEL);
	set_entry(child, CHILD_L4, 0,
		  child->mfn[CHILD_L3] * PV_PAGE | PTE_KERNEL);
	const struct mmuext_op pin = {
		.cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = child->mfn[CHILD_L4],
	};

	return hv_mmuext_op(&pin, 1, NULL, child->id);
}

/* All of them lead back to its loop. */
static void add_traps(struct vcpu_guest_context *context)
{
	const uint64_t handler = CHILD_VA(CHILD_CODE) +
				 (child_trap - child_code);

	for (unsigned int i = 0; i < 256; i++)
		if (i < 32 || i == 0x80)
			context->trap_ctxt[i] = (struct trap_info){
				.vector = i, .flags = i == 0x80 ? 3 : 0,
				.cs = FLAT_KERNEL_CS, .address = handler,
			};
	context->event_callback_eip = handler;
	context->failsafe_callback_eip = handler;
	context->syscall_callback_eip = handler;
}

static int64_t set_context(struct child *child)
{
	static struct vcpu_guest_context context;
	struct xen_domctl op = { .u.vcpucontext.ctxt = &context };

	context = (struct vcpu_guest_context){
		.flags = VGCF_in_kernel | VGCF_online,
		.user_regs = {
			.rip = CHILD_VA(CHILD_CODE), .cs = FLAT_KERNEL_CS,
			.ss = FLAT_KERNEL_SS, .rsp = CHILD_VA(CHILD_MAILBOX),
			.rbx = CHILD_VA(CHILD_MAILBOX), .rflags = 0x202,
		},
		.kernel_ss = FLAT_KERNEL_SS,
		.kernel_sp = CHILD_VA(CHILD_MAILBOX),
		.ctrlreg[3] = xen_pfn_to_cr3(child->mfn[CHILD_L4]),
	};
	if (child->traps)
		add_traps(&context);
	if (child->adjust)
		child->adjust(&context);
	return domctl(&op, XEN_DOMCTL_setvcpucontext, child->id);
}

static bool map_windows(struct child *child)
{
	child->mailbox = map_foreign(child->id, child->mfn[CHILD_MAILBOX]);
	child->data = map_foreign(child->id, child->mfn[CHILD_DATA]);
	child->code = map_foreign(child->id, child->mfn[CHILD_CODE]);
	child->shared = map_foreign(child->id, child->mfn[CHILD_SHARED]);
	return child->mailbox && child->data && child->code && child->shared;
}

int64_t child_start(struct child *child)
{
	struct xen_domctl_getdomaininfo info;
	int64_t rc = domain_create(CHILD_SHARED + 8);

	if (rc < 0)
		return rc;
	child->id = rc;
	rc = populate(child);
	if (rc || !domain_info(child->id, &info))
		return rc ? rc : ESRCH_;
	child->mfn[CHILD_SHARED] = info.shared_info_frame;
	if (!map_windows(child))
		return EFAULT_;
	memset(child->mailbox, 0, PV_PAGE);
	memset(child->data, 0, PV_PAGE);
	memcpy(child->code, child_code, child_code_end - child_code);
	for (int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		child->shared->vcpu_info[i].evtchn_upcall_mask = 1;
	rc = make_tables(child);
	if (!rc)
		rc = set_context(child);
	if (!rc)
		rc = domctl_simple(XEN_DOMCTL_unpausedomain, child->id);
	return rc;
}

void child_unmap(struct child *child)
{
	void *const windows[] = {
		child->mailbox, child->data, child->code,
		(void *)child->shared,
	};

	for (int i = 0; i < 4; i++)
		if (windows[i])
			unmap_foreign(windows[i]);
	child->mailbox = NULL;
	child->data = child->code = NULL;
	child->shared = NULL;
}

bool child_end(struct child *child)
{
	child_unmap(child);
	return domain_destroy(child->id);
}

void child_tell(struct child *child, uint64_t op, uint64_t a1, uint64_t a2)
{
	child->mailbox->op = op;
	child->mailbox->args[0] = a1;
	child->mailbox->args[1] = a2;
	__atomic_store_n(&child->mailbox->state, 1, __ATOMIC_RELEASE);
}

uint64_t child_patience = PATIENCE;

static int64_t answer(struct child *child)
{
	const uint64_t end = now() + child_patience;

	while (__atomic_load_n(&child->mailbox->state, __ATOMIC_ACQUIRE) != 2) {
		if (now() > end)
			return CHILD_SILENT;
		rest(100000);
	}
	return child->mailbox->result;
}

int64_t child_call(struct child *child, uint64_t op, uint64_t a1, uint64_t a2,
		   uint64_t a3, uint64_t a4)
{
	child->mailbox->args[2] = a3;
	child->mailbox->args[3] = a4;
	child_tell(child, op, a1, a2);
	return answer(child);
}

int64_t child_call_with(struct child *child, unsigned int nr, uint64_t cmd,
			void *arg, unsigned int size)
{
	memcpy(child->mailbox->room, arg, size);
	const int64_t rc = child_call(child, nr, cmd, CHILD_ROOM, 1,
				      DOMID_SELF);

	memcpy(arg, child->mailbox->room, size);
	return rc;
}

void child_launch(struct child *child, const void *code, size_t size,
		  uint64_t rdi, uint64_t rsi, uint64_t rcx)
{
	const uint64_t registers[8] = { 0, rcx, 0, rsi, rdi, 0, 0, 0 };
	void *page = map_foreign(child->id, child->mfn[CHILD_SPARE]);

	if (!page)
		os_panic("cannot map the child's spare page");
	memcpy(page, code, size);
	unmap_foreign(page);
	memcpy(child->mailbox->room, registers, sizeof(registers));
	child_tell(child, CHILD_RUN, CHILD_VA(CHILD_SPARE), 0);
}

bool child_run(struct child *child, const void *code, size_t size,
	       uint64_t rdi, uint64_t rsi, uint64_t rcx)
{
	child_launch(child, code, size, rdi, rsi, rcx);
	return answer(child) == CHILD_TRAPPED;
}

uint32_t child_fate(struct child *child)
{
	struct xen_domctl_getdomaininfo info;

	for (const uint64_t end = now() + PATIENCE; now() < end;) {
		if (domain_info(child->id, &info) &&
		    info.flags & XEN_DOMINF_shutdown)
			return info.flags >> XEN_DOMINF_shutdownshift & 255;
		rest(1000000);
	}
	return CHILD_LIVES;
}

bool child_advances(struct child *child)
{
	const uint64_t turns = child->mailbox->turns;

	for (const uint64_t end = now() + PATIENCE; now() < end;) {
		rest(1000000);
		if (child->mailbox->turns != turns)
			return true;
	}
	return false;
}

bool child_is_well(struct child *child)
{
	return child_call(child, __HYPERVISOR_xen_version, 0, 0, 0, 0) ==
	       (4 << 16 | 17);
}
