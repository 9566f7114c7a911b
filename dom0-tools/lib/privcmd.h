/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's door to the hypervisor: hypercalls, memory that a hypercall
 * may name, and mappings of other domains' frames.
 *
 * Every function returns 0 or a positive result on success and -errno on
 * failure, mappings return NULL and set errno. A descriptor from
 * privcmd_open() must not be used across fork(): open another one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PRIVCMD_PAGE 4096UL

int privcmd_open(void);

/* Numbers are __HYPERVISOR_*; pointers must come from privcmd_buffer(). */
int64_t privcmd_call(int fd, unsigned nr, uint64_t a1, uint64_t a2, uint64_t a3,
	uint64_t a4, uint64_t a5);

/* Zeroed memory that stays resident while a hypercall looks at it. */
void *privcmd_buffer(size_t size);
void privcmd_buffer_free(void *buffer, size_t size);

/*
 * Maps nr frames of a domain side by side. Either all of them are mapped, or
 * NULL comes back with errno set and, if failed is not NULL, the index of the
 * first frame that was refused (nr if none in particular).
 */
void *privcmd_map_foreign(
	int fd, uint16_t dom, const uint64_t *frames, size_t nr, int prot);
void *privcmd_map_foreign_at(int fd, uint16_t dom, const uint64_t *frames,
	size_t nr, int prot, size_t *failed);

/* Frames of a domain resource, such as XENMEM_resource_grant_table. */
void *privcmd_map_resource(int fd, uint16_t dom, uint32_t type, uint32_t id,
	uint32_t first, size_t nr, int prot);

void privcmd_unmap(void *where, size_t nr_pages);
