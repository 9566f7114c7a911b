# SPDX-License-Identifier: BSD-2-Clause
XS_TESTS := $(B)/tests/xenstored
XS_DAEMON_C := $(wildcard dom0-tools/xenstored/*.c)
XS_TEST_DEPS := $(wildcard tests/xenstored/*.h dom0-tools/xenstored/*.h \
	dom0-tools/lib/*.h) config.mk
XS_SAN := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
XS_TEST_CC = $(CC) -std=gnu17 $(WARN) -D_GNU_SOURCE -Ihypervisor/include \
	-Ipv-drivers/include \
	-Idom0-tools -Idom0-tools/include -Itests/xenstored

CHECKS += $(XS_TESTS)/store tests/xenstored/ring tests/xenstored/socket
CHECKS += tests/xenstored/in-dom0,limit=260
ORACLES += tests/xenstored/in-dom0,limit=260
$(B)/checks: $(XS_TESTS)/daemon $(XS_TESTS)/ring-test $(XS_TESTS)/lib-test

define xs_test
$(Q)mkdir -p $(@D)
$(call say,TEST,$@)
$(Q)$(XS_TEST_CC) $(1) -o $@ $(filter %.c,$^)
endef

$(XS_TESTS)/store: tests/xenstored/store_test.c tests/xenstored/model.c \
		$(patsubst %,dom0-tools/xenstored/%.c,perms tree store txn) \
		$(XS_TEST_DEPS)
	$(call xs_test,$(XS_SAN))

# The daemon on a machine made of files, and what is done to it.
$(XS_TESTS)/daemon: tests/xenstored/machine.c dom0-tools/lib/log.c \
		dom0-tools/lib/xserror.c \
		$(filter-out %/host.c,$(XS_DAEMON_C)) $(XS_TEST_DEPS)
	$(call xs_test,$(XS_SAN))

$(XS_TESTS)/ring-test: tests/xenstored/ring_test.c tests/xenstored/peer.c \
		$(XS_TEST_DEPS)
	$(call xs_test,-O1 -g)

# Finds the library that LD_LIBRARY_PATH says, or Debian's.
$(XS_TESTS)/lib-test: tests/xenstored/lib_test.c $(B)/libxenstore.so \
		$(XS_TEST_DEPS)
	$(Q)mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(XS_TEST_CC) -O1 -g -o $@ $< -L$(B) -lxenstore

# For tests/xenstored/conversation.
$(XS_TESTS)/say: tests/xenstored/say.c $(XS_TEST_DEPS)
	$(call xs_test,-O1 -g)
