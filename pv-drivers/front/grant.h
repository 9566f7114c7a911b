/* SPDX-License-Identifier: BSD-2-Clause */
/* Our grant table (version 1): letting other domains use our frames. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Sets the table up; 0 or a negative errno. */
int64_t grant_init(void);

/* A reference by which dom may use the frame, or -ENOSPC. */
int64_t grant_give(uint16_t dom, uint64_t frame, bool readonly);

/* Ends it; false while dom still uses the frame: it stays granted then. */
bool grant_end(uint32_t ref);

/* The entry itself, NULL beyond the table. */
volatile struct grant_entry_v1 *grant_entry(uint32_t ref);
