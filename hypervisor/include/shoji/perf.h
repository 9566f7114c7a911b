/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a vCPU entered the hypervisor, and what was done for it: counts since
 * the vCPU was made, as dom0's tools read them.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

#include "xen/xen.h"

enum shoji_perf {
	SHOJI_PERF_HYPERCALL,    /* a count for each of 64 numbers */
	SHOJI_PERF_SYSCALL = 64, /* of its user space, to its kernel */
	SHOJI_PERF_PAGE_FAULT,
	SHOJI_PERF_EXCEPTION, /* others */
	SHOJI_PERF_IRQ,       /* while it ran */
	SHOJI_PERF_ENTRIES,   /* those above are the entries */

	SHOJI_PERF_MULTICALL = SHOJI_PERF_ENTRIES, /* calls in multicalls */
	SHOJI_PERF_PT_WRITE,    /* page faults that were emulated stores */
	SHOJI_PERF_INSTRUCTION, /* exceptions that were emulated */
	SHOJI_PERF_UPCALL,      /* events delivered */
	SHOJI_PERF_SWITCH,      /* it was switched to */
	SHOJI_PERF_VALIDATION,  /* page tables validated */
	SHOJI_NR_PERF,
};

struct shoji_get_perf {
	uint16_t domid; /* 0x0 in */
	uint16_t vcpu;  /* 0x2 in */
	uint32_t idle;  /* 0x4 in: the CPU `vcpu`'s idle vCPU instead */
	XEN_GUEST_PTR(uint64_t) counts; /* 0x8 for SHOJI_NR_PERF of them */
};
static_assert(sizeof(struct shoji_get_perf) == 16, "shoji_get_perf");
