/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network front end, handshake: wait until the back end is in InitWait, grant
 * two rings and all buffers, publish, become Connected, wait for the same.
 */
#include "pv-drivers/front/netfront.h"

#include <xen/errno.h>

#include "pv-drivers/front/event.h"
#include "pv-drivers/front/grant.h"
#include "pv-drivers/front/os.h"
#include "pv-drivers/front/start.h"
#include "pv-drivers/front/xenbus.h"

/* A page granted to the back end; NULL without memory or references. */
static void *granted_page(struct netfront *dev, bool readonly, uint32_t *ref)
{
	void *page = os_page_alloc();

	if (!page)
		return NULL;
	const int64_t given = grant_give(dev->xenbus.backend_id,
					 os_frame(page), readonly);

	if (given < 0) {
		os_page_free(page);
		return NULL;
	}
	*ref = given;
	return page;
}

static void drop_page(void *page, uint32_t ref)
{
	if (page && grant_end(ref))
		os_page_free(page);
}

static void drop(struct netfront *dev)
{
	if (dev->port)
		event_close(dev->port);
	drop_page(dev->tx.page, dev->tx_ring_ref);
	drop_page(dev->rx.page, dev->rx_ring_ref);
	for (int i = 0; i < NETFRONT_BUFFERS; i++) {
		drop_page(dev->tx_buffers[i].page, dev->tx_buffers[i].ref);
		drop_page(dev->rx_buffers[i].page, dev->rx_buffers[i].ref);
	}
}

static int64_t make_buffers(struct netfront *dev)
{
	for (int i = 0; i < NETFRONT_BUFFERS; i++) {
		struct netfront_buffer *tx = &dev->tx_buffers[i];
		struct netfront_buffer *rx = &dev->rx_buffers[i];

		tx->page = granted_page(dev, true, &tx->ref);
		rx->page = granted_page(dev, false, &rx->ref);
		if (!tx->page || !rx->page)
			return -ENOMEM;
	}
	return 0;
}

static int64_t make_rings(struct netfront *dev)
{
	void *tx = granted_page(dev, false, &dev->tx_ring_ref);

	if (!tx)
		return -ENOMEM;
	ring_front_init(&dev->tx, tx, PV_PAGE,
			sizeof(union netif_tx_sring_entry));
	void *rx = granted_page(dev, false, &dev->rx_ring_ref);

	if (!rx)
		return -ENOMEM;
	ring_front_init(&dev->rx, rx, PV_PAGE,
			sizeof(union netif_rx_sring_entry));
	const int64_t port = event_alloc(dev->xenbus.backend_id);

	if (port < 0)
		return port;
	dev->port = port;
	event_register(port, netfront_event, dev);
	return 0;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int64_t read_mac(struct netfront *dev)
{
	char text[20];
	const int64_t len = xenbus_read_in(0, dev->xenbus.path, "mac", text,
					   sizeof(text));

	if (len < 0)
		return len;
	if (len != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++) {
		const int high = hex(text[i * 3]), low = hex(text[i * 3 + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		dev->mac[i] = high * 16 + low;
	}
	return 0;
}

static int64_t handshake(struct netfront *dev)
{
	const struct xenbus_node nodes[] = {
		{ .name = "tx-ring-ref", .number = dev->tx_ring_ref },
		{ .name = "rx-ring-ref", .number = dev->rx_ring_ref },
		{ .name = "event-channel", .number = dev->port },
		{ .name = "request-rx-copy", .number = 1 },
		{ .name = "feature-rx-notify", .number = 1 },
		{ .name = "feature-sg", .number = 0 },
		{ .name = "feature-no-csum-offload", .number = 1 },
	};
	int64_t rc = xenbus_device_publish(&dev->xenbus, nodes,
					   sizeof(nodes) / sizeof(*nodes));

	if (!rc)
		rc = xenbus_device_state(&dev->xenbus, XenbusStateConnected);
	if (!rc)
		rc = xenbus_device_wait(&dev->xenbus, XenbusStateConnected);
	return rc;
}

int64_t netfront_connect(struct netfront *dev, unsigned int id)
{
	*dev = (struct netfront){ 0 };
	int64_t rc = grant_init();

	if (!rc)
		rc = xenbus_device_open(&dev->xenbus, "vif", id);
	if (!rc)
		rc = read_mac(dev);
	if (!rc)
		rc = xenbus_device_wait(&dev->xenbus, XenbusStateInitWait);
	if (rc)
		return rc;
	rc = make_rings(dev);
	if (!rc)
		rc = make_buffers(dev);
	if (!rc) {
		netfront_offer(dev);
		rc = handshake(dev);
	}
	if (rc)
		drop(dev);
	return rc;
}

int64_t netfront_close(struct netfront *dev)
{
	const int64_t rc = xenbus_device_close(&dev->xenbus);

	drop(dev);
	return rc;
}
