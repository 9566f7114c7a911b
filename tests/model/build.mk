# SPDX-License-Identifier: BSD-2-Clause
# The model test: the hypervisor's memory, grant and event code on the host,
# against a specification (README.md).

MODEL_OBJECTS := $(patsubst %.c,%,$(wildcard tests/model/*.c)) \
	tests/fake/machine tests/fake/memory tests/fake/guest \
	$(addprefix hypervisor/core/, domain event eventop grant grantop \
		limits runqueue sched schedop softirq subop timer vcpu) \
	$(addprefix hypervisor/pv/, decode ptwrite pvclock segment vcpuop) \
	$(addprefix hypervisor/mm/, audit buddy frame memop mmu ptcheck tlb) \
	$(addprefix hypervisor/lib/, printf rangeset) hypervisor/x86/spinlock

# Only reads, and is most of the time.
UNIT_CFLAGS-hypervisor/mm/audit := -fno-sanitize=all

CHECKS += $(B)/unit/model,limit=240
ALL += $(B)/unit/model
$(B)/unit/model: $(MODEL_OBJECTS:%=$(B)/unit/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) -fsanitize=address,undefined -o $@ $^
