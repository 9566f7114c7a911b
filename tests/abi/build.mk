# SPDX-License-Identifier: BSD-2-Clause
CHECKS += tests/abi/compare tests/abi/mistakes $(B)/tests/ring

$(B)/tests/ring: $(B)/unit/tests/abi/ring.o
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -fsanitize=address,undefined -pthread -o $@ $^
