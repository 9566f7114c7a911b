/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state file, see journal.h. A new snapshot is written beside the old
 * file and renamed over it, so that there is a whole one at any time.
 */
#include "xenstored/journal.h"

#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BOOT_ID_SIZE = 40, GROWTH = 256 << 10 };

struct head {
	char magic[24];
	char boot_id[BOOT_ID_SIZE];
};

static int journal_fd = -1;
static const char *journal_path;
static void (*journal_snapshot)(void);
static char *buffer;
static size_t used, room;
static size_t file_size, snapshot_size;

static void make_head(struct head *head)
{
	*head = (struct head){.magic = "shoji xenstored state 1"};

	const int fd = open("/proc/sys/kernel/random/boot_id",
		O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (read(fd, head->boot_id, BOOT_ID_SIZE - 1) < 0)
		log_warn("cannot read the kernel's boot id: %s",
			strerror(errno));
	close(fd);
}

static char *read_file(const char *path, size_t *size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && (bytes = malloc(st.st_size + 1))) {
		ssize_t n = 1;

		for (*size = 0; n > 0 && *size < (size_t)st.st_size;
			*size += n) {
			n = read(fd, bytes + *size, st.st_size - *size);
			if (n < 0)
				break;
		}
	}
	close(fd);
	return bytes;
}

int journal_load(const char *path,
	void (*replay)(const struct record *record, const char *a,
		const char *b))
{
	struct head head;
	struct record record;
	size_t size = 0, at = sizeof(head);
	char *bytes = read_file(path, &size);
	int nr = 0;

	make_head(&head);
	if (!bytes || size < sizeof(head) ||
		memcmp(bytes, &head, sizeof(head))) {
		free(bytes);
		return 0;
	}
	while (size - at >= sizeof(record)) {
		memcpy(&record, bytes + at, sizeof(record));
		if (record.size < sizeof(record) || record.size > size - at ||
			record.a_size > record.size - sizeof(record)) {
			log_warn("%s: the record at %zu is cut short", path,
				at);
			break;
		}
		replay(&record, bytes + at + sizeof(record),
			bytes + at + sizeof(record) + record.a_size);
		at += record.size;
		nr++;
	}
	free(bytes);
	return nr;
}

static void append(const void *bytes, size_t size)
{
	if (size)
		memcpy(buffer + used, bytes, size);
	used += size;
}

void journal_add(enum record_type type, uint16_t dom, uint64_t number,
	const void *a, size_t a_size, const void *b, size_t b_size)
{
	const struct record record = {
		.size = sizeof(record) + a_size + b_size,
		.type = type,
		.dom = dom,
		.number = number,
		.a_size = a_size,
	};

	if (journal_fd < 0)
		return;
	if (room - used < record.size) {
		const size_t more = 2 * (used + record.size);
		char *bigger = realloc(buffer, more);

		if (!bigger) {
			log_error("no memory for the state file; exiting");
			exit(1);
		}
		buffer = bigger;
		room = more;
	}
	append(&record, sizeof(record));
	append(a, a_size);
	append(b, b_size);
}

static int write_out(void)
{
	size_t done = 0;

	while (done < used) {
		const ssize_t n = write(journal_fd, buffer + done,
			used - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += n;
	}
	file_size += used;
	used = 0;
	return 0;
}

int journal_start(const char *path, void (*snapshot)(void))
{
	char fresh[512];
	struct head head;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >=
		(int)sizeof(fresh))
		return -ENAMETOOLONG;

	const int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		0600);

	if (fd < 0)
		return -errno;
	make_head(&head);
	if (write(fd, &head, sizeof(head)) != sizeof(head)) {
		close(fd);
		return -EIO;
	}
	if (journal_fd >= 0)
		close(journal_fd);
	journal_fd = fd;
	journal_path = path;
	journal_snapshot = snapshot;
	file_size = used = 0;
	snapshot();

	const int rc = write_out();

	if (rc < 0)
		return rc;
	snapshot_size = file_size;
	return rename(fresh, path) < 0 ? -errno : 0;
}

void journal_flush(void)
{
	int rc = 0;

	if (journal_fd < 0 || !used)
		return;
	rc = write_out();
	if (rc == 0 && file_size > 4 * snapshot_size + GROWTH)
		rc = journal_start(journal_path, journal_snapshot);
	if (rc < 0) {
		log_error("%s: %s; going on without: a restart will lose "
			"the store", journal_path, strerror(-rc));
		close(journal_fd);
		journal_fd = -1;
		unlink(journal_path);
	}
}
