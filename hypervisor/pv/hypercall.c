/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercall dispatch, multicall, the hypercall page. See hypercall.h for how
 * long calls continue.
 */
#include "pv/hypercall.h"

#include "core/event.h"
#include "core/refusal.h"
#include "core/softirq.h"
#include "core/vcpu.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "shoji/extension.h"
#include "x86/asm.h"
#include "x86/harden.h"
#include "x86/percpu.h"
#include "xen/xen.h"

#define NR_HYPERCALLS 64

static hypercall_fn *const table[NR_HYPERCALLS] = {
	[__HYPERVISOR_set_trap_table] = hypercall_set_trap_table,
	[__HYPERVISOR_mmu_update] = hypercall_mmu_update,
	[__HYPERVISOR_set_gdt] = hypercall_set_gdt,
	[__HYPERVISOR_stack_switch] = hypercall_stack_switch,
	[__HYPERVISOR_set_callbacks] = hypercall_set_callbacks,
	[__HYPERVISOR_fpu_taskswitch] = hypercall_fpu_taskswitch,
	[__HYPERVISOR_platform_op] = hypercall_platform_op,
	[__HYPERVISOR_set_debugreg] = hypercall_set_debugreg,
	[__HYPERVISOR_get_debugreg] = hypercall_get_debugreg,
	[__HYPERVISOR_update_descriptor] = hypercall_update_descriptor,
	[__HYPERVISOR_memory_op] = hypercall_memory_op,
	[__HYPERVISOR_multicall] = hypercall_multicall,
	[__HYPERVISOR_update_va_mapping] = hypercall_update_va_mapping,
	[__HYPERVISOR_set_timer_op] = hypercall_set_timer_op,
	[__HYPERVISOR_xen_version] = hypercall_xen_version,
	[__HYPERVISOR_console_io] = hypercall_console_io,
	[__HYPERVISOR_grant_table_op] = hypercall_grant_table_op,
	[__HYPERVISOR_vm_assist] = hypercall_vm_assist,
	[__HYPERVISOR_update_va_mapping_otherdomain] =
		hypercall_update_va_mapping_otherdomain,
	[__HYPERVISOR_iret] = hypercall_iret,
	[__HYPERVISOR_vcpu_op] = hypercall_vcpu_op,
	[__HYPERVISOR_set_segment_base] = hypercall_set_segment_base,
	[__HYPERVISOR_mmuext_op] = hypercall_mmuext_op,
	[__HYPERVISOR_sched_op] = hypercall_sched_op,
	[__HYPERVISOR_callback_op] = hypercall_callback_op,
	[__HYPERVISOR_event_channel_op] = hypercall_event_channel_op,
	[__HYPERVISOR_physdev_op] = hypercall_physdev_op,
	[__HYPERVISOR_sysctl] = hypercall_sysctl,
	[__HYPERVISOR_domctl] = hypercall_domctl,
	[__HYPERVISOR_shoji] = hypercall_shoji,
};

static inline bool preempt_wanted(void)
{
	const struct cpu *const cpu = this_cpu();

	return cpu->softirq || vcpu_event_deliverable(cpu->vcpu);
}

bool preempt_needed(void)
{
	return preempt_wanted();
}

/* What a guest's register or multicall entry holds as the number. */
static hypercall_fn *lookup(uint64_t nr)
{
	return nr < NR_HYPERCALLS ? table[nr] : NULL;
}

/* The result looks like an error: iret's is the guest's RAX, whatever that is. */
static __attribute__((noinline)) void finish(struct regs *regs, int64_t result)
{
	if (lookup((uint32_t)regs->rax) != hypercall_iret) {
		if (result == -ERESTART) {
			regs->rip -= 2; /* the SYSCALL instruction */
			return;
		}
		refusal_check(result);
	}
	regs->rax = (uint64_t)result;
}

