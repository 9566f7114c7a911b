# SPDX-License-Identifier: BSD-2-Clause
# The system runs. Their common ramdisk holds the toolstack as installed, the
# stock kernels as guests, and a guest's ramdisk for each of them; tests/boot/dom0
# asks for it.

BOOT_DOM0 := guest network disk backend three lifecycle refusals rounds \
	consoles attack i440fx q35
BOOT_LIMIT := 260
CHECKS += tests/boot/grub-bios,limit=600 tests/boot/grub-uefi,limit=590
CHECKS += tests/boot/smp,alone
CHECKS += tests/boot/smap tests/boot/hardening tests/boot/overrun tests/boot/isolated
ORACLES += tests/boot/smp,alone
CHECKS += $(BOOT_DOM0:%=tests/boot/%,limit=$(BOOT_LIMIT))
ORACLES += $(BOOT_DOM0:%=tests/boot/%,limit=$(BOOT_LIMIT))

$(B)/debian/%/vmlinux: ; $(Q)tools/fetch kernels

$(B)/boot/guest-%.ramdisk: tests/boot/guest.sh tools/ramdisk \
		tests/boot/build.mk $(B)/debian/%/vmlinux
	$(call say,RAMDISK,$@)
	$(Q)tools/ramdisk -o $@ -k $* -m guest -r tests/boot/guest.sh -z \
		/bin/nc.openbsd:/usr/bin/nc.openbsd

.SECONDEXPANSION:
BOOT_TINY := busy crash
BOOT_TOOLS := shoji xenstored xenconsoled
$(B)/boot/dom0.ramdisk: tools/ramdisk tests/boot/build.mk \
		$(B)/boot/guest-amd64.ramdisk \
		$(B)/boot/guest-cloud.ramdisk $(BOOT_TINY:%=$(B)/guests/domu-%.elf) \
		$$(ALL)
	$(call say,RAMDISK,$@)
	$(Q)rm -rf $(B)/boot/install
	$(Q)$(MAKE) -s install DESTDIR=$(CURDIR)/$(B)/boot/install
	$(Q)tools/ramdisk -o $@ -f $(B)/boot/install:/ \
		-f $(B)/debian/amd64/vmlinuz:/guest/vmlinuz-amd64 \
		-f $(B)/debian/cloud/vmlinuz:/guest/vmlinuz-cloud \
		-f $(B)/boot/guest-amd64.ramdisk:/guest/ramdisk-amd64 \
		-f $(B)/boot/guest-cloud.ramdisk:/guest/ramdisk-cloud \
		$(foreach name,$(BOOT_TINY),-f $(B)/guests/domu-$(name).elf:/guest/$(name)) \
		$(BOOT_TOOLS:%=$(B)/boot/install/usr/sbin/%) \
		/usr/bin/xenstore-ls:/usr/bin/xenstore-ls \
		/usr/bin/xenstore-write:/usr/bin/xenstore-write \
		/bin/nc.openbsd:/usr/bin/nc.openbsd
