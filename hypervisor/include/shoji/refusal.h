/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the hypervisor remembers of a domain's refusals and of its crash, as
 * dom0's tools read it (design.md section 9). Times are ns of system time.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

/* One refusal, and the equal ones that came right after it. */
struct shoji_refusal {
	uint64_t time;   /* 0 of the last one */
	uint64_t arg[2]; /* 8 of the hypercall; else RIP and CR2 */
	int32_t error;   /* 24 -errno; SHOJI_REFUSAL_GRANT + a GNTST_ status */
	uint32_t number; /* 28 of the record, counted from 1 */
	uint32_t count;  /* 32 refusals in it */
	uint16_t vector; /* 36 0x100: a hypercall; else the exception */
	uint8_t call;    /* 38 number of the hypercall */
	uint8_t vcpu;    /* 39 */
	char text[88];   /* 40 which argument, which rule */
};
static_assert(sizeof(struct shoji_refusal) == 128, "shoji_refusal");

/* A domain's last refusal, or the one `back` before it. */
struct shoji_get_refusal {
	uint16_t domid;       /* 0 */
	uint16_t back;        /* 2 */
	uint32_t nr;          /* 4 out: records there have been */
	uint32_t lost;        /* 8 out: refusals that came too fast for one */
	uint32_t unexplained; /* 12 out: that had no reason: a bug */
	struct shoji_refusal record; /* 16 out: count 0: there is none */
};
static_assert(sizeof(struct shoji_get_refusal) == 144, "shoji_get_refusal");

#define SHOJI_REFUSAL_GRANT (-1000)
#define SHOJI_VECTOR_HYPERCALL 0x100

/* Why the domain was crashed. */
struct shoji_crash {
	uint64_t time;                /* 0 0: it was not */
	uint64_t rip, rsp, rflags, cr2; /* 8 if has_regs */
	uint8_t has_regs;             /* 40 by its own doing: then of the */
	uint8_t vcpu;                 /* 41 vCPU that ran, */
	uint8_t kernel;               /* 42 in its kernel or user space */
	uint8_t pad[5];               /* 43 */
	char text[80];                /* 48 */
};
static_assert(sizeof(struct shoji_crash) == 128, "shoji_crash");

struct shoji_get_crash {
	uint16_t domid, pad[3];
	struct shoji_crash crash; /* 8 out */
};
static_assert(sizeof(struct shoji_get_crash) == 136, "shoji_get_crash");
