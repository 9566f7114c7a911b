// SPDX-License-Identifier: BSD-2-Clause
/*
 * Operations of xenstore, with the library and the daemon that dom0 has.
 */
#include <string.h>
#include <unistd.h>
#include <xenstore.h>

#include "tests/bench/batch.h"

#define FOLDER "/tool/bench"
#define NODE FOLDER "/node"

static struct xs_handle *store;

static void read_node(unsigned times)
{
	unsigned length;

	while (times--) {
		char *const value = xs_read(store, XBT_NULL, NODE, &length);

		check(value, "read");
		free(value);
	}
}

static void write_node(unsigned times)
{
	while (times--)
		check(xs_write(store, XBT_NULL, NODE, "value", 5), "write");
}

static void list(unsigned times)
{
	unsigned number;

	while (times--) {
		char **const names =
			xs_directory(store, XBT_NULL, FOLDER, &number);

		check(names, "directory");
		free(names);
	}
}

static void transaction(unsigned times)
{
	unsigned length;

	while (times--) {
		const xs_transaction_t t = xs_transaction_start(store);

		check(t != XBT_NULL, "transaction");
		free(xs_read(store, t, NODE, &length));
		check(xs_write(store, t, NODE, "other", 5), "write");
		check(xs_transaction_end(store, t, false), "commit");
	}
}

static void make_remove(unsigned times)
{
	while (times--) {
		check(xs_mkdir(store, XBT_NULL, FOLDER "/new"), "mkdir");
		check(xs_rm(store, XBT_NULL, FOLDER "/new"), "rm");
	}
}

static void wait_for_event(void)
{
	unsigned number;
	char **const event = xs_read_watch(store, &number);

	check(event, "watch");
	free(event);
}

static void write_watched(unsigned times)
{
	while (times--) {
		check(xs_write(store, XBT_NULL, NODE, "value", 5), "write");
		wait_for_event();
	}
}

static const struct operation operations[] = {
	{"store_read", 100, read_node, NULL, NULL},
	{"store_write", 100, write_node, NULL, NULL},
	{"store_directory", 100, list, NULL, NULL},
	{"store_transaction", 50, transaction, NULL, NULL},
	{"store_mkdir_rm", 50, make_remove, NULL, NULL},
	{"store_watch", 100, write_watched, NULL, NULL},
};

#define WATCHED 5 /* the first watch starts a thread: only for the last */

int main(void)
{
	store = xs_open(0);
	check(store, "xs_open");
	check(xs_write(store, XBT_NULL, NODE, "value", 5), "write");
	for (unsigned n = 0; n < sizeof(operations) / sizeof(operations[0]);
		n++) {
		if (n == WATCHED) {
			check(xs_watch(store, NODE, "token"), "watch");
			wait_for_event();
		}
		count(n, &operations[n]);
	}
	return 0;
}
