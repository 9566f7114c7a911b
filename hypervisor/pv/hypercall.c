/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls by number, multicall, the hypercall page. See hypercall.h for how
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
#include "x86/harden.h"

static int64_t none(struct hypercall_args *)
{
	return reject(-ENOSYS, "no such hypercall");
}

#pragma GCC diagnostic ignored "-Woverride-init"
hypercall_fn *const hypercall_table[NR_HYPERCALLS] = {
	[0 ... NR_HYPERCALLS - 1] = none,
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

static inline bool preempt_wanted(const struct vcpu *v)
{
	return this_cpu()->softirq || vcpu_event_deliverable(v);
}

bool preempt_needed(void)
{
	return preempt_wanted(current);
}

void hypercall_failed(struct regs *regs, int64_t result)
{
	if ((uint32_t)regs->rax != __HYPERVISOR_iret) {
		if (result == -ERESTART) {
			regs->rip -= 2; /* the SYSCALL instruction */
			return;
		}
		refusal_check(result);
	}
	regs->rax = (uint64_t)result;
}

/* One entry: its call is made with its arguments, which it may change. */
static int64_t run_entry(struct vcpu *v, struct multicall_entry *entry)
{
	int64_t result;

	/* A multicall in a multicall would be unbounded; iret changes the
	 * registers that this call is made with. */
	if (entry->op == __HYPERVISOR_multicall ||
		entry->op == __HYPERVISOR_iret)
		return reject(-EINVAL, "not in a multicall");
	v->entry = entry;
	result = hypercall_table[entry->op < NR_HYPERCALLS ? entry->op :
							     NR_HYPERCALLS - 1](
		(struct hypercall_args *)entry->args);
	if (__builtin_expect(result < 0, false))
		refusal_check(result);
	v->entry = NULL;
	return result;
}

static_assert(__HYPERVISOR_iret == NR_IRET, "hypercall numbers");
static_assert(sizeof(struct hypercall_args) <=
	sizeof(((struct multicall_entry *)0)->args), "args");

/* Some entries from `list` on: how many, or -EFAULT. */
static inline int64_t run_entries(struct vcpu *v, gva_t list, uint32_t nr)
{
	struct multicall_entry entry;
	int64_t result;
	uint32_t i;

	for (i = 0; i < nr && (!i || !preempt_wanted(v)); i++) {
		if (get_guest(&entry, list, i))
			return -EFAULT;
		result = run_entry(v, &entry);
		if (result == -ERESTART) {
			/* What remains of the entry is written back. */
			if (put_guest(list, i, &entry))
				return -EFAULT;
			break;
		}
		/* Where it was read, no address is ours. */
		guest_open();
		guest_store(list.va + i * sizeof(entry) + 8, result, fault);
		guest_close();
	}
	return i;
fault:
	guest_close();
	return reject(-EFAULT, "the result of entry %u cannot be written", i);
}

/* multicall(entries, nr): ABI surface 2.1, 13. */
UNGUARDED int64_t hypercall_multicall(struct hypercall_args *a)
{
	const uint32_t nr = (uint32_t)a->arg[1];
	const int64_t i = run_entries(current, (gva_t){a->arg[0]}, nr);

	if (i < 0)
		return i;
	current->perf[SHOJI_PERF_MULTICALL] += (uint64_t)i;
	if (i == nr)
		return 0;
	a->arg[0] += (uint64_t)i * sizeof(struct multicall_entry);
	a->arg[1] = nr - (uint32_t)i;
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
