// SPDX-License-Identifier: BSD-2-Clause
/*
 * Descriptor tables: set_gdt, update_descriptor, MMUEXT_SET_LDT, and faults in
 * the LDT window, which map a page of the guest's LDT. The window itself is
 * looked at too: what the CPU may write there is a descriptor page.
 */
#include <string.h>

#include "core/domain.h"
#include "machine.h"
#include "mm/layout.h"
#include "mm/paging.h"
#include "pv/segment.h"
#include "spec.h"
#include "x86/desc.h"
#include "xen/errno.h"

#define CPUS 2
#define ROLE 5
#define GDT_MAX (GDT_PAGES * 512)
#define ZERO_PAGE (FRAMES + 7ull) /* no frame of anybody's */

/* The CPUs' descriptor windows, as mm/paging.c makes them. */

static uint64_t window[CPUS][32];

uint64_t *paging_desc_ptes(unsigned cpu)
{
	return window[cpu];
}

paddr_t paging_zero_page(void)
{
	return ZERO_PAGE << PAGE_SHIFT;
}

void desc_load_ldt(unsigned entries)
{
	(void)entries;
}

static void check_page(const struct vcpu *v, uint64_t pte, mfn_t wanted)
{
	const uint64_t mfn = (pte & PTE_ADDR) >> PAGE_SHIFT;

	if (!(pte & PTE_P) || mfn == ZERO_PAGE) {
		if (!mfn_none(wanted))
			differs("d%uv%u: descriptor page %lx is not shown",
				v->domain->id, v->id, wanted.n);
		return;
	}
	if (mfn != wanted.n || frames[mfn].owner != v->domain->id ||
		frame_type(&frames[mfn]) != FRAME_DESC ||
		!(frames[mfn].type & FT_VALID))
		differs("d%uv%u: its window shows frame %lx of type %x",
			v->domain->id, v->id, mfn, frames[mfn].type);
}

/* Of a CPU that runs a guest: exactly the vCPU's pages, all audited. */
void segment_check_window(unsigned cpu)
{
	const struct vcpu *const v = cpu_of(cpu)->vcpu;

	if (!v || !v->domain)
		return;
	for (unsigned i = 0; i < GDT_PAGES; i++)
		check_page(v, window[cpu][i],
			i * 512 < v->gdt_entries ? v->gdt_frames[i] : MFN_NONE);
	for (unsigned i = 0; i < LDT_PAGES; i++)
		check_page(v, window[cpu][16 + i],
			v->ldt_mapped >> i & 1 ? v->ldt_frames[i] : MFN_NONE);
}

/* Specification */

/* What a descriptor becomes; false: nobody may have it (ABI surface 3.12). */
static bool allowed(uint64_t *raw)
{
	const bool present = *raw >> 47 & 1;
	const bool code_or_data = *raw >> 44 & 1;
	const unsigned type = *raw >> 40 & 15;

	if (!present || (!code_or_data && type == 0))
		return true;
	if (!code_or_data && type != 12)
		return false;
	*raw &= ~(3ull << 45);
	*raw |= code_or_data ? 3ull << 45 : 0;
	return true;
}

int spec_audit_descriptors(uint64_t *page)
{
	for (unsigned i = 0; i < 512; i++)
		if (!allowed(&page[i]))
			return -EINVAL;
	return 0;
}

static void forget_ldt(struct spec_tables *t)
{
	for (unsigned i = 0; i < LDT_PAGES; i++)
		if (t->ldt_mapped >> i & 1)
			spec_put_table(t->ldt[i].n);
	t->ldt_mapped = 0;
}

void spec_flush_ldt(uint16_t d, unsigned vcpu)
{
	forget_ldt(&spec_domain[d].tables[vcpu]);
}

static int get_page(uint16_t d, uint64_t mfn)
{
	int rc;

	if (!spec_get(mfn, d))
		return -EINVAL;
	rc = spec_get_type(d, mfn, FRAME_DESC);
	if (rc)
		spec_put(mfn);
	return rc;
}

static int set_gdt(uint16_t d, unsigned vcpu, const uint64_t *list,
	uint64_t entries)
{
	struct spec_tables *const t = &spec_domain[d].tables[vcpu];
	const unsigned nr = (unsigned)(entries + 511) / 512;

	if (entries > GDT_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < nr; i++) {
		if (!get_page(d, list[i]))
			continue;
		while (i--)
			spec_put_table(list[i]);
		return -EINVAL;
	}
	for (unsigned i = 0; i * 512 < t->gdt_entries; i++)
		spec_put_table(t->gdt[i].n);
	for (unsigned i = 0; i < nr; i++)
		t->gdt[i] = MFN(list[i]);
	t->gdt_entries = (unsigned)entries;
	return 0;
}

