# SPDX-License-Identifier: BSD-2-Clause
# Host builds of the hypervisor's files with sanitizers. Each *.mk here names
# the suites of one part: the program's objects in UNIT_name, the program in
# UNITS; build/unit/name is linked from them and becomes a check.

UNITS :=
include $(filter-out tests/unit/build.mk,$(wildcard tests/unit/*.mk))

UNIT_PROGRAMS := $(UNITS:%=$(B)/unit/%)
CHECKS += $(UNIT_PROGRAMS)
ALL += $(UNIT_PROGRAMS)

define unit_program
$(B)/unit/$(1): $$(UNIT_$(1):%=$(B)/unit/%.o)
	$$(call say,LINK,$$@)
	$(Q)$$(CC) -fsanitize=address,undefined -o $$@ $$^
endef
$(foreach unit,$(UNITS),$(eval $(call unit_program,$(unit))))

.PHONY: unit
unit: $(UNIT_PROGRAMS) ## run the unit tests on the host
	$(Q)for suite in $^; do $$suite || failed=1; done; [ -z "$$failed" ]
