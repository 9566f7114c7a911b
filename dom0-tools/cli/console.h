// SPDX-License-Identifier: BSD-2-Clause
/*
 * The user's terminal, joined to a guest's console until the user types the
 * escape character or the domain ends. What the guest wrote before anybody
 * looked comes first (xenconsoled keeps it).
 *
 * For `create -c`: console_open() while the domain is still paused, unpause
 * it, then console_run(): not a byte is lost, even if the guest dies at once.
 */
#pragma once

#include <stdint.h>

struct console;
struct error;

#define CONSOLE_ESCAPE 0x1d /* Ctrl-] */
#define CONSOLE_WAIT_MS 10000

/* Waits until xenconsoled offers the console (number 0, or another of -n) and
 * opens it. NULL with error set: no such domain, no console, already open. */
struct console *console_open(
	uint16_t domid, unsigned number, int wait_ms, struct error *error);

/* Joins standard input and output to it, in raw mode if they are a terminal.
 * escape: negative for none. 0, or -errno with error set. Frees console. */
int console_run(struct console *console, int escape, struct error *error);

/* Without running it. */
void console_close(struct console *console);

/* console_open() and console_run(). */
int console_attach(
	uint16_t domid, unsigned number, int escape, struct error *error);

/* "^]", "^a", or one character; -1: it is neither. */
int console_parse_escape(const char *text);
