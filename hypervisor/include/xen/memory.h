/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of domains, hypercall 12: (XENMEM_*, pointer to its structure).
 *
 * The reservation calls return the number of extents done, which may be less
 * than asked; everything else returns 0 or an answer. The upper bits of the
 * command (MEMOP_EXTENT_SHIFT) carry the extent at which to go on.
 */
#pragma once

#include "xen.h"

#define XENMEM_increase_reservation		0
#define XENMEM_decrease_reservation		1
#define XENMEM_maximum_ram_page			2	/* (nothing) */
#define XENMEM_current_reservation		3	/* xen_memory_domain */
#define XENMEM_maximum_reservation		4	/* xen_memory_domain */
#define XENMEM_machphys_mfn_list		5
#define XENMEM_populate_physmap			6
#define XENMEM_add_to_physmap			7	/* refused for PV */
#define XENMEM_memory_map			9	/* xen_memory_map */
#define XENMEM_machine_memory_map		10	/* xen_memory_map */
#define XENMEM_exchange				11
#define XENMEM_machphys_mapping			12
#define XENMEM_set_memory_map			13
#define XENMEM_maximum_gpfn			14	/* xen_memory_domain */
#define XENMEM_get_sharing_freed_pages		18	/* 0 */
#define XENMEM_get_sharing_shared_pages		19	/* 0 */
#define XENMEM_claim_pages			24
#define XENMEM_get_vnumainfo			26	/* refused */
#define XENMEM_acquire_resource			28

/* Bits of the command that are the command; the rest is an extent number. */
#define MEMOP_EXTENT_SHIFT	6
#define MEMOP_CMD_MASK		((1 << MEMOP_EXTENT_SHIFT) - 1)

/* xen_memory_reservation.mem_flags */
#define XENMEMF_address_bits(bits)	(bits)	/* below 2^bits; 0: anywhere */
#define XENMEMF_get_address_bits(flags)	((flags) & 0xffu)
#define XENMEMF_populate_on_demand	(1 << 16)	/* refused */

/*
 * increase: frames come out. decrease: frames go in. populate: PFNs go in,
 * frames come out in the same list. claim_pages: nr_extents pages.
 */
struct xen_memory_reservation {
	XEN_GUEST_PTR(xen_pfn_t) extent_start;	/* 0x00 list of extents */
	xen_ulong_t nr_extents;			/* 0x08 */
	uint32_t extent_order;			/* 0x10 2^order pages each */
	uint32_t mem_flags;			/* 0x14 XENMEMF_* */
	domid_t domid;				/* 0x18 */
};

/* Give pages back, get others of another size or place; same total. */
struct xen_memory_exchange {
	struct xen_memory_reservation in;	/* 0x00 frames to give */
	struct xen_memory_reservation out;	/* 0x20 PFNs in, frames out */
	xen_ulong_t nr_exchanged;		/* 0x40 input extents done */
};

struct xen_memory_domain {
	domid_t domid;				/* 0x00 */
};

/* The machine-to-physical table's own frames, one for each 2 MiB of it. */
struct xen_machphys_mfn_list {
	uint32_t max_extents;			/* 0x00 in */
	XEN_GUEST_PTR(xen_pfn_t) extent_start;	/* 0x08 out */
	uint32_t nr_extents;			/* 0x10 out */
};

/* Where the machine-to-physical table is in every address space. */
struct xen_machphys_mapping {
	xen_ulong_t v_start;			/* 0x00 out */
	xen_ulong_t v_end;			/* 0x08 out */
	xen_ulong_t max_mfn;			/* 0x10 out */
};

/* One region of a memory map: the BIOS's own format, packed. */
struct xen_e820_entry {
	uint64_t addr;				/* 0x00 */
	uint64_t size;				/* 0x08 */
	uint32_t type;				/* 0x10 E820_* */
} __attribute__((packed));

#define XEN_E820_RAM		1
#define XEN_E820_RESERVED	2

struct xen_memory_map {
	uint32_t nr_entries;			/* 0x00 in: room; out: used */
	XEN_GUEST_PTR(void) buffer;		/* 0x08 xen_e820_entry[] */
};

struct xen_foreign_memory_map {
	domid_t domid;				/* 0x00 */
	struct xen_memory_map map;		/* 0x08 what memory_map gives */
};

/* Frames of the hypervisor that belong to a domain, for the caller to map. */
#define XENMEM_resource_grant_table		1
#define XENMEM_resource_grant_table_id_shared	0

struct xen_mem_acquire_resource {
	domid_t domid;				/* 0x00 */
	uint16_t type;				/* 0x02 XENMEM_resource_* */
	uint32_t id;				/* 0x04 *_id_* */
	uint32_t nr_frames;			/* 0x08 0: out: how many */
	uint32_t pad;				/* 0x0c must be 0 */
	uint64_t frame;				/* 0x10 the first one */
	XEN_GUEST_PTR(xen_pfn_t) frame_list;	/* 0x18 out: machine frames */
};
