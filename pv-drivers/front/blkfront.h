/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block front end. Buffers are the kernel's own memory, a multiple of 512
 * bytes, aligned to 512 bytes; sectors are 512 bytes whatever the device's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/io/blkif.h>

#include "pv-drivers/front/xenbus_device.h"

#define BLKFRONT_SLOTS 32
#define BLKFRONT_SECTORS_MAX 80		/* of one request, however it lies */

struct blk_io {
	uint8_t operation;	/* BLKIF_OP_READ, _WRITE, _FLUSH_DISKCACHE */
	uint64_t sector;
	void *buffer;
	uint32_t nr_sectors;	/* at most BLKFRONT_SECTORS_MAX */
	/* Called from the event handler; 0, -EIO or -EOPNOTSUPP. */
	void (*done)(struct blk_io *io, int64_t result);
	void *data;		/* the caller's */
};

struct blkfront {
	struct xenbus_device xenbus;
	struct ring_front ring;
	uint32_t ring_ref;
	uint32_t port;
	uint64_t nr_sectors;	/* of the disk */
	uint32_t sector_size;	/* requests should be multiples of it */
	bool readonly;
	bool can_flush;
	bool broken;		/* the back end broke the protocol */
	struct {
		struct blk_io *io;	/* NULL: free */
		uint32_t refs[BLKIF_MAX_SEGMENTS_PER_REQUEST];
		uint8_t nr_refs;
	} slots[BLKFRONT_SLOTS];
};

/* blkfront_xs.c: connects device/vbd/ID; waits for the back end. */
int64_t blkfront_connect(struct blkfront *dev, unsigned int id);
int64_t blkfront_close(struct blkfront *dev);

/* Starts it; -EBUSY when the ring is full, -EINVAL for a bad request. */
int64_t blkfront_submit(struct blkfront *dev, struct blk_io *io);

/* Any number of sectors, waiting for the result. */
int64_t blkfront_read(struct blkfront *dev, uint64_t sector, void *buffer,
		      uint32_t nr_sectors);
int64_t blkfront_write(struct blkfront *dev, uint64_t sector, void *buffer,
		       uint32_t nr_sectors);
int64_t blkfront_flush(struct blkfront *dev);

/* Takes responses; what the device's event is bound to. */
void blkfront_event(uint32_t port, void *dev);
