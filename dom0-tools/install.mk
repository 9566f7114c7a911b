# SPDX-License-Identifier: BSD-2-Clause
# make install DESTDIR=: what a Debian host needs to boot Shoji and run guests.
# docs/boot.md says how it works together. Our libraries have a folder of
# their own, in which ldconfig finds them before the distribution's. Files that
# the administrator edits are not overwritten.

VERSION := 0.1
D := $(DESTDIR)
H := dom0-tools/host
LIBDIR := $(PREFIX)/lib/shoji
DATA := $(PREFIX)/share

put := install -m 644 -D -t
put_x := install -m 755 -D -t
# $(call put_once,SOURCE,TARGET): unless it is there
put_once = [ -e $(2) ] || install -m 644 -D $(1) $(2)
# $(call fill,MODE,SOURCE,TARGET): with our folders put in
fill = mkdir -p $(dir $(3)) && sed -e 's|@PREFIX@|$(PREFIX)|g' \
	-e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' $(2) >$(3) && chmod $(1) $(3)

.PHONY: install-programs install-boot install-units install-development \
	install-documents install-live

install-programs: all
	$(Q)$(put_x) $(D)$(PREFIX)/sbin $(B)/shoji $(B)/xenstored \
		$(B)/xenconsoled $(H)/kernel/shoji-update-boot
	$(Q)$(put_x) $(D)$(LIBDIR) $(B)/libxenstore.so.4 $(B)/libshoji.so.0 \
		$(B)/init-dom0
	$(Q)mkdir -p $(D)$(SYSCONFDIR)/ld.so.conf.d
	$(Q)echo $(LIBDIR) >$(D)$(SYSCONFDIR)/ld.so.conf.d/00-shoji.conf
	$(Q)install -d $(D)$(SYSCONFDIR)/shoji/auto $(D)/var/lib/shoji
	$(Q)install -d -m 750 $(D)/var/log/xen/console
	$(Q)install -d -m 700 $(D)/var/cache/shoji/kernels

install-boot: all
	$(Q)install -m 644 -D $(B)/shoji.elf \
		$(D)$(BOOTDIR)/shoji-$(VERSION).elf
	$(Q)ln -sf shoji-$(VERSION).elf $(D)$(BOOTDIR)/shoji.elf
	$(Q)$(put_x) $(D)$(SYSCONFDIR)/grub.d $(H)/grub/20_linux_shoji
	$(Q)$(call put_once,$(H)/grub/shoji.cfg,\
		$(D)$(SYSCONFDIR)/default/grub.d/shoji.cfg)
	$(Q)install -m 755 -D $(H)/kernel/postinst \
		$(D)$(SYSCONFDIR)/kernel/postinst.d/yy-shoji
	$(Q)install -m 755 -D $(H)/kernel/postrm \
		$(D)$(SYSCONFDIR)/kernel/postrm.d/yy-shoji

SYSTEMD_UNITS := shoji-modules.service proc-xen.mount xenstored.service \
	xenconsoled.service shoji-init-dom0.service shoji-domains.service
install-units:
	$(Q)set -e; for unit in $(SYSTEMD_UNITS); do \
		$(call fill,644,$(H)/systemd/$$unit,$(D)$(UNITDIR)/$$unit); \
	done
	$(Q)$(call fill,755,$(H)/systemd/domains,$(D)$(LIBDIR)/domains)
	$(Q)$(call put_once,$(H)/systemd/default,$(D)$(SYSCONFDIR)/default/shoji)

HEADERS := $(wildcard dom0-tools/include/*.h)
install-development: all
	$(Q)$(put) $(D)$(PREFIX)/include/shoji $(HEADERS)
	$(Q)$(put) $(D)$(PREFIX)/include/shoji/lib $(filter-out \
		%/xsconn.h,$(wildcard dom0-tools/lib/*.h))
	$(Q)$(put) $(D)$(PREFIX)/include/shoji/shoji \
		$(wildcard hypervisor/include/shoji/*.h)
	$(Q)$(put) $(D)$(PREFIX)/include/shoji/xen \
		$(wildcard hypervisor/include/xen/*.h)
	$(Q)$(put) $(D)$(PREFIX)/include/shoji/xen/io \
		$(wildcard pv-drivers/include/xen/io/*.h)
	$(Q)ln -sf libxenstore.so.4 $(D)$(LIBDIR)/libxenstore.so
	$(Q)ln -sf libshoji.so.0 $(D)$(LIBDIR)/libshoji.so
	$(Q)mkdir -p $(D)$(DATA)/pkgconfig
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@VERSION@|$(VERSION)|g' \
		$(H)/shoji.pc >$(D)$(DATA)/pkgconfig/shoji.pc

install-documents:
	$(Q)$(put) $(D)$(DATA)/man/man8 $(wildcard $(H)/man/*.8)
	$(Q)$(put) $(D)$(DATA)/man/man5 $(wildcard $(H)/man/*.5)
	$(Q)install -m 644 -D $(H)/completion \
		$(D)$(DATA)/bash-completion/completions/shoji
	$(Q)$(put) $(D)$(DATA)/doc/shoji LICENSE $(wildcard docs/*.md)
	$(Q)$(put) $(D)$(DATA)/doc/shoji/examples \
		$(wildcard dom0-tools/examples/*)

# Only what a package's scripts would do, and only on this very machine.
install-live: install-programs install-units
	$(Q)[ -n "$(D)" ] || { ldconfig; [ ! -d /run/systemd/system ] || \
		systemctl daemon-reload; \
		echo "installed; next: systemctl enable xenstored xenconsoled" \
			"&& shoji-update-boot"; }

INSTALLS += install-programs install-boot install-units install-development \
	install-documents install-live