int spec_set_ldt(uint16_t d, unsigned vcpu, uint64_t base, uint64_t entries)
{
	struct spec_tables *const t = &spec_domain[d].tables[vcpu];
	const uint64_t last = base + entries * 8 - 1;

	if (entries > 8192 || base % PAGE_SIZE)
		return -EINVAL;
	if (entries && (!is_canonical(base) ||
			(last >= HV_BASE && base < HV_END)))
		return -EINVAL;
	forget_ldt(t);
	t->ldt_base = base;
	t->ldt_entries = (unsigned)entries;
	return 0;
}

static int fault_ldt(uint16_t d, unsigned vcpu, uint64_t offset)
{
	struct spec_tables *const t = &spec_domain[d].tables[vcpu];
	const unsigned page = (unsigned)(offset / PAGE_SIZE);
	uint64_t table, pte;
	unsigned index;

	if (offset >= t->ldt_entries * 8ull || (t->ldt_mapped >> page & 1) ||
		!spec_walk(d, vcpu, t->ldt_base + page * PAGE_SIZE, &table,
			&index))
		return -EINVAL;
	pte = spec[table].entry[index];
	if (!(pte & PTE_P) || get_page(d, (pte & PTE_ADDR) >> PAGE_SHIFT))
		return -EINVAL;
	t->ldt[page] = MFN((pte & PTE_ADDR) >> PAGE_SHIFT);
	t->ldt_mapped |= 1u << page;
	return 0;
}

static int update_descriptor(uint16_t d, uint64_t at, uint64_t raw)
{
	const uint64_t mfn = at >> PAGE_SHIFT;
	struct spec_frame *const f = &spec[mfn % FRAMES];

	if (at & 7 || !allowed(&raw) || mfn >= FRAMES || f->owner != d ||
		(f->count && f->type != FRAME_DESC &&
			f->type != FRAME_WRITABLE))
		return -EINVAL;
	f->entry[at >> 3 & 511] = raw;
	return 0;
}

void spec_read_tables(uint16_t d, unsigned vcpu)
{
	struct spec_tables *const t = &spec_domain[d].tables[vcpu];
	const struct vcpu *const v = domain_of_id(d)->vcpu[vcpu];

	*t = (struct spec_tables){
		.gdt_entries = v->gdt_entries,
		.ldt_base = v->ldt_base,
		.ldt_entries = v->ldt_entries,
		.ldt_mapped = (uint32_t)v->ldt_mapped,
	};
	memcpy(t->gdt, v->gdt_frames, sizeof(t->gdt));
	memcpy(t->ldt, v->ldt_frames, sizeof(t->ldt));
}

void spec_compare_tables(uint16_t d, unsigned vcpu)
{
	const struct spec_tables *const t = &spec_domain[d].tables[vcpu];
	const struct vcpu *const v = domain_of_id(d)->vcpu[vcpu];

	if (v->gdt_entries != t->gdt_entries || v->ldt_base != t->ldt_base ||
		v->ldt_entries != t->ldt_entries ||
		v->ldt_mapped != t->ldt_mapped)
		differs("d%uv%u: GDT %u LDT %lx %u %lx, not %u, %lx %u %x", d,
			vcpu, v->gdt_entries, v->ldt_base, v->ldt_entries,
			v->ldt_mapped, t->gdt_entries, t->ldt_base,
			t->ldt_entries, t->ldt_mapped);
	for (unsigned i = 0; i * 512 < t->gdt_entries; i++)
		if (!mfn_equal(v->gdt_frames[i], t->gdt[i]))
			differs("d%uv%u: GDT page %u", d, vcpu, i);
	for (unsigned i = 0; i < LDT_PAGES; i++)
		if ((t->ldt_mapped >> i & 1) &&
			!mfn_equal(v->ldt_frames[i], t->ldt[i]))
			differs("d%uv%u: LDT page %u", d, vcpu, i);
}

/* Calls */

