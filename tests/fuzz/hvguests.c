// SPDX-License-Identifier: BSD-2-Clause
/* The guests of the target `hypercall`: see hypercall.h. */
#include "core/domain.h"
#include "core/granttab.h"
#include "core/policy.h"
#include "core/sched.h"
#include "core/vcpu.h"
#include "lib/assert.h"
#include "lib/rangeset.h"
#include "mm/frame.h"
#include "mm/paging.h"
#include "tests/fuzz/hvmachine.h"
#include "tests/fuzz/hypercall.h"
#include "x86/desc.h"
#include "x86/smp.h"

#define TABLE (PTE_P | PTE_RW | PTE_US | PTE_A)
#define DATA (TABLE | PTE_D)

static mfn_t pages[GUESTS][GUEST_PAGES];

uint64_t guest_mfn(unsigned guest, unsigned page)
{
	return pages[guest][page].n;
}

static void set(unsigned g, unsigned table, unsigned index, unsigned page,
	uint64_t flags)
{
	uint64_t *const entry = mfn_direct(pages[g][table]);

	entry[index] = mfn_paddr(pages[g][page]) | flags;
}

static void grant(struct domain *d, unsigned ref, unsigned to, unsigned page,
	uint16_t flags)
{
	struct grant_entry_v1 *const e = d->grants->frame[0];

	e[ref] = (struct grant_entry_v1){GTF_permit_access | flags,
		(uint16_t)((d->id + to) % GUESTS),
		(uint32_t)pages[d->id][page].n};
}

static void make_grants(struct domain *d)
{
	uint64_t *const l1 = mfn_direct(pages[d->id][PAGE_L1]);

	l1[PAGE_SHARED] = mfn_paddr(direct_mfn(d->shared)) | DATA;
	l1[PAGE_GRANTS] = mfn_paddr(direct_mfn(d->grants->frame[0])) | DATA;
	grant(d, 0, 1, PAGE_DATA, 0);
	grant(d, 1, 2, PAGE_LAST, 0);
	grant(d, 2, 1, PAGE_READ_ONLY, GTF_readonly);
	grant(d, 3, 1, PAGE_SPARE_L1, 0); /* which must not work */
	grant(d, 4, 2, GUEST_PAGES - 1, 0);
}

static void build_tables(unsigned g)
{
	const unsigned l2 = GUEST_VA >> 21 & 511;

	set(g, PAGE_L4, GUEST_VA >> 39 & 511, PAGE_L3, TABLE);
	set(g, PAGE_USER_L4, GUEST_VA >> 39 & 511, PAGE_L3, TABLE);
	set(g, PAGE_L3, GUEST_VA >> 30 & 511, PAGE_L2, TABLE);
	set(g, PAGE_L2, l2, PAGE_L1, TABLE);
	set(g, PAGE_L2, l2 + 1, PAGE_SPARE_L1, TABLE);
	for (unsigned i = 0; i <= PAGE_LAST; i++)
		set(g, PAGE_L1, i, i,
			i <= PAGE_READ_ONLY ? DATA & ~PTE_RW : DATA);
}

/* What a guest kernel would have registered: entry points that lead nowhere,
 * but which exist. */
static void start_vcpu(struct domain *d, unsigned number, unsigned cpu)
{
	static struct vcpu_guest_context c;
	const unsigned g = d->id;

	c = (struct vcpu_guest_context){
		.flags = VGCF_in_kernel,
		.user_regs =
			{
				.rip = guest_va(PAGE_CODE),
				.cs = SEL_USER_CS64,
				.ss = SEL_USER_DS,
				.rsp = guest_va(PAGE_STACK + 1),
			},
		.kernel_ss = SEL_USER_DS,
		.kernel_sp = guest_va(PAGE_STACK + 1),
		.gdt_ents = 512,
		.gdt_frames[0] = pages[g][PAGE_GDT].n,
		.ctrlreg[1] = xen_pfn_to_cr3(pages[g][PAGE_USER_L4].n),
		.ctrlreg[3] = xen_pfn_to_cr3(pages[g][PAGE_L4].n),
		.event_callback_eip = guest_va(PAGE_CODE) + 0x100,
		.failsafe_callback_eip = guest_va(PAGE_CODE) + 0x200,
		.syscall_callback_eip = guest_va(PAGE_CODE) + 0x300,
		.vm_assist = 1ull << VMASST_TYPE_writable_pagetables,
	};
	for (unsigned i = 0; i < 256; i++)
		c.trap_ctxt[i] = (struct trap_info){
			.vector = (uint8_t)i,
			.cs = SEL_USER_CS64,
			.address = guest_va(PAGE_CODE) + 0x400 + i,
		};
	CHECK(!sched_set_affinity(
		d->vcpu[number], (cpumask_t){1ull << cpu}, cpus_online));
	/* The walk of its tables may be interrupted, but ends. */
	while (vcpu_set_context(d->vcpu[number], &c))
		;
	vcpu_up(d->vcpu[number]);
}

static struct domain *create(unsigned g, unsigned vcpus)
{
	const struct domain_config config = {
		.privileged = g == 0,
		.max_vcpus = vcpus,
		.max_grant_frames = 3,
		.max_maptrack_frames = 2,
	};
	struct domain *d;

	CHECK(!domain_create((uint16_t)g, &config, &d));
	d->max_pages = GUEST_PAGES + 8;
	for (unsigned i = 0; i < vcpus; i++)
		CHECK(vcpu_create(d, i));
	for (unsigned i = 0; i < GUEST_PAGES; i++)
		CHECK(!frame_alloc(d, 0, 0, i, &pages[g][i]));
	build_tables(g);
	make_grants(d);
	return d;
}

void guests_create(void)
{
	struct domain *d = create(0, 2);

	CHECK(!rangeset_add(d->iomem, HW_FRAMES, HW_FRAMES + 100));
	CHECK(!rangeset_add(d->ioports, 0, 0xffff));
	CHECK(!rangeset_add(d->irqs, 0, 511));
	start_vcpu(d, 0, 0);
	start_vcpu(d, 1, 1);
	domain_unpause(d);
	d = create(1, 2); /* its second vCPU it has to initialise itself */
	start_vcpu(d, 0, 2);
	CHECK(!sched_set_affinity(
		d->vcpu[1], (cpumask_t){1ull << 3}, cpus_online));
	d->control_pauses = 0;
	domain_unpause(d);
	d = create(2, 1);
	start_vcpu(d, 0, 4);
	policy_pair(d, domain_of_id(1), true);
	d->control_pauses = 0;
	domain_unpause(d);
	hw_settle();
}
