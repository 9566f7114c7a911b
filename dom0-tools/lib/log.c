/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of the dom0 programs, see log.h. A line is formatted into a local
 * buffer and written with one call, so that lines of several threads or
 * processes never mix; what does not fit in the buffer is cut.
 */
#include "lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

static const char *log_program;
static bool log_to_syslog;
static enum log_level log_max = LOG_LEVEL_INFO;

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error: ", LOG_ERR},
	[LOG_LEVEL_WARN] = {"warning: ", LOG_WARNING},
	[LOG_LEVEL_INFO] = {"", LOG_INFO},
	[LOG_LEVEL_DEBUG] = {"debug: ", LOG_DEBUG},
};

void log_open(const char *program, bool to_syslog)
{
	log_program = program;
	log_to_syslog = to_syslog;
	if (to_syslog)
		openlog(program, LOG_PID, LOG_DAEMON);
}

void log_set_level(enum log_level level)
{
	log_max = level;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	if (level > log_max)
		return;

	const int saved_errno = errno;
	char text[1024], line[1200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (log_to_syslog) {
		syslog(levels[level].priority, "%s%s", levels[level].name,
			text);
	} else {
		const int len = snprintf(line, sizeof(line), "%s%s%s%s\n",
			log_program ? log_program : "",
			log_program ? ": " : "", levels[level].name, text);
		if (write(STDERR_FILENO, line, len) < 0) {
			/* Nobody is left to tell. */
		}
	}
	errno = saved_errno;
}
