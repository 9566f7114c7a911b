# SPDX-License-Identifier: BSD-2-Clause
# libshoji: hypercalls, configuration, the domain builder, devices, lifecycle.
SHOJI_LIB := $(B)/libshoji.so.0
SHOJI_LIB_OBJS := $(patsubst %,$(B)/tool/dom0-tools/lib/%.o, \
	backend build buildtables bzimage config control cpulist device diskspec \
	domain domconfig elf error host hotplug_disk hotplug_net json \
	kernelcache log \
	loop monitor privcmd records spectext vifspec)

ALL += $(SHOJI_LIB) $(B)/libshoji.so

# Link with this one, which only points to the other.
$(B)/libshoji.so: $(SHOJI_LIB)
	$(Q)ln -sf $(<F) $@

$(SHOJI_LIB): $(SHOJI_LIB_OBJS) $(B)/libxenstore.so
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(@F) -Wl,-z,now -Wl,--no-undefined \
		-o $@ $(filter %.o,$^) -L$(B) -lxenstore $(BUILDER_LIBS) \
		$(NL_LIBS) $(UUID_LIBS)
