/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The consoles (serial, screen), the log ring and the input of dom0's
 * console. Lock: RANK_CONSOLE.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The devices that the command line asks for, once it is known; what was
 * logged before is shown then. */
void console_init(void);
void console_remap(void); /* our page tables are loaded */
void console_init_irq(void); /* interrupts work: serial input */
/* dom0 owns the screen from now on: stop drawing on it. */
void console_release_screen(void);

/* Text of dom0. */
void console_guest_write(const char *text, size_t size);
/* Input for dom0; returns how many bytes. */
size_t console_guest_read(char *to, size_t size);

/* sysctl readconsole: copies from ring position *index (incremental) or the
 * oldest text; *index becomes where to go on. Returns bytes. */
size_t console_ring_read(
	char *to, size_t size, uint32_t *index, bool incremental);
void console_ring_clear(void);

/* Log level by name: "error" "warning" "info" "debug" "none" "all". */
bool console_set_level(const char *name);

/* In panic: no locks any more. */
void console_force(void);

/* The serial port in use, which guests must not touch: first port and number
 * of them; false: none. */
bool console_ports(uint16_t *first, unsigned *nr);
