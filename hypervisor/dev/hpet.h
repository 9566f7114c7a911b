/* SPDX-License-Identifier: BSD-2-Clause */
/* The HPET's main counter, for measuring; its comparators stay dom0's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* False if there is none, or a broken one; else it runs, and says how far it
 * counts and the femtoseconds of a tick. */
bool hpet_init(uint64_t address, uint64_t *mask, uint64_t *period_fs);
uint64_t hpet_read(void);
