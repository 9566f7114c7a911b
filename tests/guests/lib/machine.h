/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's memory as dom0 may ask for it. */
#pragma once

#include <stdint.h>

/* A frame of RAM that this domain does not own; panics if there is none. */
uint64_t foreign_frame(void);

/* A frame behind the last RAM: not a device, not memory. */
uint64_t absent_frame(void);
