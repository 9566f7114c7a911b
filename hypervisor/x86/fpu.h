/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FPU state of vCPUs: XSAVE areas of the standard format, or FXSAVE where
 * the CPU has no XSAVE. Saved and restored at every switch; nothing is left
 * behind for the next vCPU to see.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vcpu;

void fpu_init_cpu(void); /* each CPU, after cpu_init() */

int fpu_vcpu_create(struct vcpu *v); /* clean state, XCR0 = x87; -ENOMEM */
void fpu_vcpu_destroy(struct vcpu *v);
void fpu_vcpu_reset(struct vcpu *v);

/* The current vCPU's registers, with interrupts off. */
void fpu_save(struct vcpu *v);
void fpu_load(struct vcpu *v);
/* CR0.TS as the current vCPU wants it. */
void fpu_set_ts(struct vcpu *v, bool set);
/* XSETBV of the current vCPU: -EINVAL if the CPU or the policy forbids. */
int fpu_set_xcr0(struct vcpu *v, uint64_t xcr0);

/* The saved area of a vCPU that does not run, for tools: legacy part of 512
 * bytes first. */
void *fpu_area(struct vcpu *v);
size_t fpu_area_size(void); /* for all that the hardware offers */
uint64_t fpu_hardware_xcr0(void); /* what XCR0 may hold */
