/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scanner and parser of config.h's grammar. It is the public face of
 * `shoji create`, so a syntax error names the line, what was found and what
 * was expected, and says so when the text looks like Python (which xm's
 * configuration files were).
 */
#include "lib/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"

#define MAX_DEPTH 16       /* of nested lists */
#define MAX_SIZE (1 << 20) /* of a file */

enum token {
	T_END,
	T_NEWLINE, /* or ';' */
	T_KEY,
	T_STRING,
	T_NUMBER,
	T_ASSIGN,
	T_APPEND,
	T_OPEN,
	T_CLOSE,
	T_COMMA,
	T_OTHER, /* a character that has no place here */
	T_BAD,   /* error already reported */
};

struct scanner {
	const char *at;   /* next character */
	const char *file; /* for messages, and for values */
	unsigned line;    /* of the next character */
	enum token token; /* current */
	unsigned token_line;
	char *text; /* of a key, string, number or other */
	struct error *error;
};

static bool is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.';
}

static bool is_word_char(char c)
{
	return is_key_char(c) || (c >= 'A' && c <= 'Z') || c == '-';
}

static enum token take(struct scanner *s, const char *end, enum token token)
{
	free(s->text);
	s->text = strndup(s->at, end - s->at);
	s->at = end;
	return token;
}

static enum token bad(struct scanner *s, const char *what)
{
	error_set(s->error, EINVAL, "%s", what);
	error_at(s->error, s->file, s->token_line);
	return T_BAD;
}

/* The character that the escape after a backslash means, or -1. */
static int unescape(const char **at)
{
	static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
	const char *known = strchr(from, **at);
	unsigned digits = 0;
	int value = 0;

	if (**at && known) {
		(*at)++;
		return (unsigned char)to[known - from];
	}
	if (**at == 'x') {
		char hex[3] = "";

		for ((*at)++; digits < 2 && **at &&
			      strchr("0123456789abcdefABCDEF", **at);)
			hex[digits++] = *(*at)++;
		return digits ? (int)strtol(hex, NULL, 16) : -1;
	}
	while (digits < 3 && **at >= '0' && **at <= '7') {
		value = value * 8 + *(*at)++ - '0';
		digits++;
	}
	return digits && value < 256 ? value : -1;
}

/* How far it is to the closing quote, or the end: escapes only get shorter. */
static size_t string_room(const char *at, char quote)
{
	size_t room = 0;

	while (at[room] && at[room] != quote)
		room += at[room] == '\\' && at[room + 1] ? 2 : 1;
	return room;
}

static enum token scan_string(struct scanner *s)
{
	const char quote = *s->at;
	const char *at = s->at + 1;
	char *out = malloc(string_room(at, quote) + 1);
	size_t length = 0;

	if (!out)
		return bad(s, "out of memory");
	free(s->text);
	s->text = out;
	while (*at != quote) {
		int c = (unsigned char)*at;

		if (!c || c == '\n')
			return bad(s, "string is not closed on its line");
		at++;
		if (c == '\\')
			c = unescape(&at);
		if (c <= 0)
			return bad(s, "unknown escape after \\ in a string");
		out[length++] = (char)c;
	}
	out[length] = 0;
	s->at = at + 1;
	return T_STRING;
}

static enum token scan(struct scanner *s)
{
	const char *end;

	while (*s->at == ' ' || *s->at == '\t' || *s->at == '\r' ||
		*s->at == '#')
		s->at += *s->at == '#' ? strcspn(s->at, "\n") : 1;
	s->token_line = s->line;
	switch (*s->at) {
	case 0:
		return T_END;
	case '\n':
		s->line++;
		/* fall through */
	case ';':
		s->at++;
		return T_NEWLINE;
	case '\'':
	case '"':
		return scan_string(s);
	case '=':
		return take(s, s->at + 1, T_ASSIGN);
	case '[':
		return take(s, s->at + 1, T_OPEN);
	case ']':
		return take(s, s->at + 1, T_CLOSE);
	case ',':
		return take(s, s->at + 1, T_COMMA);
	case '+':
		if (s->at[1] == '=')
			return take(s, s->at + 2, T_APPEND);
		return take(s, s->at + 1, T_OTHER);
	}
	for (end = s->at; is_word_char(*end); end++)
		;
	if (end == s->at)
		return take(s, s->at + 1, T_OTHER);
	if (*s->at >= '0' && *s->at <= '9')
		return take(s, end, T_NUMBER);
	for (end = s->at; is_key_char(*end); end++)
		;
	if (*s->at >= 'a' && *s->at <= 'z' && !is_word_char(*end))
		return take(s, end, T_KEY);
	for (; is_word_char(*end); end++)
		;
	return take(s, end, T_OTHER);
}

