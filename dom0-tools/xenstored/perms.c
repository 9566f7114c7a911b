/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Permission lists: rights of a domain, text form. See perms.h. Pure code.
 */
#include "xenstored/perms.h"

#include <ctype.h>
#include <stdio.h>

static const char letters[] = "nrwb";

unsigned perms_rights(const struct perm *perms, unsigned nr,
	const struct who *who)
{
	const unsigned all = RIGHT_READ | RIGHT_WRITE | RIGHT_OWNER;

	if (who->privileged || who->dom == perms[0].dom ||
		who->target == perms[0].dom)
		return all;
	for (unsigned i = 1; i < nr; i++) {
		if ((perms[i].rights & PERM_VOID) == 0 &&
			(perms[i].dom == who->dom ||
				perms[i].dom == who->target))
			return perms[i].rights;
	}
	return perms[0].rights;
}

bool perms_name(const struct perm *perms, unsigned nr, uint16_t dom)
{
	for (unsigned i = 0; i < nr; i++) {
		if (perms[i].dom == dom && !(perms[i].rights & PERM_VOID))
			return true;
	}
	return false;
}

bool domid_parse(uint16_t *dom, const char *text)
{
	unsigned n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		n = n * 10 + (*text - '0');
		if (n >= DOM_LIMIT)
			return false;
	}
	*dom = n;
	return true;
}

bool perm_parse(struct perm *perm, const char *text)
{
	for (unsigned i = 0; letters[i]; i++) {
		if (*text == letters[i]) {
			perm->rights = i;
			return domid_parse(&perm->dom, text + 1);
		}
	}
	return false;
}

void perm_format(char text[PERM_TEXT], const struct perm *perm)
{
	snprintf(text, PERM_TEXT, "%c%u", letters[perm->rights & 3],
		perm->dom % 100000u);
}
