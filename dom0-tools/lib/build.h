/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PV domain builder: fills a new, paused and empty domain with memory, a
 * kernel, a ramdisk, page tables and a start_info page, and sets vCPU 0 to
 * the kernel's entry. Two steps, so that the caller can refuse early: the
 * layout needs nothing but the files, the rest needs the domain.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/bzimage.h"
#include "lib/elf.h"

struct error;

/* Page frames (PFNs) of the start-of-day layout, in ascending order. */
struct build_layout {
	uint64_t nr_pages; /* of the domain */
	uint64_t initrd;   /* first frame */
	uint64_t nr_initrd;
	uint64_t p2m;        /* first frame of the list */
	uint64_t nr_p2m;     /* frames of the list */
	uint64_t p2m_tables; /* first of its own page tables, if it has any */
	uint64_t nr_p2m_tables;
	uint64_t start_info;
	uint64_t store;
	uint64_t console;
	uint64_t tables; /* first is the L4 */
	uint64_t nr_tables;
	uint64_t stack;
	uint64_t nr_mapped; /* frames in the linear map */
	uint64_t nr_needed; /* what a domain must have at least */
};

struct build {
	/* inputs */
	struct pv_kernel kernel;
	const uint8_t *initrd; /* NULL: none */
	uint64_t initrd_size;
	const char *cmdline;
	uint64_t nr_pages;
	unsigned max_vcpus;
	/* results */
	struct build_layout layout;
	uint64_t *p2m; /* MFN of each PFN */
	uint64_t store_mfn;
	uint64_t console_mfn;
	uint32_t store_port;
	uint32_t console_port;
	/* working state */
	bool zeroed; /* the memory was, before we wrote to it */
	int fd;
	uint16_t dom;
	struct error *error;
};

/* Uses kernel, initrd_size and nr_pages. -ENOMEM: the domain is too small. */
int build_layout(struct build *build, struct error *error);
/* Everything else. On failure the domain is to be destroyed. */
int build_domain(
	struct build *build, int fd, uint16_t dom, struct error *error);
void build_free(struct build *build);

/* Between build.c and buildtables.c. */
int build_tables(struct build *build);
uint64_t build_count_tables(uint64_t start, uint64_t nr_pages, bool with_l4);
/* Copies bytes (NULL: zeroes) to guest-physical memory that nobody has written
 * to. */
int build_write(
	struct build *build, uint64_t where, const void *data, uint64_t size);
