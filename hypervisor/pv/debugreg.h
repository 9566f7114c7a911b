/* SPDX-License-Identifier: BSD-2-Clause */
/* Debug registers of guests: never a breakpoint inside the hypervisor. */
#pragma once

#include "mm/addr.h"

struct vcpu;

/* A breakpoint there sees nothing of ours: it is up to 8 bytes long. */
static inline bool debugreg_may_watch(uint64_t address)
{
	return is_canonical(address) &&
	       (address < HV_BASE - 7 || address >= HV_END);
}

/* Of the current vCPU. 0; -ENODEV no such register; -EPERM address in our
 * range, or general-detect; -EINVAL reserved bits. */
int debugreg_write(struct vcpu *v, unsigned number, uint64_t value);
int debugreg_read(const struct vcpu *v, unsigned number, uint64_t *value);

/* Into the CPU's, and out, if DR7 enables any. */
void debugreg_load(const struct vcpu *v);
void debugreg_unload(const struct vcpu *v);
