/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls (ABI surface 2): every handler takes the five arguments as the
 * guest passed them and returns the guest's RAX. A handler that has more to
 * do than one call may take changes the arguments to what remains and returns
 * -ERESTART; the guest's instruction is then executed again. The guest may
 * change them in between: they are checked anew each time.
 */
#pragma once

#include "mm/addr.h"
#include "x86/regs.h"
#include "xen/errno.h"

struct domain;

typedef int64_t hypercall_fn(struct hypercall_args *a);

hypercall_fn hypercall_callback_op, hypercall_console_io, hypercall_domctl,
	hypercall_event_channel_op, hypercall_fpu_taskswitch,
	hypercall_get_debugreg, hypercall_grant_table_op, hypercall_iret,
	hypercall_memory_op, hypercall_mmu_update, hypercall_mmuext_op,
	hypercall_multicall, hypercall_physdev_op, hypercall_platform_op,
	hypercall_sched_op, hypercall_set_callbacks, hypercall_set_debugreg,
	hypercall_set_gdt, hypercall_set_segment_base, hypercall_set_timer_op,
	hypercall_set_trap_table, hypercall_shoji, hypercall_stack_switch,
	hypercall_sysctl,
	hypercall_update_descriptor, hypercall_update_va_mapping,
	hypercall_update_va_mapping_otherdomain, hypercall_vcpu_op,
	hypercall_vm_assist, hypercall_xen_version;

/* For entry.S: the handlers by number, all others go to the last one; and what
 * is done if the result looks like an error; iret's is the guest's RAX, whatever
 * that is. */
extern hypercall_fn *const hypercall_table[NR_HYPERCALLS];
void hypercall_failed(struct regs *regs, int64_t result);

/* Write the 128 stubs of a hypercall page (ABI surface 1.8). */
void hypercall_page_write(void *page);
/* Into a page of d's that it can write. 0 or -EINVAL */
int hypercall_page_install(struct domain *d, mfn_t mfn);

/* Something more urgent than the current hypercall waits. */
bool preempt_needed(void);
