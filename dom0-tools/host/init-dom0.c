// SPDX-License-Identifier: BSD-2-Clause
/*
 * Run once after xenstored's start: gives the control domain the records that
 * every other domain has from whoever created it, so that tools find it by
 * name and number. Writing them again changes nothing.
 */
#include "lib/log.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <xenstore.h>

static const struct {
	const char *path, *value;
} records[] = {
	{"/local/domain/0/domid", "0"},
	{"/local/domain/0/name", "Domain-0"},
	{"/local/pool/0/name", "Pool-0"}, /* libxl wants it by name */
};

int main(void)
{
	struct xs_handle *xs;

	log_open("init-dom0", false);
	xs = xs_open(0);
	if (!xs) {
		log_error("cannot reach xenstored: %s", strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		if (xs_write(xs, XBT_NULL, records[i].path, records[i].value,
			    strlen(records[i].value)))
			continue;
		log_error("writing %s: %s", records[i].path, strerror(errno));
		return 1;
	}
	xs_close(xs);
	return 0;
}
