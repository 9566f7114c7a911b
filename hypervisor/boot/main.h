/* SPDX-License-Identifier: BSD-2-Clause */
/* The C entry from head.S. */
#pragma once

#include <stdint.h>

/* The loader's magic number and the physical address of its information. */
_Noreturn void boot_main(uint32_t magic, uint32_t info);
