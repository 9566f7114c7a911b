/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/spectext.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *text_trim(char *text)
{
	char *end = text + strlen(text);

	while (isspace((unsigned char)*text))
		text++;
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = 0;
	return text;
}

int text_set(char **where, const char *text)
{
	free(*where);
	*where = text ? strdup(text) : NULL;
	return *where || !text ? 0 : -ENOMEM;
}

int text_set_domain(char **where, const char *text)
{
	if (!*text || !strcmp(text, "0") || !strcmp(text, "Domain-0"))
		text = NULL;
	return text_set(where, text);
}
