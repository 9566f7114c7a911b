/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The errors that the xenstore protocol knows, see xserror.h. A name that is
 * not in this list cannot be sent: other implementations would not know it.
 */
#include "lib/xserror.h"

#include <xen/io/xs_wire.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define PAIR(name) {name, #name},

static const struct {
	int number;
	const char *name;
} errors[] = {XSD_ERROR_NAMES(PAIR)};
enum { NR_ERRORS = sizeof(errors) / sizeof(errors[0]) };

const char *xs_error_name(int error)
{
	for (size_t i = 0; i < NR_ERRORS; i++) {
		if (errors[i].number == error)
			return errors[i].name;
	}
	return "EINVAL";
}

int xs_error_number(const char *name)
{
	for (size_t i = 0; i < NR_ERRORS; i++) {
		if (!strcmp(errors[i].name, name))
			return errors[i].number;
	}
	return EINVAL;
}
