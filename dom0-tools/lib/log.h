/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of the dom0 programs: one fact a line, to stderr (default) or to
 * syslog. Messages above the chosen level cost a comparison and nothing more.
 * Thread-safe; errno is preserved, so that a message may sit between a failed
 * call and the use of its errno.
 */
#pragma once

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* @program: prefix of every line, kept by reference. Level starts at INFO. */
void log_open(const char *program, bool to_syslog);
void log_set_level(enum log_level level);
void log_write(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
