# SPDX-License-Identifier: BSD-2-Clause
INIT_DOM0_OBJS := $(patsubst %,$(B)/tool/dom0-tools/%.o,host/init-dom0 lib/log)

ALL += $(B)/init-dom0

$(B)/init-dom0: $(INIT_DOM0_OBJS) $(B)/libxenstore.so
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(filter %.o,$^) -L$(B) -lxenstore
