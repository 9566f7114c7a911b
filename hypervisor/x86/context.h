/* SPDX-License-Identifier: BSD-2-Clause */
/* Switching a CPU from one vCPU to another. */
#pragma once

struct vcpu;

/*
 * From the scheduler, on the way back to a guest, interrupts off, no lock
 * held. Saves prev (unless it is idle), tells sched_saved(), loads next, tells
 * sched_loaded() and goes to the guest or the idle loop: it does not return.
 */
_Noreturn void context_switch(struct vcpu *prev, struct vcpu *next);

/* CR4 with the choices of the vCPU that runs here. */
void context_load_cr4(const struct vcpu *v);
