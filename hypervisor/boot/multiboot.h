/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading what a multiboot loader left behind. */
#pragma once

#include "boot/boot.h"

#define MULTIBOOT1_MAGIC 0x2badb002
#define MULTIBOOT2_MAGIC 0x36d76289

/* Fills info from the loader's structure; NULL, or why it cannot. */
const char *multiboot_read(
	uint32_t magic, paddr_t address, struct boot_info *info);
