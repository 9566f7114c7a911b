/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PV kernel's ELF file: segments and Xen notes (ABI surface 1.2, 1.3). Pure:
 * a file in memory in, a description out; every offset is checked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 16

struct elf_image {
	unsigned nr_segments;
	struct {
		uint64_t paddr, memory_size; /* where it goes */
		const void *data;
		uint64_t file_size;
	} segment[ELF_SEGMENTS_MAX];
	uint64_t start, end; /* lowest and highest paddr */

	/* Notes, or what holds without them */
	uint64_t entry;
	uint64_t virt_base;
	uint64_t paddr_offset;
	bool has_hypercall_page;
	uint64_t hypercall_page;
	bool has_init_p2m;
	uint64_t init_p2m;
	bool mod_start_pfn;
	bool dom0_capable; /* SUPPORTED_FEATURES has the dom0 bit */
	bool pv; /* has the notes of a PV kernel */
};

/* NULL, or what is wrong with the file. */
const char *elf_parse(struct elf_image *image, const void *file, size_t size);
