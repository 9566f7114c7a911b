/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's log: one line per call, without newline at the end. Lines
 * go to the ring (core/console.c) and, up to the level chosen by loglvl=, to
 * the consoles. Callable anywhere but from NMI and machine-check handlers.
 *
 * What a guest can cause goes through log_guest(), which is rate-limited for
 * all guests together; the lines dropped are counted and reported. A level
 * that the consoles do not show is not kept in the ring either then.
 */
#pragma once

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void log_guest(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
