/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file that lets the daemon be restarted: a snapshot followed by what has
 * happened since. Records are collected in memory; journal_flush() writes
 * them with one call. The page cache outlives the process, so a killed daemon
 * loses nothing; the file is worth nothing after a reboot, which its head
 * tells by the kernel's boot id.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum record_type {
	RECORD_SET = 1,		/* a: path, number: permissions, b: data */
	RECORD_RM,		/* a: path */
	RECORD_DOMAIN,		/* number: mfn, a: struct state_domain */
	RECORD_RELEASE,
	RECORD_WATCH,		/* a: path, b: token, number: cut */
	RECORD_UNWATCH,		/* a: path, b: token */
	RECORD_RESET,		/* all watches, transactions, queues */
	RECORD_TXN,		/* number: id */
	RECORD_TXN_END,		/* number: id */
	RECORD_IN,		/* number: req_cons, a: half a request */
	RECORD_OUT,		/* number: position, a: a message */
	RECORD_SPECIAL,		/* a: name, number: permissions, b: data */
};

struct record {
	uint32_t size;		/* of all of it */
	uint16_t type;
	uint16_t dom;
	uint64_t number;
	uint32_t a_size;	/* of the first string; rest: the second */
	uint32_t pad;
};

/* Calls @replay for each record of an older daemon, if it ran since boot. */
int journal_load(const char *path,
	void (*replay)(const struct record *record, const char *a,
		const char *b));

/* Begins a new file with what @snapshot adds; all adds go there from now. */
int journal_start(const char *path, void (*snapshot)(void));

/* Before journal_start() it does nothing. */
void journal_add(enum record_type type, uint16_t dom, uint64_t number,
	const void *a, size_t a_size, const void *b, size_t b_size);

/* Writes what was added; now and then makes a new snapshot. */
void journal_flush(void);
