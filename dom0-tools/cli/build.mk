# SPDX-License-Identifier: BSD-2-Clause
# The command shoji, and the library that does its work. The command has its
# own copy of it and of what Debian has archives of: to find and bind ten
# libraries would cost more than most verbs do, and the pages of each of the
# domains' monitors.
include dom0-tools/lib/shoji.mk

SHOJI_OBJS := $(patsubst dom0-tools/cli/%.c,$(B)/tool/dom0-tools/cli/%.o, \
	$(wildcard dom0-tools/cli/*.c))

ALL += $(B)/shoji

.SECONDEXPANSION:
$(B)/shoji: $(SHOJI_OBJS) $(SHOJI_LIB_OBJS) $$(XENSTORE_LIB_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie -Wl,-z,now -o $@ $^ -Wl,-Bstatic $(BUILDER_LIBS) \
		$(UUID_LIBS) -Wl,-Bdynamic $(MNL_LIBS)
