/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block front end, data path. A slot holds one request from its submission to
 * its response: its number is the request's id, its grants end with it. The
 * ring and the slots are guarded by os_lock(); done() is called without it.
 */
#include "pv-drivers/front/blkfront.h"

#include <xen/errno.h>

#include "pv-drivers/front/event.h"
#include "pv-drivers/front/grant.h"
#include "pv-drivers/front/os.h"
#include "pv-drivers/front/start.h"

#define SECTOR 512

static int find_slot(const struct blkfront *dev)
{
	if (!ring_front_free(&dev->ring))
		return -1;
	for (int i = 0; i < BLKFRONT_SLOTS; i++)
		if (!dev->slots[i].io)
			return i;
	return -1;
}

static void end_grants(struct blkfront *dev, unsigned int slot)
{
	while (dev->slots[slot].nr_refs) {
		const unsigned int n = --dev->slots[slot].nr_refs;

		/* one that the back end keeps is lost, but stays safe */
		if (!grant_end(dev->slots[slot].refs[n]))
			os_log("blkfront: reference %u still in use\n",
			       dev->slots[slot].refs[n]);
	}
}

/* Grants the pages of the buffer and describes them in req. */
static bool grant_buffer(struct blkfront *dev, unsigned int slot,
			 const struct blk_io *io, struct blkif_request *req)
{
	const bool to_disk = io->operation == BLKIF_OP_WRITE;
	uintptr_t at = (uintptr_t)io->buffer;
	uint32_t left = io->nr_sectors;

	while (left) {
		const uint32_t first = at % PV_PAGE / SECTOR;
		const uint32_t room = PV_PAGE / SECTOR - first;
		const uint32_t nr = left < room ? left : room;
		const int64_t ref = grant_give(dev->xenbus.backend_id,
					       os_frame((void *)at), to_disk);

		if (ref < 0)
			return false;
		dev->slots[slot].refs[dev->slots[slot].nr_refs++] = ref;
		req->seg[req->nr_segments++] = (struct blkif_request_segment){
			.gref = ref, .first_sect = first,
			.last_sect = first + nr - 1,
		};
		at += nr * SECTOR;
		left -= nr;
	}
	return true;
}

static bool is_valid(const struct blkfront *dev, const struct blk_io *io)
{
	if (io->operation == BLKIF_OP_FLUSH_DISKCACHE)
		return io->nr_sectors == 0;
	if (io->operation != BLKIF_OP_READ && io->operation != BLKIF_OP_WRITE)
		return false;
	return io->nr_sectors && io->nr_sectors <= BLKFRONT_SECTORS_MAX &&
	       (uintptr_t)io->buffer % SECTOR == 0 &&
	       io->sector < dev->nr_sectors &&
	       io->nr_sectors <= dev->nr_sectors - io->sector;
}

int64_t blkfront_submit(struct blkfront *dev, struct blk_io *io)
{
	if (!is_valid(dev, io))
		return -EINVAL;
	const uint64_t saved = os_lock();
	const int slot = dev->broken ? -1 : find_slot(dev);
	struct blkif_request req = {
		.operation = io->operation, .id = slot,
		.sector_number = io->sector,
	};

	if (slot < 0 || !grant_buffer(dev, slot, io, &req)) {
		if (slot >= 0)
			end_grants(dev, slot);
		os_unlock(saved);
		return dev->broken ? -EIO : -EBUSY;
	}
	dev->slots[slot].io = io;
	*(struct blkif_request *)ring_front_next(&dev->ring) = req;
	const bool notify = ring_front_push(&dev->ring);

	os_unlock(saved);
	if (notify)
		event_send(dev->port);
	return 0;
}

