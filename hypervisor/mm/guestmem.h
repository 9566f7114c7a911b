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
#include "mm/guestcopy.h"
#include "mm/layout.h"
#include "x86/harden.h"
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

/*
 * Single words, in a piece of code between guest_open() and guest_close():
 * where one cannot be accessed, the code goes on at the label, which closes
 * too. The address is the caller's to check by guest_range_ours().
 */
#ifndef UNIT_TEST
#define guest_open() PATCHED("stac", PATCH_SMAP)
#define guest_close() PATCHED("clac", PATCH_SMAP)
#define guest_load(value, address, fault)                                      \
	__asm__ goto("1:	movq	%1, %0\n" GUEST_ACCESS("1b", "%l2")   \
		     : "=r"(value)                                             \
		     : "m"(*(const uint64_t *)(address))                       \
		     :                                                         \
		     : fault)
#define guest_store(address, value, fault)                                     \
	__asm__ goto("1:	movq	%0, %1\n" GUEST_ACCESS("1b", "%l2")   \
		     :                                                         \
		     : "er"((uint64_t)(value)), "m"(*(uint64_t *)(address))    \
		     : "memory"                                                \
		     : fault)
#else
#define guest_open() ((void)0)
#define guest_close() ((void)0)
#define guest_load(value, address, fault)                                      \
	do                                                                     \
		if (copy_from_guest(&(value), (gva_t){(uint64_t)(address)}, 8)) \
			goto fault;                                            \
	while (0)
#define guest_store(address, value, fault)                                     \
	do {                                                                   \
		const uint64_t value_ = (value);                               \
		if (copy_to_guest((gva_t){(uint64_t)(address)}, &value_, 8))   \
			goto fault;                                            \
	} while (0)
#endif

/* Neither end may be ours; what is not canonical faults by itself. */
static inline bool guest_range_ours(gva_t va, size_t size)
{
	return va.va - (HV_BASE - size + 1) < HV_END - HV_BASE + size - 1;
}

/* Element i of a guest array, by the type of *object: a few words in place,
 * others by the functions. */
#define get_guest(object, array, i)                                        \
	get_guest_object((object),                                         \
		gva_add((array), (uint64_t)(i) * sizeof(*(object))),        \
		sizeof(*(object)))
#define put_guest(array, i, object)                                        \
	put_guest_object(                                                  \
		gva_add((array), (uint64_t)(i) * sizeof(*(object))),        \
		(object), sizeof(*(object)))

#define GUEST_WORDS_MAX 9

static inline __attribute__((always_inline)) int get_guest_object(
	void *to, gva_t from, size_t size)
{
#ifndef UNIT_TEST
	uint64_t *const words = to;

	if (size % 8 || size > GUEST_WORDS_MAX * 8 ||
		guest_range_ours(from, size))
		return copy_from_guest(to, from, size);
	guest_open();
#pragma GCC unroll 9
	for (unsigned i = 0; i < size / 8; i++)
		guest_load(words[i], from.va + 8 * i, fault);
	guest_close();
	return 0;
fault:
	guest_close();
#endif
	return copy_from_guest(to, from, size);
}

static inline __attribute__((always_inline)) int put_guest_object(
	gva_t to, const void *from, size_t size)
{
#ifndef UNIT_TEST
	const uint64_t *const words = from;

	if (size % 8 || size > GUEST_WORDS_MAX * 8 ||
		guest_range_ours(to, size))
		return copy_to_guest(to, from, size);
	guest_open();
#pragma GCC unroll 9
	for (unsigned i = 0; i < size / 8; i++)
		guest_store(to.va + 8 * i, words[i], fault);
	guest_close();
	return 0;
fault:
	guest_close();
#endif
	return copy_to_guest(to, from, size);
}