static enum token next(struct scanner *s)
{
	return s->token = scan(s);
}

/* A word or an operator that only Python would have put here. */
static bool is_python(const char *text)
{
	static const char *const words[] = {"import", "def", "if", "else",
		"for", "from", "print", "True", "False", "None", "return", "os",
		"range", "lambda", "%", "(", "{", "+", ":"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(text, words[i]))
			return true;
	return false;
}

static void hint_syntax(struct scanner *s, bool value_expected)
{
	const char c = s->text ? s->text[0] : 0;

	if (s->token != T_KEY && s->token != T_OTHER)
		return;
	if (is_python(s->text) || (s->token == T_KEY && !value_expected))
		error_hint(s->error,
			"this is likely Python, as xm once read; "
			"only key = value with strings, numbers and lists "
			"is understood");
	else if (c == '-' && value_expected)
		error_hint(s->error, "write a negative number as a string");
	else if (value_expected)
		error_hint(s->error, "put quotes around text");
	else if (c >= 'A' && c <= 'Z')
		error_hint(s->error, "keys are written in lower case");
}

static int syntax_error(struct scanner *s, const char *expected)
{
	if (s->token == T_BAD)
		return -EINVAL;
	if (s->token == T_END || s->token == T_NEWLINE)
		error_set(s->error, EINVAL,
			"syntax error: the %s ends where %s should be",
			s->token == T_END ? "text" : "line", expected);
	else
		error_set(s->error, EINVAL,
			"syntax error: '%.60s' where %s should be", s->text,
			expected);
	error_at(s->error, s->file, s->token_line);
	hint_syntax(s, !strncmp(expected, "a string", 8));
	return -EINVAL;
}

/* NOLINTNEXTLINE(misc-no-recursion): MAX_DEPTH */
static void value_free(struct config_value *value)
{
	if (!value)
		return;
	for (size_t i = 0; i < value->nr; i++)
		value_free(value->items[i]);
	free(value->items);
	free(value->text);
	free(value);
}

