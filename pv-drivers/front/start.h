/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What start of day leaves behind, and the address arithmetic of the initial
 * layout: PFN n is at PV_VIRT_BASE + n * 4096, the p2m list gives its machine
 * frame, the M2P table (read-only, shared by all) the way back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pv-drivers/front/layout.h"

struct start_info;
struct shared_info;

#define PV_PAGE 4096UL
#define PV_M2P ((volatile const uint64_t *)0xffff800000000000UL)
#define PV_P2M ((volatile uint64_t *)PV_P2M_BASE)

/* Page-table entry bits; 63 is NX. */
#define PTE_P 0x1UL
#define PTE_RW 0x2UL
#define PTE_US 0x4UL
#define PTE_A 0x20UL
#define PTE_D 0x40UL
#define PTE_NX (1UL << 63)
#define PTE_FRAME 0x000ffffffffff000UL
#define PTE_KERNEL (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define PTE_RO (PTE_P | PTE_US | PTE_A)

extern struct start_info *pv_info;
extern struct shared_info *volatile pv_shared;
extern uint64_t pv_entry_regs[7];	/* rsp rbx rcx rdx rdi rbp rflags */
extern char pv_stack[], pv_stack_top[], pv_image[], pv_image_end[];

/* The host kernel's part; entered with shared_info mapped, events masked. */
_Noreturn void pv_main(void);

void pv_start(struct start_info *info);
bool pv_is_dom0(void);

static inline uint64_t pv_pfn(const void *va)
{
	return ((uint64_t)va - PV_VIRT_BASE) / PV_PAGE;
}

static inline void *pv_address(uint64_t pfn)
{
	return (void *)(PV_VIRT_BASE + pfn * PV_PAGE);
}

/* Machine frame of a page in the linear map. */
static inline uint64_t pv_frame(const void *va)
{
	return PV_P2M[pv_pfn(va)];
}