UNGUARDED void hypercall(struct regs *regs)
{
	hypercall_fn *const fn = lookup((uint32_t)regs->rax);
	int64_t result;

	if (!fn) {
		regs->rax = (uint64_t)reject(-ENOSYS, "no such hypercall");
		return;
	}
	current->perf[SHOJI_PERF_HYPERCALL + (uint32_t)regs->rax]++;
	irq_enable();
	result = fn(&regs->args);
	/* Found again, not kept: that is shorter. */
	if (__builtin_expect(result < 0, false))
		finish(guest_regs(), result);
	else
		guest_regs()->rax = (uint64_t)result;
}

/* One entry: its call is made with its arguments, which it may change. */
static int64_t run_entry(struct multicall_entry *entry)
{
	hypercall_fn *const fn = lookup(entry->op);
	int64_t result;

	if (!fn)
		return reject(-ENOSYS, "there is no hypercall %lu", entry->op);
	/* A multicall in a multicall would be unbounded; iret changes the
	 * registers that this call is made with. */
	if (fn == hypercall_multicall || fn == hypercall_iret)
		return reject(-EINVAL, "not in a multicall");
	current->perf[SHOJI_PERF_MULTICALL]++;
	current->entry = entry;
	result = fn((struct hypercall_args *)entry->args);
	if (__builtin_expect(result < 0, false))
		refusal_check(result);
	current->entry = NULL;
	return result;
}

static_assert(sizeof(struct hypercall_args) <=
	sizeof(((struct multicall_entry *)0)->args), "args");

/* multicall(entries, nr): ABI surface 2.1, 13. */
UNGUARDED int64_t hypercall_multicall(struct hypercall_args *a)
{
	const gva_t list = { a->arg[0] };
	const uint32_t nr = (uint32_t)a->arg[1];
	uint32_t i;

	for (i = 0; i < nr; i++) {
		struct multicall_entry entry;
		int64_t result;

		if (i && preempt_wanted())
			break;
		if (get_guest(&entry, list, i))
			return -EFAULT;
		result = run_entry(&entry);
		if (result == -ERESTART) {
			/* What remains of the entry is written back. */
			if (put_guest(list, i, &entry))
				return -EFAULT;
			break;
		}
		entry.result = (uint64_t)result;
		if (put_guest(gva_add(list, i * sizeof(entry) + 8), 0,
			    &entry.result))
			return -EFAULT;
	}
	if (i == nr)
		return 0;
	a->arg[0] += i * sizeof(struct multicall_entry);
	a->arg[1] = nr - i;
	return -ERESTART;
}

/*
 * A slot: push rcx; push r11; mov $nr,eax; syscall; pop r11; pop rcx; ret.
 * Slot 23, iret, does not return: push rcx; push r11; push rax; mov; syscall.
 */
void hypercall_page_write(void *page)
{
	static const uint8_t slot[] = { 0x51, 0x41, 0x53, 0xb8, 0, 0, 0, 0,
		0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3 };
	static const uint8_t iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8,
		__HYPERVISOR_iret, 0, 0, 0, 0x0f, 0x05, 0x0f, 0x0b };
	uint8_t *const code = page;

	memset(code, 0xcc, PAGE_SIZE);
	for (unsigned i = 0; i < PAGE_SIZE / 32; i++) {
		memcpy(code + i * 32, slot, sizeof(slot));
		code[i * 32 + 4] = (uint8_t)i;
	}
	memset(code + __HYPERVISOR_iret * 32, 0xcc, 32);
	memcpy(code + __HYPERVISOR_iret * 32, iret, sizeof(iret));
}

int hypercall_page_install(struct domain *d, mfn_t mfn)
{
	int rc;

	if (!frame_get(mfn, d))
		return -EINVAL;
	rc = frame_get_writable(mfn);
	if (!rc) {
		hypercall_page_write(mfn_direct(mfn));
		frame_put_writable(mfn);
	}
	frame_put(mfn);
	return rc;
}
