/* SPDX-License-Identifier: BSD-2-Clause */
/* Model-specific registers as guests see them (ABI surface 3.7). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* Of the current vCPU, in kernel mode. False: #GP. */
bool guestmsr_read(struct vcpu *v, uint32_t msr, uint64_t *value);
bool guestmsr_write(struct vcpu *v, uint32_t msr, uint64_t value);
