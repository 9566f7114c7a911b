/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model test: hypercalls of several domains, chosen at random, against
 * the real code over the fake machine; spec.h says what each must answer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/vcpu.h"
#include "pv/hypercall.h"

#define FRAMES 256
#define DOMAINS 3 /* dom0 is privileged and has devices */
#define VCPUS 2
#define REFS 8 /* of each grant table, are used */
/* Machine frames that are no memory; dom0 may reach the first ones. */
#define DEVICE_FIRST 512
#define DEVICE_LAST 527

/* The random source: seeded, the same everywhere. */
extern uint64_t random_state;
uint64_t random_word(void);
unsigned random_below(unsigned n);
bool chance(unsigned percent);

/* One line of the trace. */
void trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The code and the specification differ: ends the run. */
_Noreturn void differs(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

#define CALL_BYTES 2048

struct call_kind;

/* A hypercall of a vCPU, perhaps interrupted. */
struct call {
	const struct call_kind *kind; /* NULL: none is under way */
	unsigned number; /* of its kind */
	struct domain *d;
	struct vcpu *v;
	struct hypercall_args a;
	uint32_t nr; /* requests in all */
	uint32_t accounted; /* of these, the specification has done */
	uint32_t done; /* guest memory: what the call says itself */
	uint64_t word; /* the kind's own */
	uint64_t since; /* its first step */
	bool disturbed; /* others acted before it was done */
	bool lost; /* the specification has lost track of it */
	_Alignas(16) char list[CALL_BYTES]; /* guest memory: the requests */
};

extern struct call *acting; /* whose call executes, if it is only one */

struct call_kind {
	const char *name;
	unsigned weight;
	hypercall_fn *fn;
	void (*generate)(struct call *c);
	/* A piece of the call returned rc: do the same in the specification,
	 * and compare. */
	void (*account)(struct call *c, int64_t rc);
	bool apart; /* has nothing to do with frames: never lost */
};

extern const struct call_kind memory_calls[], grant_calls[], event_calls[],
	segment_calls[], reservation_calls[], access_calls[];

/* Operands: a frame that d may own, and with a role mostly the wanted one (a
 * level, 0 for data, 5 for descriptors); an entry for a table of a level. */
uint64_t pick_frame(const struct domain *d, unsigned wanted);
uint64_t pick_va(const struct call *c);
uint64_t pick_entry(const struct domain *owner, unsigned level);

/* The frame that an address is mapped to; FRAMES: none. */
uint64_t mapped_frame(const struct call *c, uint64_t va);
/* The domain that a call shall name, as the ABI numbers it; who that is. */
uint16_t pick_domain(const struct call *c);
const struct domain *domain_or_self(const struct call *c, uint16_t id);
/* The hypervisor shows it to a domain: not to be written at random. */
bool is_shared(uint64_t mfn);

/* Grants: take over what the real tables say; compare the entries. */
void grant_read(void);
void grant_compare(void);

/* Two CPUs, each in a call (the first on CPU 0): what they return. */
void run_together(struct call *first, struct call *second, int64_t rc[2]);
bool is_together(void); /* one of them executes just now */
void together_gap(void); /* the other may go on here */

/* What the CPUs remember: that nobody can use what he must not. */
void hardware_start(void);
void hardware_time_passes(void);
void hardware_check(void);
/* The current vCPU has asked for that; nobody has used a page since. */
void hardware_flushed(const struct mmuext_op *op);
bool hardware_remembers(const struct domain *d, uint64_t *mfn, uint64_t *va);
void hardware_lend(const struct domain *to, uint64_t pte);

/* What a CPU's descriptor window shows. */
void segment_check_window(unsigned cpu);

/* Events: a domain is new; its death closed ports of it, or raised a VIRQ of
 * dom0's; compare the bits, and all ports as well. */
void event_created(uint16_t id);
void event_closed_some(uint16_t id);
void event_raised_virq(uint16_t id, unsigned virq);
void event_compare(bool all);
void event_read(void); /* take over what the real ports say */

/* A page-table walk is unfinished, or a domain is dying: types are held that
 * the specification does not have (any more, or yet), so that a refusal proves
 * nothing. What is allowed must be allowed there too, as always. */
bool unsettled(void);

/* A domain loses pages, or a table holds what the specification cannot know,
 * while a walk is unfinished: until all is settled answers are not compared,
 * only the audit goes on; then the specification starts anew from what is. */
void lose_track(void);
bool track_lost(void);

/* rc against what the specification says of a request; true if it was done. */
bool same_answer(const struct call *c, int64_t rc, int64_t expected);
/* What is refused may be refused for somebody else's unfinished work. */
bool may_refuse(const struct call *c);
