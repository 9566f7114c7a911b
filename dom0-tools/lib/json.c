/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON output; bytes that are not printable ASCII or UTF-8 are escaped. */
#include "lib/json.h"

#include <inttypes.h>

static void quote(struct json *json, const char *text)
{
	fputc('"', json->out);
	for (; *text; text++) {
		const unsigned char c = *text;

		if (c == '"' || c == '\\')
			fprintf(json->out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(json->out, "\\u%04x", c);
		else
			fputc(c, json->out);
	}
	fputc('"', json->out);
}

/* Comma, new line, indentation and key: all that precedes a value. */
static void lead(struct json *json, const char *key)
{
	if (json->filled)
		fputc(',', json->out);
	if (json->depth)
		fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
	json->filled = true;
	if (key) {
		quote(json, key);
		fputs(": ", json->out);
	}
}

void json_open(struct json *json, const char *key, char bracket)
{
	lead(json, key);
	fputc(bracket, json->out);
	json->depth++;
	json->filled = false;
}

void json_close(struct json *json, char bracket)
{
	json->depth--;
	if (json->filled)
		fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
	fputc(bracket, json->out);
	json->filled = true;
	if (!json->depth) {
		fputc('\n', json->out);
		json->filled = false;
	}
}

void json_string(struct json *json, const char *key, const char *text)
{
	lead(json, key);
	if (text)
		quote(json, text);
	else
		fputs("null", json->out);
}

void json_number(struct json *json, const char *key, int64_t number)
{
	lead(json, key);
	fprintf(json->out, "%" PRId64, number);
}

void json_seconds(struct json *json, const char *key, double seconds)
{
	lead(json, key);
	fprintf(json->out, "%.1f", seconds);
}

void json_bool(struct json *json, const char *key, bool value)
{
	lead(json, key);
	fputs(value ? "true" : "false", json->out);
}
