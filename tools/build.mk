# SPDX-License-Identifier: BSD-2-Clause
# Included last: CHECKS and ORACLES are complete here. Their entries are paths,
# perhaps with flags (tests/run says which); what is under build/ is built.
check_files = $(foreach entry,$(1),$(firstword $(subst $(comma), ,$(entry))))
comma := ,

.PHONY: oracle lint format headers cov FORCE
FORCE:

$(B)/checks: $(filter $(B)/%,$(call check_files,$(CHECKS))) FORCE
	$(Q)printf '%s\n' $(CHECKS) >$@

$(B)/oracle-checks: $(filter $(B)/%,$(call check_files,$(ORACLES))) FORCE
	$(Q)printf '%s\n' $(ORACLES) >$@

oracle: ## install what is missing, build, run on real Xen 4.17 what applies
	$(Q)HYPERVISOR=xen tools/check

size: $(ALL) ## lines per folder and image sizes against their budgets
	$(Q)tools/size

# The compiler's arguments for each kind of code, for tools/lint.
$(B)/flags: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)printf '%s\n' 'hv $(HV_CFLAGS)' 'pv $(PV_CFLAGS)' \
		'tool $(TOOL_CFLAGS) -I. -Itests/xenstored' 'unit $(UNIT_CFLAGS)' >$@.new
	$(Q)mv $@.new $@

lint: ## static checks, after installing the checkers that are missing
	$(Q)tools/install-packages build lint
	$(Q)tools/lint

headers: ## compile each header alone
	$(Q)tools/lint headers

format: ## rewrite all C files as clang-format has it
	$(Q)git ls-files '*.[ch]' | xargs clang-format -i

cov: $(B)/checks ## which lines of the hypervisor tests reach, per folder
	$(Q)tools/cov
