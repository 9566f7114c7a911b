# SPDX-License-Identifier: BSD-2-Clause
# The hypervisor: $(B)/shoji.elf. It is linked twice, the second time with the
# names of its functions, which the first link's addresses give; the table
# lies behind all code, so that it does not move any. clang reaches the stack
# guard by the GOT, in a way that the linker cannot relax.

HV_CFLAGS += -include hypervisor/hidden.h

HV_SRC := $(addprefix hypervisor/boot/, acpi.c acpi_find.c cmdline.c \
	dom0.c elf.c head.S main.c memory.c multiboot.c trampoline.S)
HV_SRC += $(addprefix hypervisor/core/, console.c consoleio.c \
	debugkey.c domain.c domctl.c event.c eventop.c extension.c grant.c \
	grantop.c limits.c physdev.c platform.c policy.c refusal.c \
	runqueue.c sched.c schedop.c shutdown.c softirq.c subop.c sysctl.c \
	timer.c vcpu.c vcpuctl.c)
HV_SRC += $(addprefix hypervisor/dev/, font.c pci.c uart.c vga.c)
HV_SRC += $(addprefix hypervisor/lib/, printf.c rangeset.c \
	string.c symbols.c)
HV_SRC += $(addprefix hypervisor/mm/, audit.c buddy.c frame.c guestcopy.S \
	guestmem.c heap.c memmap.c memop.c mmu.c paging.c ptcheck.c tlb.c \
	wx.c)
HV_SRC += $(addprefix hypervisor/pv/, callback.c cpuid.c debugreg.c \
	decode.c deliver.c emulate.c guestmsr.c hypercall.c ioport.c \
	ptwrite.c pvclock.c segment.c vcpuop.c version.c)
HV_SRC += $(addprefix hypervisor/x86/, apic.c clock.c cmos.c context.c \
	cpu.c desc.c entry.S fpu.c harden.c ioapic.c irq.c msi.c panic.c \
	smp.c spinlock.c traps.c)

HV_OBJ := $(patsubst %,$(B)/hv/%.o,$(basename $(HV_SRC)))
HV_LINK = $(CC) -static -nostdlib -Wl,-T,hypervisor/image.lds \
	-Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	-Wl,-z,noexecstack -Wl,--no-relax $(filter %.o,$^)

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

ALL += $(B)/shoji.elf
