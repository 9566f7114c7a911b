// SPDX-License-Identifier: BSD-2-Clause
/*
 * Disks on real loop devices, and the sharing check against a real xenstored
 * (no hypervisor needed) whose back-end nodes this test writes as shoji does.
 * Skipped where there are no loop devices.
 */
#include "lib/error.h"
#include "lib/hotplug_disk.h"
#include "lib/loop.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xenstore.h>

enum { IMAGE_BYTES = 1 << 20, NR_PARALLEL = 8 };

static char dir[] = "/tmp/disk-test-XXXXXX";
static struct xs_handle *xs;
static pid_t xenstored;

static char *in_dir(const char *name)
{
	static char path[16][128];
	static unsigned turn;

	turn = (turn + 1) % 16;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static char *make_image(const char *name, off_t size)
{
	char *path = in_dir(name);
	const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && ftruncate(fd, size) == 0);
	close(fd);
	return path;
}

static bool bound(const struct disk *disk)
{
	char name[64];

	return loop_name(disk->device, name, sizeof(name)) == 0;
}

static void unplug(const struct disk *disk)
{
	CHECK(disk_unplug(disk->path, disk->major, disk->minor, NULL) == 0);
	CHECK(!disk->is_loop || !bound(disk));
}

/* Through the device into the file, and back. */
static void test_file_becomes_a_device(void)
{
	const char *path = make_image("a", IMAGE_BYTES + 512);
	char text[512] = "written by the guest", back[512] = "";
	struct error e = {0};
	struct disk disk;

	CHECK(disk_plug(path, DISK_WRITE, &disk, &e) == 0 && !e.code);
	CHECK(disk.is_loop && disk.major == 7);
	CHECK(disk.size == IMAGE_BYTES + 512);

	const int device = open(disk.device, O_RDWR | O_SYNC);
	const int file = open(path, O_RDONLY);

	CHECK(lseek(device, 0, SEEK_END) == IMAGE_BYTES + 512);
	CHECK(pwrite(device, text, 512, IMAGE_BYTES) == 512);
	CHECK(pread(file, back, 512, IMAGE_BYTES) == 512);
	CHECK(!memcmp(text, back, 512));
	close(device);
	close(file);
	unplug(&disk);
}

static void test_read_only_is_read_only(void)
{
	const char *path = make_image("ro", IMAGE_BYTES);
	struct disk disk;
	struct error e = {0};

	CHECK(chmod(path, 0400) == 0);
	CHECK(disk_plug(path, DISK_READ, &disk, &e) == 0);

	const int device = open(disk.device, O_RDWR);

	CHECK(device < 0 || write(device, "x", 1) < 0);
	if (device >= 0)
		close(device);
	unplug(&disk);
}

static void test_in_use_goes_at_the_last_close(void)
{
	struct disk disk;

	CHECK(disk_plug(make_image("b", IMAGE_BYTES), DISK_WRITE, &disk,
		      NULL) == 0);

	const int blkback = open(disk.device, O_RDWR);

	CHECK(disk_unplug(disk.path, disk.major, disk.minor, NULL) == 0);
	close(blkback);
	CHECK(!bound(&disk));
	CHECK(disk_unplug(disk.path, disk.major, disk.minor, NULL) == 0);
}

static void test_a_foreign_loop_is_left_alone(void)
{
	char *other = make_image("other", IMAGE_BYTES);
	struct disk disk, same;
	struct error e = {0};

	CHECK(disk_plug(make_image("c", IMAGE_BYTES), DISK_WRITE, &disk,
		      NULL) == 0);
	CHECK(disk_unplug(other, disk.major, disk.minor, &e) == 0);
	CHECK(bound(&disk));
	/* A loop device that the user made: it is a block device to us. */
	CHECK(disk_plug(disk.device, DISK_WRITE, &same, &e) == 0);
	CHECK(!same.is_loop && same.size == IMAGE_BYTES);
	CHECK(same.major == disk.major && same.minor == disk.minor);
	CHECK(disk_unplug(same.path, same.major, same.minor, &e) == 0);
	CHECK(bound(&disk));
	unplug(&disk);
}

