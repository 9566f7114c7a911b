/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies between the hypervisor and the memory of the vCPU that runs: by its
 * own addresses, through its own page tables. Addresses in the hypervisor's
 * range are refused. A fault ends the copy; nothing is ever read twice.
 *
 * All return 0 or -EFAULT. A few words are copied in place; if that fails, the
 * function tries again, and says what could not be accessed.
 */
#pragma once

#include "mm/addr.h"
#include "mm/guestaccess.h"
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

static_assert(HV_END - HV_BASE == 1ull << HV_SHIFT, "ours are alike above");

/* Whoever goes upwards comes into our addresses only if he starts there: below
 * them are those that are not canonical, at which the CPU faults. */
static inline bool guest_va_ours(gva_t va)
{
	return va.va >> HV_SHIFT == HV_BASE >> HV_SHIFT;
}

/* Element i of a guest array, by the type of *object: a few words in place,
 * others by the functions. */
#define get_guest(object, array, i)                                        \
	guest_object((object),                                             \
		gva_add((array), (uint64_t)(i) * sizeof(*(object))),        \
		sizeof(*(object)), false)
#define put_guest(array, i, object)                                        \
	guest_object((void *)(object),                                     \
		gva_add((array), (uint64_t)(i) * sizeof(*(object))),        \
		sizeof(*(object)), true)

static inline __attribute__((always_inline)) int guest_object(
	void *object, gva_t va, size_t size, bool put)
{
	uint64_t *const words = object;

	if (size % 8 || size > GUEST_WORDS_MAX * 8 || guest_va_ours(va))
		goto other;
	guest_open();
#pragma GCC unroll 9
	for (unsigned i = 0; i < size / 8; i++)
		if (put)
			guest_store(va.va + 8 * i, words[i], fault);
		else
			guest_load(words[i], va.va + 8 * i, fault);
	guest_close();
	return 0;
fault:
	guest_close();
other:
	return put ? copy_to_guest(va, object, size) :
		     copy_from_guest(object, va, size);
}
