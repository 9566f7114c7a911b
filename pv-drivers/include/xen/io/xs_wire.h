/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xenstore on the wire: the message head, the operations, and the ring page
 * through which a guest talks to the store. Over the socket the same messages
 * travel as a byte stream.
 *
 * A message is struct xsd_sockmsg and `len` bytes. A reply carries its
 * request's req_id and tx_id; its type is the request's, or XS_ERROR with an
 * error's name as text. XS_WATCH_EVENT comes unasked: path NUL token NUL.
 */
#pragma once

#include "xen/xen-x86_64.h"

enum xsd_sockmsg_type {
	XS_CONTROL = 0,
	XS_DIRECTORY = 1,
	XS_READ = 2,
	XS_GET_PERMS = 3,
	XS_WATCH = 4,
	XS_UNWATCH = 5,
	XS_TRANSACTION_START = 6,
	XS_TRANSACTION_END = 7,
	XS_INTRODUCE = 8,
	XS_RELEASE = 9,
	XS_GET_DOMAIN_PATH = 10,
	XS_WRITE = 11,
	XS_MKDIR = 12,
	XS_RM = 13,
	XS_SET_PERMS = 14,
	XS_WATCH_EVENT = 15,
	XS_ERROR = 16,
	XS_IS_DOMAIN_INTRODUCED = 17,
	XS_RESUME = 18,
	XS_SET_TARGET = 19,
	XS_RESET_WATCHES = 21,
	XS_DIRECTORY_PART = 22,
	XS_TYPE_COUNT = 23,		/* one past the last */
	XS_INVALID = 0xffff,
};

/* Limits, in bytes; paths count their NUL. */
#define XENSTORE_PAYLOAD_MAX	4096
#define XENSTORE_ABS_PATH_MAX	3072
#define XENSTORE_REL_PATH_MAX	2048

struct xsd_sockmsg {
	uint32_t type;		/* 0x00 XS_* */
	uint32_t req_id;	/* 0x04 chosen by the client, echoed */
	uint32_t tx_id;		/* 0x08 transaction, 0: none */
	uint32_t len;		/* 0x0c bytes that follow */
};
static_assert(sizeof(struct xsd_sockmsg) == 16, "size");

/* Fields of a watch event, and of the vector that xs_read_watch returns. */
enum xs_watch_type {
	XS_WATCH_PATH = 0,
	XS_WATCH_TOKEN = 1,
};

/* Errors that XS_ERROR may carry: their names, NUL-terminated text. */
#define XSD_ERROR_NAMES(name) \
	name(EINVAL) name(EACCES) name(EEXIST) name(EISDIR) name(ENOENT) \
	name(ENOMEM) name(ENOSPC) name(EIO) name(ENOTEMPTY) name(ENOSYS) \
	name(EROFS) name(EBUSY) name(EAGAIN) name(EISCONN) name(E2BIG) \
	name(EPERM)

#define XENSTORE_RING_SIZE	1024
#define MASK_XENSTORE_IDX(idx)	((idx) & (XENSTORE_RING_SIZE - 1))

typedef uint32_t XENSTORE_RING_IDX;

/* The shared page; indices run freely and are masked on use. */
struct xenstore_domain_interface {
	char req[XENSTORE_RING_SIZE];		/* 0x000 guest to store */
	char rsp[XENSTORE_RING_SIZE];		/* 0x400 store to guest */
	XENSTORE_RING_IDX req_cons, req_prod;	/* 0x800, 0x804 */
	XENSTORE_RING_IDX rsp_cons, rsp_prod;	/* 0x808, 0x80c */
	uint32_t server_features;		/* 0x810 SERVER_FEATURE_* */
	uint32_t connection;			/* 0x814 0 or RECONNECT */
	uint32_t error;				/* 0x818 XENSTORE_ERROR_* */
};
static_assert(sizeof(struct xenstore_domain_interface) == 0x81c, "size");

#define XENSTORE_SERVER_FEATURE_RECONNECTION	1
#define XENSTORE_SERVER_FEATURE_ERROR		2

#define XENSTORE_CONNECTED	0
#define XENSTORE_RECONNECT	1	/* guest asks, store answers with 0 */

#define XENSTORE_ERROR_NONE	0
#define XENSTORE_ERROR_RINGIDX	2	/* impossible ring index */
#define XENSTORE_ERROR_PROTO	3	/* nonsense in a message */
