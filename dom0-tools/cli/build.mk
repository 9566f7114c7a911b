# SPDX-License-Identifier: BSD-2-Clause
# The command shoji, and the library that does its work. The command is linked
# statically: a dynamic linker's work would cost more than most verbs do, and
# its pages each of the domains' monitors.
include dom0-tools/lib/shoji.mk

SHOJI_OBJS := $(patsubst dom0-tools/cli/%.c,$(B)/tool/dom0-tools/cli/%.o, \
	$(wildcard dom0-tools/cli/*.c))

# What libnl would ask the name service for; no name is ever given to it, and
# the name service cannot be linked statically.
NO_NAMES := getaddrinfo freeaddrinfo getprotobyname getprotobynumber

ALL += $(B)/shoji

.SECONDEXPANSION:
$(B)/shoji: $(SHOJI_OBJS) $(SHOJI_LIB_OBJS) $$(XENSTORE_LIB_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) -static-pie -o $@ $^ $(BUILDER_LIBS) $(UUID_LIBS) $(NL_LIBS) \
		$(foreach f,$(NO_NAMES),-Wl,--wrap=$f,--defsym=__wrap_$f=abort)
