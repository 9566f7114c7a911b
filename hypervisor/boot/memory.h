/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory at boot: the map, what is in use before there is an allocator, and
 * the hand-over to the frame table and the buddy allocator.
 */
#pragma once

#include "boot/boot.h"

/* Sort the loader's ranges and make them disjoint; whole pages. */
void memory_map_tidy(struct boot_info *info);
void memory_map_print(const struct boot_info *info);

/* Start to hand out memory: everything in use is marked. */
void memory_init(void);
/* Physical memory, aligned to align (a power of two), below limit; not
 * cleared. Panics if there is none: nothing works without it. */
paddr_t memory_boot_alloc(size_t size, size_t align, paddr_t limit);
/* Frame table and M2P; all memory that is not in use goes to the buddy. */
void memory_init_frames(void);

/* A page below 640 KiB that is not used, for the trampoline; 0: none. */
paddr_t memory_low_page(void);

/* Give a module's pages (or any RAM that boot kept) to the allocator. */
void memory_release(paddr_t start, paddr_t end);

/* All of start..end is RAM in the memory map. */
bool memory_is_ram(paddr_t start, paddr_t end);
uint64_t memory_ram_bytes(void);
