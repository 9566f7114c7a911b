/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The specification of memory, written from docs/memory.md and the ABI, not
 * from the code: every operation is done in one go, by recursion, on plain
 * arrays. A refused operation changes nothing here.
 */
#pragma once

#include "mm/frame.h"
#include "model.h"

/* Owners of frames besides domains. */
#define SPEC_FREE 0xfffe
#define SPEC_HV 0xfffd

struct spec_frame {
	uint16_t owner;
	uint32_t refs;
	enum frame_type type; /* while count is not 0 */
	uint32_t count;
	bool allocated; /* one reference is the owner's allocation */
	bool pinned;
	bool shared; /* the hypervisor's, shown to its owner */
	uint64_t m2p;
	uint64_t entry[512];
};

#define GDT_PAGES 14
#define LDT_PAGES 16

/* A vCPU's descriptor tables. */
struct spec_tables {
	mfn_t gdt[GDT_PAGES], ldt[LDT_PAGES];
	unsigned gdt_entries, ldt_entries;
	uint64_t ldt_base;
	uint32_t ldt_mapped; /* a bit per page that was used */
};

struct spec_domain {
	bool exists; /* it did before the current call */
	bool dying;
	uint64_t nr_pages, max_pages;
	mfn_t kernel_root[VCPUS], user_root[VCPUS];
	struct spec_tables tables[VCPUS];
};

extern struct spec_frame spec[FRAMES];
extern struct spec_domain spec_domain[DOMAINS + 1]; /* and DOMID_IO */
extern bool spec_paired; /* domains 1 and 2 may share */

/* General references. get: false if the frame is not owner's. */
bool spec_get(uint64_t mfn, uint16_t owner);
void spec_put(uint64_t mfn);
/* It has no reference, or exchange takes the last. */
void spec_free(uint64_t mfn);

/* A table to the real code already, or still, because of a walk; not here. */
bool spec_half_done(uint64_t mfn);

/* Writable and page-table references, on top of a general one. */
int spec_get_type(uint16_t d, uint64_t mfn, enum frame_type type);
void spec_put_type(uint64_t mfn);
/* A table with its general reference: a pin, a root, an entry. */
int spec_get_table(uint16_t d, uint64_t mfn, unsigned level);
void spec_put_table(uint64_t mfn);

int spec_pin(uint16_t d, uint64_t mfn, unsigned level);
int spec_unpin(uint16_t d, uint64_t mfn);
int spec_set_root(uint16_t d, mfn_t *root, mfn_t to);

/* Descriptor tables (segment.c) */
int spec_audit_descriptors(uint64_t *page);
int spec_set_ldt(uint16_t d, unsigned vcpu, uint64_t base, uint64_t entries);
void spec_flush_ldt(uint16_t d, unsigned vcpu);
void spec_read_tables(uint16_t d, unsigned vcpu);
void spec_compare_tables(uint16_t d, unsigned vcpu);

/* Write an entry of a page of d's, whatever the page is. */
int spec_write(uint16_t d, uint16_t target, uint64_t mfn, unsigned index,
	uint64_t value, bool keep_ad);
/* The same for an entry of a level-1 table. */
int spec_write_l1(uint16_t d, uint16_t target, uint64_t mfn, unsigned index,
	uint64_t value, bool keep_ad);
/* Rights of a run of entries; it ends at the first that may not have them. */
int spec_set_rights(uint16_t d, uint16_t target, uint64_t mfn, unsigned index,
	uint64_t value);
int spec_set_m2p(uint16_t owner, uint64_t mfn, uint64_t pfn);
int spec_clear(uint16_t d, uint64_t to);
int spec_copy(uint16_t d, uint64_t to, uint64_t from);

/* The level-1 entry for va in the vCPU's kernel tables; false: none. */
bool spec_walk(uint16_t d, unsigned vcpu, uint64_t va, uint64_t *table,
	unsigned *index);

/* Memory */
bool spec_can_allocate(unsigned order, unsigned address_bits);
unsigned spec_free_blocks(unsigned order, unsigned address_bits);
int spec_allocate(uint16_t d, uint64_t mfn, unsigned order, uint64_t pfn);
int spec_release(uint16_t d, uint64_t mfn);
/* The hypervisor took a page for itself; one that it shows to a domain. */
void spec_took(uint64_t mfn);
void spec_shared(uint64_t mfn, uint16_t d);
/* Take over all that the real tables say. */
void spec_read(void);

/* A table was refused since the contents were compared. */
extern bool spec_failed;

/* Compare the frame table, and what is in the frames, with the real ones. */
void spec_compare(void);
void spec_compare_contents(void);
