/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's memory map as dom0 is told (XENMEM_machine_memory_map): the
 * firmware's, with what is ours to use marked as reserved.
 */
#pragma once

#include "mm/addr.h"
#include "xen/memory.h"

/* Prepare it, once the ACPI tables and the I/O APICs are known. */
void memmap_init(void);
/* Entry i, in rising order; false: there are only i. */
bool memmap_machine(unsigned i, struct xen_e820_entry *entry);
