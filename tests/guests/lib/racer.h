/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A second vCPU that does one thing over and over while the first is in the
 * hypervisor: changes what a call reads, takes its page away, makes calls of
 * its own. The guest needs ` * Machine: 2 2`.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* vCPU 1 calls fn again and again; true once it has done so. */
bool racer_start(void (*fn)(void));

/* Stops it; true once it does nothing. */
bool racer_stop(void);

/* How often fn has been called since racer_start(). */
uint64_t racer_turns(void);

/*
 * For the first vCPU's loop: true while it should go on, which is until both
 * outcomes have come often enough, or it has taken too long (a loaded host may
 * not run both vCPUs at once). Call racer_outcome() once a round.
 */
bool racer_wants_more(const char *what);
void racer_outcome(bool first);

/* Up to so many times nothing. No PAUSE: QEMU's TCG leaves its loop for that,
 * and the two vCPUs would hardly ever be at work at the same time. */
void racer_dawdle(uint64_t most);

/* A simple random number, one sequence per vCPU. */
uint64_t racer_random(void);
