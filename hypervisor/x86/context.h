/* SPDX-License-Identifier: BSD-2-Clause */
/* Switching a CPU from one vCPU to another. */
#pragma once

struct domain;
struct vcpu;

/*
 * From the scheduler, on the way back to a guest, interrupts off, no lock
 * held. Saves prev (unless it is idle), tells sched_saved(), loads next, tells
 * sched_loaded() and goes to the guest or the idle loop: it does not return.
 */
_Noreturn void context_switch(struct vcpu *prev, struct vcpu *next);

/* For smp_call: write back and forget the caches. */
void context_wbinvd(void *unused);
