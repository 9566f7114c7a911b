/* SPDX-License-Identifier: BSD-2-Clause */
/* The HPET's main counter, for measuring; its comparators stay dom0's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Map and start the counter; false: there is none that can be used. */
bool hpet_init(uint64_t address);
uint64_t hpet_read(void);
uint64_t hpet_mask(void); /* the counter's bits */
uint64_t hpet_period_fs(void); /* femtoseconds a tick */