static void test_a_removed_file_is_released(void)
{
	char *path = make_image("removed", IMAGE_BYTES);
	struct disk disk;

	CHECK(disk_plug(path, DISK_WRITE, &disk, NULL) == 0);
	CHECK(unlink(path) == 0);
	unplug(&disk);
	CHECK(disk_plug(make_image("removed", IMAGE_BYTES), DISK_WRITE, &disk,
		      NULL) == 0);
	make_image("new", IMAGE_BYTES);
	CHECK(rename(in_dir("new"), disk.path) == 0);
	unplug(&disk);
}

static bool refused(const char *path, int code, const char *text)
{
	struct error e = {0};
	struct disk disk;
	const int rc = disk_plug(path, DISK_WRITE, &disk, &e);

	return rc == -code && strstr(e.cause, text) && strstr(e.cause, path);
}

static void test_refusals_name_the_cause(void)
{
	CHECK(refused(in_dir("missing"), ENOENT, "does not exist"));
	CHECK(refused(dir, ENOTBLK, "but a directory"));
	CHECK(refused(make_image("empty", 0), EINVAL, "0 bytes"));
	CHECK(refused("/dev/null", ENOTBLK, "neither a file nor a block"));
	CHECK(mkfifo(in_dir("fifo"), 0600) == 0);
	CHECK(refused(in_dir("fifo"), ENOTBLK, "neither a file nor a block"));
}

static void test_physical_device(void)
{
	const struct disk disk = {.major = 7, .minor = 26};
	unsigned major = 0, minor = 0;
	char text[32];

	disk_physical_device(&disk, text, sizeof(text));
	CHECK(!strcmp(text, "7:1a"));
	CHECK(disk_parse_physical_device(text, &major, &minor));
	CHECK(major == 7 && minor == 26);
	CHECK(!disk_parse_physical_device("7", &major, &minor));
	CHECK(!disk_parse_physical_device("", &major, &minor));
	CHECK(!disk_parse_physical_device("7:1ax", &major, &minor));
}

/* Several programs take loop devices at the same time. */
static void test_races_for_a_free_device(void)
{
	pid_t child[NR_PARALLEL];
	int status;

	for (int i = 0; i < NR_PARALLEL; i++) {
		char name[16];

		snprintf(name, sizeof(name), "race%d", i);

		const char *path = make_image(name, IMAGE_BYTES);

		child[i] = fork();
		if (child[i])
			continue;
		for (int round = 0; round < 10; round++) {
			struct disk disk;
			struct backing below, file;

			if (disk_plug(path, DISK_WRITE, &disk, NULL) ||
				backing_of_path(disk.device, &below) ||
				backing_of_path(path, &file) ||
				!backing_equal(&below, &file) ||
				disk_unplug(path, disk.major, disk.minor, NULL))
				_exit(1);
		}
		_exit(0);
	}
	for (int i = 0; i < NR_PARALLEL; i++) {
		CHECK(waitpid(child[i], &status, 0) == child[i]);
		CHECK(status == 0);
	}
}

static void write_node(const char *path, const char *value)
{
	CHECK(xs_write(xs, XBT_NULL, path, value, strlen(value)));
}

/* Domain 5, "mail", has the disk. */
static void other_domain_has(const struct disk *disk, const char *mode)
{
	char device[32];

	disk_physical_device(disk, device, sizeof(device));
	write_node("/local/domain/5/name", "mail");
	write_node("/local/domain/0/backend/vbd/5/51712/mode", mode);
	write_node(
		"/local/domain/0/backend/vbd/5/51712/physical-device", device);
}

static bool shared(const char *path, enum disk_mode mode, struct error *e)
{
	error_clear(e);
	return disk_check_sharing(xs, path, mode, e) == 0;
}

