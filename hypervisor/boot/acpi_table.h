/* SPDX-License-Identifier: BSD-2-Clause */
/* What the finder and the parsers of ACPI tables share. Fields are read byte
 * by byte, because tables may lie at any address. */
#pragma once

#include "boot/acpi.h"

#define ACPI_HEADER 36 /* signature, length, revision, checksum, ids */

uint64_t acpi_field(const void *table, unsigned offset, unsigned bytes);
bool acpi_checksum_good(const void *table, size_t size);
