/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shoji's own hypercall; there is none on real Xen.
 */
#pragma once

#include <stdbool.h>

#include <shoji/extension.h>

bool shoji_present(void);

/* An audit of the frame table: 0, and the first `size` bytes of what is wrong
 * as text, terminated; or the call's error. */
int64_t shoji_audit(struct shoji_audit *result, char *text, uint64_t size);
