/* SPDX-License-Identifier: BSD-2-Clause */
/* As hypervisor/mm/guestaccess.h, by the functions that tests replace: all
 * structures are copied by them in one piece. */
#pragma once

#include "mm/guestcopy.h"

#define GUEST_WORDS_MAX 0

#define guest_open() ((void)0)
#define guest_close() ((void)0)
/* NOLINTBEGIN(bugprone-macro-parentheses): a label takes none. */
#define guest_load(value, address, fault)                                      \
	do                                                                     \
		if (copy_from_guest(&(value), (gva_t){(uint64_t)(address)},    \
			    sizeof(value)))                                    \
			goto fault;                                            \
	while (0)
#define guest_store(address, value, fault)                                     \
	do {                                                                   \
		const uint64_t value_ = (value);                               \
		if (copy_to_guest((gva_t){(uint64_t)(address)}, &value_, 8))   \
			goto fault;                                            \
	} while (0)
/* NOLINTEND(bugprone-macro-parentheses) */
