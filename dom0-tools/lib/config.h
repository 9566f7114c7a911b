/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration text in xl's syntax: what was written, where, and nothing
 * about what it means (domconfig.h does that).
 *
 *   statement: key = value | key += value, ended by newline or ';'
 *   key:       [a-z][._0-9a-z]*
 *   value:     'string' | "string" | number | [ value, ... ]
 *
 * Every value knows its source and line. A later statement for the same key
 * replaces the earlier one, which is how command-line overrides work: they
 * are one more source, appended.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;

struct config_value {
	bool is_list;
	bool is_number;              /* written without quotes */
	char *text;                  /* not for lists */
	struct config_value **items; /* lists */
	size_t nr;
	const char *file; /* source name, owned by the config */
	unsigned line;
};

struct config_entry {
	char *key;
	struct config_value *value;
	unsigned line; /* of the key */
};

struct config {
	struct config_entry *entries;
	size_t nr;
	char **files; /* names of the sources, for the values to point to */
	size_t nr_files;
};

struct config *config_new(void);
void config_free(struct config *config);

int config_append(struct config *config, const char *name, const char *text,
	struct error *error);
int config_load(struct config *config, const char *path, struct error *error);

/* NULL when the key is not there. */
struct config_value *config_find(struct config *config, const char *key);

/* These return 1 and the value, 0 when the key is not there (the result is
 * left alone), or -EINVAL with the error placed at the offending line. */
int config_string(struct config *config, const char *key, const char **text,
	struct error *error);
int config_number(struct config *config, const char *key, long *number,
	struct error *error);
int config_list(struct config *config, const char *key,
	struct config_value **list, struct error *error);

/* Place error at the key (or value) that is to blame. */
void config_blame(struct config *config, const char *key, struct error *error);
void config_blame_value(const struct config_value *value, struct error *error);
