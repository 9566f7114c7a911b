/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A second domain, built by the test from nothing but control hypercalls: ten
 * pages, four of them its page tables. It does what it is told through a
 * mailbox page that the test maps: any hypercall, a load, a store, a crash.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/domctl.h>

#include "pv-drivers/front/start.h"

#define CHILD_BASE 0x40000000UL		/* where its pages are, in order */

enum {
	CHILD_L4, CHILD_L3, CHILD_L2, CHILD_L1, CHILD_CODE, CHILD_STACK,
	CHILD_MAILBOX, CHILD_DATA, CHILD_SPARE, CHILD_SHARED, CHILD_PAGES,
};

/* Page i of the child, as the child sees it. */
#define CHILD_VA(i) (CHILD_BASE + (i) * PV_PAGE)

/* What child_call() takes besides hypercall numbers. */
#define CHILD_LOAD (~0UL)		/* (address) */
#define CHILD_STORE (~1UL)		/* (address, value) */
#define CHILD_UD2 (~2UL)
#define CHILD_SPIN (~3UL)		/* never yields; ends when told else */
#define CHILD_RUN (~4UL)		/* (address); registers in room */
#define CHILD_TRAPPED 0x7777		/* its result: by an exception */

struct child_mailbox {
	volatile uint64_t state;	/* 1: asked, 2: answered */
	uint64_t op, args[5], result;
	volatile uint64_t turns;	/* of its waiting loop */
	char room[2048];		/* for arguments; CHILD_ROOM there */
};

static_assert(offsetof(struct child_mailbox, room) == 72, "child_code.S");
static_assert(CHILD_BASE + CHILD_MAILBOX * PV_PAGE == 0x40006000,
	      "child_code.S knows this address");

#define CHILD_ROOM \
	(CHILD_VA(CHILD_MAILBOX) + offsetof(struct child_mailbox, room))

struct vcpu_guest_context;

struct child {
	uint16_t id;
	bool traps;		/* it survives exceptions */
	void (*adjust)(struct vcpu_guest_context *context);	/* or NULL */
	uint64_t mfn[CHILD_PAGES];	/* CHILD_SHARED: shared_info */
	struct child_mailbox *mailbox;
	uint64_t *data, *code;
	volatile struct shared_info *shared;
};

/* One domctl; the domain is op's. */
int64_t domctl(struct xen_domctl *op, uint32_t cmd, uint16_t dom);
int64_t domctl_simple(uint32_t cmd, uint16_t dom);
bool domain_info(uint16_t dom, struct xen_domctl_getdomaininfo *info);

/* An empty domain that may have `pages`; its id or a negative errno. */
int64_t domain_create(unsigned int pages);

/* Destroys it, waiting until it is gone; false if it does not go. */
bool domain_destroy(uint16_t dom);
/* Waits for that. */
bool domain_goes(uint16_t dom);

/* Free pages of the machine, scrubbed or not. */
uint64_t free_pages(void);

/* Maps a frame of another domain; NULL if that is refused. */
void *map_foreign(uint16_t dom, uint64_t mfn);

/* Builds and starts it; 0 or the first error. */
int64_t child_start(struct child *child);

/* On Shoji dom0 must say so before two guests share anything, on Xen they
 * may. 0, or a negative errno. */
int64_t domains_share(uint16_t a, uint16_t b, bool allow);
/* The hypervisor has Shoji's extensions, and keeps guests apart. */
bool on_shoji(void);

/* Unmaps what child_start() mapped, and destroys it. */
bool child_end(struct child *child);
void child_unmap(struct child *child);

/* Asks, waits, gives the result; CHILD_SILENT if no answer comes in so many
 * nanoseconds. Who makes it do what may silence it wants fewer of them. */
#define CHILD_SILENT (-1000)
extern uint64_t child_patience;
int64_t child_call(struct child *child, uint64_t op, uint64_t a1, uint64_t a2,
		   uint64_t a3, uint64_t a4);

/* The same for (command, argument): *arg is copied there and back. The third
 * and fourth argument are 1 and DOMID_SELF. */
int64_t child_call_with(struct child *child, unsigned int nr, uint64_t cmd,
			void *arg, unsigned int size);

/*
 * Copies code into its spare page and runs it with these registers (RBX is
 * the mailbox). True: it ended in an exception, as it should, with ud2 say.
 * The child must have `traps`. child_launch() does not wait for that.
 */
bool child_run(struct child *child, const void *code, size_t size,
	       uint64_t rdi, uint64_t rsi, uint64_t rcx);
void child_launch(struct child *child, const void *code, size_t size,
		  uint64_t rdi, uint64_t rsi, uint64_t rcx);

/* How it shut down (SHUTDOWN_*); CHILD_LIVES if it does not. */
#define CHILD_LIVES 1000
uint32_t child_fate(struct child *child);

/* Its loop, in which it waits for calls, goes round. */
bool child_advances(struct child *child);

/* It answers a hypercall as it should. */
bool child_is_well(struct child *child);

/* Asks without waiting. */
void child_tell(struct child *child, uint64_t op, uint64_t a1, uint64_t a2);

/* Lets others run for a while. */
void rest(uint64_t ns);
