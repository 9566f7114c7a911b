/* SPDX-License-Identifier: BSD-2-Clause */
/* Debug registers of guests: never a breakpoint inside the hypervisor. */
#pragma once

#include <stdint.h>

struct vcpu;

/* Of the current vCPU. 0; -ENODEV no such register; -EPERM address in our
 * range, or general-detect; -EINVAL reserved bits. */
int debugreg_write(struct vcpu *v, unsigned number, uint64_t value);
int debugreg_read(const struct vcpu *v, unsigned number, uint64_t *value);

/* Into the CPU's, and out, if DR7 enables any. */
void debugreg_load(const struct vcpu *v);
void debugreg_unload(const struct vcpu *v);
