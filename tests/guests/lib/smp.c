/* SPDX-License-Identifier: BSD-2-Clause */
/* Secondary vCPUs; see smp.h. */
#include "tests/guests/lib/smp.h"

#include <xen/vcpu.h>

#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

#define STACK 16384

static char stacks[SMP_MAX][STACK] __attribute__((aligned(16)));
static struct vcpu_guest_context context;

unsigned int os_vcpu(void)
{
	const uint64_t here = (uint64_t)__builtin_frame_address(0);
	const uint64_t offset = here - (uint64_t)stacks;

	return offset < sizeof(stacks) ? offset / STACK : 0;
}

static void finish(void)
{
	for (;;)
		smp_stop();
}

struct vcpu_guest_context *smp_context(unsigned int vcpu,
				       void (*fn)(uint64_t arg), uint64_t arg)
{
	uint64_t *top = (uint64_t *)(stacks[vcpu] + STACK);

	*--top = 0;
	*--top = (uint64_t)finish;
	context = (struct vcpu_guest_context){
		.flags = VGCF_in_kernel,
		.user_regs = {
			.rip = (uint64_t)fn, .cs = FLAT_KERNEL_CS,
			.ss = FLAT_KERNEL_SS, .rsp = (uint64_t)top,
			.rdi = arg, .rflags = 0x1002,
		},
		.kernel_ss = FLAT_KERNEL_SS,
		.kernel_sp = (uint64_t)(stacks[vcpu] + STACK / 2),
		.ctrlreg[3] = xen_pfn_to_cr3(pv_frame(pt_root())),
		.event_callback_eip = (uint64_t)pv_event,
		.syscall_callback_eip = (uint64_t)pv_syscall,
	};
	for (unsigned int i = 0; i < 32; i++)
		context.trap_ctxt[i] = (struct trap_info){
			.vector = i, .cs = FLAT_KERNEL_CS,
			.address = (uint64_t)pv_exceptions[i],
		};
	return &context;
}

int64_t smp_start(unsigned int vcpu, void (*fn)(uint64_t arg), uint64_t arg)
{
	int64_t rc = hv_vcpu_op(VCPUOP_initialise, vcpu,
				smp_context(vcpu, fn, arg));

	if (rc)
		return rc;
	return hv_vcpu_op(VCPUOP_up, vcpu, NULL);
}

void smp_stop(void)
{
	hv_vcpu_op(VCPUOP_down, os_vcpu(), NULL);
}

bool smp_wait_down(unsigned int vcpu)
{
	const uint64_t end = now() + PATIENCE;

	while (hv_vcpu_op(VCPUOP_is_up, vcpu, NULL) != 0)
		if (now() > end)
			return false;
	return true;
}

bool smp_wait(volatile uint64_t *flag, uint64_t value)
{
	const uint64_t end = now() + PATIENCE;

	while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) != value) {
		if (now() > end)
			return false;
		asm volatile("pause");
	}
	return true;
}
