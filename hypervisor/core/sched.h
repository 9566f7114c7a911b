/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: per-CPU run queues (RANK_SCHED) in the order of weighted
 * virtual time (core/sched.c). A vCPU may run when it is initialised, neither
 * down nor blocked, and its domain is not paused.
 */
#pragma once

#include "core/vcpu.h"

#define SCHED_WEIGHT_DEFAULT 256
#define SCHED_WEIGHT_DOM0 512

/* For every CPU, the boot CPU first, before it takes interrupts and after
 * timer_init_cpu(): makes its idle vCPU, which is its first current one. */
void sched_init_cpu(struct cpu *cpu);
/* The end of main, and of a secondary CPU's start: become the idle loop. */
_Noreturn void idle_loop(void);

/* A new vCPU, which cannot run yet; the end of one that does not run. */
int sched_add(struct vcpu *v);
void sched_remove(struct vcpu *v);

/* Choose who runs; from softirq_run() with interrupts off. */
void schedule(void);

/*
 * schedule() calls context_switch(prev, next), which makes next the CPU's
 * current vCPU. It calls the first of these once all of prev's state is in
 * memory: from then on another CPU may run it; and the second last, with
 * next's page tables loaded: it brings next's time and runstate records up to
 * date. Interrupts are off in both.
 */
void sched_saved(struct vcpu *prev);
void sched_loaded(struct vcpu *next);

/* The reason for not running may be gone: queue it if so. Any context. */
void vcpu_wake(struct vcpu *v);
/* There is a reason for not running: stop it. After that, the second returns
 * when it does not run and its state is in memory; not on the current vCPU. */
void vcpu_sleep(struct vcpu *v);
void vcpu_await_stop(struct vcpu *v);
/* Block the current vCPU unless an event is deliverable already. */
void vcpu_block(void);
/* An event is there: end a block or poll. Any context. */
void vcpu_unblock(struct vcpu *v);
/* Make a running vCPU look at its events again. Any context. */
void vcpu_kick(struct vcpu *v);
void vcpu_yield(void);

bool vcpu_runnable(const struct vcpu *v);

void sched_set_weight(struct domain *d, unsigned weight);
/* Effective = hard & online; -EINVAL if that is empty. */
int sched_set_affinity(struct vcpu *v, cpumask_t hard, cpumask_t soft);
void sched_get_affinity(struct vcpu *v, cpumask_t *hard, cpumask_t *soft);

/* Time per state until now, as the ABI's runstate record. */
void sched_runstate(struct vcpu *v, struct vcpu_runstate_info *state);
uint64_t sched_cpu_idle_ns(unsigned cpu);

/* Work: who runs, who waits, into the log. */
void sched_show(void *unused);
