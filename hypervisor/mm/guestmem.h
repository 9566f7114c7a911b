/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies between the hypervisor and the memory of the vCPU that runs: by its
 * own addresses, through its own page tables. Addresses in the hypervisor's
 * range are refused. A fault ends the copy; nothing is ever read twice.
 *
 * All return 0 or -EFAULT.
 */
#pragma once

#include "mm/addr.h"
#include "xen/xen.h"

int copy_from_guest(void *to, gva_t from, size_t size);
int copy_to_guest(gva_t to, const void *from, size_t size);
int clear_guest(gva_t to, size_t size);

static inline gva_t gva_add(gva_t va, uint64_t bytes)
{
	return (gva_t){ va.va + bytes };
}

static inline bool gva_null(gva_t va)
{
	return va.va == 0;
}

/* Element i of a guest array, by the type of *object. */
#define get_guest(object, array, i)                                        \
	copy_from_guest((object),                                          \
		gva_add((array), (uint64_t)(i) * sizeof(*(object))),        \
		sizeof(*(object)))
#define put_guest(array, i, object)                                        \
	copy_to_guest(                                                     \
		gva_add((array), (uint64_t)(i) * sizeof(*(object))),        \
		(object), sizeof(*(object)))
