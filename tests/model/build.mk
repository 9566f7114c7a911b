# SPDX-License-Identifier: BSD-2-Clause
# The model test: the hypervisor's memory, grant and event code on the host,
# against a specification (README.md).

MODEL_OBJECTS := $(patsubst %.c,%,$(wildcard tests/model/*.c)) \
	$(addprefix tests/fake/, machine memory guest fpu selectors others) \
	$(addprefix hypervisor/core/, domain event eventop grant grantop \
		limits policy runqueue sched schedop softirq subop timer vcpu) \
	$(addprefix hypervisor/pv/, decode ptwrite pvclock segment vcpuop) \
	$(addprefix hypervisor/mm/, audit buddy frame memop mmu ptcheck tlb) \
	$(addprefix hypervisor/lib/, printf rangeset) hypervisor/x86/spinlock

# What only reads, and is most of the time.
UNIT_CFLAGS-hypervisor/mm/audit := -fno-sanitize=all
UNIT_CFLAGS-tests/model/spec := -fno-sanitize=all

# Where another CPU may come in between (together.c).
MODEL_GAPS := spin_lock spin_unlock frame_get frame_put frame_get_writable \
	frame_put_writable frame_take_type frame_drop_type tlb_flush \
	tlb_flush_since domain_put copy_from_guest copy_to_guest

# Mistakes put into copies of the hypervisor's files, for the test to find.
.PHONY: mutants
mutants: all ## is each of some mistakes found by the model test? (an hour)
	$(Q)tests/model/mutants

CHECKS += $(B)/unit/model,limit=300
ALL += $(B)/unit/model
$(B)/unit/model: $(MODEL_OBJECTS:%=$(B)/unit/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) -fsanitize=address,undefined $(MODEL_GAPS:%=-Wl,--wrap=%) \
		-o $@ $^
