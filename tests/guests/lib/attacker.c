/* SPDX-License-Identifier: BSD-2-Clause */
/* See attacker.h. */
#include "tests/guests/lib/attacker.h"

#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/version.h>

#include "tests/guests/lib/hostile.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define TYPE_OF(info) ((info) >> 28 & 7)

struct child attacker = { .traps = true };
static uint64_t free_before;
static uint64_t next_pfn = 64;
static struct grant_entry_v1 *grants;

bool attacker_start(void)
{
	free_before = settled_free_pages();
	return child_start(&attacker) == 0 &&
	       attacker_call(__HYPERVISOR_xen_version, 0, 0, 0, 0) ==
		       (4 << 16 | 17);
}

bool attacker_gone(void)
{
	if (grants && pt_set(grants, 0))
		return false;
	grants = NULL;
	if (!child_end(&attacker))
		return false;
	const uint64_t after = free_pages_again(free_before - 4);

	if (after + 4 < free_before)
		print("# free pages: %lu, then %lu\n", free_before, after);
	return after + 4 >= free_before;
}

int64_t attacker_call(unsigned int nr, uint64_t a1, uint64_t a2, uint64_t a3,
		      uint64_t a4)
{
	return child_call(&attacker, nr, a1, a2, a3, a4);
}

int64_t attacker_with(unsigned int nr, uint64_t cmd, void *arg,
		      unsigned int size)
{
	memcpy(attacker.mailbox->room, arg, size);
	const int64_t rc = attacker_call(nr, cmd, CHILD_ROOM, 1, DOMID_SELF);

	memcpy(arg, attacker.mailbox->room, size);
	return rc;
}

int64_t attacker_update_for(uint64_t ptr, uint64_t val, uint32_t dom)
{
	const struct mmu_update req = { .ptr = ptr, .val = val };

	memcpy(attacker.mailbox->room, &req, sizeof(req));
	return attacker_call(__HYPERVISOR_mmu_update, CHILD_ROOM, 1, 0, dom);
}

int64_t attacker_update(uint64_t ptr, uint64_t val)
{
	return attacker_update_for(ptr, val, DOMID_SELF);
}

int64_t attacker_ext(unsigned int cmd, uint64_t mfn, uint64_t arg2)
{
	const struct mmuext_op op = {
		.cmd = cmd, .arg1.mfn = mfn, .arg2.src_mfn = arg2,
	};

	memcpy(attacker.mailbox->room, &op, sizeof(op));
	return attacker_call(__HYPERVISOR_mmuext_op, CHILD_ROOM, 1, 0,
			     DOMID_SELF);
}

int64_t attacker_map(unsigned int i, uint64_t pte)
{
	return attacker_call(__HYPERVISOR_update_va_mapping, CHILD_VA(i), pte,
			     UVMF_INVLPG | UVMF_ALL, 0);
}

/* A reservation call about one page, whose number is replaced by the answer. */
static int64_t reservation(unsigned int cmd, uint64_t *page)
{
	uint64_t *list = (uint64_t *)(attacker.mailbox->room + 512);
	struct xen_memory_reservation op = {
		.extent_start = (void *)(CHILD_ROOM + 512), .nr_extents = 1,
		.domid = DOMID_SELF,
	};

	list[0] = *page;
	const int64_t rc = attacker_with(__HYPERVISOR_memory_op, cmd, &op,
					 sizeof(op));

	*page = list[0];
	return rc;
}

uint64_t attacker_page(void)
{
	uint64_t page = next_pfn++;

	if (reservation(XENMEM_populate_physmap, &page) != 1)
		os_panic("the attacker gets no page");
	return page;
}

int64_t attacker_give_back(uint64_t mfn)
{
	return reservation(XENMEM_decrease_reservation, &mfn);
}

uint64_t attacker_table(uint64_t entry)
{
	const uint64_t mfn = attacker_page();

	if (attacker_ext(MMUEXT_CLEAR_PAGE, mfn, 0) ||
	    attacker_update(attacker_entry(mfn, 0), entry))
		os_panic("the attacker cannot write its page");
	return mfn;
}

uint64_t attacker_entry(uint64_t mfn, unsigned int index)
{
	return mfn * PV_PAGE + index * 8;
}

bool attacker_loads(uint64_t va, uint64_t *value)
{
	const int64_t got = child_call(&attacker, CHILD_LOAD, va, 0, 0, 0);

	*value = got;
	return got != CHILD_TRAPPED;
}

