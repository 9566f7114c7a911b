# SPDX-License-Identifier: BSD-2-Clause
# The hypervisor: $(B)/shoji.elf. It is linked twice, the second time with the
# names of its functions, which the first link's addresses give; the table
# lies behind all code, so that it does not move any.

HV_CFLAGS += -include hypervisor/hidden.h

HV_SRC := $(sort $(wildcard hypervisor/*/*.c hypervisor/*/*.S))

HV_OBJ := $(patsubst %,$(B)/hv/%.o,$(basename $(HV_SRC)))
HV_LINK = $(CC) -static -nostdlib -no-pie -Wl,-T,hypervisor/image.lds \
	-Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	-Wl,-z,noexecstack $(filter %.o,$^)

$(B)/hv/no-symbols.S: hypervisor/symbols.awk
	$(Q)mkdir -p $(@D)
	$(Q)awk -f $< /dev/null >$@

$(B)/hv/shoji-1.elf: $(HV_OBJ) $(B)/hv/no-symbols.o hypervisor/image.lds
	$(call say,LINK,$@)
	$(Q)$(HV_LINK) -o $@

$(B)/hv/symbols.S: $(B)/hv/shoji-1.elf hypervisor/symbols.awk
	$(Q)nm -n $< | awk -f hypervisor/symbols.awk >$@

$(B)/hv/symbols.o $(B)/hv/no-symbols.o: $(B)/hv/%.o: $(B)/hv/%.S
	$(Q)$(CC) -c -o $@ $<

$(B)/shoji.elf: $(HV_OBJ) $(B)/hv/symbols.o hypervisor/image.lds
	$(call say,LINK,$@)
	$(Q)$(HV_LINK) -o $@.full
	$(Q)objcopy --strip-debug $@.full $@

