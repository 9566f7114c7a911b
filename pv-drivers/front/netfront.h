/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network front end, without offloads: whole Ethernet frames are copied in and
 * out of pages that stay granted to the back end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/netif.h>

#include "pv-drivers/front/xenbus_device.h"

#define NETFRONT_BUFFERS 64	/* pages in each direction */
#define NETFRONT_FRAME_MAX 1514

struct netfront {
	struct xenbus_device xenbus;
	uint8_t mac[6];
	uint32_t port;
	bool broken;			/* the back end broke the protocol */
	struct ring_front tx, rx;
	uint32_t tx_ring_ref, rx_ring_ref;
	struct netfront_buffer {
		char *page;
		uint32_t ref;
		bool busy;		/* with the back end */
	} tx_buffers[NETFRONT_BUFFERS], rx_buffers[NETFRONT_BUFFERS];
	uint64_t tx_errors, rx_errors;
};

/* netfront_xs.c: connects device/vif/ID; waits for the back end. */
int64_t netfront_connect(struct netfront *dev, unsigned int id);
int64_t netfront_close(struct netfront *dev);

/* Copies the frame and sends it; -EBUSY when all buffers are under way. */
int64_t netfront_send(struct netfront *dev, const void *frame, size_t len);

/* The next frame, cut to size; its length, or 0 if there is none. */
size_t netfront_receive(struct netfront *dev, void *frame, size_t size);

/* Sleeps until something has been received or sent; may return early. */
void netfront_wait(struct netfront *dev);

/* Offers all idle receive buffers to the back end. */
void netfront_offer(struct netfront *dev);

/* What the device's event is bound to. */
void netfront_event(uint32_t port, void *dev);
