/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See segment.h. A descriptor page holds a general and a type reference for
 * every vCPU that uses it; audits and type changes happen under the domain's
 * RANK_PT lock.
 */
#include "pv/segment.h"

#include "core/domain.h"
#include "core/refusal.h"
#include "core/vcpu.h"
#include "mm/frame.h"
#include "mm/guestcopy.h"
#include "mm/guestmem.h"
#include "mm/mmu.h"
#include "mm/paging.h"
#include "mm/ptcheck.h"
#include "pv/hypercall.h"
#include "x86/desc.h"
#include "x86/msr.h"

#define GUEST_GDT_PAGES 14
#define GDT_ENTRIES_MAX (GUEST_GDT_PAGES * 512)
#define LDT_ENTRIES_MAX 8192

#define DESC_P (1ull << 47)
#define DESC_S (1ull << 44)
#define DESC_DPL (3ull << 45)
#define DESC_TYPE(raw) ((raw) >> 40 & 15)
#define TYPE_CALL_GATE 12

/* What a guest may put into a descriptor, made harmless; false: refused. */
static bool audit(uint64_t *raw)
{
	if (!(*raw & DESC_P))
		return true;
	if (*raw & DESC_S) {
		*raw |= DESC_DPL;
		return true;
	}
	if (DESC_TYPE(*raw) == 0)
		return true;
	if (DESC_TYPE(*raw) != TYPE_CALL_GATE)
		return false;
	/* Nobody in ring 3 can use it. */
	*raw &= ~DESC_DPL;
	return true;
}

static bool audit_page(uint64_t *page)
{
	for (unsigned i = 0; i < 512; i++) {
		uint64_t raw = page[i];

		if (!audit(&raw))
			return false;
		if (raw != page[i])
			page[i] = raw;
	}
	return true;
}

/* References to a descriptor page. RANK_PT held. */
static int get_page(struct domain *d, mfn_t mfn)
{
	struct frame *const f = frame_of(mfn);

	if (!frame_get(mfn, d))
		return -EINVAL;
	if (frame_type(f) == FRAME_DESC && (f->type & FT_COUNT)) {
		atomic_add(&f->type, 1);
		return 0;
	}
	if (frame_take_type(f, FRAME_DESC)) {
		frame_put(mfn);
		return reject(-EINVAL, "frame %lx has another use", mfn.n);
	}
	if (!audit_page(mfn_direct(mfn))) {
		frame_drop_type(f);
		frame_put(mfn);
		return reject(-EINVAL, "frame %lx has a bad descriptor", mfn.n);
	}
	atomic_or(&f->type, FT_VALID);
	return 0;
}

static void put_page(mfn_t mfn)
{
	struct frame *const f = frame_of(mfn);

	frame_unmapped(f);
	if ((f->type & FT_COUNT) == 1)
		frame_drop_type(f);
	else
		atomic_sub(&f->type, 1);
	frame_put(mfn);
}

static unsigned gdt_pages(unsigned entries)
{
	return (entries + 511) / 512;
}

int segment_set_gdt(struct vcpu *v, const mfn_t *list, unsigned entries)
{
	struct domain *const d = v->domain;
	const unsigned nr = gdt_pages(entries);
	const unsigned nr_old = gdt_pages(v->gdt_entries);
	mfn_t old[GUEST_GDT_PAGES];
	int rc = 0;

	if (entries > GDT_ENTRIES_MAX)
		return reject(-EINVAL, "%u entries, above the limit", entries);
	spin_lock(&d->pt_lock);
	for (unsigned i = 0; i < nr && !rc; i++) {
		rc = get_page(d, list[i]);
		while (rc && i--)
			put_page(list[i]);
	}
	if (!rc) {
		for (unsigned i = 0; i < nr_old; i++)
			old[i] = v->gdt_frames[i];
		for (unsigned i = 0; i < nr; i++)
			v->gdt_frames[i] = list[i];
		v->gdt_entries = entries;
		if (v == current)
			segment_load_tables(v);
		else
			v->loaded_on = 0;
		for (unsigned i = 0; i < nr_old; i++)
			put_page(old[i]);
	}
	spin_unlock(&d->pt_lock);
	return rc;
}

/* LDT */

