/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of our functions. The table is made from the first link of the image
 * (hypervisor/symbols.awk) and is part of the second.
 */
#pragma once

#include <stdint.h>

/* The function that an address lies in, and how far; NULL: none of ours. */
const char *symbol_name(uint64_t address, uint64_t *offset);
