# SPDX-License-Identifier: BSD-2-Clause
# libshoji's pure parts, built for the host with sanitizers.
SHOJI_TESTS := $(addprefix $(B)/tests/shoji/,config spec kernel cache layout)
SHOJI_TEST_CC = $(CC) -std=gnu17 $(WARN) -D_GNU_SOURCE -Ihypervisor/include \
	-Ipv-drivers/include \
	-Idom0-tools -Idom0-tools/include -Itests/xenstored -O1 -g \
	-fsanitize=address,undefined -fno-sanitize-recover=all
SHOJI_TEST_DEPS := tests/xenstored/suite.h config.mk \
	$(wildcard dom0-tools/lib/*.h)
shoji_lib = $(patsubst %,dom0-tools/lib/%.c,$(1))

CHECKS += $(SHOJI_TESTS)

$(B)/tests/shoji/config: $(call shoji_lib,config domconfig diskspec vifspec \
	spectext cpulist error log)
$(B)/tests/shoji/spec: $(call shoji_lib,diskspec vifspec spectext error)
$(B)/tests/shoji/kernel: $(call shoji_lib,elf bzimage error)
$(B)/tests/shoji/cache: $(call shoji_lib,bzimage kernelcache error log)
$(B)/tests/shoji/layout: $(call shoji_lib,build buildtables error log) \
	tests/shoji/machine.c tests/shoji/machine.h
$(SHOJI_TESTS): $(B)/tests/shoji/%: tests/shoji/%_test.c $(SHOJI_TEST_DEPS)
	$(Q)mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(SHOJI_TEST_CC) -o $@ $(filter %.c,$^) $(BUILDER_LIBS) $(UUID_LIBS)
