/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network front end, data path. A buffer's number is its request's id. The
 * back end copies through grants that never end, so a buffer is ours exactly
 * while it is not busy; its content is copied before it is looked at. Rings
 * and buffers are guarded by os_lock().
 */
#include "pv-drivers/front/netfront.h"

#include <xen/errno.h>

#include "pv-drivers/front/event.h"
#include "pv-drivers/front/os.h"
#include "pv-drivers/front/start.h"

static void copy(char *to, const char *from, size_t len)
{
	while (len--)
		*to++ = *from++;
}

static void broken(struct netfront *dev, const char *what)
{
	if (!dev->broken)
		os_log("netfront: bad %s response from domain %u\n", what,
		       dev->xenbus.backend_id);
	dev->broken = true;
}

/* Frees the buffers of what has been sent. */
static void reap(struct netfront *dev)
{
	const struct netif_tx_response *at;

	while (!dev->broken && (at = ring_front_peek(&dev->tx))) {
		const uint16_t id = *(volatile const uint16_t *)&at->id;
		const int16_t status = *(volatile const int16_t *)&at->status;

		if (ring_front_overflow(&dev->tx) || id >= NETFRONT_BUFFERS ||
		    !dev->tx_buffers[id].busy) {
			broken(dev, "send");
			return;
		}
		dev->tx_buffers[id].busy = false;
		if (status != NETIF_RSP_OKAY)
			dev->tx_errors++;
		ring_front_take(&dev->tx);
	}
}

static int free_tx_buffer(const struct netfront *dev)
{
	for (int i = 0; i < NETFRONT_BUFFERS; i++)
		if (!dev->tx_buffers[i].busy)
			return i;
	return -1;
}

int64_t netfront_send(struct netfront *dev, const void *frame, size_t len)
{
	if (!len || len > NETFRONT_FRAME_MAX)
		return -EINVAL;
	const uint64_t saved = os_lock();

	reap(dev);
	const int i = dev->broken ? -1 : free_tx_buffer(dev);

	if (i < 0) {
		/* be told when one is free */
		ring_front_sleep(&dev->tx);
		os_unlock(saved);
		return dev->broken ? -EIO : -EBUSY;
	}
	dev->tx_buffers[i].busy = true;
	copy(dev->tx_buffers[i].page, frame, len);
	*(struct netif_tx_request *)ring_front_next(&dev->tx) =
		(struct netif_tx_request){
			.gref = dev->tx_buffers[i].ref, .id = i, .size = len,
		};
	const bool notify = ring_front_push(&dev->tx);

	os_unlock(saved);
	if (notify)
		event_send(dev->port);
	return 0;
}

void netfront_offer(struct netfront *dev)
{
	const uint64_t saved = os_lock();

	for (int i = 0; i < NETFRONT_BUFFERS; i++) {
		if (dev->rx_buffers[i].busy)
			continue;
		dev->rx_buffers[i].busy = true;
		*(struct netif_rx_request *)ring_front_next(&dev->rx) =
			(struct netif_rx_request){
				.id = i, .gref = dev->rx_buffers[i].ref,
			};
	}
	const bool notify = ring_front_push(&dev->rx);

	os_unlock(saved);
	if (notify)
		event_send(dev->port);
}

/* One slot of a frame: copies it to frame; false: nothing there. */
static bool take_slot(struct netfront *dev, char *frame, size_t size,
		      size_t *len, uint16_t *flags)
{
	const struct netif_rx_response *at = ring_front_peek(&dev->rx);

	if (!at || dev->broken)
		return false;
	const struct netif_rx_response rsp = {
		.id = *(volatile const uint16_t *)&at->id,
		.offset = *(volatile const uint16_t *)&at->offset,
		.flags = *(volatile const uint16_t *)&at->flags,
		.status = *(volatile const int16_t *)&at->status,
	};

	if (ring_front_overflow(&dev->rx) || rsp.id >= NETFRONT_BUFFERS ||
	    !dev->rx_buffers[rsp.id].busy || rsp.offset > PV_PAGE ||
	    rsp.status > (int)PV_PAGE - rsp.offset) {
		broken(dev, "receive");
		return false;
	}
	ring_front_take(&dev->rx);
	*flags = rsp.flags;
	if (rsp.status > 0) {
		const size_t room = size - *len;
		const size_t part = (size_t)rsp.status < room ?
				    (size_t)rsp.status : room;

		copy(frame + *len, dev->rx_buffers[rsp.id].page + rsp.offset,
		     part);
		*len += part;
	} else {
		dev->rx_errors++;
	}
	dev->rx_buffers[rsp.id].busy = false;
	return true;
}

size_t netfront_receive(struct netfront *dev, void *frame, size_t size)
{
	size_t len = 0;
	uint16_t flags = 0;
	const uint64_t saved = os_lock();
	bool taken = take_slot(dev, frame, size, &len, &flags);
	const bool any = taken;

	/* the parts of a frame are published together */
	while (taken && flags & NETRXF_more_data)
		taken = take_slot(dev, frame, size, &len, &flags);
	if (!any && !dev->broken)
		ring_front_sleep(&dev->rx);
	os_unlock(saved);
	if (any)
		netfront_offer(dev);
	return len;
}

void netfront_wait(struct netfront *dev)
{
	const uint64_t saved = os_lock();

	if (!dev->broken && !ring_front_sleep(&dev->rx))
		os_wait(dev, saved);
	os_unlock(saved);
}

void netfront_event(uint32_t port, void *data)
{
	struct netfront *dev = data;

	(void)port;
	reap(dev);
	os_wake(dev);
}