static int add_item(struct config_value *list, struct config_value *item)
{
	void *items =
		realloc(list->items, (list->nr + 1) * sizeof(*list->items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	list->items[list->nr++] = item;
	return 0;
}

static bool number_is_valid(const char *text)
{
	char *end;

	errno = 0;
	(void)strtol(text, &end, 0);
	return !*end && !errno;
}

static struct config_value *parse_value(struct scanner *s, unsigned depth);

/* After '[': items, separated and perhaps ended by commas, up to ']'. */
/* NOLINTNEXTLINE(misc-no-recursion): parse_value() counts the depth */
static int parse_items(
	struct scanner *s, struct config_value *list, unsigned depth)
{
	for (;;) {
		struct config_value *item;

		while (s->token == T_NEWLINE && s->at[-1] == '\n')
			next(s);
		if (s->token == T_CLOSE)
			return 0;
		item = parse_value(s, depth + 1);
		if (!item || add_item(list, item)) {
			value_free(item);
			return -EINVAL;
		}
		while (next(s) == T_NEWLINE && s->at[-1] == '\n')
			;
		if (s->token == T_CLOSE)
			return 0;
		if (s->token != T_COMMA)
			return syntax_error(s, "',' or ']'");
		next(s);
	}
}

/* The current token starts the value; it is left at the value's last one.
 * NOLINTNEXTLINE(misc-no-recursion): MAX_DEPTH */
static struct config_value *parse_value(struct scanner *s, unsigned depth)
{
	struct config_value *value = calloc(1, sizeof(*value));

	if (!value) {
		error_set(s->error, ENOMEM, "out of memory");
		return NULL;
	}
	value->file = s->file;
	value->line = s->token_line;
	switch (s->token) {
	case T_NUMBER:
		if (!number_is_valid(s->text)) {
			error_set(s->error, EINVAL, "'%.60s' is not a number",
				s->text);
			error_hint(s->error, "put quotes around text");
			error_at(s->error, s->file, s->token_line);
			break;
		}
		value->is_number = true;
		/* fall through */
	case T_STRING:
		value->text = s->text;
		s->text = NULL;
		return value;
	case T_OPEN:
		value->is_list = true;
		if (depth >= MAX_DEPTH) {
			bad(s, "lists are nested too deeply");
			break;
		}
		next(s);
		if (!parse_items(s, value, depth))
			return value;
		break;
	default:
		syntax_error(s, "a string, a number or a list");
	}
	value_free(value);
	return NULL;
}

static struct config_entry *entry_of(struct config *config, const char *key)
{
	for (size_t i = 0; i < config->nr; i++)
		if (!strcmp(config->entries[i].key, key))
			return &config->entries[i];
	return NULL;
}

/* += : strings are joined, lists get longer. */
static int join(
	struct scanner *s, struct config_value *old, struct config_value *value)
{
	if (old->is_list != value->is_list) {
		error_set(s->error, EINVAL,
			"+= joins a list with a list or "
			"a string with a string, this is one of each");
		error_at(s->error, value->file, value->line);
		return -EINVAL;
	}
	if (old->is_list) {
		while (value->nr) {
			if (add_item(old, value->items[0]))
				return -ENOMEM;
			memmove(value->items, value->items + 1,
				--value->nr * sizeof(*value->items));
		}
	} else {
		const size_t length = strlen(old->text);
		char *text =
			realloc(old->text, length + strlen(value->text) + 1);

		if (!text)
			return -ENOMEM;
		strcpy(text + length, value->text);
		old->text = text;
	}
	old->line = value->line;
	old->file = value->file;
	value_free(value);
	return 0;
}

static int store(struct config *config, struct scanner *s, char *key,
	unsigned line, bool append, struct config_value *value)
{
	struct config_entry *entry = entry_of(config, key);
	void *entries;

	if (entry) {
		free(key);
		entry->line = line;
		if (append)
			return join(s, entry->value, value);
		value_free(entry->value);
		entry->value = value;
		return 0;
	}
	entries = realloc(
		config->entries, (config->nr + 1) * sizeof(*config->entries));
	if (!entries) {
		free(key);
		return error_set(s->error, ENOMEM, "out of memory");
	}
	config->entries = entries;
	config->entries[config->nr++] =
		(struct config_entry){key, value, line};
	return 0;
}

static int parse_statement(struct config *config, struct scanner *s)
{
	const unsigned line = s->token_line;
	struct config_value *value;
	bool append;
	char *key;
	int rc;

	if (s->token != T_KEY)
		return syntax_error(s, "a key");
	key = s->text;
	s->text = NULL;
	next(s);
	append = s->token == T_APPEND;
	if (s->token != T_ASSIGN && !append) {
		char expected[100];

		snprintf(expected, sizeof(expected), "'=' after '%.60s'", key);
		rc = syntax_error(s, expected);
		free(key);
		return rc;
	}
	next(s);
	value = parse_value(s, 0);
	if (!value) {
		free(key);
		return -EINVAL;
	}
	rc = store(config, s, key, line, append, value);
	if (rc)
		value_free(value);
	else if (next(s) != T_NEWLINE && s->token != T_END)
		rc = syntax_error(s, "the end of the line or ';'");
	return rc;
}

static const char *keep_name(struct config *config, const char *name)
{
	void *files =
		realloc(config->files, (config->nr_files + 1) * sizeof(char *));
	char *copy = strdup(name);

	if (!files || !copy) {
		if (files)
			config->files = files;
		free(copy);
		return NULL;
	}
	config->files = files;
	config->files[config->nr_files++] = copy;
	return copy;
}

int config_append(struct config *config, const char *name, const char *text,
	struct error *error)
{
	struct scanner s = {.at = text, .line = 1, .error = error};
	int rc = 0;

	s.file = keep_name(config, name);
	if (!s.file)
		return error_set(error, ENOMEM, "out of memory");
	if (!strncmp(s.at, "\xef\xbb\xbf", 3)) /* some editors' mark */
		s.at += 3;
	while (!rc && next(&s) != T_END)
		if (s.token != T_NEWLINE)
			rc = parse_statement(config, &s);
	free(s.text);
	return rc;
}

int config_load(struct config *config, const char *path, struct error *error)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	int rc;

	if (!file)
		return error_errno(error, errno, "configuration file %s", path);
	text = malloc(MAX_SIZE + 1);
	if (text)
		size = fread(text, 1, MAX_SIZE + 1, file);
	if (!text || ferror(file))
		rc = error_errno(error, errno, "reading %s", path);
	else if (size > MAX_SIZE)
		rc = error_set(error, EFBIG,
			"%s is too large to be a configuration", path);
	else if (memchr(text, 0, size))
		rc = error_set(error, EINVAL, "%s is not a text file", path);
	else {
		text[size] = 0;
		rc = config_append(config, path, text, error);
	}
	free(text);
	fclose(file);
	return rc;
}

struct config *config_new(void)
{
	return calloc(1, sizeof(struct config));
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->nr; i++) {
		free(config->entries[i].key);
		value_free(config->entries[i].value);
	}
	for (size_t i = 0; i < config->nr_files; i++)
		free(config->files[i]);
	free(config->entries);
	free(config->files);
	free(config);
}

