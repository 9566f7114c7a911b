/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libxenstore: reading, writing and watching the store. Compatible in source
 * and binary with libxenstore.so.4 of Xen 4.17.
 *
 * All functions that fail set errno. What is returned as a pointer came from
 * malloc and is freed with one free(). A handle may be used by several threads
 * at the same time; requests then wait for each other. The first xs_watch()
 * starts a thread that collects events. A handle does not survive fork():
 * the child may only throw it away with xs_daemon_destroy_postfork().
 */
#ifndef XENSTORE_H
#define XENSTORE_H

#include <xenstore_lib.h>

#define XBT_NULL 0	/* no transaction */

/* Flags of xs_open(). The first is accepted and means nothing. */
#define XS_OPEN_READONLY	(1UL << 0)
/* Not through the kernel, which waits while there is no daemon. */
#define XS_OPEN_SOCKETONLY	(1UL << 1)
/*
 * After xs_unwatch() no event of that watch is delivered any more, not even
 * one that was waiting. Wants that no token is used both for a path and for
 * one below it.
 */
#define XS_UNWATCH_FILTER	(1UL << 2)
/*
 * Shoji's: the handle belongs to one thread, so that none of its own has to
 * read what comes. Events are taken when that thread asks for them; the
 * descriptor of xs_fileno() is readable while there are any.
 */
#define XS_OPEN_SHOJI_SINGLE	(1UL << 31)

struct xs_handle;
typedef uint32_t xs_transaction_t;

/*
 * Connects to the daemon's socket or, if there is none, through the kernel
 * (/dev/xen/xenbus). The next four names are older ones of the same.
 */
struct xs_handle *xs_open(unsigned long flags);
struct xs_handle *xs_daemon_open(void);
struct xs_handle *xs_domain_open(void);
struct xs_handle *xs_daemon_open_readonly(void);

void xs_close(struct xs_handle *xsh);	/* NULL is fine */
void xs_daemon_close(struct xs_handle *xsh);
void xs_daemon_destroy_postfork(struct xs_handle *xsh);

/* Names of the children; *num says how many. */
char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
	unsigned int *num);

/* The value, with a NUL after it that *len does not count. len may be NULL. */
void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
	unsigned int *len);
bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
	const void *data, unsigned int len);

/* True also if the node is there already. */
bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path);

/* With all below; true also if only the last part of the path is missing. */
bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path);

bool xs_restrict(struct xs_handle *h, unsigned domid);	/* always false */

/* The first entry is the owner and the rights of those not listed. */
struct xs_permissions *xs_get_permissions(struct xs_handle *h,
	xs_transaction_t t, const char *path, unsigned int *num);
bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
	const char *path, struct xs_permissions *perms,
	unsigned int num_perms);

/* Events come when the node or anything below it changes, and once now. */
bool xs_watch(struct xs_handle *h, const char *path, const char *token);
bool xs_unwatch(struct xs_handle *h, const char *path, const char *token);

/* Readable while events wait (and when the connection is gone). */
int xs_fileno(struct xs_handle *h);

/* The next event: [XS_WATCH_PATH], [XS_WATCH_TOKEN]. check: EAGAIN if none. */
char **xs_check_watch(struct xs_handle *h);
char **xs_read_watch(struct xs_handle *h, unsigned int *num);

/* XBT_NULL on failure. end: false with EAGAIN means: begin again. */
xs_transaction_t xs_transaction_start(struct xs_handle *h);
bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort);

/*
 * Not in Xen's library. Many requests whose replies say nothing but that they
 * were done, one behind the other in the protocol's form (xs_wire.h), together
 * no more than 64 KiB: one way to the daemon and back for all. *nr is how many
 * they are, and then, how many were done before the first that failed. False
 * with errno set if one did.
 */
bool xs_shoji_batch(struct xs_handle *h, const void *requests, size_t size,
	unsigned int *nr);

/* For the toolstack. */
bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
	unsigned long mfn, unsigned int eventchn);
bool xs_set_target(struct xs_handle *h, unsigned int domid,
	unsigned int target);
bool xs_resume_domain(struct xs_handle *h, unsigned int domid);
bool xs_release_domain(struct xs_handle *h, unsigned int domid);
char *xs_get_domain_path(struct xs_handle *h, unsigned int domid);
bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid);

/* Whether child is parent or below it, by the text alone (not for "/"). */
bool xs_path_is_subpath(const char *parent, const char *child);

/* A command for the daemon itself; the answer is text. */
char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
	unsigned int len);
char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data,
	unsigned int len);

/* A guest's event channel for suspension, or -1. */
int xs_suspend_evtchn_port(int domid);

#endif
