/* SPDX-License-Identifier: BSD-2-Clause */
/* Printable ASCII in 5 columns of 7 rows. A byte is a column, the lowest one the
 * left; its bit 0 is the top. */
#pragma once

#include <stdint.h>

#define FONT_COLUMNS 5
#define FONT_FIRST ' '
#define FONT_LAST '~'

extern const uint64_t font[FONT_LAST - FONT_FIRST + 1];