struct config_value *config_find(struct config *config, const char *key)
{
	struct config_entry *entry = entry_of(config, key);

	return entry ? entry->value : NULL;
}

void config_blame_value(const struct config_value *value, struct error *error)
{
	error_at(error, value->file, value->line);
}

void config_blame(struct config *config, const char *key, struct error *error)
{
	const struct config_entry *entry = entry_of(config, key);

	if (entry)
		error_at(error, entry->value->file, entry->line);
}

int config_string(struct config *config, const char *key, const char **text,
	struct error *error)
{
	const struct config_value *value = config_find(config, key);

	if (!value)
		return 0;
	if (value->is_list) {
		config_blame_value(value, error);
		return error_set(
			error, EINVAL, "%s takes one string, not a list", key);
	}
	*text = value->text;
	return 1;
}

int config_number(struct config *config, const char *key, long *number,
	struct error *error)
{
	const struct config_value *value = config_find(config, key);
	char *end = NULL;
	long result = 0;

	if (!value)
		return 0;
	errno = 0;
	if (!value->is_list) {
		result = strtol(value->text, &end, 0);
		while (*end == ' ' || *end == '\t')
			end++;
	}
	if (!end || end == value->text || *end || errno) {
		config_blame_value(value, error);
		return error_set(error, EINVAL,
			"%s takes a number, not %s%.60s%s", key,
			value->is_list ? "a list" : "'",
			value->is_list ? "" : value->text,
			value->is_list ? "" : "'");
	}
	*number = result;
	return 1;
}

int config_list(struct config *config, const char *key,
	struct config_value **list, struct error *error)
{
	struct config_value *value = config_find(config, key);

	if (!value)
		return 0;
	if (!value->is_list) {
		config_blame_value(value, error);
		error_hint(error, "write %s = [ '...' ]", key);
		return error_set(error, EINVAL, "%s takes a list", key);
	}
	for (size_t i = 0; i < value->nr; i++)
		if (value->items[i]->is_list) {
			config_blame_value(value->items[i], error);
			return error_set(error, EINVAL,
				"%s takes a list of strings, not of lists",
				key);
		}
	*list = value;
	return 1;
}
