/* SPDX-License-Identifier: BSD-2-Clause */
/* What the disk and the network interface grammar do with their texts. */
#pragma once

/* The text without white space around it; it is cut at its end. */
char *text_trim(char *text);
/* Replaces *where, which was allocated or NULL, by a copy, or by NULL.
 * 0 or -ENOMEM. */
int text_set(char **where, const char *text);
/* The same for a domain's name; the control domain is NULL. */
int text_set_domain(char **where, const char *text);
