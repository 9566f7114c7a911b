/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Error numbers of the ABI; a hypercall returns them negated. They are the
 * numbers Linux uses on x86, so tools may hand them to strerror().
 *
 * The hypervisor, which has no C library, gets the short names as well. They
 * are spelled as plain numbers so that a host build of its files may include
 * the C library's <errno.h> next to this one.
 */
#pragma once

#ifndef __ASSEMBLY__
enum xen_errno {
	XEN_EPERM = 1,
	XEN_ENOENT = 2,
	XEN_ESRCH = 3,
	XEN_EIO = 5,
	XEN_ENXIO = 6,
	XEN_E2BIG = 7,
	XEN_ENOEXEC = 8,
	XEN_EBADF = 9,
	XEN_ECHILD = 10,
	XEN_EAGAIN = 11,
	XEN_EWOULDBLOCK = 11,
	XEN_ENOMEM = 12,
	XEN_EACCES = 13,
	XEN_EFAULT = 14,
	XEN_EBUSY = 16,
	XEN_EEXIST = 17,
	XEN_EXDEV = 18,
	XEN_ENODEV = 19,
	XEN_ENOTDIR = 20,
	XEN_EISDIR = 21,
	XEN_EINVAL = 22,
	XEN_ENFILE = 23,
	XEN_EMFILE = 24,
	XEN_ENOSPC = 28,
	XEN_EROFS = 30,
	XEN_EMLINK = 31,
	XEN_EDOM = 33,
	XEN_ERANGE = 34,
	XEN_EDEADLK = 35,
	XEN_EDEADLOCK = 35,
	XEN_ENAMETOOLONG = 36,
	XEN_ENOLCK = 37,
	XEN_ENOSYS = 38,
	XEN_ENOTEMPTY = 39,
	XEN_ENODATA = 61,
	XEN_ETIME = 62,
	XEN_EBADMSG = 74,
	XEN_EOVERFLOW = 75,
	XEN_EILSEQ = 84,
	XEN_ENOTSOCK = 88,
	XEN_EMSGSIZE = 90,
	XEN_EOPNOTSUPP = 95,
	XEN_EADDRINUSE = 98,
	XEN_EADDRNOTAVAIL = 99,
	XEN_ENOBUFS = 105,
	XEN_EISCONN = 106,
	XEN_ENOTCONN = 107,
	XEN_ETIMEDOUT = 110,
	XEN_ECONNREFUSED = 111,
};
#endif

#ifdef SHOJI_HYPERVISOR
#define EPERM		1
#define ENOENT		2
#define ESRCH		3
#define EINTR		4	/* ours: never shown to a guest */
#define EIO		5
#define ENXIO		6
#define E2BIG		7
#define ENOEXEC		8
#define EBADF		9
#define EAGAIN		11
#define ENOMEM		12
#define EACCES		13
#define EFAULT		14
#define EBUSY		16
#define EEXIST		17
#define EXDEV		18
#define ENODEV		19
#define EINVAL		22
#define ENFILE		23
#define EMFILE		24
#define ENOSPC		28
#define EROFS		30
#define ERANGE		34
#define EDEADLK		35
#define ENAMETOOLONG	36
#define ENOSYS		38
#define ENOTEMPTY	39
#define ENODATA		61
#define ETIME		62
#define EOVERFLOW	75
#define ERESTART	85	/* ours: continue later, never shown */
#define EMSGSIZE	90
#define EOPNOTSUPP	95
#define ENOBUFS		105
#define ENOTCONN	107
#define ETIMEDOUT	110
#endif
