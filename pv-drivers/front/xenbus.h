/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xenstore client over the ring that start_info names. Calls wait for the
 * reply; one at a time (the caller serialises). Results are 0 or a length, or
 * a negative errno. Paths may be relative to the domain's own folder.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XENBUS_NO_TRANSACTION 0

/* -ENODEV without a store; call once events work. */
int64_t xenbus_init(void);

/* Reads at most size - 1 bytes and terminates; the length. */
int64_t xenbus_read(uint32_t tx, const char *path, char *value, size_t size);

/* The same for the node dir/node. */
int64_t xenbus_read_in(uint32_t tx, const char *dir, const char *node,
		       char *value, size_t size);

/* A decimal number; -EINVAL if there is something else. */
int64_t xenbus_read_number(uint32_t tx, const char *dir, const char *node);

int64_t xenbus_write(uint32_t tx, const char *path, const char *value);
int64_t xenbus_write_in(uint32_t tx, const char *dir, const char *node,
			const char *value);
int64_t xenbus_write_number(uint32_t tx, const char *dir, const char *node,
			    uint64_t value);
int64_t xenbus_mkdir(uint32_t tx, const char *path);
int64_t xenbus_rm(uint32_t tx, const char *path);

/* NUL-separated names of a node's children; the length of all. */
int64_t xenbus_directory(uint32_t tx, const char *path, char *names,
			 size_t size);

/* Returns the transaction's number. */
int64_t xenbus_begin(void);

/* -EAGAIN: somebody else wrote the same nodes, do it all again. */
int64_t xenbus_end(uint32_t tx, bool commit);

/* A watch fires once at once, then at each change at or below path. */
int64_t xenbus_watch(const char *path, const char *token);
int64_t xenbus_unwatch(const char *path, const char *token);

/* The oldest watch event, if any: its token and path (cut to size). */
bool xenbus_poll_watch(char *token, size_t token_size, char *path,
		       size_t path_size);

/* Waits for one. */
void xenbus_wait_watch(char *token, size_t token_size, char *path,
		       size_t path_size);

/* Waits until dir/state is one of the states in the bit mask; which. */
int64_t xenbus_wait_state(const char *dir, unsigned int mask);
