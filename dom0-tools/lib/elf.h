/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PV kernel's ELF file asks for: where its segments go, and the
 * parameters in its Xen notes (or, in older kernels, its __xen_guest section).
 * The file is untrusted input: every offset is checked before it is used, and
 * the segments that come out lie inside the file and inside 1 TiB of guest
 * memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

#define PV_KERNEL_SEGMENTS 16
#define PV_KERNEL_NONE UINT64_MAX /* an address that was not given */

struct pv_segment {
	uint64_t start;      /* guest-physical address */
	uint64_t memory;     /* bytes in memory, zeroes behind the file's */
	const uint8_t *data; /* bytes in the file */
	uint64_t size;
};

struct pv_kernel {
	struct pv_segment segment[PV_KERNEL_SEGMENTS];
	unsigned nr_segments;
	uint64_t start, end;     /* guest-physical span of all segments */
	uint64_t entry;          /* virtual */
	uint64_t virt_base;      /* virtual address of guest-physical 0 */
	uint64_t paddr_offset;   /* what p_paddr is too large by */
	uint64_t hypercall_page; /* virtual, or NONE */
	uint64_t init_p2m;       /* virtual, or NONE: in the linear map */
	bool unmapped_initrd;    /* takes the initrd as a frame number */
	bool legacy;             /* __xen_guest, not notes */
	char guest_os[32];
	char guest_version[32];
	char loader[32];
	char xen_version[32];
};

/* The kernel keeps pointing into image. name is for messages. */
int pv_kernel_parse(struct pv_kernel *kernel, const uint8_t *image, size_t size,
	const char *name, struct error *error);