static uint64_t pick_descriptor(void)
{
	static const uint64_t kinds[] = {
		0x00af9b000000ffff, /* code, ring 0 */
		0x00cff3000000ffff, /* data, ring 3 */
		0x0000e00000000000, /* present, type 0 */
		0x0000ec0000080000, /* call gate */
		0x0000890000000067, /* TSS */
		0x00008e0000080000, /* interrupt gate */
		0x0000820000000fff, /* LDT */
	};

	if (chance(10))
		return random_word();
	return kinds[random_below(chance(80) ? 4 :
		sizeof(kinds) / sizeof(kinds[0]))];
}

static void generate_gdt(struct call *c)
{
	uint64_t *const list = (void *)c->list;
	const unsigned pages = chance(15) ? 0 : 1 + random_below(4);

	c->a.arg[0] = (uint64_t)list;
	c->a.arg[1] = pages * 512 - (pages && chance(50) ? 100 : 0);
	if (chance(3))
		c->a.arg[1] = chance(50) ? GDT_MAX + 1 : GDT_MAX;
	memset(list, 0, GDT_PAGES * sizeof(*list));
	for (unsigned i = 0; i < GDT_PAGES; i++)
		list[i] = pick_frame(c->d, chance(95) ? ROLE : 1);
	trace("  %lu entries: %lx %lx %lx %lx", c->a.arg[1], list[0], list[1],
		list[2], list[3]);
}

/* What is refused here for somebody's unfinished work may have audited some
 * of the pages. */
static void reread(uint64_t mfn)
{
	if (mfn < FRAMES && !spec[mfn].count)
		memcpy(spec[mfn].entry, mfn_direct(MFN(mfn)), PAGE_SIZE);
}

static void account_gdt(struct call *c, int64_t rc)
{
	const uint64_t *const list = (const void *)c->list;

	if (rc && may_refuse(c)) {
		for (unsigned i = 0; i < GDT_PAGES; i++)
			reread(list[i]);
		return;
	}
	same_answer(c, rc, set_gdt(c->d->id, c->v->id, list,
		(unsigned)c->a.arg[1]));
}

static void generate_descriptor(struct call *c)
{
	uint64_t mfn;

	do {
		mfn = pick_frame(c->d, chance(90) ? ROLE : random_below(5));
	} while (is_shared(mfn));
	c->a.arg[0] = mfn << PAGE_SHIFT | random_below(chance(95) ? 12 : 512)
		<< 3 | (chance(2) ? 4 : 0);
	c->a.arg[1] = pick_descriptor();
	trace("  %lx = %lx", c->a.arg[0], c->a.arg[1]);
}

static void account_descriptor(struct call *c, int64_t rc)
{
	if (rc && may_refuse(c))
		return;
	same_answer(c, rc, update_descriptor(c->d->id, c->a.arg[0],
		c->a.arg[1]));
}

/* The guest loads a selector of its LDT. */
static int64_t ldt_fault(struct hypercall_args *a)
{
	return segment_fault_ldt(current, DESC_WINDOW(this_cpu()->number) +
			DESCWIN_LDT + a->arg[0]) ? 0 : -EINVAL;
}

static void generate_fault(struct call *c)
{
	const struct spec_tables *const t =
		&spec_domain[c->d->id].tables[c->v->id];

	c->a.arg[0] = 8ull *
		random_below(chance(95) ? t->ldt_entries + 1 : 8192);
	trace("  at %lx of %u entries at %lx", c->a.arg[0], t->ldt_entries,
		t->ldt_base);
}

static void account_fault(struct call *c, int64_t rc)
{
	const uint16_t d = c->d->id;
	uint64_t table;
	unsigned index;

	if (!rc || !may_refuse(c)) {
		same_answer(c, rc, fault_ldt(d, c->v->id, c->a.arg[0]));
		return;
	}
	if (spec_walk(d, c->v->id, spec_domain[d].tables[c->v->id].ldt_base +
			(c->a.arg[0] & ~(uint64_t)PAGE_MASK), &table, &index))
		reread((spec[table].entry[index] & PTE_ADDR) >> PAGE_SHIFT);
}

const struct call_kind segment_calls[] = {
	{"set_gdt", 6, hypercall_set_gdt, generate_gdt, account_gdt, false},
	{"update_descriptor", 8, hypercall_update_descriptor,
		generate_descriptor, account_descriptor, false},
	{"LDT fault", 8, ldt_fault, generate_fault, account_fault, false},
	{0},
};
