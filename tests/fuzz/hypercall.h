/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The target `hypercall` in parts: the guests (hvguests.c), the calls they
 * make and how an input says so (hypercalls.c), the checks after each
 * (hypercall.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/fuzz/fuzz.h"

struct domain;
struct multicall_entry;
struct vcpu;

/*
 * Three domains, dom0 the first. Each has GUEST_PAGES pages, mapped in order
 * from GUEST_VA on up to PAGE_LAST, and page tables made of the first ones.
 * Its grants let the others use some of its pages.
 */
#define GUESTS 3
#define GUEST_VA 0x40000000ull
#define GUEST_PAGES 36
enum {
	PAGE_L4,
	PAGE_L3,
	PAGE_L2,
	PAGE_L1,
	PAGE_USER_L4,
	PAGE_SPARE_L1, /* the L2's second entry: nothing is in it */
	PAGE_GDT,
	PAGE_READ_ONLY, /* data */
	PAGE_CODE,
	PAGE_STACK,
	PAGE_BUFFER, /* arguments */
	PAGE_NESTED, /* what they point to */
	PAGE_CALLS,  /* a multicall's */
	PAGE_DATA,
	PAGE_LAST = 30,   /* behind it nothing is mapped, */
	PAGE_SHARED = 40, /* but this: the hypervisor's, */
	PAGE_GRANTS,      /* and the first of its grants */
	PAGE_END
};

void guests_create(void);
uint64_t guest_mfn(unsigned guest, unsigned page);
static inline uint64_t guest_va(unsigned page)
{
	return GUEST_VA + page * 4096ull;
}

/* Where its kernel's stack pointer is at each call. */
#define GUEST_SP (guest_va(PAGE_STACK + 1) - 256)

/* Who makes the call that is being put together, and from what input. */
struct caller {
	struct input *in;
	unsigned guest; /* number; of new domains 0 */
};

/* A call, with its arguments in the caller's memory. */
void hypercalls_make(struct caller *c, struct multicall_entry *call);
/* A number that some call may take for something. */
uint64_t hypercalls_value(struct caller *c);
