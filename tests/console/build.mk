# SPDX-License-Identifier: BSD-2-Clause
CONSOLE_TEST_CC = $(CC) -std=gnu17 $(WARN) -D_GNU_SOURCE -Ihypervisor/include \
	-Ipv-drivers/include \
	-Idom0-tools -Idom0-tools/include -Itests/xenstored -O1 -g \
	-fsanitize=address,undefined -fno-sanitize-recover=all
CONSOLE_TEST_DEPS := tests/xenstored/suite.h config.mk \
	$(wildcard dom0-tools/xenconsoled/*.h)
CONSOLE_TESTS := $(addprefix $(B)/tests/console/,ring pty record)

CHECKS += $(CONSOLE_TESTS)

$(B)/tests/console/ring: dom0-tools/xenconsoled/backlog.c
$(B)/tests/console/record: dom0-tools/xenconsoled/backlog.c dom0-tools/lib/log.c
$(CONSOLE_TESTS): $(B)/tests/console/%: tests/console/%_test.c \
		dom0-tools/xenconsoled/%.c $(CONSOLE_TEST_DEPS)
	$(Q)mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(CONSOLE_TEST_CC) -o $@ $(filter %.c,$^)
