# SPDX-License-Identifier: BSD-2-Clause
# libxenstore for everybody; log, event channels and grants as objects.
TOOL_CFLAGS += -Idom0-tools/include

XENSTORE_LIB_OBJS := $(patsubst %,$(B)/tool/dom0-tools/lib/%.o, \
	xs xsconn xserror)
XENSTORE_LIB := $(B)/libxenstore.so.4

ALL += $(XENSTORE_LIB) $(B)/libxenstore.so

# Link with this one, which only points to the other.
$(B)/libxenstore.so: $(XENSTORE_LIB)
	$(Q)ln -sf $(<F) $@

$(XENSTORE_LIB): $(XENSTORE_LIB_OBJS) dom0-tools/lib/libxenstore.map
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(@F) -Wl,-z,now -Wl,--no-undefined \
		-Wl,--version-script=dom0-tools/lib/libxenstore.map \
		-o $@ $(filter %.o,$^) -lpthread
