# SPDX-License-Identifier: BSD-2-Clause
HOTPLUG_TEST_CC = $(CC) -std=gnu17 $(WARN) -D_GNU_SOURCE \
	-Idom0-tools -Idom0-tools/include -Itests/xenstored \
	$(TOOL_LIBS_CFLAGS) -O1 -g \
	-fsanitize=address,undefined -fno-sanitize-recover=all
HOTPLUG_TEST_DEPS := tests/xenstored/suite.h config.mk \
	$(wildcard dom0-tools/lib/*.h)
HOTPLUG_LIB := $(addprefix dom0-tools/lib/,error.c log.c)
HOTPLUG_TESTS := $(B)/tests/hotplug/net $(B)/tests/hotplug/disk

CHECKS += $(HOTPLUG_TESTS)

$(B)/tests/hotplug/disk: dom0-tools/lib/loop.c $(B)/libxenstore.so \
	$(B)/xenstored
$(HOTPLUG_TESTS): $(B)/tests/hotplug/%: tests/hotplug/%_test.c \
		dom0-tools/lib/hotplug_%.c $(HOTPLUG_LIB) $(HOTPLUG_TEST_DEPS)
	$(Q)mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(HOTPLUG_TEST_CC) -o $@ $(filter %.c,$^) \
		$(if $(filter %.so,$^),-L$(B) -lxenstore \
		-Wl$(comma)-rpath$(comma)'$$ORIGIN/../..') $(NL_LIBS)
comma := ,
