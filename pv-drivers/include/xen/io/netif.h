/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network device rings: one for each direction, seen from the guest.
 *
 * A packet that needs several pages takes several slots, all but the last
 * with the more_data flag; the first TX slot's size is that of the whole
 * packet. On the receive ring requests offer empty pages and responses fill
 * them, in order. Checksum and segmentation offload, which have further flags
 * and slots, and the control ring are not used.
 */
#pragma once

#include "xen/grant_table.h"
#include "ring.h"

struct netif_tx_request {
	grant_ref_t gref;	/* 0x00 */
	uint16_t offset;	/* 0x04 in the page */
	uint16_t flags;		/* 0x06 0: a whole packet */
	uint16_t id;		/* 0x08 echoed */
	uint16_t size;		/* 0x0a whole packet, then each part */
};
static_assert(sizeof(struct netif_tx_request) == 12, "size");

#define NETIF_RSP_OKAY		0

struct netif_tx_response {
	uint16_t id;		/* 0x00 */
	int16_t status;		/* 0x02 NETIF_RSP_* */
};
static_assert(sizeof(struct netif_tx_response) == 4, "size");

struct netif_rx_request {
	uint16_t id;		/* 0x00 echoed */
	uint16_t pad;		/* 0x02 */
	grant_ref_t gref;	/* 0x04 an empty page, writable */
};
static_assert(sizeof(struct netif_rx_request) == 8, "size");

/* netif_rx_response.flags */
#define NETRXF_more_data	(1u << 2)

struct netif_rx_response {
	uint16_t id;		/* 0x00 */
	uint16_t offset;	/* 0x02 of the data in the page */
	uint16_t flags;		/* 0x04 NETRXF_* */
	int16_t status;		/* 0x06 bytes, or NETIF_RSP_* below 0 */
};
static_assert(sizeof(struct netif_rx_response) == 8, "size");

/* One slot; a page holds 256 of either. */
union netif_tx_sring_entry {
	struct netif_tx_request req;
	struct netif_tx_response rsp;
};
static_assert(sizeof(union netif_tx_sring_entry) == 12, "size");

union netif_rx_sring_entry {
	struct netif_rx_request req;
	struct netif_rx_response rsp;
};
static_assert(sizeof(union netif_rx_sring_entry) == 8, "size");
