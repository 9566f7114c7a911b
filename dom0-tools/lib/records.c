/* SPDX-License-Identifier: BSD-2-Clause */
/* Xenstore nodes by formatted paths; see records.h. */
#include "lib/records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"

#define MAX_PATH 512

#define FORMAT_PATH(text, format)                                              \
	do {                                                                   \
		va_list args;                                                  \
		va_start(args, format);                                        \
		vsnprintf(text, sizeof(text), format, args);                   \
		va_end(args);                                                  \
	} while (0)

static void fail(struct records *records, int code, const char *path)
{
	if (records->code)
		return;
	records->code = code ? code : EIO;
	snprintf(records->path, sizeof(records->path), "%s", path);
}

void records_begin(struct records *records, struct xs_handle *xs, uint16_t dom)
{
	*records = (struct records){.xs = xs, .dom = dom};
	records->t = xs_transaction_start(xs);
	if (records->t == XBT_NULL)
		fail(records, errno, "a new transaction");
}

int records_end(struct records *records, struct error *error)
{
	if (records->t != XBT_NULL && !xs_transaction_end(records->xs,
					      records->t, records->code != 0)) {
		if (errno == EAGAIN)
			return -EAGAIN;
		fail(records, errno, "end of the transaction");
	}
	if (!records->code)
		return 0;
	return error_errno(error, records->code, "writing to xenstore (%s)",
		records->path);
}

static void write_value(
	struct records *records, const char *path, const char *value)
{
	if (!records->code &&
		!xs_write(records->xs, records->t, path, value, strlen(value)))
		fail(records, errno, path);
}

void record_write(
	struct records *records, const char *value, const char *format, ...)
{
	char path[MAX_PATH];

	FORMAT_PATH(path, format);
	write_value(records, path, value);
}

void record_number(
	struct records *records, uint64_t value, const char *format, ...)
{
	char path[MAX_PATH], text[24];

	FORMAT_PATH(path, format);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	write_value(records, path, text);
}

void record_tree(struct records *records, enum record_access access,
	const char *format, ...)
{
	struct xs_permissions perms[2] = {
		{.id = records->peer, .perms = XS_PERM_NONE},
		{.id = records->dom, .perms = XS_PERM_READ}};
	char path[MAX_PATH];

	if (access == RECORD_PRIVATE)
		perms[0].id = 0;
	if (access == RECORD_GUEST_OWNS) {
		perms[0].id = records->dom;
		perms[1].id = records->peer;
	}
	FORMAT_PATH(path, format);
	write_value(records, path, "");
	if (!records->code && !xs_set_permissions(records->xs, records->t, path,
				      perms, access == RECORD_PRIVATE ? 1 : 2))
		fail(records, errno, path);
}

char *record_read(struct xs_handle *xs, const char *format, ...)
{
	char path[MAX_PATH];
	unsigned length;

	FORMAT_PATH(path, format);
	return xs_read(xs, XBT_NULL, path, &length);
}

long record_read_number(
	struct xs_handle *xs, long missing, const char *format, ...)
{
	char path[MAX_PATH], *text, *end;
	unsigned length;
	long number;

	FORMAT_PATH(path, format);
	text = xs_read(xs, XBT_NULL, path, &length);
	if (!text)
		return missing;
	number = strtol(text, &end, 10);
	if (end == text || *end)
		number = missing;
	free(text);
	return number;
}

char **record_list(struct xs_handle *xs, unsigned *nr, const char *format, ...)
{
	char path[MAX_PATH];
	char **list;

	FORMAT_PATH(path, format);
	*nr = 0;
	list = xs_directory(xs, XBT_NULL, path, nr);
	return list;
}

void record_remove(struct xs_handle *xs, const char *format, ...)
{
	char path[MAX_PATH];

	FORMAT_PATH(path, format);
	xs_rm(xs, XBT_NULL, path);
}

bool record_set(
	struct xs_handle *xs, const char *value, const char *format, ...)
{
	char path[MAX_PATH];

	FORMAT_PATH(path, format);
	return xs_write(xs, XBT_NULL, path, value, strlen(value));
}
