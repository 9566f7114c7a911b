/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains from the outside: finding, making, ending them. A host is the pair
 * of connections that everything needs; like them it does not survive fork().
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <xenstore.h>

#include "lib/control.h"
#include "lib/domconfig.h"

struct error;

struct host {
	int fd;               /* the hypervisor */
	struct xs_handle *xs; /* NULL: not wanted, or none is running */
};

enum host_need { HOST_HYPERVISOR, HOST_XENSTORE };

/* With HOST_HYPERVISOR a missing xenstore is no error. */
int host_open(struct host *host, enum host_need need, struct error *error);
void host_close(struct host *host);

/* By name or decimal id; -ESRCH and a message if there is none. */
int domain_find(struct host *host, const char *name_or_id, uint16_t *dom,
	struct error *error);
/* To be freed; NULL when it has none. */
char *domain_name(struct host *host, uint16_t dom);

/* Everything that can be known to fail before there is a domain. */
int domain_check(const struct domain_config *dc, struct error *error);
/* A complete, paused domain; on failure nothing of it is left. Signals that
 * would end the process are held back: they make it fail with -EINTR. */
int domain_create(struct host *host, const struct domain_config *dc,
	uint16_t *dom, struct error *error);
/* Hold back what would end the process; *before is for sigprocmask(). */
void domain_hold_signals(sigset_t *before);
/* Kills it and removes its devices and records. */
int domain_destroy(struct host *host, uint16_t dom, struct error *error);
/* Gives it another name in xenstore. */
int domain_rename(
	struct host *host, uint16_t dom, const char *name, struct error *error);

/* Ask the guest's kernel: "poweroff", "reboot"... */
int domain_request(
	struct host *host, uint16_t dom, const char *what, struct error *error);

/* What became of a domain. */
enum domain_fate { FATE_RUNS, FATE_STOPPED, FATE_DYING, FATE_GONE };
/* *end is the reason if it stopped. */
enum domain_fate domain_fate(
	struct host *host, uint16_t dom, enum domain_end *end);
/* Sleep until some domain has stopped or gone, at most timeout_ms. Call
 * domain_watch() once before the first. */
int domain_watch(struct host *host, struct error *error);
void domain_sleep(struct host *host, int timeout_ms);

/*
 * Stays with a domain and does what its configuration says at its end, over
 * all its incarnations. Returns when there is nothing left to look after.
 */
int domain_monitor(struct host *host, const struct domain_config *dc,
	uint16_t dom, struct error *error);
