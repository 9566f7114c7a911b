// SPDX-License-Identifier: BSD-2-Clause
/*
 * Counts that are full: a guest with 2 GiB of level-1 tables can have one
 * page in them 2^28 times, with 1 GiB 2^27 times writable, and a table in as
 * many entries of level 2. The next one is refused, nothing else changes, and
 * one that goes makes room for one.
 */
#include <string.h>

#include "core/domain.h"
#include "core/granttab.h"
#include "machine.h"
#include "mm/frame.h"
#include "mm/mmu.h"
#include "mm/paging.h"
#include "mm/ptcheck.h"
#include "pv/hypercall.h"
#include "suite.h"
#include "x86/asm.h"
#include "x86/desc.h"
#include "xen/errno.h"

/* Translations and descriptor tables, of which there are none. */

void write_cr3(uint64_t value)
{
	(void)value;
}

uint64_t read_cr4(void)
{
	return 0;
}

void write_cr4(uint64_t value)
{
	(void)value;
}

void invlpg(uint64_t va)
{
	(void)va;
}

uint64_t *paging_desc_ptes(unsigned cpu)
{
	(void)cpu;
	return NULL;
}

paddr_t paging_zero_page(void)
{
	return 0;
}

void desc_load_ldt(unsigned nr_entries)
{
	(void)nr_entries;
}

static struct domain *d0, *d1;
static mfn_t page, l1, l2;

static mfn_t new_page(struct domain *d)
{
	mfn_t mfn;

	CHECK_EQUAL(frame_alloc(d, 0, 0, PFN_NONE, &mfn), 0);
	return mfn;
}

static int64_t pin(mfn_t table, unsigned level)
{
	struct mmuext_op op = {
		.cmd = MMUEXT_PIN_L1_TABLE + level - 1,
		.arg1.mfn = table.n,
	};
	struct hypercall_args a = {{(uint64_t)&op, 1, 0, DOMID_SELF}};

	return hypercall_mmuext_op(&a);
}

static int64_t update(mfn_t table, unsigned index, uint64_t pte)
{
	struct mmu_update op = {mfn_paddr(table) + index * 8, pte};
	struct hypercall_args a = {{(uint64_t)&op, 1, 0, DOMID_SELF}};

	return hypercall_mmu_update(&a);
}

static uint64_t entry(mfn_t table, unsigned index)
{
	return ((uint64_t *)mfn_direct(table))[index];
}

static void start(void)
{
	machine_reset(1);
	d0 = machine_domain(0, 1);
	d1 = machine_domain(1, 1);
	machine_settle();
	machine_enter(d1->vcpu[0]);
	d1->max_pages = 100;
	page = new_page(d1);
	l1 = new_page(d1);
	l2 = new_page(d1);
	CHECK_EQUAL(pin(l1, 1), 0);
	CHECK_EQUAL(pin(l2, 2), 0);
}

#define RO (PTE_P | PTE_US)
#define RW (RO | PTE_RW)

static void references(void)
{
	struct frame *const f = (start(), frame_of(page));

	f->refs = FR_ALLOCATED | (FR_COUNT - 1);
	CHECK_EQUAL(update(l1, 0, mfn_paddr(page) | RO), 0);
	CHECK_EQUAL(f->refs & FR_COUNT, FR_COUNT);
	CHECK_EQUAL(update(l1, 1, mfn_paddr(page) | RO), -EINVAL);
	CHECK_EQUAL(update(l1, 1, mfn_paddr(page) | RW), -EINVAL);
	CHECK_EQUAL(entry(l1, 1), 0);
	CHECK_EQUAL(pin(page, 1), -EINVAL);
	CHECK(!frame_get(page, d1));
	CHECK_EQUAL(frame_release(d1, page), -EINVAL);
	CHECK_EQUAL(f->refs, FR_ALLOCATED | FR_COUNT);
	CHECK_EQUAL(f->type & FT_COUNT, 0);
	/* other rights need no other reference */
	CHECK_EQUAL(update(l1, 0, mfn_paddr(page) | RW), 0);
	CHECK_EQUAL(update(l1, 0, 0), 0);
	CHECK_EQUAL(update(l1, 1, mfn_paddr(page) | RO), 0);
	CHECK_EQUAL(f->refs, FR_ALLOCATED | FR_COUNT);
}

