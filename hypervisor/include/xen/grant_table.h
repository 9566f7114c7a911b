/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grant tables, version 1; hypercall 20: (GNTTABOP_*, array, count).
 *
 * A guest's table is an array of grant_entry_v1 in frames it shares with the
 * hypervisor. Setting GTF_permit_access in an entry lets `domid` map or copy
 * `frame`; while that happens GTF_reading and GTF_writing are set, and the
 * guest must not take the entry back. Each element's result is its status
 * field (GNTST_*); the hypercall itself succeeds even if elements fail.
 * Version 2, transfer, swap and cache_flush are refused.
 */
#pragma once

#include "xen.h"

typedef uint32_t grant_ref_t;
typedef uint32_t grant_handle_t;

#define GNTTABOP_map_grant_ref		0
#define GNTTABOP_unmap_grant_ref	1
#define GNTTABOP_setup_table		2
#define GNTTABOP_transfer		4
#define GNTTABOP_copy			5
#define GNTTABOP_query_size		6
#define GNTTABOP_unmap_and_replace	7
#define GNTTABOP_set_version		8
#define GNTTABOP_get_version		10

/* The first entries are the toolstack's. */
#define GNTTAB_NR_RESERVED_ENTRIES	8
#define GNTTAB_RESERVED_CONSOLE		0
#define GNTTAB_RESERVED_XENSTORE	1

struct grant_entry_v1 {
	uint16_t flags;		/* 0x00 GTF_* */
	domid_t domid;		/* 0x02 who may use it */
	uint32_t frame;		/* 0x04 PFN (PV: MFN) that is granted */
};

/* grant_entry_v1.flags: type in bits 0-1. */
#define GTF_invalid		(0u << 0)
#define GTF_permit_access	(1u << 0)
#define GTF_accept_transfer	(2u << 0)	/* refused */
#define GTF_type_mask		(3u << 0)
#define GTF_readonly		(1u << 2)
#define GTF_reading		(1u << 3)	/* set by the hypervisor */
#define GTF_writing		(1u << 4)	/* set by the hypervisor */

/* gnttab_map_grant_ref.flags */
#define GNTMAP_device_map	(1 << 0)	/* wants dev_bus_addr */
#define GNTMAP_host_map		(1 << 1)	/* a mapping at host_addr */
#define GNTMAP_readonly		(1 << 2)
#define GNTMAP_contains_pte	(1 << 4)	/* host_addr is a PTE's */
#define _GNTMAP_guest_avail0	16	/* goes to the PTE's AVL bits */

/* Status of one element. */
#define GNTST_okay			0
#define GNTST_general_error		(-1)
#define GNTST_bad_domain		(-2)
#define GNTST_bad_gntref		(-3)
#define GNTST_bad_handle		(-4)
#define GNTST_bad_virt_addr		(-5)
#define GNTST_bad_dev_addr		(-6)
#define GNTST_permission_denied		(-8)
#define GNTST_bad_page			(-9)
#define GNTST_bad_copy_arg		(-10)
#define GNTST_no_space			(-13)

struct gnttab_map_grant_ref {
	uint64_t host_addr;		/* 0x00 in: VA, or a PTE's address */
	uint32_t flags;			/* 0x08 in: GNTMAP_* */
	grant_ref_t ref;		/* 0x0c in */
	domid_t dom;			/* 0x10 in: who granted */
	int16_t status;			/* 0x12 out */
	grant_handle_t handle;		/* 0x14 out: for the unmap */
	uint64_t dev_bus_addr;		/* 0x18 out: machine address */
};

struct gnttab_unmap_grant_ref {
	uint64_t host_addr;		/* 0x00 in: as mapped, or 0 */
	uint64_t dev_bus_addr;		/* 0x08 in: as returned, or 0 */
	grant_handle_t handle;		/* 0x10 in */
	int16_t status;			/* 0x14 out */
};

struct gnttab_unmap_and_replace {
	uint64_t host_addr;		/* 0x00 in: as mapped */
	uint64_t new_addr;		/* 0x08 in: VA whose PTE moves there */
	grant_handle_t handle;		/* 0x10 in */
	int16_t status;			/* 0x14 out */
};

struct gnttab_setup_table {
	domid_t dom;				/* 0x00 in: often self */
	uint32_t nr_frames;			/* 0x04 in: at least so many */
	int16_t status;				/* 0x08 out */
	XEN_GUEST_PTR(xen_pfn_t) frame_list;	/* 0x10 out: machine frames */
};

struct gnttab_query_size {
	domid_t dom;			/* 0x00 in */
	uint32_t nr_frames;		/* 0x04 out: frames in use */
	uint32_t max_nr_frames;		/* 0x08 out: the limit */
	int16_t status;			/* 0x0c out */
};

/* gnttab_copy.flags: an end is a grant, else a frame of domid. */
#define GNTCOPY_source_gref	(1 << 0)
#define GNTCOPY_dest_gref	(1 << 1)

struct gnttab_copy {
	struct gnttab_copy_ptr {
		union {
			grant_ref_t ref;	/* 0x00 */
			xen_pfn_t gmfn;		/* 0x00 */
		} u;
		domid_t domid;			/* 0x08 owner or granter */
		uint16_t offset;		/* 0x0a in the page */
	} source, dest;				/* 0x00, 0x10 */
	uint16_t len;				/* 0x20 bytes, in one page */
	uint16_t flags;				/* 0x22 GNTCOPY_* */
	int16_t status;				/* 0x24 out */
};

struct gnttab_set_version {
	uint32_t version;		/* 0x00 in: 1; out: the one in use */
};

struct gnttab_get_version {
	domid_t dom;			/* 0x00 in */
	uint16_t pad;			/* 0x02 */
	uint32_t version;		/* 0x04 out */
};
