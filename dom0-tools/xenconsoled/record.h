// SPDX-License-Identifier: BSD-2-Clause
/*
 * Files that consoles are recorded in:
 *
 *   LOGDIR/guest-NAME.log   everything, if asked for (--log=guest); at
 *                           16 MiB it becomes guest-NAME.log.1 and a new one
 *                           begins, so that no guest can fill the disk
 *   LOGDIR/hypervisor.log   the hypervisor's log (--log=hv)
 *   LOGDIR/NAME.last        the last 64 KiB of a domain that ended
 *   RUNDIR/DOMID-UUID       a backlog, from one daemon to the next
 *
 * Failing to write a record is logged once and never hurts the console.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_LAST_BYTES 65536

struct backlog;

#define RECORD_MOST_BYTES (16 << 20)

struct record {
	int fd;           /* -1: not recorded */
	char path[512];   /* of the file */
	uint64_t size;    /* of it, by our count */
	bool stamp;       /* each line begins with the time */
	bool line_begins; /* the next byte is the first of a line */
	bool failed;      /* was logged */
};

/* stem: "guest-NAME" or "hypervisor". false: could not be opened (logged). */
bool record_open(
	struct record *record, const char *dir, const char *stem, bool stamp);
void record_write(struct record *record, const char *data, size_t count);
void record_close(struct record *record);

/* Writes NAME.last, which replaces the one of the name's last life. */
void record_last(
	const char *dir, const char *name, const struct backlog *backlog);

/* The daemon ends, the domain does not; and the way back. */
void record_save(const char *dir, uint16_t domid, const uint8_t uuid[16],
	const struct backlog *backlog);
void record_load(const char *dir, uint16_t domid, const uint8_t uuid[16],
	struct backlog *backlog);
