# SPDX-License-Identifier: BSD-2-Clause
XS_TESTS := $(B)/tests/xenstored
XS_DAEMON_C := $(wildcard dom0-tools/xenstored/*.c)
XS_TEST_DEPS := $(wildcard tests/xenstored/*.h dom0-tools/xenstored/*.h \
	dom0-tools/lib/*.h) config.mk
XS_SAN := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
XS_TEST_CC = $(CC) -std=gnu17 $(WARN) -D_GNU_SOURCE -Ihypervisor/include \
	-Idom0-tools -Idom0-tools/include -Itests/xenstored

CHECKS += $(XS_TESTS)/store

$(XS_TESTS)/store: tests/xenstored/store_test.c tests/xenstored/model.c \
		$(patsubst %,dom0-tools/xenstored/%.c,perms tree store txn) \
		$(XS_TEST_DEPS)
	$(Q)mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(XS_TEST_CC) $(XS_SAN) -o $@ $(filter %.c,$^)
