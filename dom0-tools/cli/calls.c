/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls by name. */
#include "cli/cli.h"
#include "shoji/extension.h"

const char *hypercall_name(unsigned nr)
{
	static const char *const names[] = {
		[__HYPERVISOR_set_trap_table] = "set_trap_table",
		[__HYPERVISOR_mmu_update] = "mmu_update",
		[__HYPERVISOR_set_gdt] = "set_gdt",
		[__HYPERVISOR_stack_switch] = "stack_switch",
		[__HYPERVISOR_set_callbacks] = "set_callbacks",
		[__HYPERVISOR_fpu_taskswitch] = "fpu_taskswitch",
		[__HYPERVISOR_platform_op] = "platform_op",
		[__HYPERVISOR_set_debugreg] = "set_debugreg",
		[__HYPERVISOR_get_debugreg] = "get_debugreg",
		[__HYPERVISOR_update_descriptor] = "update_descriptor",
		[__HYPERVISOR_memory_op] = "memory_op",
		[__HYPERVISOR_multicall] = "multicall",
		[__HYPERVISOR_update_va_mapping] = "update_va_mapping",
		[__HYPERVISOR_set_timer_op] = "set_timer_op",
		[__HYPERVISOR_xen_version] = "xen_version",
		[__HYPERVISOR_console_io] = "console_io",
		[__HYPERVISOR_grant_table_op] = "grant_table_op",
		[__HYPERVISOR_vm_assist] = "vm_assist",
		[__HYPERVISOR_update_va_mapping_otherdomain] =
			"update_va_mapping_otherdomain",
		[__HYPERVISOR_iret] = "iret",
		[__HYPERVISOR_vcpu_op] = "vcpu_op",
		[__HYPERVISOR_set_segment_base] = "set_segment_base",
		[__HYPERVISOR_mmuext_op] = "mmuext_op",
		[__HYPERVISOR_sched_op] = "sched_op",
		[__HYPERVISOR_callback_op] = "callback_op",
		[__HYPERVISOR_event_channel_op] = "event_channel_op",
		[__HYPERVISOR_physdev_op] = "physdev_op",
		[__HYPERVISOR_sysctl] = "sysctl",
		[__HYPERVISOR_domctl] = "domctl",
		[__HYPERVISOR_shoji] = "shoji",
	};

	return nr < sizeof(names) / sizeof(names[0]) ? names[nr] : NULL;
}
