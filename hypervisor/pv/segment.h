/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables and segment bases of guests. Pages in use as GDT or LDT
 * have their own frame type and are audited as a whole (ABI surface 3.12).
 * Each CPU shows the running vCPU's pages in its own window.
 */
#pragma once

#include "mm/addr.h"

struct vcpu;

/* For v that is current or does not run; entries 0 drops the GDT. -EINVAL */
int segment_set_gdt(struct vcpu *v, const mfn_t *list, unsigned entries);
/* Whether an LDT is aligned, not too long, and where guests may be. */
bool segment_may_ldt(uint64_t base, uint64_t entries);
int segment_set_ldt(struct vcpu *v, uint64_t base, uint32_t entries);
/* Forget what LDT pages are mapped: the guest may have changed its tables. */
void segment_flush_ldt(struct vcpu *v);
/* A fault at an address of our LDT window: map the page. True: try again. */
bool segment_fault_ldt(struct vcpu *v, uint64_t address);

/* The address lies in our LDT window for v's descriptors: where is it in the
 * guest's own LDT? */
bool segment_ldt_address(const struct vcpu *v, uint64_t address,
	uint64_t *guest_address);

/* Put the vCPU's pages into this CPU's window; interrupts off. */
void segment_load_tables(struct vcpu *v);
/* Selectors and bases, from and to the CPU. load: false if a selector was
 * refused and is null now; the failsafe callback is due. */
void segment_save(struct vcpu *v);
bool segment_load(struct vcpu *v);
