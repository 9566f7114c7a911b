/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Error numbers of the ABI, those that we use; a hypercall returns them
 * negated. They are the numbers Linux uses on x86, so tools may hand them to
 * strerror().
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
	XEN_E2BIG = 7,
	XEN_EAGAIN = 11,
	XEN_ENOMEM = 12,
	XEN_EACCES = 13,
	XEN_EFAULT = 14,
	XEN_EBUSY = 16,
	XEN_EEXIST = 17,
	XEN_ENODEV = 19,
	XEN_EISDIR = 21,
	XEN_EINVAL = 22,
	XEN_ENOSPC = 28,
	XEN_EROFS = 30,
	XEN_ENOSYS = 38,
	XEN_ENOTEMPTY = 39,
	XEN_ENODATA = 61,
	XEN_EOVERFLOW = 75,
	XEN_EOPNOTSUPP = 95,
	XEN_ENOBUFS = 105,
	XEN_EISCONN = 106,
};
#endif

#ifdef SHOJI_HYPERVISOR
#define EPERM		1
#define ENOENT		2
#define ESRCH		3
#define ENXIO		6
#define E2BIG		7
#define EAGAIN		11
#define ENOMEM		12
#define EACCES		13
#define EFAULT		14
#define EBUSY		16
#define EEXIST		17
#define ENODEV		19
#define EINVAL		22
#define ENOSPC		28
#define ERANGE		34
#define ENOSYS		38
#define ENODATA		61
#define ETIME		62
#define EOVERFLOW	75
#define ERESTART	85	/* ours: continue later, never shown */
#define EOPNOTSUPP	95
#define ENOBUFS		105
#endif
