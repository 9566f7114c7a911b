/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XS_CONTROL: what an administrator may ask of the running daemon (through
 * xenstore-control or xs_control_command). The reply is text for people.
 */
#include "xenstored/wire.h"

#include "lib/log.h"
#include "xenstored/domain.h"
#include "xenstored/server.h"
#include "xenstored/watch.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	char bytes[XENSTORE_PAYLOAD_MAX];
	size_t used;
};

static void __attribute__((format(printf, 2, 3)))
add(struct text *text, const char *fmt, ...)
{
	const size_t room = sizeof(text->bytes) - text->used;
	va_list args;

	va_start(args, fmt);

	const int n = vsnprintf(text->bytes + text->used, room, fmt, args);

	va_end(args);
	if (n > 0)
		text->used += (size_t)n < room ? (size_t)n : room - 1;
}

struct census {
	unsigned nr_nodes;
	size_t bytes;
	uint32_t by_owner[DOM_LIMIT];
};

static bool count(const char *path, const struct node *node, void *arg)
{
	struct census *census = arg;

	(void)path;
	census->nr_nodes++;
	census->by_owner[node->data->perms[0].dom]++;
	census->bytes += sizeof(*node) + strlen(node->name) + 1 +
		node->room * sizeof(node->children[0]) + sizeof(*node->data) +
		node->data->nr_perms * sizeof(struct perm) + node->data->size;
	return true;
}

static struct census *take_census(void)
{
	struct census *census = calloc(1, sizeof(*census));

	if (census)
		node_walk(server_store->root, "/", count, census);
	return census;
}

/* The books against the tree itself. */
static int do_check(struct text *text, char **args, int nr)
{
	struct census *census = take_census();
	unsigned wrong = 0;

	(void)args, (void)nr;
	if (!census)
		return -ENOMEM;
	for (unsigned i = 0; i < DOM_LIMIT; i++) {
		if (census->by_owner[i] == server_store->nr_nodes[i])
			continue;
		wrong++;
		add(text, "d%u owns %u nodes, %u are on its account\n", i,
			census->by_owner[i], server_store->nr_nodes[i]);
	}
	free(census);
	if (wrong)
		log_error("check: %u node counts are wrong", wrong);
	else
		add(text, "OK");
	return 0;
}

static int do_log(struct text *text, char **args, int nr)
{
	if (nr != 1)
		return -EINVAL;
	if (!strcmp(args[0], "on"))
		log_set_level(LOG_LEVEL_DEBUG);
	else if (!strcmp(args[0], "off"))
		log_set_level(LOG_LEVEL_INFO);
	else
		return -EINVAL;
	add(text, "OK");
	return 0;
}

static int do_memreport(struct text *text, char **args, int nr)
{
	struct census *census = take_census();

	(void)args, (void)nr;
	if (!census)
		return -ENOMEM;
	add(text, "nodes: %u in %zu bytes\nwatches: %u\n", census->nr_nodes,
		census->bytes, watch_count());
	free(census);
	for (const struct conn *c = conn_list; c; c = c->next)
		add(text, "client %u (d%u, %s): %u watches, %u transactions, "
			"%u replies and %u events waiting in %zu bytes\n",
			c->number, c->who.dom, c->domain ? "ring" : "socket",
			c->nr_watches, c->nr_txns, c->nr_replies,
			c->nr_events, c->out_bytes);
	return 0;
}

static int do_print(struct text *text, char **args, int nr)
{
	if (nr != 1)
		return -EINVAL;
	log_info("control: %s", args[0]);
	add(text, "OK");
	return 0;
}

/* What a domain uses of what it may. */
static int quota_of_domain(struct text *text, const char *arg)
{
	const struct limits *limits = &server_store->limits;
	const struct domain *domain;
	uint16_t dom;

	if (!domid_parse(&dom, arg))
		return -EINVAL;
	domain = domain_find(dom);
	if (!domain && !server_store->nr_nodes[dom])
		return -ENOENT;
	add(text, "Domain %u:\n", dom);
	add(text, "%-17s: %8u of %8u\n", "nodes", server_store->nr_nodes[dom],
		limits->nodes);
	if (!domain)
		return 0;
	add(text, "%-17s: %8u of %8u\n", "watches", domain->conn->nr_watches,
		limits->watches);
	add(text, "%-17s: %8u of %8u\n", "transactions",
		domain->conn->nr_txns, limits->transactions);
	add(text, "%-17s: %8u of %8u\n", "outstanding",
		domain->conn->nr_replies, limits->outstanding);
	add(text, "%-17s: %8zu of %8u\n", "memory", domain->conn->out_bytes,
		limits->memory);
	return 0;
}

/* quota, quota DOMID, quota set NAME VALUE */
static int do_quota(struct text *text, char **args, int nr)
{
	const char *name;
	unsigned value;

	if (nr == 3 && !strcmp(args[0], "set")) {
		char *end;
		const unsigned long wanted = strtoul(args[2], &end, 10);

		if (!*args[2] || *end || wanted > INT32_MAX ||
			!server_set_limit(args[1], wanted))
			return -EINVAL;
		add(text, "OK");
		return 0;
	}
	if (nr == 1)
		return quota_of_domain(text, args[0]);
	if (nr)
		return -EINVAL;
	add(text, "Quota settings:\n");
	for (unsigned i = 0; (name = server_limit(i, &value)); i++)
		add(text, "%-17s: %8u\n", name, value);
	return 0;
}

static int do_help(struct text *text, char **args, int nr);

static const struct {
	const char *name;
	int (*run)(struct text *text, char **args, int nr);
	const char *usage;
} commands[] = {
	{"check", do_check, "compares the node counts with the tree"},
	{"help", do_help, "<no parameters>"},
	{"log", do_log, "on|off: messages of level debug"},
	{"memreport", do_memreport, "nodes, watches, and what waits"},
	{"print", do_print, "<string> goes to the log"},
	{"quota", do_quota, "[<domid>|set <name> <value>]"},
};
enum { NR_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int do_help(struct text *text, char **args, int nr)
{
	(void)args, (void)nr;
	add(text, "Supported commands:\n");
	for (unsigned i = 0; i < NR_COMMANDS; i++)
		add(text, "%-15s %s\n", commands[i].name, commands[i].usage);
	return 0;
}

int control_request(struct request *request)
{
	struct text text = {.used = 0};
	char *strings[8];
	const int nr = wire_strings(request, strings, 8);

	if (nr < 1)
		return -EINVAL;
	for (unsigned i = 0; i < NR_COMMANDS; i++) {
		if (strcmp(commands[i].name, strings[0]))
			continue;

		const int rc = commands[i].run(&text, strings + 1, nr - 1);

		if (rc == 0)
			wire_reply(request, text.bytes, text.used + 1);
		return rc;
	}
	return -EINVAL;
}
