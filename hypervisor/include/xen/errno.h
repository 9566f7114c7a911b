/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Error numbers of the ABI, those that we use; a hypercall returns them
 * negated. They are the numbers that Linux uses on x86, so tools may hand them
 * to strerror(), and a C library's <errno.h> says the same in the same words.
 */
#pragma once

#define EPERM		1
#define ENOENT		2
#define ESRCH		3
#define EIO		5
#define ENXIO		6
#define E2BIG		7
#define EAGAIN		11
#define ENOMEM		12
#define EACCES		13
#define EFAULT		14
#define EBUSY		16
#define EEXIST		17
#define ENODEV		19
#define EISDIR		21
#define EINVAL		22
#define ENOSPC		28
#define EROFS		30
#define ERANGE		34
#define ENOSYS		38
#define ENOTEMPTY	39
#define ENODATA		61
#define ETIME		62
#define EOVERFLOW	75
#define ERESTART	85	/* ours: continue later, never shown */
#define EOPNOTSUPP	95
#define ENOBUFS		105
#define EISCONN		106
