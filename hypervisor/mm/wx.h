/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Are page tables of ours W^X? No page is both writable and executable; code
 * is within the image's text; and nothing, at whatever address, can write to
 * the image's text and read-only data.
 */
#pragma once

#include "mm/addr.h"

struct wx {
	/* Machine addresses of the image's parts */
	paddr_t text, text_end, const_end;
	/* What is not for guests, in pages of 4 KiB */
	uint64_t pages, executable;
	uint64_t bad; /* the last address that breaks the rule, 0 none */
};

void wx_check(struct wx *wx, paddr_t root);
