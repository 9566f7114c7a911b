# SPDX-License-Identifier: BSD-2-Clause
XENCONSOLED_OBJS := $(patsubst %,$(B)/tool/dom0-tools/xenconsoled/%.o, \
	main start guest hvlog ring backlog pty record) \
	$(patsubst %,$(B)/tool/dom0-tools/lib/%.o, \
	control error evtchn gnttab log privcmd)

ALL += $(B)/xenconsoled

$(B)/xenconsoled: $(XENCONSOLED_OBJS) $(B)/libxenstore.so
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(filter %.o,$^) -L$(B) -lxenstore
