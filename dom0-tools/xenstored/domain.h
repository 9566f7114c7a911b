/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains that have been introduced: ring page, event channel, life and death.
 *
 * Bytes are taken from a ring in two steps: domain_read() copies them,
 * domain_publish() tells the other side, after the journal has been written.
 * A position in the reply stream is the value that rsp_prod has when all
 * bytes before it are out; this is how a restarted daemon knows what the
 * domain has already got.
 */
#pragma once

#include "xenstored/conn.h"

#include <sys/types.h>

struct saved_reply {
	struct saved_reply *next;
	uint32_t position;
	uint32_t size;
	char bytes[];
};

struct domain {
	struct domain *next;
	uint16_t id;
	uint16_t target;
	uint64_t mfn;
	uint32_t remote_port;
	int port;			/* < 0: not bound */
	struct xenstore_domain_interface *ring;
	struct conn *conn;
	bool shutdown;			/* has been reported as such */
	bool broken;			/* wrote nonsense; not talked to */
	bool kick;			/* something to notify about */
	bool taken;			/* req_cons is ahead of the ring's */
	uint32_t req_cons;
	uint32_t journal_cons, journal_left;

	/* While the state of an older daemon is being read. */
	bool restored_cons;		/* journal_cons is what it had */
	struct saved_reply *saved, **saved_tail;

	unsigned warned;		/* limits that were warned about */
};

extern struct domain *domain_list;

struct domain *domain_find(uint16_t id);

/* Introduced, or known to the hypervisor and not dying. */
bool domain_exists(uint16_t id);

/* Once a second and domain: what a guest can cause is logged if this says so,
 * or else it could fill the log. */
bool domain_may_log(uint16_t id);
int domain_introduce(uint16_t id, uint64_t mfn, uint32_t port);
int domain_introduce_dom0(void);
int domain_set_target(uint16_t id, uint16_t target);
int domain_release(uint16_t id);
int domain_resume(uint16_t id);

/* A port fired. */
void domain_event(int port);

/* Some domain died or shut down: finds out which. */
void domain_check(void);

/* For conn.c. */
ssize_t domain_read(struct domain *domain, void *where, size_t room);
ssize_t domain_write(struct domain *domain, const void *bytes, size_t size);
void domain_publish(struct domain *domain);
void domain_break(struct domain *domain, uint32_t error, const char *why);
void domain_journal_in(struct domain *domain, const void *left, size_t size);
void domain_journal_out(struct domain *domain, const void *bytes, size_t size,
	size_t waiting);

/* For state.c: a domain that is not connected yet. */
struct domain *domain_restore(uint16_t id, uint64_t mfn, uint32_t port);
void domain_reconnect_all(void);
void domain_forget_saved(struct domain *domain);
void domain_drop(struct domain *domain);
