/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing JSON, pretty-printed, to a stream. Calls must nest: every open has
 * its close. key is NULL for the elements of an array and for the outermost.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	unsigned depth;
	bool filled; /* something precedes on this level */
};

void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
/* text NULL is written as null. */
void json_string(struct json *json, const char *key, const char *text);
void json_number(struct json *json, const char *key, int64_t number);
void json_seconds(struct json *json, const char *key, double seconds);
void json_bool(struct json *json, const char *key, bool value);