void segment_flush_ldt(struct vcpu *v)
{
	struct domain *const d = v->domain;

	if (!v->ldt_mapped)
		return;
	spin_lock(&d->pt_lock);
	for (unsigned i = 0; i < 16; i++)
		if (v->ldt_mapped >> i & 1)
			put_page(v->ldt_frames[i]);
	v->ldt_mapped = 0;
	if (v == current)
		segment_load_tables(v);
	else
		v->loaded_on = 0;
	spin_unlock(&d->pt_lock);
}

bool segment_may_ldt(uint64_t base, uint64_t entries)
{
	return entries <= LDT_ENTRIES_MAX && base % PAGE_SIZE == 0 &&
		(!entries ||
			(is_canonical(base) && (base + entries * 8 <= HV_BASE ||
						       base >= HV_END)));
}

int segment_set_ldt(struct vcpu *v, uint64_t base, uint32_t entries)
{
	if (!segment_may_ldt(base, entries))
		return reject(-EINVAL, "%u entries at %lx", entries, base);
	segment_flush_ldt(v);
	v->ldt_base = base;
	v->ldt_entries = entries;
	desc_load_ldt(entries);
	return 0;
}

bool segment_ldt_address(const struct vcpu *v, uint64_t address,
	uint64_t *guest_address)
{
	const uint64_t window = DESC_WINDOW(this_cpu()->number) + DESCWIN_LDT;

	if (address < window || address - window >= v->ldt_entries * 8ull)
		return false;
	*guest_address = v->ldt_base + (address - window);
	return true;
}

bool segment_fault_ldt(struct vcpu *v, uint64_t address)
{
	struct domain *const d = v->domain;
	const uint64_t window = DESC_WINDOW(this_cpu()->number) + DESCWIN_LDT;
	const uint64_t offset = address - window;
	const unsigned page = (unsigned)(offset / PAGE_SIZE);
	const uint64_t *entry;
	uint64_t pte;
	int rc = -EINVAL;

	if (address < window || offset >= v->ldt_entries * 8ull ||
		(v->ldt_mapped >> page & 1))
		return false;
	spin_lock(&v->domain->pt_lock);
	entry = mmu_find_l1(v, v->ldt_base + page * PAGE_SIZE);
	pte = entry ? *entry : 0;
	if (pte & PTE_P)
		rc = get_page(d, pte_mfn(pte));
	if (!rc) {
		v->ldt_frames[page] = pte_mfn(pte);
		v->ldt_mapped |= 1ull << page;
		segment_load_tables(v);
	}
	spin_unlock(&v->domain->pt_lock);
	return !rc;
}

/* The CPU sets Accessed bits in descriptors, so pages are writable to it. */
#define WINDOW_FLAGS (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX)

static void set_window(uint64_t *pte, uint64_t value, uint64_t va)
{
	if (*pte == value)
		return;
	*pte = value;
	tlb_flush_page_local(va);
}

void segment_load_tables(struct vcpu *v)
{
	struct cpu *const cpu = this_cpu();
	uint64_t *const pte = paging_desc_ptes(cpu->number);
	const uint64_t va = DESC_WINDOW(cpu->number);
	const unsigned nr = gdt_pages(v->gdt_entries);
	const uint64_t zero = paging_zero_page() | PTE_P | PTE_NX;

	for (unsigned i = 0; i < nr || i < cpu->gdt_pages; i++)
		set_window(&pte[i],
			i < nr ? mfn_paddr(v->gdt_frames[i]) | WINDOW_FLAGS :
				 zero,
			va + i * PAGE_SIZE);
	cpu->gdt_pages = (uint8_t)nr;
	for (unsigned i = 0; (v->ldt_mapped | cpu->ldt_mapped) >> i; i++)
		set_window(&pte[16 + i],
			v->ldt_mapped >> i & 1 ?
				mfn_paddr(v->ldt_frames[i]) | WINDOW_FLAGS :
				0,
			va + DESCWIN_LDT + i * PAGE_SIZE);
	cpu->ldt_mapped = (uint16_t)v->ldt_mapped;
}

/* Selectors and bases */

void segment_save(struct vcpu *v)
{
	const uint64_t active = rdmsr(MSR_GS_BASE);
	const uint64_t inactive = rdmsr(MSR_KERNEL_GS_BASE);

	v->ds = read_ds();
	v->es = read_es();
	v->fs = read_fs();
	v->gs = read_gs();
	v->fs_base = rdmsr(MSR_FS_BASE);
	v->gs_base_kernel = v->kernel_mode ? active : inactive;
	v->gs_base_user = v->kernel_mode ? inactive : active;
}