static void writable_references(void)
{
	struct frame *const f = (start(), frame_of(page));
	const uint32_t full = (uint32_t)FRAME_WRITABLE << FT_SHIFT | FT_VALID |
			      FT_COUNT;
	uint32_t refs;

	CHECK_EQUAL(update(l1, 0, mfn_paddr(page) | RW), 0);
	f->type = full;
	refs = f->refs;
	CHECK_EQUAL(update(l1, 1, mfn_paddr(page) | RW), -EBUSY);
	CHECK_EQUAL(frame_get_writable(page), -EBUSY);
	CHECK_EQUAL(f->type, full);
	CHECK_EQUAL(f->refs, refs);
	CHECK_EQUAL(update(l1, 1, mfn_paddr(page) | RO), 0);
	CHECK_EQUAL(update(l1, 1, mfn_paddr(page) | RW), -EBUSY);
	CHECK_EQUAL(f->type, full);
	CHECK_EQUAL(update(l1, 0, 0), 0);
	CHECK_EQUAL(update(l1, 1, mfn_paddr(page) | RW), 0);
	CHECK_EQUAL(f->type, full);
}

static void table_references(void)
{
	struct frame *const f = (start(), frame_of(l1));
	const uint32_t full = f->type | FT_COUNT;
	uint32_t refs;

	CHECK_EQUAL(update(l2, 0, mfn_paddr(l1) | RW), 0);
	f->type = full;
	refs = f->refs;
	CHECK_EQUAL(update(l2, 1, mfn_paddr(l1) | RW), -EBUSY);
	CHECK_EQUAL(entry(l2, 1), 0);
	CHECK_EQUAL(f->type, full);
	CHECK_EQUAL(f->refs, refs);
	/* nor as part of a table that is being checked */
	const mfn_t other = new_page(d1);

	((uint64_t *)mfn_direct(other))[7] = mfn_paddr(l1) | RW;
	CHECK_EQUAL(pin(other, 2), -EBUSY);
	CHECK_EQUAL(f->type, full);
	CHECK_EQUAL(f->refs, refs);
	CHECK_EQUAL(frame_of(other)->type & FT_COUNT, 0);
	CHECK_EQUAL(update(l2, 0, 0), 0);
	CHECK_EQUAL(pin(other, 2), 0);
	CHECK_EQUAL(f->type, full);
}

/* The same by a grant: neither mapping nor copy. */
static void grants(void)
{
	struct grant_pin use;

	start();
	d1->grants->frame[0][1] = (struct grant_entry_v1){
		.flags = GTF_permit_access,
		.frame = (uint32_t)page.n,
	};
	frame_of(page)->refs |= FR_COUNT;
	CHECK_EQUAL(grant_pin(&use, d1, 1, d0, true), GNTST_bad_page);
	CHECK_EQUAL(frame_of(page)->refs, FR_ALLOCATED | FR_COUNT);
	frame_of(page)->refs = FR_ALLOCATED | 1;
	frame_of(page)->type = (uint32_t)FRAME_WRITABLE << FT_SHIFT |
			       FT_VALID | FT_COUNT;
	CHECK_EQUAL(grant_pin(&use, d1, 1, d0, false), GNTST_general_error);
	CHECK_EQUAL(frame_of(page)->refs, FR_ALLOCATED | 1);
	CHECK_EQUAL(d1->grants->frame[0][1].flags, GTF_permit_access);
	CHECK_EQUAL(grant_pin(&use, d1, 1, d0, true), GNTST_okay);
	grant_unpin(&use);
}

SUITE({"references", references}, {"writable_references", writable_references},
	{"table_references", table_references}, {"grants", grants})
