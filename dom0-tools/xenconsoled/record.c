// SPDX-License-Identifier: BSD-2-Clause
/* Files that consoles are recorded in, see record.h. */
#include "xenconsoled/record.h"

#include "lib/log.h"
#include "xenconsoled/backlog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A name is one component of a path, whatever its letters. */
static void file_path(char path[PATH_MAX], const char *dir, const char *prefix,
	const char *name, const char *suffix)
{
	const int at = snprintf(path, PATH_MAX, "%s/%s", dir, prefix);

	snprintf(path + at, PATH_MAX - at, "%.200s%s", name, suffix);
	for (char *c = path + at; *c; c++) {
		if (*c == '/')
			*c = '_';
	}
}

static bool write_all(int fd, const char *data, size_t count)
{
	while (count > 0) {
		const ssize_t n = write(fd, data, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		count -= n;
	}
	return true;
}

static bool open_file(struct record *record)
{
	struct stat st;

	record->fd = open(record->path,
		O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	record->size = 0;
	if (record->fd < 0)
		log_warn("cannot open %s: %s", record->path, strerror(errno));
	else if (fstat(record->fd, &st) == 0)
		record->size = st.st_size;
	return record->fd >= 0;
}

bool record_open(
	struct record *record, const char *dir, const char *stem, bool stamp)
{
	char path[PATH_MAX];

	file_path(path, dir, "", stem, ".log");
	*record = (struct record){.stamp = stamp, .line_begins = true};
	snprintf(record->path, sizeof(record->path), "%.511s", path);
	return open_file(record);
}

/* One old file is kept. */
static void turn_over(struct record *record)
{
	char old[sizeof(record->path) + 2];

	snprintf(old, sizeof(old), "%s.1", record->path);
	if (rename(record->path, old) < 0)
		log_warn("cannot rename %s: %s", record->path, strerror(errno));
	record_close(record);
	if (open_file(record) && record->size && ftruncate(record->fd, 0) == 0)
		record->size = 0; /* it could not be renamed */
}

void record_close(struct record *record)
{
	if (record->fd >= 0)
		close(record->fd);
	record->fd = -1;
}

static bool write_stamp(int fd)
{
	const time_t now = time(NULL);
	struct tm local;
	char text[40];
	const size_t n = strftime(text, sizeof(text), "[%Y-%m-%d %H:%M:%S] ",
		localtime_r(&now, &local));

	return write_all(fd, text, n);
}

static bool write_lines(struct record *record, const char *data, size_t count)
{
	while (count > 0) {
		const char *end = memchr(data, '\n', count);
		const size_t n = end ? (size_t)(end - data + 1) : count;

		if (record->line_begins && !write_stamp(record->fd))
			return false;
		if (!write_all(record->fd, data, n))
			return false;
		record->line_begins = end;
		data += n;
		count -= n;
	}
	return true;
}

void record_write(struct record *record, const char *data, size_t count)
{
	if (record->fd < 0)
		return;

	if (record->size >= RECORD_MOST_BYTES)
		turn_over(record);
	record->size += count;

	const bool done = record->stamp ? write_lines(record, data, count)
					: write_all(record->fd, data, count);

	if (!done && !record->failed)
		log_warn("writing a console log: %s", strerror(errno));
	record->failed = !done;
}

/* Replaces a file as a whole, so that a reader never sees half of it. */
static void replace(const char *path, const char *head,
	const struct backlog *backlog, size_t room)
{
	char temporary[PATH_MAX + 8];
	char *text = malloc(room);

	snprintf(temporary, sizeof(temporary), "%s.new", path);

	const int fd = open(temporary,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (!text || fd < 0 || !write_all(fd, head, strlen(head)) ||
		!write_all(fd, text, backlog_tail(backlog, text, room)) ||
		rename(temporary, path) < 0)
		log_warn("cannot write %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(text);
}

void record_last(
	const char *dir, const char *name, const struct backlog *backlog)
{
	char path[PATH_MAX];

	file_path(path, dir, "", name, ".last");
	replace(path, "", backlog, RECORD_LAST_BYTES);
}

static void state_path(char path[PATH_MAX], const char *dir, uint16_t domid,
	const uint8_t uuid[16])
{
	int at = snprintf(path, PATH_MAX, "%s/%u-", dir, domid);

	for (int i = 0; i < 16; i++)
		at += snprintf(path + at, PATH_MAX - at, "%02x", uuid[i]);
}

void record_save(const char *dir, uint16_t domid, const uint8_t uuid[16],
	const struct backlog *backlog)
{
	char path[PATH_MAX], head[32];

	mkdir(dir, 0700);
	state_path(path, dir, domid, uuid);
	snprintf(head, sizeof(head), "%zu\n", backlog_waiting(backlog));
	replace(path, head, backlog, backlog->size);
}

void record_load(const char *dir, uint16_t domid, const uint8_t uuid[16],
	struct backlog *backlog)
{
	char path[PATH_MAX], text[4096];
	size_t waiting, n;

	state_path(path, dir, domid, uuid);

	FILE *state = fopen(path, "re");

	if (!state)
		return;
	unlink(path);
	if (fgets(text, sizeof(text), state) &&
		sscanf(text, "%zu", &waiting) == 1) {
		while ((n = fread(text, 1, sizeof(text), state)) > 0)
			backlog_put(backlog, text, n);
		if (waiting < backlog_waiting(backlog))
			backlog_done(
				backlog, backlog_waiting(backlog) - waiting);
	}
	fclose(state);
}
