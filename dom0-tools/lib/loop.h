// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loop devices: a block device over a file. A device is told apart by the
 * identity of what lies below it, not by its name, because numbers are reused.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What a path or a device number comes down to once links and loop devices
 * are followed: a block device (inode 0) or a file. */
struct backing {
	uint64_t device; /* st_rdev of the block device, st_dev of the file */
	uint64_t inode;  /* st_ino of the file */
};

bool backing_equal(const struct backing *a, const struct backing *b);

/* 0; -errno of stat(), -ENOTBLK when it is neither file nor block device. */
int backing_of_path(const char *path, struct backing *backing);
int backing_of_device(unsigned major, unsigned minor, struct backing *backing);

/* "/dev/NAME" of a block device by the kernel's own name; false: there is no
 * such device. */
bool device_path(unsigned major, unsigned minor, char *path, unsigned size);

/* Binds a free loop device to the open file and tells its number, and whether
 * it goes round the page cache. 0 or -errno. name is for losetup -l. */
int loop_attach(int file, const char *name, bool read_only, unsigned *number,
	bool *direct_io);

/* The file name that loop_attach() left; -ENXIO: not bound. */
int loop_name(const char *device, char *name, unsigned size);

/* 0 also when it is free already, or still open (freed at the last close). */
int loop_detach(const char *device);
