/* SPDX-License-Identifier: BSD-2-Clause */
/* The CMOS clock. */
#pragma once

#include <stdint.h>

uint64_t cmos_time(void); /* UNIX time; 0: it shows nonsense */
