/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all handshakes share: finding the other end, states, publishing the
 * rings. States go up Initialising, Initialised or Connected; the device's own
 * file says when.
 */
#include "pv-drivers/front/xenbus_device.h"

#include <xen/errno.h>

#include "pv-drivers/front/text.h"
#include "pv-drivers/front/xenbus.h"

int64_t xenbus_device_open(struct xenbus_device *dev, const char *class,
			   unsigned int id)
{
	char *at = dev->path;
	const char *const end = dev->path + sizeof(dev->path);
	char number[24];

	text_copy(at, "device/", end - at);
	at += text_length(at);
	text_copy(at, class, end - at);
	at += text_length(at);
	text_copy(at, "/", end - at);
	at += text_length(at);
	text_copy(at, text_from_number(number, id), end - at);
	const int64_t len = xenbus_read_in(0, dev->path, "backend",
					   dev->backend, sizeof(dev->backend));

	if (len < 0)
		return len;
	if (len >= (int64_t)sizeof(dev->backend))
		return -E2BIG;
	const int64_t domain = xenbus_read_number(0, dev->path, "backend-id");

	if (domain < 0)
		return domain;
	dev->backend_id = domain;
	return 0;
}

int64_t xenbus_device_state(const struct xenbus_device *dev,
			    enum xenbus_state state)
{
	return xenbus_write_number(0, dev->path, "state", state);
}

int64_t xenbus_device_wait(const struct xenbus_device *dev,
			   enum xenbus_state state)
{
	const unsigned int down = 1u << XenbusStateClosing |
				  1u << XenbusStateClosed;
	const int64_t got = xenbus_wait_state(dev->backend, 1u << state | down);

	if (got < 0)
		return got;
	return got == (int64_t)state ? 0 : -EIO;
}

int64_t xenbus_device_publish(const struct xenbus_device *dev,
			      const struct xenbus_node *nodes,
			      unsigned int nr)
{
	int64_t rc;

	do {
		const int64_t tx = xenbus_begin();

		if (tx < 0)
			return tx;
		rc = 0;
		for (unsigned int i = 0; i < nr && !rc; i++)
			rc = nodes[i].text ?
				xenbus_write_in(tx, dev->path, nodes[i].name,
						nodes[i].text) :
				xenbus_write_number(tx, dev->path,
						    nodes[i].name,
						    nodes[i].number);
		const int64_t end = xenbus_end(tx, rc == 0);

		if (!rc)
			rc = end;
	} while (rc == -EAGAIN);
	return rc;
}

int64_t xenbus_device_close(const struct xenbus_device *dev)
{
	int64_t rc = xenbus_device_state(dev, XenbusStateClosing);

	if (!rc)
		rc = xenbus_wait_state(dev->backend, 1u << XenbusStateClosing |
				       1u << XenbusStateClosed);
	if (rc >= 0)
		rc = xenbus_device_state(dev, XenbusStateClosed);
	if (!rc)
		rc = xenbus_wait_state(dev->backend, 1u << XenbusStateInitWait |
				       1u << XenbusStateClosed);
	return rc < 0 ? rc : 0;
}
