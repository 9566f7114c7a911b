// SPDX-License-Identifier: BSD-2-Clause
/*
 * The terminal under which a guest's console is reached: a pseudo terminal
 * whose other side (/dev/pts/N, in the domain's console/tty node) is opened by
 * `shoji console` or any terminal program, at any time and repeatedly.
 *
 * Nothing is written while nobody has it open: what waits stays in the guest's
 * backlog, where the newest wins, instead of in the kernel's buffer, where the
 * oldest would.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pty {
	int master;    /* -1: none */
	int watch;     /* of the notifier on path */
	bool attached; /* somebody has path open */
	char path[64]; /* /dev/pts/N */
};

/* A descriptor that becomes readable when a watched path is opened. */
int pty_notifier(void);
/* Reads and forgets the notifier's news; the terminals are then asked. */
void pty_notifier_drain(int notifier);

/* 0 or -errno. */
int pty_make(struct pty *pty, int notifier);
void pty_close(struct pty *pty, int notifier);

/* Asks whether somebody has the terminal open, into attached. */
void pty_check(struct pty *pty);

/* Bytes written or read; 0: not now; the reader's going is no error. */
size_t pty_write(struct pty *pty, const char *data, size_t count);
size_t pty_read(struct pty *pty, char *data, size_t room);
