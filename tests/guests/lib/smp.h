/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * More vCPUs for a test. Which vCPU runs is told from the stack it is on, so
 * that tests may do with GS what they like.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vcpu_guest_context;

#define SMP_MAX 4

/*
 * A context that calls fn(arg) on the vCPU's own stack with events masked, the
 * usual trap table and callbacks; the caller may change it before it is used.
 */
struct vcpu_guest_context *smp_context(unsigned int vcpu,
				       void (*fn)(uint64_t arg), uint64_t arg);

/* Initialises the vCPU if that was not done, and starts it. */
int64_t smp_start(unsigned int vcpu, void (*fn)(uint64_t arg), uint64_t arg);

/* From the vCPU itself: goes down; returns if it is started again. */
void smp_stop(void);

/* Waits until the vCPU is down: false if it does not go. It may still be on its
 * way out of the hypervisor. */
bool smp_wait_down(unsigned int vcpu);

/* Spins until *flag is value; false if it is not within PATIENCE. */
bool smp_wait(volatile uint64_t *flag, uint64_t value);
