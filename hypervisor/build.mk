# SPDX-License-Identifier: BSD-2-Clause
# The hypervisor: $(B)/shoji.elf. It is linked twice, the second time with the
# names of its functions, which the first link's addresses give; the table
# lies behind all code, so that it does not move any.

HV_SRC := $(addprefix hypervisor/boot/, head.S trampoline.S main.c memory.c \
	multiboot.c cmdline.c acpi.c acpi_find.c)
HV_SRC += $(addprefix hypervisor/x86/, apic.c clock.c cmos.c cpu.c desc.c \
	ioapic.c irq.c msi.c panic.c smp.c spinlock.c)
HV_SRC += $(addprefix hypervisor/mm/, buddy.c heap.c paging.c)
HV_SRC += $(addprefix hypervisor/dev/, font.c hpet.c pci.c screen.c uart.c)
HV_SRC += $(addprefix hypervisor/core/, console.c)
HV_SRC += $(addprefix hypervisor/lib/, bitmap.c printf.c rangeset.c string.c \
	symbols.c)

HV_SRC += $(addprefix hypervisor/boot/, dom0.c elf.c)
HV_SRC += $(addprefix hypervisor/x86/, context.c entry.S fpu.c traps.c)
HV_SRC += $(addprefix hypervisor/mm/, frame.c guestcopy.S guestmem.c memmap.c \
	memop.c mmu.c ptcheck.c tlb.c)
HV_SRC += $(addprefix hypervisor/pv/, callback.c debugreg.c decode.c deliver.c \
	emulate.c guestmsr.c hypercall.c ioport.c ptwrite.c segment.c)

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

ALL += $(B)/shoji.elf
