// SPDX-License-Identifier: BSD-2-Clause
/*
 * Makes a disk image or a block device ready for Linux's blkback: a raw file
 * gets a loop device, a block device is only checked. The result is the
 * major:minor that blkback wants in its physical-device node.
 *
 * Order for the caller: disk_plug() for each disk before anything is written
 * to xenstore (it is what reports a missing file), then write the back-end's
 * nodes with disk_physical_device(), then hotplug-status = "connected". At the
 * end of the domain (or when a later step fails) disk_unplug(); blkback may
 * still have the loop device open, the kernel then drops it at the last close.
 *
 * The sharing check reads the back-end directories of xenstore, so two tools
 * that plug at the same time must be kept apart by the caller (shoji holds
 * its creation lock).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct xs_handle;

enum disk_mode {
	DISK_READ,         /* r: any number of readers */
	DISK_WRITE,        /* w: nobody else may use it */
	DISK_WRITE_SHARED, /* w!: the user says that sharing is safe */
};

/* What blkback is to use. */
struct disk {
	char path[4096]; /* as given by the user */
	char device[64]; /* /dev/loopN, or the block device itself */
	unsigned major;  /* of device */
	unsigned minor;  /* of device */
	uint64_t size;   /* in bytes */
	bool is_loop;    /* we made a loop device for a file */
	bool direct_io;  /* the loop device bypasses the page cache */
};

/* Refuses (-EBUSY) a path that another domain uses in a way that cannot be
 * shared, naming that domain, or that dom0 has mounted. Follows links and loop
 * devices, so two names of one file are one file. Changes nothing. */
int disk_check_sharing(struct xs_handle *xs, const char *path,
	enum disk_mode mode, struct error *err);

/* 0, or -errno with a text: -ENOENT no such file, -ENOTBLK neither a file nor
 * a block device, -EROFS, -EACCES, -EMFILE no free loop device... */
int disk_plug(const char *path, enum disk_mode mode, struct disk *disk,
	struct error *err);

/* Release what disk_plug() made for path. major and minor come from the
 * back-end's physical-device; a device that is not the loop device of path
 * is left alone. */
int disk_unplug(
	const char *path, unsigned major, unsigned minor, struct error *err);

/* blkback's spelling of the device number, "7:1a" (hexadecimal). */
void disk_physical_device(const struct disk *disk, char *text, size_t size);
bool disk_parse_physical_device(
	const char *text, unsigned *major, unsigned *minor);
