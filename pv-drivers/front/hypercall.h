/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls by a SYSCALL in place, the way current Linux makes them: number
 * in EAX, arguments in RDI RSI RDX R10 R8, result in RAX. The hypervisor may
 * clobber the argument registers (it does when it continues a long call), RCX
 * and R11. No hypercall page is needed.
 *
 * Results are 0, a count, or a negative errno.
 */
#pragma once

#include <stdint.h>

#include <xen/xen.h>

#define PV_CALL5(nr, a1, a2, a3, a4, a5)				\
	hypercall(nr, (uint64_t)(a1), (uint64_t)(a2), (uint64_t)(a3),	\
		  (uint64_t)(a4), (uint64_t)(a5))
#define PV_CALL4(nr, a1, a2, a3, a4) PV_CALL5(nr, a1, a2, a3, a4, 0)
#define PV_CALL3(nr, a1, a2, a3) PV_CALL4(nr, a1, a2, a3, 0)
#define PV_CALL2(nr, a1, a2) PV_CALL3(nr, a1, a2, 0)
#define PV_CALL1(nr, a1) PV_CALL2(nr, a1, 0)

static inline int64_t hypercall(unsigned int nr, uint64_t a1, uint64_t a2,
				uint64_t a3, uint64_t a4, uint64_t a5)
{
	register uint64_t r10 asm("r10") = a4;
	register uint64_t r8 asm("r8") = a5;
	int64_t result = nr;

	asm volatile("syscall"
		     : "+a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10),
		       "+r"(r8)
		     : : "rcx", "r11", "memory");
	return result;
}

struct mmu_update;
struct mmuext_op;
struct multicall_entry;
struct trap_info;

static inline int64_t hv_set_trap_table(const struct trap_info *table)
{
	return PV_CALL1(__HYPERVISOR_set_trap_table, table);
}

static inline int64_t hv_mmu_update(const struct mmu_update *reqs,
				    unsigned int nr, unsigned int *done,
				    uint64_t dom)
{
	return PV_CALL4(__HYPERVISOR_mmu_update, reqs, nr, done, dom);
}

static inline int64_t hv_set_gdt(const uint64_t *frames, unsigned int entries)
{
	return PV_CALL2(__HYPERVISOR_set_gdt, frames, entries);
}

static inline int64_t hv_stack_switch(uint64_t ss, uint64_t sp)
{
	return PV_CALL2(__HYPERVISOR_stack_switch, ss, sp);
}

static inline int64_t hv_fpu_taskswitch(int set)
{
	return PV_CALL1(__HYPERVISOR_fpu_taskswitch, set);
}

static inline int64_t hv_set_debugreg(int reg, uint64_t value)
{
	return PV_CALL2(__HYPERVISOR_set_debugreg, reg, value);
}

static inline int64_t hv_get_debugreg(int reg)
{
	return PV_CALL1(__HYPERVISOR_get_debugreg, reg);
}

static inline int64_t hv_update_descriptor(uint64_t maddr, uint64_t desc)
{
	return PV_CALL2(__HYPERVISOR_update_descriptor, maddr, desc);
}

static inline int64_t hv_memory_op(unsigned int cmd, void *arg)
{
	return PV_CALL2(__HYPERVISOR_memory_op, cmd, arg);
}

static inline int64_t hv_multicall(struct multicall_entry *calls,
				   unsigned int nr)
{
	return PV_CALL2(__HYPERVISOR_multicall, calls, nr);
}

static inline int64_t hv_update_va_mapping(uint64_t va, uint64_t pte,
					   uint64_t flags)
{
	return PV_CALL3(__HYPERVISOR_update_va_mapping, va, pte, flags);
}

static inline int64_t hv_set_timer_op(uint64_t deadline)
{
	return PV_CALL1(__HYPERVISOR_set_timer_op, deadline);
}

static inline int64_t hv_xen_version(int cmd, void *arg)
{
	return PV_CALL2(__HYPERVISOR_xen_version, cmd, arg);
}

static inline int64_t hv_console_io(int cmd, unsigned int count, char *buffer)
{
	return PV_CALL3(__HYPERVISOR_console_io, cmd, count, buffer);
}

static inline int64_t hv_grant_table_op(int cmd, void *ops, unsigned int nr)
{
	return PV_CALL3(__HYPERVISOR_grant_table_op, cmd, ops, nr);
}

static inline int64_t hv_vm_assist(int cmd, int type)
{
	return PV_CALL2(__HYPERVISOR_vm_assist, cmd, type);
}

static inline int64_t hv_vcpu_op(int cmd, unsigned int vcpu, void *arg)
{
	return PV_CALL3(__HYPERVISOR_vcpu_op, cmd, vcpu, arg);
}

static inline int64_t hv_set_segment_base(int which, uint64_t value)
{
	return PV_CALL2(__HYPERVISOR_set_segment_base, which, value);
}

static inline int64_t hv_mmuext_op(const struct mmuext_op *ops,
				   unsigned int nr, unsigned int *done,
				   uint64_t dom)
{
	return PV_CALL4(__HYPERVISOR_mmuext_op, ops, nr, done, dom);
}

static inline int64_t hv_sched_op(int cmd, void *arg)
{
	return PV_CALL2(__HYPERVISOR_sched_op, cmd, arg);
}

static inline int64_t hv_callback_op(int cmd, const void *arg)
{
	return PV_CALL2(__HYPERVISOR_callback_op, cmd, arg);
}

static inline int64_t hv_event_channel_op(int cmd, void *arg)
{
	return PV_CALL2(__HYPERVISOR_event_channel_op, cmd, arg);
}

static inline int64_t hv_physdev_op(int cmd, void *arg)
{
	return PV_CALL2(__HYPERVISOR_physdev_op, cmd, arg);
}
