# SPDX-License-Identifier: BSD-2-Clause
# libFuzzer targets. NAME.c here is the target's entry; FUZZ_NAME names it and
# the real files that it attacks, as objects: hv/... is built like the
# hypervisor's unit tests, tool/... like dom0's programs. Always by clang,
# whatever CC is, because gcc has no libFuzzer.

FUZZ := decode emulate multiboot acpi elf cmdline kernel config xenstored \
	console hypercall
FUZZ_PROGRAMS := $(FUZZ:%=$(B)/fuzz/%)
FUZZ_SANITIZE := -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_HV_CFLAGS = $(UNIT_CFLAGS) $(FUZZ_SANITIZE)
FUZZ_TOOL_CFLAGS = $(BASE) $(FUZZ_SANITIZE) -D_GNU_SOURCE \
	-Ihypervisor/include -Ipv-drivers/include -Idom0-tools -Idom0-tools/include -I.
FUZZ_HV_CFLAGS-hypervisor/lib/string = $(UNIT_CFLAGS-hypervisor/lib/string)
# What a kernel file claims to unpack to is taken from a small purse.
FUZZ_TOOL_CFLAGS-dom0-tools/lib/bzimage := -Dmalloc=fuzz_malloc
FUZZ_TOOL_CFLAGS-dom0-tools/xenconsoled/guest := \
	-Dclock_gettime=fuzz_clock_gettime
# A loop over all domain numbers, whose comparisons teach nothing.
FUZZ_TOOL_CFLAGS-dom0-tools/xenstored/domain := \
	-fno-sanitize-coverage=trace-cmp

fuzz_hv = hv/tests/fuzz/$(1) hv/tests/fuzz/hv hv/hypervisor/lib/string \
	$(2:%=hv/hypervisor/%)
fuzz_tool = tool/tests/fuzz/$(1) $(2:%=tool/dom0-tools/%)

FUZZ_PV := $(addprefix pv/, decode debugreg emulate guestmsr ioport ptwrite) \
	lib/rangeset
FUZZ_PVMACHINE := $(addprefix hv/tests/, fuzz/pvmachine fake/debugreg fake/fpu)
FUZZ_decode := $(call fuzz_hv,decode,$(FUZZ_PV)) $(FUZZ_PVMACHINE) \
	hv/tests/fuzz/realcpu
FUZZ_emulate := $(call fuzz_hv,emulate,$(FUZZ_PV)) $(FUZZ_PVMACHINE)
FUZZ_multiboot := $(call fuzz_hv,multiboot,boot/multiboot)
FUZZ_acpi := $(call fuzz_hv,acpi,boot/acpi boot/acpi_find)
FUZZ_elf := $(call fuzz_hv,elf,boot/elf)
FUZZ_cmdline := $(call fuzz_hv,cmdline,boot/cmdline)
FUZZ_kernel := $(call fuzz_tool,kernel,$(addprefix lib/, bzimage elf error))
FUZZ_config := $(call fuzz_tool,config,$(addprefix lib/, config domconfig \
	diskspec vifspec spectext cpulist error log))
FUZZ_xenstored := $(call fuzz_tool,xenstored,lib/log lib/xserror \
	$(addprefix xenstored/, conn control domain journal perms state \
		store tree txn watch wire))
FUZZ_console := $(call fuzz_tool,console,lib/log \
	$(addprefix xenconsoled/, backlog guest record ring))

# The whole hypervisor but for what touches hardware.
FUZZ_hypercall := $(patsubst %,hv/tests/%,$(addprefix fuzz/, hypercall \
		hypercalls hvdevices hvguests hvmachine) \
		$(addprefix fake/, machine debugreg fpu others selectors)) \
	$(patsubst %,hv/hypervisor/%,$(addprefix core/, consoleio debugkey \
		domain domctl event eventop extension grant grantop limits \
		physdev platform policy refusal runqueue sched schedop \
		softirq subop sysctl timer vcpu vcpuctl) \
	$(addprefix mm/, audit buddy frame guestmem memop mmu ptcheck tlb) \
	$(addprefix pv/, callback cpuid debugreg decode deliver emulate \
		guestmsr hypercall ioport ptwrite pvclock segment vcpuop \
		version) \
	$(addprefix lib/, printf rangeset string) \
	$(addprefix x86/, irq spinlock traps))
# Only reads, and is most of the time.
FUZZ_HV_CFLAGS-hypervisor/mm/audit := -fno-sanitize=all
# Loops over all entries of tables, whose comparisons teach nothing.
$(foreach file,$(addprefix tests/fuzz/, hypercall hvmachine) \
	$(addprefix hypervisor/, core/domain core/grant core/event mm/buddy \
		mm/frame mm/memop mm/ptcheck pv/cpuid core/vcpu x86/irq), \
	$(eval FUZZ_HV_CFLAGS-$(file) := -fno-sanitize-coverage=trace-cmp))
# It has a stand-in for core/refusal.c, which is here.
FUZZ_HV_CFLAGS-tests/fake/machine := -Dreject=fake_reject \
	-Drefusal_init=fake_refusal_init -Drefusal_free=fake_refusal_free
FUZZ_LINK_hypercall := -T tests/fuzz/hypercall.lds \
	-Wl,--wrap=copy_from_guest,--wrap=copy_to_guest,--wrap=clear_guest
$(B)/fuzz/hypercall: tests/fuzz/hypercall.lds

$(B)/fuzz/%.o $(FUZZ_PROGRAMS): CC = clang

define fuzz_program
$(B)/fuzz/$(1): $$(FUZZ_$(1):%=$(B)/fuzz/%.o)
	$$(call say,LINK,$$@)
	$(Q)$$(CC) -fsanitize=fuzzer,address,undefined -o $$@ \
		$$(filter %.o,$$^) $$(FUZZ_LINK_$(1)) $$(BUILDER_LIBS) $$(UUID_LIBS)
endef
$(foreach target,$(FUZZ),$(eval $(call fuzz_program,$(target))))

$(B)/fuzz/seeds: tests/fuzz/seeds tests/fuzz/hypercalls.c $(wildcard dom0-tools/examples/*.cfg)
	$(call say,SEEDS,$@)
	$(Q)tests/fuzz/seeds $@

CHECKS += tests/fuzz/run,limit=240
$(B)/checks: $(FUZZ_PROGRAMS) $(B)/fuzz/seeds

FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: $(FUZZ_PROGRAMS) $(B)/fuzz/seeds $(B)/unit/model ## attack with random input, FUZZ_SECONDS= a target
	$(Q)tests/fuzz/run -t $(FUZZ_SECONDS)
	$(Q)$(B)/unit/model -t $(FUZZ_SECONDS)
