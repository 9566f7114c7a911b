/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block front end, handshake: grant a ring page, publish it with an event
 * channel, become Initialised, wait until the back end is Connected and has
 * written the disk's size, become Connected.
 */
#include "pv-drivers/front/blkfront.h"

#include <xen/errno.h>

#include "pv-drivers/front/event.h"
#include "pv-drivers/front/grant.h"
#include "pv-drivers/front/os.h"
#include "pv-drivers/front/start.h"
#include "pv-drivers/front/xenbus.h"

static int64_t make_ring(struct blkfront *dev)
{
	void *page = os_page_alloc();

	if (!page)
		return -ENOMEM;
	ring_front_init(&dev->ring, page, PV_PAGE,
			sizeof(union blkif_sring_entry));
	const int64_t ref = grant_give(dev->xenbus.backend_id, os_frame(page),
				       false);

	if (ref < 0) {
		os_page_free(page);
		return ref;
	}
	dev->ring_ref = ref;
	const int64_t port = event_alloc(dev->xenbus.backend_id);

	if (port < 0) {
		grant_end(ref);
		os_page_free(page);
		return port;
	}
	dev->port = port;
	event_register(port, blkfront_event, dev);
	return 0;
}

static void drop_ring(struct blkfront *dev)
{
	event_close(dev->port);
	if (grant_end(dev->ring_ref))
		os_page_free(dev->ring.page);
}

static int64_t read_properties(struct blkfront *dev)
{
	const char *backend = dev->xenbus.backend;
	const int64_t sectors = xenbus_read_number(0, backend, "sectors");
	const int64_t size = xenbus_read_number(0, backend, "sector-size");
	const int64_t info = xenbus_read_number(0, backend, "info");

	if (sectors < 0)
		return sectors;
	dev->nr_sectors = sectors;
	dev->sector_size = size > 0 ? size : 512;
	dev->readonly = info > 0 && info & VDISK_READONLY;
	dev->can_flush = xenbus_read_number(0, backend,
					    "feature-flush-cache") == 1;
	return 0;
}

static int64_t handshake(struct blkfront *dev)
{
	const struct xenbus_node nodes[] = {
		{ .name = "ring-ref", .number = dev->ring_ref },
		{ .name = "event-channel", .number = dev->port },
		{ .name = "protocol", .text = "x86_64-abi" },
	};
	int64_t rc = xenbus_device_publish(&dev->xenbus, nodes, 3);

	if (!rc)
		rc = xenbus_device_state(&dev->xenbus,
					 XenbusStateInitialised);
	if (!rc)
		rc = xenbus_device_wait(&dev->xenbus, XenbusStateConnected);
	if (!rc)
		rc = read_properties(dev);
	if (!rc)
		rc = xenbus_device_state(&dev->xenbus, XenbusStateConnected);
	return rc;
}

int64_t blkfront_connect(struct blkfront *dev, unsigned int id)
{
	*dev = (struct blkfront){ 0 };
	int64_t rc = grant_init();

	if (!rc)
		rc = xenbus_device_open(&dev->xenbus, "vbd", id);
	if (!rc)
		rc = make_ring(dev);
	if (rc)
		return rc;
	rc = handshake(dev);
	if (rc)
		drop_ring(dev);
	return rc;
}

int64_t blkfront_close(struct blkfront *dev)
{
	const int64_t rc = xenbus_device_close(&dev->xenbus);

	drop_ring(dev);
	return rc;
}
