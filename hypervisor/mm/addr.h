/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds of address that must not be mixed. A machine frame number is wrapped,
 * so that it cannot be used as a guest's frame number or dereferenced; guest
 * virtual addresses are gva_t (include/xen/xen.h). paddr_t is a machine byte
 * address.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mm/layout.h"

typedef uint64_t paddr_t;

typedef struct {
	uint64_t n;
} mfn_t;

#define MFN(number) ((mfn_t){ (number) })
#define MFN_NONE MFN(~0ull)

static inline bool mfn_equal(mfn_t a, mfn_t b)
{
	return a.n == b.n;
}

static inline bool mfn_none(mfn_t mfn)
{
	return mfn.n == ~0ull;
}

static inline paddr_t mfn_paddr(mfn_t mfn)
{
	return mfn.n << PAGE_SHIFT;
}

static inline mfn_t paddr_mfn(paddr_t pa)
{
	return MFN(pa >> PAGE_SHIFT);
}

/* Bits 47 to 63 of a virtual address are alike. */
static inline bool is_canonical(uint64_t va)
{
	return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

#ifndef UNIT_TEST
/* The direct map: every byte of memory, writable, at a fixed distance. */
static inline void *direct(paddr_t pa)
{
	return (void *)(DIRECT_BASE + pa);
}

static inline paddr_t direct_paddr(const void *va)
{
	return (uint64_t)va - DIRECT_BASE;
}
#else
void *direct(paddr_t pa);
paddr_t direct_paddr(const void *va);
#endif

static inline void *mfn_direct(mfn_t mfn)
{
	return direct(mfn_paddr(mfn));
}

static inline mfn_t direct_mfn(const void *va)
{
	return paddr_mfn(direct_paddr(va));
}