static void test_sharing(void)
{
	const char *path = make_image("shared", IMAGE_BYTES);
	struct error e = {0};
	struct disk disk;

	CHECK(disk_plug(path, DISK_WRITE, &disk, NULL) == 0);
	CHECK(shared(path, DISK_WRITE, &e));
	other_domain_has(&disk, "w");
	CHECK(!shared(path, DISK_WRITE, &e));
	CHECK(e.code == EBUSY && strstr(e.cause, path));
	CHECK(strstr(e.cause, "domain mail (id 5, mode w)"));
	CHECK(!shared(path, DISK_READ, &e));
	CHECK(shared(path, DISK_WRITE_SHARED, &e));
	other_domain_has(&disk, "r");
	CHECK(shared(path, DISK_READ, &e));
	CHECK(!shared(path, DISK_WRITE, &e));
	other_domain_has(&disk, "w!");
	CHECK(shared(path, DISK_READ, &e));
	CHECK(!shared(path, DISK_WRITE, &e));
	CHECK(shared(make_image("private", IMAGE_BYTES), DISK_WRITE, &e));
	xs_rm(xs, XBT_NULL, "/local/domain/0/backend/vbd");
	unplug(&disk);
}

static void test_other_names_do_not_hide_it(void)
{
	char *path = make_image("real", IMAGE_BYTES);
	struct error e = {0};
	struct disk disk, second;

	CHECK(symlink(path, in_dir("symlink")) == 0);
	CHECK(link(path, in_dir("link")) == 0);
	CHECK(disk_plug(path, DISK_WRITE, &disk, NULL) == 0);
	other_domain_has(&disk, "w");
	CHECK(!shared(in_dir("symlink"), DISK_WRITE, &e));
	CHECK(!shared(in_dir("link"), DISK_WRITE, &e));
	CHECK(!shared(disk.device, DISK_WRITE, &e));
	CHECK(disk_plug(path, DISK_WRITE_SHARED, &second, NULL) == 0);
	CHECK(!shared(second.device, DISK_WRITE, &e));
	xs_rm(xs, XBT_NULL, "/local/domain/0/backend/vbd");
	unplug(&second);
	unplug(&disk);
}

static void test_a_mounted_disk_is_refused(void)
{
	char *path = make_image("mounted", 4 * IMAGE_BYTES);
	char command[256];
	struct error e = {0};
	struct disk disk;

	CHECK(mkdir(in_dir("mnt"), 0700) == 0);
	snprintf(command, sizeof(command), "mke2fs -q -F %s", path);
	CHECK(system(command) == 0);
	CHECK(disk_plug(path, DISK_WRITE, &disk, NULL) == 0);
	if (mount(disk.device, in_dir("mnt"), "ext4", 0, NULL) < 0) {
		printf("skip a_mounted_disk: mount: %s\n", strerror(errno));
		unplug(&disk);
		return;
	}
	CHECK(!shared(path, DISK_WRITE, &e));
	CHECK(strstr(e.cause, "mounted at") && strstr(e.cause, in_dir("mnt")));
	CHECK(!shared(disk.device, DISK_READ, &e));
	CHECK(shared(path, DISK_WRITE_SHARED, &e));
	CHECK(umount(in_dir("mnt")) == 0);
	/* The kernel gives the device up a little later. */
	for (int i = 0; i < 1000 && !shared(path, DISK_WRITE, &e); i++)
		usleep(20000);
	CHECK(shared(path, DISK_WRITE, &e));
	unplug(&disk);
}

static bool start_xenstored(void)
{
	setenv("XENSTORED_RUNDIR", dir, 1);
	setenv("XENSTORED_PATH", in_dir("socket"), 1);
	xenstored = fork();
	if (xenstored == 0) {
		execl("build/xenstored", "xenstored", "--no-fork",
			"--no-domain-init", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 400 && !xs; i++) {
		usleep(50000);
		xs = xs_open(0);
	}
	return xs;
}

int main(void)
{
	char command[64];

	if (!mkdtemp(dir) || !start_xenstored()) {
		puts("not ok xenstored: does not start");
		return 1;
	}
	if (access("/dev/loop-control", R_OK | W_OK) < 0) {
		puts("skip disk: no loop devices here");
		goto end;
	}
	RUN(file_becomes_a_device);
	RUN(read_only_is_read_only);
	RUN(in_use_goes_at_the_last_close);
	RUN(a_foreign_loop_is_left_alone);
	RUN(a_removed_file_is_released);
	RUN(refusals_name_the_cause);
	RUN(physical_device);
	RUN(races_for_a_free_device);
	RUN(sharing);
	RUN(other_names_do_not_hide_it);
	RUN(a_mounted_disk_is_refused);
end:
	xs_close(xs);
	kill(xenstored, SIGTERM);
	waitpid(xenstored, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) | suite_end();
}
