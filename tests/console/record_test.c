// SPDX-License-Identifier: BSD-2-Clause
/*
 * The files that xenconsoled writes: complete, bounded, and never outside of
 * their folder whatever a domain is called.
 */
#include "suite.h"
#include "xenconsoled/backlog.h"
#include "xenconsoled/record.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/record-test-XXXXXX";

static char *slurp(const char *name, size_t *size)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);

	FILE *file = fopen(path, "r");

	if (!file || fstat(fileno(file), &st) < 0)
		return NULL;

	char *text = calloc(1, st.st_size + 1);

	*size = fread(text, 1, st.st_size, file);
	fclose(file);
	return text;
}

static bool holds(const char *name, const char *expected)
{
	size_t size = 0;
	char *text = slurp(name, &size);
	const bool same = text && size == strlen(expected) &&
			  !memcmp(text, expected, size);

	free(text);
	return same;
}

static void test_output_is_appended(void)
{
	struct record r;

	CHECK(record_open(&r, dir, "guest-a", false));
	record_write(&r, "one\n", 4);
	record_close(&r);
	record_write(&r, "lost", 4);
	CHECK(record_open(&r, dir, "guest-a", false));
	record_write(&r, "two", 3);
	record_close(&r);
	CHECK(holds("guest-a.log", "one\ntwo"));
}

/* Each line has one stamp, also a line that came in pieces. */
static void test_lines_are_stamped(void)
{
	int year, month, day, hour, minute, second, at = 0;
	struct record r;
	size_t size = 0;

	CHECK(record_open(&r, dir, "guest-b", true));
	record_write(&r, "on", 2);
	record_write(&r, "e\ntwo\n", 6);
	record_close(&r);

	char *text = slurp("guest-b.log", &size);

	CHECK(text && sscanf(text, "[%d-%d-%d %d:%d:%d] one\n%n", &year, &month,
			      &day, &hour, &minute, &second, &at) == 6);
	CHECK(text && at && strchr(text + at, ']') &&
		!strcmp(strchr(text + at, ']'), "] two\n"));
	free(text);
}

static void test_no_name_leaves_the_folder(void)
{
	struct backlog b;
	struct record r;

	CHECK(backlog_init(&b, 4096));
	backlog_put(&b, "end", 3);
	CHECK(record_open(&r, dir, "guest-../../x", false));
	record_write(&r, "y", 1);
	record_close(&r);
	CHECK(holds("guest-.._.._x.log", "y"));
	record_last(dir, "../x", &b);
	CHECK(holds(".._x.last", "end"));
	backlog_free(&b);
}

static void test_the_size_is_bounded(void)
{
	static char line[1 << 16];
	size_t size = 0;
	struct record r;

	memset(line, 'x', sizeof(line));
	CHECK(record_open(&r, dir, "guest-c", false));
	for (int i = 0; i < 3 * RECORD_MOST_BYTES / (int)sizeof(line); i++)
		record_write(&r, line, sizeof(line));
	record_write(&r, "last", 4);
	record_close(&r);

	char *text = slurp("guest-c.log", &size);

	CHECK(text && size == 4 && !memcmp(text, "last", 4));
	free(text);
	text = slurp("guest-c.log.1", &size);
	CHECK(text && size == RECORD_MOST_BYTES);
	free(text);
}

/* 64 KiB at most, and the next life's replace them. */
static void test_last_words(void)
{
	struct backlog b;
	size_t size = 0;

	CHECK(backlog_init(&b, 1 << 18));
	for (int i = 0; i < 100000; i++)
		backlog_put(&b, "ab", 2);
	backlog_put(&b, "the end", 7);
	record_last(dir, "d", &b);

	char *text = slurp("d.last", &size);

	CHECK(text && size == RECORD_LAST_BYTES);
	CHECK(text && !strcmp(text + size - 9, "abthe end"));
	free(text);
	backlog_free(&b);
	CHECK(backlog_init(&b, 4096));
	backlog_put(&b, "again", 5);
	record_last(dir, "d", &b);
	CHECK(holds("d.last", "again"));
	backlog_free(&b);
}

static void test_backlog_survives_the_daemon(void)
{
	static const uint8_t uuid[16] = {1, 2, 3}, other[16] = {1, 2, 4};
	struct backlog old, new;
	const char *text;
	char tail[16];

	CHECK(backlog_init(&old, 4096) && backlog_init(&new, 4096));
	backlog_put(&old, "shown, not shown", 16);
	backlog_done(&old, 7);
	record_save(dir, 5, uuid, &old);
	record_load(dir, 5, other, &new);
	CHECK(new.head == 0);
	record_load(dir, 5, uuid, &new);
	CHECK(backlog_waiting(&new) == 9);
	CHECK(backlog_next(&new, &text) == 9 && !memcmp(text, "not shown", 9));
	CHECK(backlog_tail(&new, tail, sizeof(tail)) == 16);
	record_load(dir, 5, uuid, &new);
	CHECK(new.head == 16);
	backlog_free(&old);
	backlog_free(&new);
}

int main(void)
{
	char command[64];

	if (!mkdtemp(dir)) {
		puts("not ok folder: none in /tmp");
		return 1;
	}
	RUN(output_is_appended);
	RUN(lines_are_stamped);
	RUN(no_name_leaves_the_folder);
	RUN(the_size_is_bounded);
	RUN(last_words);
	RUN(backlog_survives_the_daemon);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) | suite_end();
}
