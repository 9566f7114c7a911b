/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What users of libxenstore and the store's own tools share: permissions, and
 * where the daemon is. Compatible in source and binary with the header of the
 * same name of Xen 4.17.
 */
#ifndef XENSTORE_LIB_H
#define XENSTORE_LIB_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

struct xs_permissions {
	unsigned int id;	/* domain */
	unsigned int perms;	/* XS_PERM_READ | XS_PERM_WRITE, or NONE */
#define XS_PERM_NONE		0x00
#define XS_PERM_READ		0x01
#define XS_PERM_WRITE		0x02
/* Not used by the library; never set them. */
#define XS_PERM_ENOENT_OK	0x04
#define XS_PERM_OWNER		0x08
#define XS_PERM_IGNORE		0x10
};

/* Room for an integer of this type as decimal text with its NUL. */
#define MAX_STRLEN(x) ((sizeof(x) * CHAR_BIT + CHAR_BIT - 1) / 10 * 3 + 2)

/* $XENSTORED_RUNDIR, or the usual directory. */
const char *xs_daemon_rundir(void);

/* $XENSTORED_PATH, or the socket in that directory. Both are the same. */
const char *xs_daemon_socket(void);
const char *xs_daemon_socket_ro(void);

/* write() until all is written; false with errno set. */
bool xs_write_all(int fd, const void *data, unsigned int len);

/* Parses num strings ("r5", "n0"), one after the other with their NULs. */
bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num,
	const char *strings);

#endif
