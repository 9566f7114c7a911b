/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses that may fault. They use no stack and no callee-saved register, so
 * that a fault anywhere between guest_access_start and _end is mended by going
 * on at guest_access_fault, which returns -EFAULT to their caller.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

extern const char guest_access_start[], guest_access_end[];
extern const char guest_access_fault[];

/* 0 or -EFAULT; what was copied before the fault stays copied. */
int guest_copy(void *to, const void *from, size_t size);
/* Load a selector into DS, ES, FS, GS; -EFAULT: the CPU refuses it. */
int guest_load_ds(uint16_t selector);
int guest_load_es(uint16_t selector);
int guest_load_fs(uint16_t selector);
int guest_load_gs(uint16_t selector);
int guest_xsetbv(uint64_t value);
int guest_xrstor(const void *area, uint64_t mask);