bool segment_load(struct vcpu *v)
{
	int bad = 0;

	desc_load_ldt(v->ldt_entries);
	segment_load_tables(v);
	if (v->ds | read_ds())
		bad |= guest_load_ds(v->ds) && (guest_load_ds(0), 1);
	if (v->es | read_es())
		bad |= guest_load_es(v->es) && (guest_load_es(0), 1);
	if (v->fs | read_fs())
		bad |= guest_load_fs(v->fs) && (guest_load_fs(0), 1);
	if (v->gs | read_gs())
		bad |= guest_load_gs(v->gs) && (guest_load_gs(0), 1);
	wrmsr(MSR_FS_BASE, v->fs_base);
	wrmsr(MSR_GS_BASE,
		v->kernel_mode ? v->gs_base_kernel : v->gs_base_user);
	wrmsr(MSR_KERNEL_GS_BASE,
		v->kernel_mode ? v->gs_base_user : v->gs_base_kernel);
	return !bad;
}

/* Hypercalls */

/* set_gdt(frames, entries) */
int64_t hypercall_set_gdt(struct hypercall_args *a)
{
	const unsigned entries = (unsigned)a->arg[1];
	mfn_t list[GUEST_GDT_PAGES];

	if (entries > GDT_ENTRIES_MAX)
		return reject(-EINVAL, "%u entries, above the limit", entries);
	if (copy_from_guest(list, (gva_t){ a->arg[0] },
		    gdt_pages(entries) * sizeof(list[0])))
		return -EFAULT;
	return segment_set_gdt(current, list, entries);
}

/* update_descriptor(machine address, descriptor) */
int64_t hypercall_update_descriptor(struct hypercall_args *a)
{
	struct domain *const d = current->domain;
	const mfn_t mfn = paddr_mfn(a->arg[0]);
	uint64_t raw = a->arg[1];
	struct frame *f;
	int rc = -EINVAL;

	if (a->arg[0] & 7 || !audit(&raw))
		return reject(-EINVAL, "descriptor %lx: not allowed", raw);
	if (!frame_get(mfn, d))
		return -EINVAL;
	f = frame_of(mfn);
	spin_lock(&d->pt_lock);
	if (frame_type(f) == FRAME_DESC && (f->type & FT_COUNT)) {
		write_once((uint64_t *)direct(a->arg[0]), raw);
		rc = 0;
	} else if (!frame_get_writable(mfn)) {
		write_once((uint64_t *)direct(a->arg[0]), raw);
		frame_put_writable(mfn);
		rc = 0;
	}
	spin_unlock(&d->pt_lock);
	frame_put(mfn);
	return rc;
}

/* The user GS selector: loaded with the user base active, for its effect on
 * that. A bad one loads null. */
static void set_user_gs(uint16_t selector)
{
	irq_disable();
	swapgs();
	if (guest_load_gs(selector | ((selector & ~3u) ? 3 : 0)))
		guest_load_gs(0);
	swapgs();
	irq_enable();
}

/* set_segment_base(which, value): ABI surface 2.1, 25. */
int64_t hypercall_set_segment_base(struct hypercall_args *a)
{
	const uint64_t value = a->arg[1];

	if (a->arg[0] <= 2 && !is_canonical(value))
		return reject(-EINVAL, "base %lx is not canonical", value);
	switch (a->arg[0]) {
	case SEGBASE_FS:
		wrmsr(MSR_FS_BASE, value);
		return 0;
	case SEGBASE_GS_USER:
		wrmsr(MSR_KERNEL_GS_BASE, value);
		return 0;
	case SEGBASE_GS_KERNEL:
		wrmsr(MSR_GS_BASE, value);
		return 0;
	case SEGBASE_GS_USER_SEL:
		set_user_gs((uint16_t)value);
		return 0;
	default:
		return reject(-EINVAL, "there is no such base");
	}
}

/* stack_switch(ss, sp): for the next entry from guest user space. */
int64_t hypercall_stack_switch(struct hypercall_args *a)
{
	struct vcpu *const v = current;

	v->kernel_ss = a->arg[0];
	v->kernel_sp = a->arg[1];
	return 0;
}
