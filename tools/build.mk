# SPDX-License-Identifier: BSD-2-Clause
# Included last: CHECKS and ORACLES are complete here. Their entries are paths,
# perhaps with flags (tests/run says which); what is under build/ is built.
check_files = $(foreach entry,$(1),$(firstword $(subst $(comma), ,$(entry))))
comma := ,

.PHONY: oracle FORCE
FORCE:

$(B)/checks: $(filter $(B)/%,$(call check_files,$(CHECKS))) FORCE
	$(Q)printf '%s\n' $(CHECKS) >$@

$(B)/oracle-checks: $(filter $(B)/%,$(call check_files,$(ORACLES))) FORCE
	$(Q)printf '%s\n' $(ORACLES) >$@

oracle: $(B)/oracle-checks ## run what applies on real Xen 4.17 too
	$(Q)tools/fetch
	$(Q)HYPERVISOR=xen tests/run -l $(B)/oracle-checks

size: $(ALL) ## lines per folder and image sizes against their budgets
	$(Q)tools/size
