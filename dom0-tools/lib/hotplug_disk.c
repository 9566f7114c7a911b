// SPDX-License-Identifier: BSD-2-Clause
/*
 * Disks for blkback, see hotplug_disk.h. Two disks are the same if what lies
 * below their links and loop devices is the same (lib/loop.h), whatever their
 * paths say.
 */
#include "lib/hotplug_disk.h"

#include "lib/error.h"
#include "lib/log.h"
#include "lib/loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/major.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xenstore.h>

enum { SECTOR = 512 };

#define BACKEND_VBD "/local/domain/0/backend/vbd"

void disk_physical_device(const struct disk *disk, char *text, size_t size)
{
	snprintf(text, size, "%x:%x", disk->major, disk->minor);
}

bool disk_parse_physical_device(
	const char *text, unsigned *major, unsigned *minor)
{
	char end;

	return sscanf(text, "%x:%x%c", major, minor, &end) == 2;
}

/* The mount point of a device, if it has one: fields 3 and 5 of mountinfo. */
static bool mount_point(unsigned major, unsigned minor, char where[256])
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	bool found = false;
	char line[4096];

	if (!mounts)
		return false;
	while (!found && fgets(line, sizeof(line), mounts)) {
		unsigned ma, mi;

		found = sscanf(line, "%*d %*d %u:%u %*s %255s", &ma, &mi,
				where) == 3 &&
			ma == major && mi == minor;
	}
	fclose(mounts);
	return found;
}

/* The kernel lets one holder at a time claim a block device: a mount, a
 * device-mapper table, a RAID set, swap. */
static bool claimed(const char *device)
{
	const int fd = open(device, O_RDONLY | O_EXCL | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return false;
	}
	return errno == EBUSY;
}

static int refuse_claimed(
	const char *path, const char *device, struct error *err)
{
	char where[256] = "";
	struct stat st;

	if (!claimed(device))
		return 0;
	if (stat(device, &st) == 0 &&
		mount_point(major(st.st_rdev), minor(st.st_rdev), where))
		error_set(
			err, EBUSY, "dom0 has '%s' mounted at %s", path, where);
	else
		error_set(err, EBUSY,
			"dom0 itself uses '%s' (%s is claimed by swap, RAID, "
			"LVM or a mount)",
			path, device);
	error_hint(err, "release it, or write w! if sharing is safe");
	return -EBUSY;
}

/* dom0 uses the device, or a loop device over the file. */
static int check_dom0(
	const char *path, const struct backing *backing, struct error *err)
{
	DIR *devices = opendir("/sys/block");
	struct stat st;
	int rc = 0;

	if (stat(path, &st) == 0 && S_ISBLK(st.st_mode))
		rc = refuse_claimed(path, path, err);
	for (struct dirent *entry; devices && rc == 0;) {
		char device[300];
		struct backing other;

		entry = readdir(devices);
		if (!entry)
			break;
		if (strncmp(entry->d_name, "loop", 4))
			continue;
		snprintf(device, sizeof(device), "/dev/%s", entry->d_name);
		if (backing_of_path(device, &other) == 0 &&
			backing_equal(backing, &other))
			rc = refuse_claimed(path, device, err);
	}
	if (devices)
		closedir(devices);
	return rc;
}

static char *read_node(struct xs_handle *xs, const char *dir, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return xs_read(xs, XBT_NULL, path, NULL);
}

/* May a disk be opened with this mode when a domain has it with theirs? */
static bool may_share(enum disk_mode mode, const char *theirs)
{
	if (mode == DISK_WRITE_SHARED)
		return true;
	return mode == DISK_READ &&
	       (!strchr(theirs, 'w') || strchr(theirs, '!'));
}

/* dir: one back-end of another domain. */
static int check_backend(struct xs_handle *xs, const char *dir,
	const char *domid, const char *path, const struct backing *backing,
	enum disk_mode mode, struct error *err)
{
	char *device = read_node(xs, dir, "physical-device");
	char *theirs = read_node(xs, dir, "mode");
	char home[64];
	struct backing other;
	unsigned major, minor;
	int rc = 0;

	if (device && theirs &&
		disk_parse_physical_device(device, &major, &minor) &&
		backing_of_device(major, minor, &other) == 0 &&
		backing_equal(backing, &other) && !may_share(mode, theirs)) {
		snprintf(home, sizeof(home), "/local/domain/%.20s", domid);

		char *name = read_node(xs, home, "name");

		rc = error_set(err, EBUSY,
			"disk '%s' is in use by domain %s (id %s, mode %s)",
			path, name ? name : "(nameless)", domid, theirs);
		error_hint(err, "write w! instead of w if both domains know "
				"how to share it");
		free(name);
	}
	free(device);
	free(theirs);
	return rc;
}

static int check_domain(struct xs_handle *xs, const char *domid,
	const char *path, const struct backing *backing, enum disk_mode mode,
	struct error *err)
{
	char dir[256];
	unsigned nr = 0;
	int rc = 0;

	snprintf(dir, sizeof(dir), BACKEND_VBD "/%.20s", domid);

	char **devices = xs_directory(xs, XBT_NULL, dir, &nr);

	for (unsigned i = 0; devices && i < nr && rc == 0; i++) {
		snprintf(dir, sizeof(dir), BACKEND_VBD "/%.20s/%.40s", domid,
			devices[i]);
		rc = check_backend(xs, dir, domid, path, backing, mode, err);
	}
	free(devices);
	return rc;
}

int disk_check_sharing(struct xs_handle *xs, const char *path,
	enum disk_mode mode, struct error *err)
{
	struct backing backing;
	unsigned nr = 0;
	int rc = backing_of_path(path, &backing);

