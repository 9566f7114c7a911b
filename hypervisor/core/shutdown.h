/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of the machine: what dom0's shutdown, a panic and ACPI sleep
 * requests come to.
 */
#pragma once

#include <stdint.h>

/* dom0 asked by sched_op shutdown: SHUTDOWN_ reason. */
_Noreturn void machine_shutdown(uint8_t reason);
_Noreturn void machine_restart(void); /* any context, interrupts off or on */
_Noreturn void machine_halt(void);
