/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial console: a 16550 at an I/O port. The caller serialises
 * (core/console.c). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False: nothing answers there. Baud 0: as the firmware left it. */
bool uart_init(uint16_t port, unsigned baud);
void uart_write(const char *text, size_t size);
/* A character that came in, or -1. */
int uart_read(void);
void uart_enable_irq(void);
