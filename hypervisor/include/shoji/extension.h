/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Shoji offers beyond the ABI. A guest finds it by CPUID: at
 * SHOJI_CPUID_LEAF the signature "ShojiShojiSh" in EBX, ECX, EDX and the
 * highest leaf in EAX; in the next leaf's EAX the SHOJI_FEATURE_ bits. The
 * calls are sub-operations of one hypercall: number in RDI, structure in RSI.
 * Besides them there is a request of mmu_update.
 */
#pragma once

#include "xen/xen.h"

#define __HYPERVISOR_shoji	55 /* arch_7 of the ABI's numbers */

#define SHOJI_CPUID_LEAF	0x40000100
#define SHOJI_CPUID_EBX		0x6a6f6853 /* "Shoj" */
#define SHOJI_CPUID_ECX		0x6f685369 /* "iSho" */
#define SHOJI_CPUID_EDX		0x6853696a /* "jiSh" */

#define SHOJI_FEATURE_RIGHTS	(1u << 0) /* SHOJI_MMU_RIGHTS is there */

/*
 * A request of mmu_update, in the low bits of ptr, with the address of the
 * first of a run of level-1 entries of one table: each gets the RW and NX bits
 * of val and keeps all others, accessed and dirty exactly as the processor left
 * them. Bits 12 and up of val are how many there are, at least 1; no other bit
 * is set. Each must be present, and is checked as if it was written alone; the
 * first that is refused ends the request, those before it have changed. It is
 * one request in the count of those done. -EINVAL; what an entry is answered.
 */
#define SHOJI_MMU_RIGHTS	7

/*
 * Compare all counts of the frame table with what holds the references (dom0
 * only). All domains stand still meanwhile. -EBUSY: it goes on already;
 * -ENOMEM; -EFAULT.
 */
#define SHOJI_audit		0
struct shoji_audit {
	XEN_GUEST_PTR(char) text; /* 0x00 in: for the differences, a line each */
	uint64_t size;	/* 0x08 in: of text; out: bytes used */
	uint64_t frames; /* 0x10 out: looked at */
	uint64_t tables; /* 0x18 out: of these, valid page tables */
	uint64_t wrong;	/* 0x20 out: differences, told or not */
};

static_assert(sizeof(struct shoji_audit) == 0x28, "shoji_audit");

/* Of a domain, dom0 only, -ESRCH: why it was refused something, or crashed
 * (shoji/refusal.h), and what it uses of its limits (shoji/limits.h). */
#define SHOJI_refusal		1 /* struct shoji_get_refusal */
#define SHOJI_limits		2 /* struct shoji_get_limits */

/*
 * Let two domains share event channels and grants with each other, or not
 * (dom0 only). Without it a guest shares with dom0 alone, and other guests are
 * to it as if they were not there. What they share already stays. It ends with
 * either domain. -ESRCH: one of them is not there.
 */
#define SHOJI_share		3
struct shoji_share {
	uint16_t a, b;	/* 0x00, 0x02 */
	uint32_t allow;	/* 0x04 0: not any more */
};

static_assert(sizeof(struct shoji_share) == 8, "shoji_share");

/* Of a domain's vCPU, dom0 only, -ESRCH, -ENOENT: why it entered the
 * hypervisor, by cause (shoji/perf.h). */
#define SHOJI_perf		4 /* struct shoji_get_perf */
