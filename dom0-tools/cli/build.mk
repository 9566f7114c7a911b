# SPDX-License-Identifier: BSD-2-Clause
# The command shoji, and the library that does its work.
include dom0-tools/lib/shoji.mk

SHOJI_OBJS := $(patsubst dom0-tools/cli/%.c,$(B)/tool/dom0-tools/cli/%.o, \
	$(wildcard dom0-tools/cli/*.c))

ALL += $(B)/shoji

$(B)/shoji: $(SHOJI_OBJS) $(B)/libshoji.so $(B)/libxenstore.so
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(filter %.o,$^) -L$(B) -lshoji -lxenstore $(UUID_LIBS)