	if (rc < 0)
		return error_errno(err, -rc, "disk '%s'", path);
	if (mode == DISK_WRITE_SHARED)
		return 0;

	char **domains = xs_directory(xs, XBT_NULL, BACKEND_VBD, &nr);

	for (unsigned i = 0; domains && i < nr && rc == 0; i++)
		rc = check_domain(xs, domains[i], path, &backing, mode, err);
	free(domains);
	return rc < 0 ? rc : check_dom0(path, &backing, err);
}

/* A guest that finds a qcow2 header on its raw disk finds no partitions. */
static void warn_of_format(const char *path, int fd)
{
	static const struct {
		const char *magic, *name;
	} formats[] = {
		{"QFI\xfb", "qcow2"},
		{"KDMV", "VMDK"},
		{"conectix", "VHD"},
		{"vhdxfile", "VHDX"},
	};
	char head[8] = "";

	if (pread(fd, head, sizeof(head), 0) != sizeof(head))
		return;
	for (unsigned i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		const char *magic = formats[i].magic;

		if (!memcmp(head, magic, strlen(magic)))
			log_warn("'%s' looks like a %s image, but is used as a "
				 "raw disk",
				path, formats[i].name);
	}
}

static int plug_file(
	struct disk *disk, int fd, bool read_only, struct error *err)
{
	unsigned number;

	if (disk->size < SECTOR)
		return error_set(err, EINVAL,
			"disk '%s' is a file of %llu bytes, less than a sector",
			disk->path, (unsigned long long)disk->size);
	if (disk->size % SECTOR)
		log_warn("'%s': the last %u bytes are no whole sector and "
			 "cannot be reached",
			disk->path, (unsigned)(disk->size % SECTOR));
	warn_of_format(disk->path, fd);

	const int rc = loop_attach(
		fd, disk->path, read_only, &number, &disk->direct_io);

	if (rc < 0) {
		error_errno(
			err, -rc, "making a loop device for '%s'", disk->path);
		if (rc == -ENOENT || rc == -ENODEV || rc == -ENXIO)
			error_hint(err, "is the module loop loaded?");
		return rc;
	}
	snprintf(disk->device, sizeof(disk->device), "/dev/loop%u", number);
	disk->is_loop = true;
	return 0;
}

/* The open file descriptor of the disk, or -errno. */
static int open_disk(const char *path, bool read_only, struct error *err)
{
	const int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);

	if (fd >= 0)
		return fd;

	const int code = errno;

	if (code == ENOENT)
		return error_set(err, code, "disk '%s' does not exist", path);
	error_errno(err, code, "opening disk '%s' for %s", path,
		read_only ? "reading" : "writing");
	if (code == EROFS || code == EACCES)
		error_hint(err, "mode r attaches it read-only");
	return -code;
}

/* Not everything may be opened to find out what it is (FIFOs block). */
static int check_kind(const char *path, struct stat *st, struct error *err)
{
	if (stat(path, st) < 0) {
		if (errno == ENOENT)
			return error_set(
				err, ENOENT, "disk '%s' does not exist", path);
		return error_errno(err, errno, "disk '%s'", path);
	}
	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode))
		return error_set(err, ENOTBLK,
			"disk '%s' is neither a file nor a block device%s",
			path, S_ISDIR(st->st_mode) ? " but a directory" : "");
	return 0;
}

int disk_plug(const char *path, enum disk_mode mode, struct disk *disk,
	struct error *err)
{
	const bool read_only = mode == DISK_READ;
	struct stat st;
	int rc = check_kind(path, &st, err);

	if (rc < 0)
		return rc;
	if (strlen(path) >= sizeof(disk->path))
		return error_set(err, ENAMETOOLONG, "disk path too long");

	const int fd = open_disk(path, read_only, err);

	if (fd < 0)
		return fd;
	memset(disk, 0, sizeof(*disk));
	strcpy(disk->path, path);
	disk->size = st.st_size;
	if (S_ISREG(st.st_mode)) {
		rc = plug_file(disk, fd, read_only, err);
	} else {
		if (ioctl(fd, BLKGETSIZE64, &disk->size) < 0 || !disk->size)
			rc = error_set(err, ENXIO,
				"block device '%s' has no size (no medium?)",
				path);
		if (!device_path(major(st.st_rdev), minor(st.st_rdev),
			    disk->device, sizeof(disk->device)))
			snprintf(disk->device, sizeof(disk->device), "%.63s",
				path);
	}
	close(fd);
	if (rc == 0 && disk->is_loop && stat(disk->device, &st) < 0)
		rc = error_errno(err, errno, "%s", disk->device);
	disk->major = major(st.st_rdev);
	disk->minor = minor(st.st_rdev);
	return rc;
}

/* Is this loop device (still) the one that disk_plug() made for path? */
static bool is_ours(
	const char *path, const char *device, const struct backing *bound)
{
	struct backing wanted;
	struct stat st;
	char name[64];

	if (stat(path, &st) == 0 && S_ISBLK(st.st_mode))
		return false;
	if (backing_of_path(path, &wanted) == 0 &&
		backing_equal(&wanted, bound))
		return true;
	/* The file may have been removed or replaced while in use. */
	return loop_name(device, name, sizeof(name)) == 0 &&
	       !strncmp(name, path, sizeof(name) - 1);
}

int disk_unplug(
	const char *path, unsigned major, unsigned minor, struct error *err)
{
	struct backing bound;
	char device[64];

	if (major != LOOP_MAJOR ||
		!device_path(major, minor, device, sizeof(device)))
		return 0;

	int rc = backing_of_device(major, minor, &bound);

	if (rc == 0 && is_ours(path, device, &bound))
		rc = loop_detach(device);
	return rc < 0 ? error_errno(
				err, -rc, "releasing %s of '%s'", device, path)
		      : 0;
}
