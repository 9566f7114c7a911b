# SPDX-License-Identifier: BSD-2-Clause
# `make bench`: README.md. The tiny guest of primitives/ is linked as those of
# tests/guests are.

BENCH_STATIC := operations timed block net control
BENCH_PROGRAMS := $(BENCH_STATIC) nothing
BENCH_GUESTS := primitives idle
BENCH_RAMDISKS := plain shoji xen
BENCH_FILES := $(B)/bench/count.so \
	$(BENCH_GUESTS:%=$(B)/guests/bench-%.elf) \
	$(BENCH_RAMDISKS:%=$(B)/bench/%.ramdisk)

TOOL_CFLAGS-tests/bench/count := -fvisibility=hidden
$(foreach name,count store $(BENCH_STATIC),\
	$(eval TOOL_CFLAGS-tests/bench/$(name) += -I.))

$(B)/bench/count.so: $(B)/tool/tests/bench/count.o
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -o $@ $^

# Static: the same instructions, whatever libraries a ramdisk has.
$(B)/bench/control: $(patsubst %,$(B)/tool/dom0-tools/lib/%.o,\
	control privcmd error log)
$(BENCH_STATIC:%=$(B)/bench/%): $(B)/bench/%: $(B)/tool/tests/bench/%.o
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -static -o $@ $^

$(B)/bench/nothing: $(B)/tool/tests/bench/nothing.o
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -static -nostdlib -o $@ $^

# For tests/bench/check: a Multiboot kernel, 32-bit code in a 32-bit file.
$(B)/bench/loop: tests/bench/loop.S tests/bench/build.mk
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -m32 -nostdlib -static -no-pie -Wl,--build-id=none \
		-Wl,-Ttext=0x100000 -Wl,-z,noexecstack -o $@ $<

# With the library that dom0 has, that of the column.
$(B)/bench/store: $(B)/tool/tests/bench/store.o $(B)/libxenstore.so
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $< -L$(B) -lxenstore

.SECONDEXPANSION:
BENCH_RAMDISK := $(foreach name,$(BENCH_PROGRAMS),\
	-f $(B)/bench/$(name):/$(name))
BENCH_MODULES := xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs \
	xen-blkback xen-netback bridge brd
BENCH_COMMON := tools/ramdisk tests/bench/build.mk \
	$(BENCH_PROGRAMS:%=$(B)/bench/%) $(B)/debian/amd64/vmlinux
# The patched kernel, if somebody has built it (guest-patches/).
GUEST_KERNEL := $(wildcard $(B)/guest-kernel/vmlinuz)
# programs come after the options
BENCH_GUEST := $(BENCH_RAMDISK) -m '$(BENCH_MODULES)' -r tests/bench/dom0.sh \
	-f $(B)/debian/amd64/vmlinuz:/guest/vmlinuz \
	-f $(B)/bench/guest.ramdisk:/guest/ramdisk \
	$(foreach name,$(BENCH_GUESTS),\
	-f $(B)/guests/bench-$(name).elf:/guest/$(name)) \
	$(GUEST_KERNEL:%=-f %:/guest/patched) \
	/usr/bin/xenstore-write:/usr/bin/xenstore-write \
	$(B)/bench/store:/store
BENCH_GUEST_FILES := $(GUEST_KERNEL) tests/bench/dom0.sh $(B)/bench/guest.ramdisk \
	$(B)/bench/store $(BENCH_GUESTS:%=$(B)/guests/bench-%.elf)

# plain: Linux alone and dom0; guest: in a guest; shoji and xen: dom0 that has a
# guest, with each one's own toolstack.
$(B)/bench/plain.ramdisk: tests/bench/run.sh $(BENCH_COMMON)
	$(call say,RAMDISK,$@)
	$(Q)tools/ramdisk -o $@ -m 'xen-privcmd brd' -r $< $(BENCH_RAMDISK)

$(B)/bench/guest.ramdisk: tests/bench/run.sh $(BENCH_COMMON)
	$(call say,RAMDISK,$@)
	$(Q)tools/ramdisk -o $@ -m 'xen-blkfront xen-netfront' -r $< $(BENCH_RAMDISK)

$(B)/bench/shoji.ramdisk: $(BENCH_GUEST_FILES) $$(ALL)
	$(call say,RAMDISK,$@)
	$(Q)rm -rf $(B)/bench/install
	$(Q)$(MAKE) -s install DESTDIR=$(CURDIR)/$(B)/bench/install
	$(Q)tools/ramdisk -o $@ -f $(B)/bench/install:/ $(BENCH_GUEST) \
		$(BOOT_TOOLS:%=$(B)/bench/install/usr/sbin/%)

# Xen's own libxenstore, not the one that was just built.
BENCH_XENSTORE := $(B)/oracle/root/usr/lib/x86_64-linux-gnu/libxenstore.so.4
BENCH_XEN := $(B)/oracle/root/usr/lib/xen-4.17/bin
# What glibc loads by itself when xl ends a thread.
BENCH_LIBGCC = $(realpath $(shell $(CC) -print-file-name=libgcc_s.so.1))
$(B)/bench/xen.ramdisk: $(BENCH_GUEST_FILES) tests/bench/hotplug.sh
	$(call say,RAMDISK,$@)
	$(Q)tools/ramdisk -o $@ -f $(BENCH_XENSTORE):/usr/lib/libxenstore.so.4 \
		-f $(BENCH_LIBGCC):/usr/lib/x86_64-linux-gnu/libgcc_s.so.1 \
		$(foreach name,block vif-bridge,\
		-f tests/bench/hotplug.sh:/etc/xen/scripts/$(name)) \
		$(BENCH_GUEST) $(BENCH_XEN)/xl \
		/usr/bin/xenstore-read:/usr/bin/xenstore-read \
		$(foreach name,xenstored xenconsoled xen-init-dom0 libxl-save-helper,\
		$(BENCH_XEN)/$(name):/usr/lib/xen-4.17/bin/$(name))

CHECKS += tests/bench/check
$(B)/checks: $(B)/bench/count.so $(B)/bench/loop

.PHONY: bench bench-wall bench-files
bench-files: $(ALL) $(BENCH_FILES)

bench: ## count what operations cost, on Linux, Xen and Shoji
	$(Q)tools/bench -d -j 2

bench-wall: ## the same by the clock on the wall
	$(Q)tools/bench -w 5 -s operations,primitives -o $(B)/bench/wall
