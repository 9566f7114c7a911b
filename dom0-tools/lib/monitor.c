/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens to a domain after it has stopped: on_poweroff, on_reboot,
 * on_crash, on_watchdog. One monitor looks after one domain, under whatever
 * number it lives after a restart.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/domain.h"
#include "lib/error.h"
#include "lib/log.h"

#define HEARTBEAT_MS 60000 /* look even if nobody called */
#define TOO_SHORT 2        /* seconds between start and reboot */
#define MAX_SHORT 5        /* such lives in a row */

/* The domain's reason to stop, or -1 when it is gone without one. */
static int await_end(struct host *host, uint16_t dom)
{
	enum domain_end end;

	for (;;) {
		switch (domain_fate(host, dom, &end)) {
		case FATE_STOPPED:
			if (end == END_SUSPEND)
				break; /* whoever saves it looks after it */
			return end < NR_ENDS ? end : END_CRASH;
		case FATE_DYING:
		case FATE_GONE:
			return -1;
		case FATE_RUNS:
			break;
		}
		domain_sleep(host, HEARTBEAT_MS);
	}
}

/* Out of the way of its successor, for the administrator to look at. */
static int set_aside(struct host *host, const struct domain_config *dc,
	uint16_t dom, struct error *error)
{
	char name[160];
	const time_t now = time(NULL);
	struct tm tm;
	char when[32];

	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	snprintf(name, sizeof(name), "%s-%s", dc->name, when);
	log_info("domain %u is kept as %s", dom, name);
	return domain_rename(host, dom, name, error);
}

static int start_again(struct host *host, const struct domain_config *dc,
	uint16_t *dom, struct error *error)
{
	int rc = domain_create(host, dc, dom, error);

	if (rc)
		return rc;
	rc = control_unpause(host->fd, *dom);
	if (rc) {
		domain_destroy(host, *dom, NULL);
		return error_errno(error, -rc, "starting domain %u", *dom);
	}
	log_info("'%s' runs again, as domain %u", dc->name, *dom);
	return 0;
}

/* Why the hypervisor crashed it, if it was not the guest's own word. */
static void say_crash(struct host *host, uint16_t dom)
{
	struct shoji_get_refusal get;

	if (!control_refusal(host->fd, dom, 0, &get) &&
		get.record.vector == SHOJI_VECTOR_CRASH)
		log_error("domain %u crashed: %.91s (RIP %#lx, CR2 %#lx)", dom,
			get.record.text, get.record.arg[0], get.record.arg[1]);
}

/* 1: there is a new incarnation to look after. */
static int act(struct host *host, const struct domain_config *dc, uint16_t *dom,
	enum domain_action action, struct error *error)
{
	int rc = 0;

	switch (action) {
	case ACTION_PRESERVE:
		return 0;
	case ACTION_DESTROY:
		return domain_destroy(host, *dom, error);
	case ACTION_RENAME_RESTART:
		rc = set_aside(host, dc, *dom, error);
		break;
	case ACTION_RESTART:
		rc = domain_destroy(host, *dom, error);
		break;
	}
	if (!rc)
		rc = start_again(host, dc, dom, error);
	return rc ? rc : 1;
}

int domain_monitor(struct host *host, const struct domain_config *dc,
	uint16_t dom, struct error *error)
{
	unsigned short_lives = 0;
	int rc = domain_watch(host, error);

	while (!rc) {
		const time_t start = time(NULL);
		const int end = await_end(host, dom);

		if (end < 0) {
			log_info("domain %u was destroyed", dom);
			return 0;
		}
		log_info("domain %u ('%s') stopped: %s", dom, dc->name,
			domain_end_name(end));
		if (end == END_CRASH)
			say_crash(host, dom);
		short_lives =
			time(NULL) - start < TOO_SHORT ? short_lives + 1 : 0;
		if (short_lives >= MAX_SHORT &&
			dc->action[end] != ACTION_PRESERVE) {
			log_error("'%s' stops as soon as it starts; it is "
				  "not restarted any more",
				dc->name);
			return domain_destroy(host, dom, error);
		}
		rc = act(host, dc, &dom, dc->action[end], error);
		if (rc <= 0)
			return rc;
		rc = 0;
	}
	return rc;
}