/* One response, or false. The slot is free when this returns. */
static bool take_response(struct blkfront *dev, struct blk_io **io,
			  int64_t *result)
{
	const uint64_t saved = os_lock();
	const struct blkif_response *at = ring_front_peek(&dev->ring);

	*io = NULL;
	if (!at || dev->broken) {
		os_unlock(saved);
		return false;
	}
	const uint64_t id = *(volatile const uint64_t *)&at->id;
	const int16_t status = *(volatile const int16_t *)&at->status;

	if (ring_front_overflow(&dev->ring) || id >= BLKFRONT_SLOTS ||
	    !dev->slots[id].io) {
		dev->broken = true;
		os_unlock(saved);
		os_log("blkfront: bad response from domain %u\n",
		       dev->xenbus.backend_id);
		return false;
	}
	ring_front_take(&dev->ring);
	*io = dev->slots[id].io;
	end_grants(dev, id);
	dev->slots[id].io = NULL;
	os_unlock(saved);
	*result = status == BLKIF_RSP_OKAY ? 0 :
		  status == BLKIF_RSP_EOPNOTSUPP ? -EOPNOTSUPP : -EIO;
	return true;
}

void blkfront_event(uint32_t port, void *data)
{
	struct blkfront *dev = data;
	struct blk_io *io;
	int64_t result;

	(void)port;
	do {
		while (take_response(dev, &io, &result))
			io->done(io, result);
	} while (!dev->broken && ring_front_sleep(&dev->ring));
	os_wake(dev);
}

#define PIECES 8

/* A transfer in pieces, some of them under way. */
struct transfer {
	struct blkfront *dev;
	uint8_t operation;
	bool more;		/* what follows is still to be asked for */
	uint64_t sector;
	char *buffer;
	uint32_t nr_sectors;
	unsigned int under_way;
	int64_t result;		/* the first error */
	struct blk_io pieces[PIECES];	/* free where done is NULL */
};

static void piece_done(struct blk_io *io, int64_t result)
{
	struct transfer *t = io->data;

	if (result && !t->result)
		t->result = result;
	t->under_way--;
	io->done = NULL;
	os_wake(t->dev);
}

static struct blk_io *free_piece(struct transfer *t)
{
	for (unsigned int i = 0; i < PIECES; i++)
		if (!t->pieces[i].done)
			return &t->pieces[i];
	return NULL;
}

/* False: nothing more to do, or no room for now. */
static bool start_piece(struct transfer *t)
{
	const uint32_t nr = t->nr_sectors < BLKFRONT_SECTORS_MAX ?
			    t->nr_sectors : BLKFRONT_SECTORS_MAX;
	struct blk_io *io = free_piece(t);

	if (!t->more || t->result || !io)
		return false;
	*io = (struct blk_io){
		.operation = t->operation, .sector = t->sector,
		.buffer = t->buffer, .nr_sectors = nr,
		.done = piece_done, .data = t,
	};
	const int64_t rc = blkfront_submit(t->dev, io);

	if (rc) {
		io->done = NULL;
		if (rc != -EBUSY)
			t->result = rc;
		return false;
	}
	t->under_way++;
	t->sector += nr;
	t->buffer += nr * SECTOR;
	t->nr_sectors -= nr;
	t->more = t->nr_sectors != 0;
	return true;
}

static int64_t transfer(struct blkfront *dev, uint8_t operation,
			uint64_t sector, char *buffer, uint32_t nr_sectors)
{
	struct transfer t = {
		.dev = dev, .operation = operation, .sector = sector,
		.buffer = buffer, .nr_sectors = nr_sectors, .more = true,
	};
	const uint64_t saved = os_lock();

	for (;;) {
		while (start_piece(&t))
			;
		if (!t.under_way && (t.result || !t.more))
			break;
		if (dev->broken) {
			/* nothing will be answered any more */
			t.result = -EIO;
			break;
		}
		os_wait(dev, saved);
	}
	os_unlock(saved);
	return t.result;
}

int64_t blkfront_read(struct blkfront *dev, uint64_t sector, void *buffer,
		      uint32_t nr_sectors)
{
	return transfer(dev, BLKIF_OP_READ, sector, buffer, nr_sectors);
}

int64_t blkfront_write(struct blkfront *dev, uint64_t sector, void *buffer,
		       uint32_t nr_sectors)
{
	if (dev->readonly)
		return -EROFS;
	return transfer(dev, BLKIF_OP_WRITE, sector, buffer, nr_sectors);
}

int64_t blkfront_flush(struct blkfront *dev)
{
	if (!dev->can_flush)
		return -EOPNOTSUPP;
	return transfer(dev, BLKIF_OP_FLUSH_DISKCACHE, 0, NULL, 0);
}
