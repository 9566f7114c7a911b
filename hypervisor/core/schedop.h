/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched_op: blocking, polling, yielding, shutting down, watchdogs
 * (core/schedop.c). What a domain's end needs of it.
 */
#pragma once

#include <stdint.h>

struct domain;
struct vcpu;

/* A port of d was raised: wake vCPUs that poll it. Any context. */
void schedop_wake_pollers(struct domain *d, unsigned port);
/* A dying domain: its timers stop. */
void schedop_stop(struct domain *d);
void schedop_free(struct domain *d); /* with the domain structure */

/* Timer callback: a poll's time is over. */
void schedop_poll_timeout(void *vcpu);
