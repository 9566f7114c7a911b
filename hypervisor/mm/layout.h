/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The address map. The ABI gives the hypervisor L4 slots 256 to 271 of every
 * guest page table (ABI surface 1.9): 0xffff800000000000-0xffff87ffffffffff.
 *
 *   slot 256      machine-to-physical table, read-only for guests
 *   257 .. 264    direct map of all memory, 4 TiB
 *   268           device registers (uncached), handed out by paging_map_mmio()
 *   271 + 0       the image: text, read-only data, data
 *       + 1 GiB   2 MiB per CPU, a level-1 table of its own: a window of 64 KiB
 *                 with struct cpu and stacks; at 128 KiB, GDT, then LDT
 *
 * Image and per-CPU windows are within 2 GiB of each other, so that code in
 * the image reaches the windows RIP-relative.
 */
#pragma once

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096
#define PAGE_MASK 0xfff

#define HV_SLOT_FIRST 256
#define HV_SLOT_END 272

#define HV_BASE 0xffff800000000000
#define HV_END 0xffff880000000000
#define HV_SHIFT 43 /* alike in the bits from this one on, and others not */
#define M2P_RO_BASE 0xffff800000000000
#define M2P_RO_END 0xffff804000000000
#define DIRECT_BASE 0xffff808000000000
#define DIRECT_END 0xffff848000000000
#define MMIO_BASE 0xffff860000000000
#define MMIO_END 0xffff868000000000
#define IMAGE_BASE 0xffff878000000000
#define PERCPU_BASE 0xffff878040000000
#define PERCPU_SIZE 0x10000
#define PERCPU_SHIFT 21 /* from one CPU's to the next one's */
#define DESCWIN_BASE 0xffff878040020000
#define DESCWIN_LDT 0x10000

/* A CPU's windows, by its number. */
#define PERCPU_WINDOW(cpu) (PERCPU_BASE + ((uint64_t)(cpu) << PERCPU_SHIFT))
#define DESC_WINDOW(cpu) (DESCWIN_BASE + ((uint64_t)(cpu) << PERCPU_SHIFT))

/* Where the image is loaded, and so the difference to its addresses. */
#define IMAGE_PADDR 0x200000

#define CPUS_MAX 64
