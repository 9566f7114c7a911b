# SPDX-License-Identifier: BSD-2-Clause
# Every folder with a main.c becomes build/guests/NAME.elf, linked with the
# test library and the front-end kit. Those named domu-* are for the
# toolstack's tests to boot; tests/guests/run boots the others as dom0.

GUESTS := $(patsubst tests/guests/%/main.c,%,$(wildcard tests/guests/*/main.c))
GUEST_LIB := $(patsubst %,$(B)/pv/%.o,$(basename \
	$(wildcard tests/guests/lib/*.c tests/guests/lib/*.S)))
GUEST_ELFS := $(GUESTS:%=$(B)/guests/%.elf)

CHECKS += tests/guests/run,limit=300 tests/guests/domu,limit=150
CHECKS += tests/guests/attacks,limit=300 tests/guests/isolated
CHECKS += tests/guests/pcid,limit=300
CHECKS += tests/guests/loglvl
ORACLES += tests/guests/run,limit=300 tests/guests/domu,limit=150
ORACLES += tests/guests/attacks,limit=300
$(B)/checks $(B)/oracle-checks: $(GUEST_ELFS)

# guests that system runs find in dom0 as /guest/NAME (tests/boot/build.mk)
BOOT_TINY += hello disk net random
$(B)/boot/dom0.ramdisk: $(GUEST_ELFS)

.PHONY: guests
guests: $(GUEST_ELFS) ## build the tiny PV kernels of tests/guests

define guest_elf
$(B)/guests/$(1).elf: $$(patsubst %,$(B)/pv/%.o,$$(basename $$(wildcard \
		$(2)/*.c $(2)/*.S))) \
		$(GUEST_LIB) $(PV_FRONT) $(PV_LDSCRIPT)
	$(Q)mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$(Q)$$(CC) -nostdlib -static -no-pie -Wl,--build-id=none \
		-Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
		-Wl,--gc-sections -T $(PV_LDSCRIPT) -o $$@ \
		$$(filter %.o,$$^)
endef
$(foreach guest,$(GUESTS),$(eval $(call guest_elf,$(guest),tests/guests/$(guest))))
$(foreach guest,$(BENCH_GUESTS),$(eval $(call guest_elf,bench-$(guest),tests/bench/$(guest))))
