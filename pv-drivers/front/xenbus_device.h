/* SPDX-License-Identifier: BSD-2-Clause */
/* The front end's view of a split device: two folders of xenstore. */
#pragma once

#include <stdint.h>

#include <xen/io/xenbus.h>

struct xenbus_device {
	char path[64];		/* ours, device/CLASS/ID */
	char backend[128];	/* the back end's, absolute */
	uint16_t backend_id;	/* its domain */
};

/* Finds the device; -ENOENT if there is none. */
int64_t xenbus_device_open(struct xenbus_device *dev, const char *class,
			   unsigned int id);

/* Tells the back end our state. */
int64_t xenbus_device_state(const struct xenbus_device *dev,
			    enum xenbus_state state);

/* Waits for the back end to reach a state; -EIO if it closes instead. */
int64_t xenbus_device_wait(const struct xenbus_device *dev,
			   enum xenbus_state state);

struct xenbus_node {
	const char *name;
	const char *text;	/* or NULL: the number */
	uint64_t number;
};

/* Writes all of them in one transaction. */
int64_t xenbus_device_publish(const struct xenbus_device *dev,
			      const struct xenbus_node *nodes,
			      unsigned int nr);

/* Goes down in step with the back end; rings may be freed afterwards. */
int64_t xenbus_device_close(const struct xenbus_device *dev);
