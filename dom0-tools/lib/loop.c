// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loop devices by the kernel's ioctls, see loop.h. Another program may take
 * the free device between the question and the claim; then the next one is
 * asked for, a bounded number of times.
 */
#include "lib/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { ATTEMPTS = 64 };

bool backing_equal(const struct backing *a, const struct backing *b)
{
	return a->device == b->device && a->inode == b->inode;
}

bool device_path(unsigned major, unsigned minor, char *path, unsigned size)
{
	char link[64], target[512];

	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major, minor);

	const ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n < 0)
		return false;
	target[n] = '\0';

	char *name = strrchr(target, '/');

	snprintf(path, size, "/dev/%s", name ? name + 1 : target);
	/* cciss!c0d0 is /dev/cciss/c0d0. */
	for (char *c = path; *c; c++) {
		if (*c == '!')
			*c = '/';
	}
	return true;
}

static int loop_status(const char *device, struct loop_info64 *info)
{
	const int fd = open(device, O_RDONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, LOOP_GET_STATUS64, info) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

int backing_of_device(unsigned major, unsigned minor, struct backing *backing)
{
	struct loop_info64 info;
	char path[256];

	backing->device = makedev(major, minor);
	backing->inode = 0;
	if (major != LOOP_MAJOR)
		return 0;
	if (!device_path(major, minor, path, sizeof(path)))
		return -ENODEV;

	const int rc = loop_status(path, &info);

	if (rc == -ENXIO)
		return 0; /* not bound: it is itself and nothing more */
	if (rc < 0)
		return rc;
	backing->device = info.lo_rdevice ? info.lo_rdevice : info.lo_device;
	backing->inode = info.lo_rdevice ? 0 : info.lo_inode;
	return 0;
}

int backing_of_path(const char *path, struct backing *backing)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISBLK(st.st_mode))
		return backing_of_device(
			major(st.st_rdev), minor(st.st_rdev), backing);
	backing->device = st.st_dev;
	backing->inode = st.st_ino;
	return S_ISREG(st.st_mode) ? 0 : -ENOTBLK;
}

/* -EBUSY: somebody else was quicker. */
static int loop_claim(
	unsigned number, const struct loop_config *config, bool *direct_io)
{
	struct loop_info64 info;
	char device[32];
	int rc = 0;

	snprintf(device, sizeof(device), "/dev/loop%u", number);

	const int fd = open(device, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, LOOP_CONFIGURE, config) < 0)
		rc = -errno;
	else if (ioctl(fd, LOOP_GET_STATUS64, &info) == 0)
		*direct_io = info.lo_flags & LO_FLAGS_DIRECT_IO;
	close(fd);
	return rc;
}

int loop_attach(int file, const char *name, bool read_only, unsigned *number,
	bool *direct_io)
{
	const int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.fd = file,
		.info.lo_flags = LO_FLAGS_DIRECT_IO |
				 (read_only ? LO_FLAGS_READ_ONLY : 0),
	};
	int rc = -EBUSY;

	if (control < 0)
		return -errno;
	snprintf((char *)config.info.lo_file_name,
		sizeof(config.info.lo_file_name), "%s", name);
	*direct_io = false;
	for (int i = 0; i < ATTEMPTS && rc == -EBUSY; i++) {
		const int free = ioctl(control, LOOP_CTL_GET_FREE);

		if (free < 0) {
			rc = -errno;
			break;
		}
		*number = free;
		rc = loop_claim(free, &config, direct_io);
		if (rc == -EINVAL &&
			(config.info.lo_flags & LO_FLAGS_DIRECT_IO)) {
			/* A file system that cannot do direct I/O. */
			config.info.lo_flags &= ~LO_FLAGS_DIRECT_IO;
			rc = -EBUSY;
		}
	}
	close(control);
	return rc;
}

int loop_name(const char *device, char *name, unsigned size)
{
	struct loop_info64 info;
	const int rc = loop_status(device, &info);

	if (rc == 0)
		snprintf(name, size, "%.*s", LO_NAME_SIZE - 1,
			(const char *)info.lo_file_name);
	return rc;
}

int loop_detach(const char *device)
{
	const int fd = open(device, O_RDONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, LOOP_CLR_FD) < 0 && errno != ENXIO)
		rc = -errno;
	close(fd);
	return rc;
}
