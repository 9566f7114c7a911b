/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors of the xenstore protocol travel as names. Both ends use this table.
 */
#pragma once

/* "EINVAL" for what the protocol has no name for. */
const char *xs_error_name(int error);

/* EINVAL for a name that is not known. @name ends with a NUL. */
int xs_error_number(const char *name);