bool attacker_stores(uint64_t va, uint64_t value)
{
	return child_call(&attacker, CHILD_STORE, va, value, 0, 0) !=
	       CHILD_TRAPPED;
}

uint64_t attacker_peek(uint64_t mfn, unsigned int index)
{
	static volatile uint64_t *va;

	if (!va)
		va = va_alloc();
	const struct mmu_update req = {
		.ptr = machine_address(pt_entry(NULL, (void *)va, 1)),
		.val = mfn * PV_PAGE | PTE_RO,
	};

	if (hv_mmu_update(&req, 1, NULL, attacker.id))
		os_panic("cannot look at frame %lx of the attacker", mfn);
	const uint64_t value = va[index];

	if (pt_set((void *)va, 0))
		os_panic("cannot look away");
	return value;
}

static uint64_t info_of(uint64_t mfn)
{
	uint64_t list[1] = { mfn };
	struct xen_domctl op = {
		.u.getpageframeinfo3 = { .num = 1, .array = list },
	};

	if (domctl(&op, XEN_DOMCTL_getpageframeinfo3, attacker.id))
		os_panic("getpageframeinfo3 failed");
	return list[0];
}

unsigned int attacker_type(uint64_t mfn)
{
	const uint64_t info = info_of(mfn);

	return (info & XEN_DOMCTL_PFINFO_XTAB) == XEN_DOMCTL_PFINFO_XTAB ?
		       99 : TYPE_OF(info);
}

bool attacker_pinned(uint64_t mfn)
{
	return info_of(mfn) & XEN_DOMCTL_PFINFO_LPINTAB;
}

uint64_t attacker_pages(void)
{
	struct xen_domctl_getdomaininfo info;

	return domain_info(attacker.id, &info) ? info.tot_pages : 0;
}

bool attacker_may_write(uint64_t mfn)
{
	if (attacker_map(511, mfn * PV_PAGE | PTE_KERNEL))
		return false;
	return attacker_map(511, 0) == 0;
}

int attacker_grant_map(uint64_t host_addr, uint32_t flags, uint32_t ref,
		       uint32_t *handle)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = host_addr, .flags = flags, .ref = ref, .dom = 0,
		.status = 99, .handle = ~0U,
	};
	const int64_t rc = attacker_with(__HYPERVISOR_grant_table_op,
					 GNTTABOP_map_grant_ref, &op,
					 sizeof(op));

	*handle = op.handle;
	return rc ? 88 : op.status;
}

int attacker_grant_unmap(uint64_t host_addr, uint32_t handle)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = host_addr, .handle = handle, .status = 99,
	};
	const int64_t rc = attacker_with(__HYPERVISOR_grant_table_op,
					 GNTTABOP_unmap_grant_ref, &op,
					 sizeof(op));

	return rc ? 88 : op.status;
}

struct grant_entry_v1 *attacker_grants(void)
{
	uint64_t frame = 0;
	struct xen_mem_acquire_resource op = {
		.domid = attacker.id, .type = XENMEM_resource_grant_table,
		.id = 0, .nr_frames = 1, .frame_list = &frame,
	};

	if (!grants && !hv_memory_op(XENMEM_acquire_resource, &op))
		grants = map_foreign(attacker.id, frame);
	if (!grants)
		os_panic("cannot map the attacker's grant table");
	return grants;
}

bool dom0_page_is_free(uint64_t *page)
{
	const uint64_t mfn = pv_frame(page);

	memset(page, 0, PV_PAGE);
	return pt_protect(page, false) == 0 &&
	       mmuext(MMUEXT_PIN_L1_TABLE, mfn) == 0 &&
	       mmuext(MMUEXT_UNPIN_TABLE, mfn) == 0 &&
	       pt_protect(page, true) == 0;
}

bool refused(int64_t rc)
{
	return rc == EPERM_ || rc == EINVAL_ || rc == EBUSY_ ||
	       rc == ESRCH_ || rc == EACCES_;
}

bool on_xen(void)
{
	char text[16] = { 0 };
	int64_t rc = hv_xen_version(XENVER_extraversion, text);

	if (rc)
		os_panic("no extra version");
	for (int i = 0; i + 5 < 16; i++)
		if (!memcmp(text + i, "shoji", 5))
			return false;
	return true;
}
