/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System time: nanoseconds since boot, from the TSC, whose rate is measured
 * against the ACPI PM timer or the PIT. Wall clock: CMOS at boot.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Boot CPU: measure. System time 0 is when the TSC was start_tsc. */
void clock_init(uint64_t start_tsc);
/* Another CPU, while the boot CPU is in clock_compare_cpu: compare TSCs. */
void clock_init_cpu(void);
void clock_compare_cpu(unsigned cpu);

uint64_t now(void);
uint64_t clock_ns(uint64_t tsc); /* system time at a TSC value */
uint64_t clock_tsc_khz(void);
/* ns = ((tsc << shift, or >> -shift) * mul) >> 32 */
void clock_scale(uint32_t *mul, int8_t *shift);
/* TSC at system time 0. */
uint64_t clock_tsc_base(void);
/* The TSC runs at a constant rate and is the same on all CPUs. */
bool clock_tsc_stable(void);

/* UNIX time in seconds at system time 0, as the CMOS clock said. */
extern uint64_t wallclock_at_boot;

/* This CPU's timer: interrupt at a system time (~0: none), which
 * raises SOFTIRQ_TIMER; it may come early. A time in the past fires at once. */
void timer_hw_set(uint64_t deadline_ns);

/* Busy-wait; for hardware only. */
void clock_delay_us(unsigned us);
