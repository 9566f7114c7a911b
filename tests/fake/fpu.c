// SPDX-License-Identifier: BSD-2-Clause
/* An FPU of which vCPUs have the state alone: x87, SSE and AVX. */
#include "x86/fpu.h"

#include "core/vcpu.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "xen/errno.h"

#define FPU_SIZE 1024
#define XCR0 7 /* of the hardware */

int fpu_vcpu_create(struct vcpu *v)
{
	v->fpu = heap_alloc(FPU_SIZE);
	return v->fpu ? 0 : -ENOMEM;
}

void fpu_vcpu_destroy(struct vcpu *v)
{
	heap_free(v->fpu);
	v->fpu = NULL;
}

void fpu_vcpu_reset(struct vcpu *v)
{
	memset((void *)v->fpu, 0, FPU_SIZE);
	v->xcr0 = 1;
	v->virtual_ts = false;
}

void *fpu_area(struct vcpu *v)
{
	return v->fpu;
}

size_t fpu_area_size(void)
{
	return FPU_SIZE;
}

uint64_t fpu_hardware_xcr0(void)
{
	return XCR0;
}

void fpu_set_ts(struct vcpu *v, bool set)
{
	v->virtual_ts = set;
}

int fpu_set_xcr0(struct vcpu *v, uint64_t xcr0)
{
	if (!(xcr0 & 1) || xcr0 > XCR0)
		return -EINVAL;
	v->xcr0 = xcr0;
	return 0;
}
