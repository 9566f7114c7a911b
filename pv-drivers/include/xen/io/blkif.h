/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block device ring: 64-bit layout, which is what a node `protocol` of
 * "x86_64-abi" means (and its absence, for 64-bit guests).
 *
 * Sectors are 512 bytes whatever the device's own size. A request names up
 * to 11 granted pages, each with a first and last sector (0-7) inside the
 * page. A response answers the request whose id it carries. Indirect and
 * discard requests are not used.
 */
#pragma once

#include "xen/grant_table.h"
#include "ring.h"

typedef uint16_t blkif_vdev_t;
typedef uint64_t blkif_sector_t;

#define BLKIF_OP_READ			0
#define BLKIF_OP_WRITE			1
#define BLKIF_OP_FLUSH_DISKCACHE	3	/* feature-flush-cache */

#define BLKIF_RSP_OKAY		0
#define BLKIF_RSP_EOPNOTSUPP	(-2)

#define BLKIF_MAX_SEGMENTS_PER_REQUEST		11

struct blkif_request_segment {
	grant_ref_t gref;	/* 0x00 */
	uint8_t first_sect;	/* 0x04 in the page */
	uint8_t last_sect;	/* 0x05 in the page, inclusive */
};
static_assert(sizeof(struct blkif_request_segment) == 8, "size");

struct blkif_request {
	uint8_t operation;		/* 0x00 BLKIF_OP_* */
	uint8_t nr_segments;		/* 0x01 */
	blkif_vdev_t handle;		/* 0x02 */
	uint64_t id;			/* 0x08 */
	blkif_sector_t sector_number;	/* 0x10 */
	struct blkif_request_segment
		seg[BLKIF_MAX_SEGMENTS_PER_REQUEST];	/* 0x18 */
};
static_assert(sizeof(struct blkif_request) == 112, "size");

struct blkif_response {
	uint64_t id;		/* 0x00 of the request */
	uint8_t operation;	/* 0x08 of the request */
	int16_t status;		/* 0x0a BLKIF_RSP_* */
};
static_assert(sizeof(struct blkif_response) == 16, "size");

/* One slot; a page holds 32. */
union blkif_sring_entry {
	struct blkif_request req;
	struct blkif_response rsp;
};
static_assert(sizeof(union blkif_sring_entry) == 112, "size");

/* Bits of the back end's node `info`. */
#define VDISK_READONLY	0x4
