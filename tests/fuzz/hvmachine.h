/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine under the whole hypervisor, for the target `hypercall`: memory
 * that guests reach through their own page tables only, as a CPU would walk
 * them; registers that refuse what a CPU would refuse; no devices. CPUs, clock
 * and scheduling are those of tests/fake/machine.c.
 *
 * All that the hypervisor's files have in static storage is put back before
 * every input (hypercall.lds), so that an input alone decides what happens.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mm/addr.h"

struct vcpu;

#define HW_FRAMES 512u
#define HW_CPUS 5u /* one for each vCPU that there will be */

/* The first time: note what the hypervisor has in static storage; later: put
 * it back, and free its heap. */
void hw_power_on(void);
/* Softirqs of all CPUs until there are none; page-table roots follow. */
void hw_settle(void);
/* The same of this CPU; true: another vCPU runs here now. */
bool hw_softirqs(void);
/* A timer interrupt after so many accesses of the hypervisor to memory; 0:
 * none. It is how long operations come to their preemption points. */
extern unsigned hw_interrupt_after;
/* The address of the last page fault. */
extern uint64_t hw_fault_address;
/* Bytes of the guest of this CPU, as its own store would write them; false:
 * that faults. */
bool hw_guest_store(uint64_t va, const void *from, size_t size);

/* The machine stopped or restarted: where to go then. */
_Noreturn void hw_ended(void);
