/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an attack must not have changed: that this domain and the hypervisor
 * work. Calls, exceptions in both modes, events, page tables and time are
 * tried; the boot vCPU only.
 */
#pragma once

/* NULL, or what does not work any more. */
const char *broken(void);

#define REQUIRE_INTACT() do {						\
	const char *const broken_ = broken();				\
	if (broken_) {							\
		test_fail(__LINE__, "broken: %s", broken_);		\
		return;							\
	}								\
} while (0)
