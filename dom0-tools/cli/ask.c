/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What shutdown and reboot have in common: asking the kernels of some or all
 * domains, and waiting until they have stopped.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "cli/cli.h"

#define LOOK_AGAIN_MS 1000
#define CLEAN_UP_MS 10000 /* of a monitor, after its domain has stopped */

struct request {
	struct host *host;
	const char *what;
	uint16_t *doms;
	unsigned nr;
};

static int add_domain(struct request *r, uint16_t dom)
{
	void *doms = realloc(r->doms, (r->nr + 1) * sizeof(*r->doms));

	if (!doms)
		return -ENOMEM;
	r->doms = doms;
	r->doms[r->nr++] = dom;
	return 0;
}

static int add_all(struct request *r, struct error *error)
{
	enum domain_end end;
	unsigned nr;
	struct xen_domctl_getdomaininfo *info =
		all_domains(r->host, &nr, error);
	int rc = info ? 0 : -error->code;

	for (unsigned i = 0; !rc && i < nr; i++)
		if (info[i].domain &&
			domain_fate(r->host, info[i].domain, &end) == FATE_RUNS)
			rc = add_domain(r, info[i].domain);
	free(info);
	return rc;
}

static int add_named(struct request *r, char **names, struct error *error)
{
	uint16_t dom;
	int rc = 0;

	for (; !rc && *names; names++) {
		rc = domain_find(r->host, *names, &dom, error);
		if (!rc)
			rc = add_domain(r, dom);
	}
	return rc;
}

/* A domain that has stopped is what was asked for. Its monitor has a moment to
 * clean up after it, unless it is to be kept. */
static void await(struct request *r)
{
	for (unsigned i = 0; i < r->nr; i++) {
		enum domain_end end;
		enum domain_fate fate;
		int patience = CLEAN_UP_MS / LOOK_AGAIN_MS;

		while ((fate = domain_fate(r->host, r->doms[i], &end)) !=
			FATE_GONE) {
			if (fate != FATE_RUNS && patience-- <= 0)
				break;
			domain_sleep(r->host, LOOK_AGAIN_MS);
		}
	}
}

static int ask(struct request *r, bool wait, struct error *error)
{
	int rc = wait ? domain_watch(r->host, error) : 0;

	for (unsigned i = 0; !rc && i < r->nr; i++)
		rc = domain_request(r->host, r->doms[i], r->what, error);
	if (!rc && wait)
		await(r);
	return rc;
}

int ask_domains(int argc, char **argv, const char *request)
{
	static const struct option longs[] = {
		{"all", 0, NULL, 'a'}, {"wait", 0, NULL, 'w'}, {0}};
	struct error error = {0};
	struct host host;
	struct request r = {.host = &host, .what = request};
	bool all = false, wait = false;
	int c, rc;

	while ((c = getopt_long(argc, argv, "awF", longs, NULL)) >= 0) {
		if (c == 'a')
			all = true;
		else if (c == 'w')
			wait = true;
		else if (c != 'F') /* -F is about HVM guests */
			return usage(argv[0]);
	}
	if (all == (optind < argc))
		return usage(argv[0]);
	if (host_open(&host, HOST_XENSTORE, &error))
		return fail(&error);
	rc = all ? add_all(&r, &error) : add_named(&r, argv + optind, &error);
	if (!rc)
		rc = ask(&r, wait, &error);
	free(r.doms);
	host_close(&host);
	return rc ? fail(&error) : done();
}
