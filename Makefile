# SPDX-License-Identifier: BSD-2-Clause
# One non-recursive build. Each folder's build.mk names its sources and adds
# its products to ALL, its test programs to CHECKS and its install rules to
# INSTALLS; the compile rules for the kinds of code are here.
#
#   $(B)/hv/...    hypervisor, freestanding
#   $(B)/pv/...    front-end kit and tiny guests, freestanding
#   $(B)/tool/...  dom0 programs, hosted
#   $(B)/unit/...  hypervisor files built for the host, with sanitizers
#   $(B)/fuzz/...  the same and files of dom0 programs, for libFuzzer

.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

ifeq ($(wildcard config.mk)$(filter demo check oracle lint clean help bench bench-wall,$(MAKECMDGOALS)),)
$(error run ./configure first)
endif
ifneq ($(wildcard config.mk),)
include config.mk
config.mk: configure
	./configure $(CONFIGURE_OPTIONS)
endif

B := build
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# A parameter that a function has only for its table goes without a name.
WARN := -Wall -Wextra -Werror -Wshadow -Wundef -Wvla -Wmissing-prototypes \
	-Wstrict-prototypes -Wno-c2x-extensions
OPTIMIZE := -O2
BASE := -std=gnu17 $(OPTIMIZE) -g -MMD -MP $(WARN)
FREE := -ffreestanding -fno-builtin -mgeneral-regs-only -mno-red-zone \
	-fno-asynchronous-unwind-tables -fno-common -ffunction-sections \
	-fno-stack-protector -fcf-protection=none -fno-strict-aliasing

# Indirect calls go through thunks of x86/entry.S, by either compiler.
THUNKS := $(if $(findstring clang,$(shell $(CC) --version 2>/dev/null)),\
	-mretpoline-external-thunk,\
	-mindirect-branch=thunk-extern -mindirect-branch-register)
HV_CFLAGS := $(BASE) $(FREE) $(THUNKS) -fpie -fvisibility=hidden -fno-jump-tables \
	-fno-omit-frame-pointer -fstack-protector-strong \
	-mstack-protector-guard=global -DSHOJI_HYPERVISOR \
	-DDEBUG=$(or $(DEBUG),0) -Ihypervisor -Ihypervisor/include
PV_CFLAGS := $(BASE) $(FREE) -fno-pie -mcmodel=large \
	-Ihypervisor/include -Ipv-drivers/include -I.
TOOL_CFLAGS := $(BASE) -fPIC -D_GNU_SOURCE -Ihypervisor/include \
	-Ipv-drivers/include -Idom0-tools \
	$(TOOL_LIBS_CFLAGS)
UNIT_CFLAGS := $(BASE) -fsanitize=address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer -DSHOJI_HYPERVISOR \
	-DDEBUG=1 -DUNIT_TEST=1 -Itests/fake -Ihypervisor \
	-Ihypervisor/include -Ipv-drivers/include -I.

ALL :=
CHECKS :=
INSTALLS :=

include hypervisor/build.mk dom0-tools/build.mk pv-drivers/build.mk
include guest-patches/build.mk tests/build.mk tools/build.mk

.PHONY: all install check clean help size demo
all: $(ALL)
install: all $(INSTALLS)

check: ## install what is missing, build, run every test
	$(Q)tools/check

demo: ## install what is missing, build, boot GRUB, Shoji, Debian in QEMU
	$(Q)tools/demo

clean: ## remove everything that was built
	$(Q)rm -rf $(B)

help: ## this list
	@echo "usage: make [target] [V=1]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | \
		sort | expand -t 20

define compile
$(B)/$(1)/%.o: %.c config.mk
	$(Q)mkdir -p $$(@D)
	$$(call say,$(3),$$<)
	$(Q)$$(CC) $$($(2)) $$($(2)-$$*) -c -o $$@ $$<
$(B)/$(1)/%.o: %.S config.mk
	$(Q)mkdir -p $$(@D)
	$$(call say,$(3),$$<)
	$(Q)$$(CC) $$(filter-out -std=%,$$($(2))) -D__ASSEMBLY__ -c -o $$@ $$<
endef
$(eval $(call compile,hv,HV_CFLAGS,HV))
$(eval $(call compile,pv,PV_CFLAGS,PV))
$(eval $(call compile,tool,TOOL_CFLAGS,TOOL))
$(eval $(call compile,unit,UNIT_CFLAGS,UNIT))
$(eval $(call compile,fuzz/hv,FUZZ_HV_CFLAGS,FUZZ))
$(eval $(call compile,fuzz/tool,FUZZ_TOOL_CFLAGS,FUZZ))

-include $(shell find $(B)/hv $(B)/pv $(B)/tool $(B)/unit $(B)/fuzz \
	-name '*.d' 2>/dev/null)
