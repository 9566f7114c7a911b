/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own page tables (mm/layout.h has the map): what every L4,
 * the guests' and idle_cr3, has in slots 256 to 271. The entries are made
 * once at boot, before the first guest, and never change afterwards; mappings
 * added later go into tables below them.
 *
 * All is W^X (mm/wx.h): code is in the image's text only, which nothing maps
 * writable. Everything but the M2P is supervisor-only and global.
 */
#pragma once

#include "mm/wx.h"

#define PTE_P 0x001ull
#define PTE_RW 0x002ull
#define PTE_US 0x004ull
#define PTE_PWT 0x008ull
#define PTE_PCD 0x010ull
#define PTE_A 0x020ull
#define PTE_D 0x040ull
#define PTE_PSE 0x080ull /* L2, L3 */
#define PTE_PAT 0x080ull /* L1 */
#define PTE_G 0x100ull
#define PTE_AVL 0xe00ull
#define PTE_NX (1ull << 63)
#define PTE_ADDR 0x000ffffffffff000ull

/* Memory above is not used. */
#define DIRECT_MAX (DIRECT_END - DIRECT_BASE)

enum paging_kind {
	PAGING_UNCACHED,
	PAGING_WRITE_COMBINING,
	PAGING_WRITE_BACK,
	PAGING_READ_ONLY, /* write-back; for firmware tables */
};

/* Root with nothing but the hypervisor: for idle CPUs. */
extern paddr_t idle_cr3;

/* Build the direct map and load idle_cr3 (boot/main.c, in this order). */
void paging_init(void);
/* Frame table and M2P exist: show the M2P to guests. */
void paging_map_m2p(void);
/* A CPU's windows: struct cpu, stacks, descriptor window. -ENOMEM */
int paging_map_cpu(unsigned cpu);

/* What a root maps of ours; panics unless it is W^X. */
struct wx paging_check(paddr_t root);

/* Entry for slot 256..271 of a guest's L4; 0 if nothing is there. */
uint64_t hv_l4_entry(unsigned slot);

/* Device registers and the like, any alignment; NULL: no room. Global, for
 * ever (or until unmapped). Not with interrupts off. */
void *paging_map_mmio(paddr_t pa, size_t size, enum paging_kind kind);
void paging_unmap_mmio(void *va, size_t size);

/* The 32 entries of the CPU's descriptor window: 16 of GDT (14 and 15 are
 * ours, initially 0-13 show zero_page), 16 of LDT (initially empty). */
uint64_t *paging_desc_ptes(unsigned cpu);
/* A page of zeros that is always there. */
paddr_t paging_zero_page(void);

/* Which machine frames of the M2P are shown: 2 MiB piece n, or MFN_NONE. */
mfn_t paging_m2p_piece(unsigned n);
unsigned paging_m2p_pieces(void);
