/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An unprivileged child domain as attacker, for the guests attack-*: its
 * hypercalls by name, its memory, and what dom0 sees of it afterwards. It
 * survives exceptions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>

#include "tests/guests/lib/child.h"

extern struct child attacker;

/* Starts it, having noted the machine's free pages. */
bool attacker_start(void);

/*
 * Destroys it; true if nothing of it stays. A domain with one reference to
 * one page left does not go away, so this is the check that all counts are
 * right.
 */
bool attacker_gone(void);

/* A hypercall; one whose arguments are (cmd, arg, 1), with *arg copied there
 * and back; and one whose only argument is arg. */
int64_t attacker_call(unsigned int nr, uint64_t a1, uint64_t a2, uint64_t a3,
		      uint64_t a4);
int64_t attacker_with(unsigned int nr, uint64_t cmd, void *arg,
		      unsigned int size);

/* mmu_update of one entry for itself; ptr has the command. */
int64_t attacker_update(uint64_t ptr, uint64_t val);
int64_t attacker_update_for(uint64_t ptr, uint64_t val, uint32_t dom);

/* mmuext_op for itself. */
int64_t attacker_ext(unsigned int cmd, uint64_t mfn, uint64_t arg2);

/* Its level-1 entry for page i of its address space (below 512), flushed. */
int64_t attacker_map(unsigned int i, uint64_t pte);

/* A page more of its own, by populate_physmap: nothing maps it. */
uint64_t attacker_page(void);

/* Gives a page back, by decrease_reservation; what that returns. */
int64_t attacker_give_back(uint64_t mfn);

/* Such a page, zeroed, mapped by nobody, ready to be a table with this entry
 * 0 in it. */
uint64_t attacker_table(uint64_t entry);

/* Machine address of an entry of one of its pages. */
uint64_t attacker_entry(uint64_t mfn, unsigned int index);

/* A load and a store; false if they fault. */
bool attacker_loads(uint64_t va, uint64_t *value);
bool attacker_stores(uint64_t va, uint64_t value);

/* Entry i of a frame of its, read by dom0. */
uint64_t attacker_peek(uint64_t mfn, unsigned int index);

/* Type of a frame of its: 0 to 4 for a table of that level, else 99. */
unsigned int attacker_type(uint64_t mfn);
bool attacker_pinned(uint64_t mfn);

/* Pages it has. */
uint64_t attacker_pages(void);

/* It could map the frame writable: it is no table, nor foreign. */
bool attacker_may_write(uint64_t mfn);

/* The attacker as user of a grant of dom0's: map (the status, and the handle)
 * and unmap (the status). Address 0: no host mapping. */
int attacker_grant_map(uint64_t host_addr, uint32_t flags, uint32_t ref,
		       uint32_t *handle);
int attacker_grant_unmap(uint64_t host_addr, uint32_t handle);

/* Its grant table, mapped by dom0. */
struct grant_entry_v1 *attacker_grants(void);

/* No use of a page of dom0's is left: it may become a table. Zeroes it. */
bool dom0_page_is_free(uint64_t *page);

/* Any of the ABI's words for no. */
bool refused(int64_t rc);

/* Whether this is Xen and not Shoji, for where they may differ. */
bool on_xen(void);
