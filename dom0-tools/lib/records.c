/* SPDX-License-Identifier: BSD-2-Clause */
/* Xenstore nodes by formatted paths; see records.h. */
#include "lib/records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "xen/io/xs_wire.h"

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
	memset(records, 0, offsetof(struct records, requests));
	records->xs = xs;
	records->dom = dom;
	records->t = xs_transaction_start(xs);
	if (records->t == XBT_NULL)
		fail(records, errno, "a new transaction");
}

/* The path of a waiting request, for its error. */
static const char *path_of(const struct records *records, unsigned nr)
{
	const char *at = records->requests;
	struct xsd_sockmsg header;

	while (nr--) {
		memcpy(&header, at, sizeof(header));
		at += sizeof(header) + header.len;
	}
	return at + sizeof(header);
}

static void send_requests(struct records *records)
{
	unsigned nr = records->nr;

	if (!records->code && records->nr &&
		!xs_shoji_batch(records->xs, records->requests, records->size,
			&nr))
		fail(records, errno, path_of(records, nr));
	records->nr = 0;
	records->size = 0;
}

/* Path and value; what they are to the daemon is the caller's. */
static void request(struct records *records, uint32_t type, const char *path,
	const char *value, size_t size)
{
	const size_t path_size = strlen(path) + 1;
	const struct xsd_sockmsg header = {.type = type,
		.tx_id = records->t,
		.len = (uint32_t)(path_size + size)};
	char *at;

	if (records->code)
		return;
	if (path_size + size > XENSTORE_PAYLOAD_MAX) {
		fail(records, E2BIG, path);
		return;
	}
	if (sizeof(header) + header.len >
		sizeof(records->requests) - records->size)
		send_requests(records);
	at = records->requests + records->size;
	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), path, path_size);
	memcpy(at + sizeof(header) + path_size, value, size);
	records->size += sizeof(header) + header.len;
	records->nr++;
}

int records_end(struct records *records, struct error *error)
{
	send_requests(records);
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
	request(records, XS_WRITE, path, value, strlen(value));
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
	unsigned owner = records->peer, reader = records->dom;
	char path[MAX_PATH], perms[32];
	int size;

	if (access == RECORD_PRIVATE)
		owner = 0;
	if (access == RECORD_GUEST_OWNS) {
		owner = records->dom;
		reader = records->peer;
	}
	/* each a letter and a number, and their NULs */
	size = snprintf(perms, sizeof(perms), "n%u", owner) + 1;
	if (access != RECORD_PRIVATE)
		size += snprintf(perms + size, sizeof(perms) - (size_t)size,
				"r%u", reader) + 1;
	FORMAT_PATH(path, format);
	write_value(records, path, "");
	request(records, XS_SET_PERMS, path, perms, (size_t)size);
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
