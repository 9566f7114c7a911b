/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of a test guest: pages from behind the initial layout, and the page
 * tables, walked through the M2P and the linear map.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pv-drivers/front/start.h"

void memory_init(void);

/* A zeroed page; panics when there is none. */
void *page_alloc(void);
void page_free(void *page);

/* An unused page of this domain that nothing maps: its PFN. */
uint64_t pfn_alloc(void);

/* A page of address space with an L1 table, mapping nothing. */
void *va_alloc(void);

/* Linear address of the table a frame holds. */
uint64_t *pt_table(uint64_t mfn);

/*
 * The entry for va at level 1-4 of the tables under l4 (NULL: the kernel's);
 * NULL if an upper level is not present.
 */
uint64_t *pt_entry(uint64_t *l4, const void *va, int level);

/* Machine address of an entry in the linear map. */
uint64_t machine_address(const void *va);

/* One mmu_update; 0 or a negative errno. */
int64_t pt_write(uint64_t *entry, uint64_t value);

/* Sets the L1 entry for va and invalidates it. */
int64_t pt_set(const void *va, uint64_t pte);

/* Makes a page of the linear map read-only or writable. */
int64_t pt_protect(const void *va, bool writable);

/* One mmuext_op on a frame. */
int64_t mmuext(unsigned int cmd, uint64_t mfn);

/* The L4 the vCPU started with (or that pt_set_root() loaded). */
uint64_t *pt_root(void);
int64_t pt_set_root(uint64_t *l4);

/* A read-only page for use as a table of any level. */
uint64_t *table_alloc(void);
