/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may do what to a node. A node has a list of permissions: the first
 * entry names the owner and the rights of everybody who is not listed, the
 * others give rights to one domain each. On the wire an entry is a letter
 * (n, r, w, b) and a domain number.
 *
 * What a guest lists for a number that no domain has is kept, and shown, but
 * void: the guest must not learn who exists, and a later domain of the number
 * must not have the rights.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RIGHT_READ = 1,
	RIGHT_WRITE = 2,
	RIGHT_OWNER = 4,
	PERM_VOID = 8,	/* an entry for a domain that is not there, or died */
	DOM_NONE = 0x7ff4,	/* no domain has this number */
	DOM_LIMIT = 0x7ff0,	/* domain numbers are below it */
	PERM_TEXT = 8,		/* "b32751" and its end */
};

/* In whose name a request runs. */
struct who {
	uint16_t dom;
	uint16_t target;	/* may act as this one too, or DOM_NONE */
	bool privileged;	/* the control domain: no check, no quota */
};

struct perm {
	uint16_t dom;
	uint16_t rights;	/* RIGHT_READ | RIGHT_WRITE, maybe PERM_VOID */
};

unsigned perms_rights(const struct perm *perms, unsigned nr,
	const struct who *who);

/* It is the owner, or has an entry that is not void. */
bool perms_name(const struct perm *perms, unsigned nr, uint16_t dom);

/* One entry, @text up to its NUL; false if malformed. */
bool perm_parse(struct perm *perm, const char *text);
void perm_format(char text[PERM_TEXT], const struct perm *perm);

/* A decimal domain number below DOM_LIMIT, nothing after it. */
bool domid_parse(uint16_t *dom, const char *text);
