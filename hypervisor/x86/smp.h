/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Other CPUs: starting them and interrupting them. The senders may be called
 * with interrupts on or off, but those that wait (smp_wbinvd) only
 * with interrupts on and without RANK_IRQ locks.
 */
#pragma once

#include "x86/percpu.h"

void smp_boot(void); /* start what ACPI lists, up to CPUS_MAX */

/* The target leaves the guest or its halt and looks for work. */
void smp_send_event_check(unsigned cpu);
/* The targets call tlb_answer_requests(); the sender does not wait. */
void smp_send_flush(cpumask_t cpus);

/* Write back and forget the caches of all CPUs. */
void smp_wbinvd(void);

/* The end: the others stop where they are, and interrupts are off. */
void smp_stop_others(void);
/* The NMI handler calls this first; does not return if we are to stop. */
void smp_check_stop(void);

/* The C entry of a started CPU (trampoline.S). */
_Noreturn void smp_cpu_main(void);

/* Interrupt handlers (x86/irq.c). */
void smp_wbinvd_interrupt(void);
