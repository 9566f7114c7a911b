/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network device rings: one for each direction, seen from the guest.
 *
 * A packet that needs several pages takes several slots, all but the last
 * with the more_data flag; the first TX slot's size is that of the whole
 * packet. A slot with the extra_info flag is followed by slots that hold
 * struct netif_extra_info instead. On the receive ring requests offer empty
 * pages and responses fill them, in order.
 * The control ring (hash configuration) is not used.
 */
#pragma once

#include "../grant_table.h"
#include "ring.h"

/* Slots a back end must accept for one packet, and a packet's size limit. */
#define XEN_NETIF_NR_SLOTS_MIN	18
#define XEN_NETIF_MAX_TX_SIZE	0xffff

/* netif_tx_request.flags */
#define _NETTXF_csum_blank	0	/* checksum still to be filled in */
#define NETTXF_csum_blank	(1u << _NETTXF_csum_blank)
#define _NETTXF_data_validated	1	/* checksum is known to be right */
#define NETTXF_data_validated	(1u << _NETTXF_data_validated)
#define _NETTXF_more_data	2
#define NETTXF_more_data	(1u << _NETTXF_more_data)
#define _NETTXF_extra_info	3
#define NETTXF_extra_info	(1u << _NETTXF_extra_info)

struct netif_tx_request {
	grant_ref_t gref;	/* 0x00 */
	uint16_t offset;	/* 0x04 in the page */
	uint16_t flags;		/* 0x06 NETTXF_* */
	uint16_t id;		/* 0x08 echoed */
	uint16_t size;		/* 0x0a whole packet, then each part */
};
static_assert(sizeof(struct netif_tx_request) == 12, "size");

#define NETIF_RSP_NULL		1	/* answers an extra-info slot */
#define NETIF_RSP_OKAY		0
#define NETIF_RSP_ERROR		(-1)
#define NETIF_RSP_DROPPED	(-2)

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
#define _NETRXF_data_validated	0
#define NETRXF_data_validated	(1u << _NETRXF_data_validated)
#define _NETRXF_csum_blank	1
#define NETRXF_csum_blank	(1u << _NETRXF_csum_blank)
#define _NETRXF_more_data	2
#define NETRXF_more_data	(1u << _NETRXF_more_data)
#define _NETRXF_extra_info	3
#define NETRXF_extra_info	(1u << _NETRXF_extra_info)
#define _NETRXF_gso_prefix	4	/* old way to pass a segment size */
#define NETRXF_gso_prefix	(1u << _NETRXF_gso_prefix)

struct netif_rx_response {
	uint16_t id;		/* 0x00 */
	uint16_t offset;	/* 0x02 of the data in the page */
	uint16_t flags;		/* 0x04 NETRXF_* */
	int16_t status;		/* 0x06 bytes, or NETIF_RSP_* below 0 */
};
static_assert(sizeof(struct netif_rx_response) == 8, "size");

#define XEN_NETIF_EXTRA_TYPE_NONE	0
#define XEN_NETIF_EXTRA_TYPE_GSO	1
#define XEN_NETIF_EXTRA_TYPE_MCAST_ADD	2
#define XEN_NETIF_EXTRA_TYPE_MCAST_DEL	3
#define XEN_NETIF_EXTRA_TYPE_HASH	4
#define XEN_NETIF_EXTRA_TYPE_MAX	5	/* one past the last */

#define _XEN_NETIF_EXTRA_FLAG_MORE	0	/* another one follows */
#define XEN_NETIF_EXTRA_FLAG_MORE	(1u << _XEN_NETIF_EXTRA_FLAG_MORE)

#define XEN_NETIF_GSO_TYPE_NONE		0
#define XEN_NETIF_GSO_TYPE_TCPV4	1
#define XEN_NETIF_GSO_TYPE_TCPV6	2

struct netif_extra_info {
	uint8_t type;				/* 0x00 EXTRA_TYPE_* */
	uint8_t flags;				/* 0x01 EXTRA_FLAG_* */
	union {
		struct {
			uint16_t size;		/* 0x02 payload per segment */
			uint8_t type;		/* 0x04 GSO_TYPE_* */
			uint8_t pad;		/* 0x05 */
			uint16_t features;	/* 0x06 must be 0 */
		} gso;
		struct {
			uint8_t addr[6];	/* 0x02 group to join, leave */
		} mcast;
		struct {
			uint8_t type;		/* 0x02 */
			uint8_t algorithm;	/* 0x03 */
			uint8_t value[4];	/* 0x04 */
		} hash;
		uint16_t pad[3];		/* 0x02 */
	} u;
};
static_assert(sizeof(struct netif_extra_info) == 8, "size");

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
