/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the hypervisor remembers of a domain's refusals, and of its crash, as
 * dom0's tools read it (SHOJI_refusal). Times are ns of system time.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

/* One refusal, and the equal ones that came right after it; or, as the last
 * there is, why the domain was crashed. */
struct shoji_refusal {
	uint64_t time;   /* 0 of the last one */
	uint64_t arg[4]; /* 8 of the hypercall; else RIP, CR2, RSP, RFLAGS */
	int32_t error;   /* 40 -errno; SHOJI_REFUSAL_GRANT + a GNTST_ status */
	uint32_t count;  /* 44 refusals in it; 0: there is no such record */
	uint16_t vector; /* 48 SHOJI_VECTOR_, else the exception that it was */
	uint8_t call;    /* 50 number of the hypercall */
	uint8_t vcpu;    /* 51 */
	uint8_t kernel;  /* 52 it was in its kernel, else in user space */
	char text[91];   /* 53 which argument, which rule */
};
static_assert(sizeof(struct shoji_refusal) == 144, "shoji_refusal");

#define SHOJI_REFUSAL_GRANT (-1000)
#define SHOJI_VECTOR_HYPERCALL 0x100
#define SHOJI_VECTOR_CRASH 0x200

/* A domain's last record, or the one `back` before it. */
struct shoji_get_refusal {
	uint16_t domid, back;
	uint32_t lost;               /* 4 out: that came too fast for records */
	struct shoji_refusal record; /* 8 out */
};
static_assert(sizeof(struct shoji_get_refusal) == 152, "shoji_get_refusal");
