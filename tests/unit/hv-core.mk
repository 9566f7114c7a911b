# SPDX-License-Identifier: BSD-2-Clause
# core/ and the clocks of pv/ over the fake machine.

UNIT_MACHINE := $(addprefix tests/fake/, machine memory guest fpu pagetable) \
	$(addprefix hypervisor/core/, domain event eventop grant grantop \
		limits policy runqueue sched schedop softirq subop timer vcpu) \
	$(addprefix hypervisor/pv/, pvclock vcpuop) \
	$(addprefix hypervisor/mm/, frame) hypervisor/lib/rangeset \
	hypervisor/x86/spinlock

UNITS += timer_test sched_test event_test grant_test domain_test \
	policy_test count_test
UNIT_timer_test := tests/unit/timer_test $(UNIT_MACHINE)
UNIT_sched_test := tests/unit/sched_test $(UNIT_MACHINE)
UNIT_event_test := tests/unit/event_test $(UNIT_MACHINE)
UNIT_grant_test := tests/unit/grant_test $(UNIT_MACHINE)
UNIT_domain_test := tests/unit/domain_test $(UNIT_MACHINE)
UNIT_policy_test := tests/unit/policy_test $(UNIT_MACHINE)
# Over real page tables, on what the model test has below them.
UNIT_count_test := tests/unit/count_test tests/model/around \
	$(addprefix tests/fake/, machine memory guest fpu selectors others) \
	$(addprefix hypervisor/core/, domain event eventop grant grantop \
		limits policy runqueue sched schedop softirq subop timer vcpu) \
	$(addprefix hypervisor/pv/, decode ptwrite pvclock segment vcpuop) \
	$(addprefix hypervisor/mm/, buddy frame memop mmu ptcheck tlb) \
	$(addprefix hypervisor/lib/, printf rangeset) hypervisor/x86/spinlock
