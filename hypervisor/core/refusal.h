/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Refusals that explain themselves: each one that a guest causes by its
 * arguments or state is recorded in its domain's ring, for dom0's tools.
 *
 * The domain is the caller's, whomever the call was about, and nothing but
 * dom0 reads the rings: a guest learns by them nothing that its errno does
 * not say. Memory and rate are limited for each domain by itself.
 */
#pragma once

#include "shoji/refusal.h"

struct domain;

/* Record why the current vCPU is refused something; returns rc. The text says
 * which argument and which rule. From any context but NMIs. */
int reject(int rc, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));
/* The same for a GNTST_ status. */
#define REJECT_GRANT(status, ...)                                              \
	((int16_t)(reject(SHOJI_REFUSAL_GRANT + (status), __VA_ARGS__) -       \
		   SHOJI_REFUSAL_GRANT))

/* What a hypercall, or an entry of a multicall, returns is negative: if it is
 * an error and nothing in the call has said why, that is recorded, and told as
 * a bug of ours. */
void refusal_check(int64_t result) __attribute__((cold));

int refusal_init(struct domain *d); /* -ENOMEM */
void refusal_free(struct domain *d);

/* Sub-operation of hypercall_shoji(): struct shoji_get_refusal. */
int64_t refusal_get(struct domain *d, void *op);

/* The crash of a domain, by domain_crash(). */
void refusal_crash(struct domain *d, const char *text);
