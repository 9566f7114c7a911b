/* SPDX-License-Identifier: BSD-2-Clause */
/* The screen: VGA text or a linear frame buffer, as the boot loader left it.
 * The caller serialises (core/console.c). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct boot_screen;

/* Start to draw through the boot page tables; false: not a screen we can
 * draw on. */
bool vga_init(const struct boot_screen *screen);
/* The final page tables are about to be loaded: map it there. */
void vga_remap(const struct boot_screen *screen);
void vga_write(const char *text, size_t size);
