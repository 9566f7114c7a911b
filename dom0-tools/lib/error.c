/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The error chain. All functions accept NULL for callers that do not care;
 * the ones that return int give back -code so that they can end a function.
 */
#include "lib/error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static _Thread_local struct {
	int code;
	char text[96];
} reason;

void error_reason(int code, const char *text)
{
	reason.code = text ? code : 0;
	snprintf(reason.text, sizeof(reason.text), "%s", text ? text : "");
}

static int error_vset(struct error *error, int code, const char *suffix,
	const char *format, va_list args)
{
	char text[sizeof(error->cause)];
	int length;

	if (!error)
		return -code;
	length = vsnprintf(text, sizeof(text), format, args);
	if (suffix && length >= 0 && (size_t)length < sizeof(text))
		snprintf(text + length, sizeof(text) - length, ": %s", suffix);
	if (error->code) {
		error_while(error, "%s", text);
		return -error->code;
	}
	error->code = code ? code : EIO;
	strcpy(error->cause, text);
	return -error->code;
}

int error_set(struct error *error, int code, const char *format, ...)
{
	va_list args;
	int rc;

	va_start(args, format);
	rc = error_vset(error, code, NULL, format, args);
	va_end(args);
	return rc;
}

int error_errno(struct error *error, int code, const char *format, ...)
{
	char why[sizeof(reason.text) + 128];
	va_list args;
	int rc;

	va_start(args, format);
	snprintf(why, sizeof(why), "%s%s%s", strerror(code),
		code == reason.code ? ": hypervisor: " : "",
		code == reason.code ? reason.text : "");
	error_reason(0, NULL);
	rc = error_vset(error, code, why, format, args);
	va_end(args);
	return rc;
}

int error_while(struct error *error, const char *format, ...)
{
	va_list args;

	if (!error)
		return -EIO;
	if (error->nr_contexts < ERROR_CONTEXTS) {
		va_start(args, format);
		vsnprintf(error->context[error->nr_contexts++],
			sizeof(error->context[0]), format, args);
		va_end(args);
	}
	return -error->code;
}

void error_hint(struct error *error, const char *format, ...)
{
	va_list args;

	if (!error || error->hint[0])
		return;
	va_start(args, format);
	vsnprintf(error->hint, sizeof(error->hint), format, args);
	va_end(args);
}

void error_at(struct error *error, const char *file, unsigned line)
{
	if (!error || error->place[0] || !file)
		return;
	if (line)
		snprintf(error->place, sizeof(error->place), "%.230s:%u", file,
			line);
	else
		snprintf(error->place, sizeof(error->place), "%.255s", file);
}

void error_clear(struct error *error)
{
	memset(error, 0, sizeof(*error));
}

void error_print(const struct error *error, const char *prog, FILE *out)
{
	fprintf(out, "%s: %s%s%s\n", prog, error->place,
		error->place[0] ? ": " : "", error->cause);
	for (unsigned i = 0; i < error->nr_contexts; i++)
		fprintf(out, "  while %s\n", error->context[i]);
	if (error->hint[0])
		fprintf(out, "  hint: %s\n", error->hint);
}
