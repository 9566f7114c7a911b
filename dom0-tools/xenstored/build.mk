# SPDX-License-Identifier: BSD-2-Clause
XENSTORED_OBJS := $(patsubst %,$(B)/tool/dom0-tools/xenstored/%.o, \
	perms tree store txn watch conn domain wire control journal state main)
XENSTORED_LIB_OBJS := $(patsubst %,$(B)/tool/dom0-tools/lib/%.o,log xserror)
XENSTORED_HOST_OBJS := $(B)/tool/dom0-tools/xenstored/host.o \
	$(patsubst %,$(B)/tool/dom0-tools/lib/%.o,evtchn gnttab privcmd)

ALL += $(B)/xenstored

$(B)/xenstored: $(XENSTORED_OBJS) $(XENSTORED_LIB_OBJS) $(XENSTORED_HOST_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^
