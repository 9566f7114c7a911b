// SPDX-License-Identifier: BSD-2-Clause
/*
 * Devices of hvmachine.h's machine: interrupt chips that check what they are
 * told, a PCI device with messages, ports, a console that knows nothing; and
 * the ends of domains and of the machine.
 */
#include "tests/fuzz/hvmachine.h"

#include "boot/acpi.h"
#include "core/console.h"
#include "core/domain.h"
#include "core/refusal.h"
#include "core/shutdown.h"
#include "core/vcpu.h"
#include "dev/pci.h"
#include "lib/assert.h"
#include "lib/symbols.h"
#include "mm/heap.h"
#include "mm/memmap.h"
#include "tests/fuzz/fuzz.h"
#include "x86/apic.h"
#include "x86/asm.h"
#include "x86/atomic.h"
#include "x86/clock.h"
#include "x86/ioapic.h"
#include "x86/msi.h"
#include "x86/panic.h"
#include "xen/errno.h"
#include "xen/sched.h"

#define GSIS 24

struct acpi_info acpi_info;

/* Interrupts */

unsigned ioapic_nr_gsis(void)
{
	return GSIS;
}

bool ioapic_gsi_valid(unsigned gsi)
{
	return gsi < GSIS;
}

void ioapic_init(void)
{
}

void ioapic_set(unsigned gsi, uint8_t vector, uint32_t apic, bool level,
	bool active_low)
{
	(void)level;
	(void)active_low;
	CHECK(gsi < GSIS && vector >= VECTOR_DEVICE_FIRST &&
		vector <= VECTOR_DEVICE_LAST && apic < HW_CPUS);
}

void ioapic_mask(unsigned gsi, bool masked)
{
	(void)masked;
	CHECK(gsi < GSIS);
}

int ioapic_guest_read(uint64_t chip_address, uint32_t reg, uint32_t *value)
{
	*value = reg;
	return chip_address ? reject(-EINVAL, "no such chip") : 0;
}

int ioapic_guest_write(uint64_t chip_address, uint32_t reg, uint32_t value)
{
	(void)reg;
	(void)value;
	return chip_address ? reject(-EINVAL, "no such chip") : 0;
}

unsigned acpi_isa_gsi(unsigned irq, bool *level, bool *active_low)
{
	*level = *active_low = false;
	return irq;
}

int msi_open(struct msi_source *source)
{
	if (source->bus || source->devfn != 8)
		return reject(-ENODEV, "no such device");
	source->slot = heap_alloc(1);
	return 0;
}

void msi_close(struct msi_source *source)
{
	heap_free(source->slot);
}

void msi_program(const struct msi_source *source, uint8_t vector, uint32_t apic)
{
	CHECK(source->slot && vector >= VECTOR_DEVICE_FIRST &&
		vector <= VECTOR_DEVICE_LAST && apic < HW_CPUS);
}

void msi_mask(const struct msi_source *source, bool masked)
{
	(void)masked;
	CHECK(source->slot);
}

void apic_eoi(void)
{
}

void apic_error_interrupt(void)
{
}

uint32_t pci_config_read(uint32_t address, unsigned size)
{
	(void)size;
	return address;
}

void pci_config_write(uint32_t address, unsigned size, uint32_t value)
{
	(void)address;
	(void)size;
	(void)value;
	CHECK(current->domain->hardware);
}

/* Only dom0 has ports, and those are in its list. */
static void check_port(uint16_t port, unsigned size)
{
	(void)port;
	(void)size;
	CHECK(current->domain->hardware);
}

uint32_t port_read(uint16_t port, unsigned size)
{
	check_port(port, size);
	return 0;
}

void port_write(uint16_t port, unsigned size, uint32_t value)
{
	(void)value;
	check_port(port, size);
}

void outb(uint16_t port, uint8_t value)
{
	port_write(port, 1, value);
}

void outw(uint16_t port, uint16_t value)
{
	port_write(port, 2, value);
}

void clock_delay_us(unsigned us)
{
	(void)us;
}

/* The console: swallows, knows nothing */

void console_guest_write(const char *text, size_t size)
{
	char *const copy = copy_of(text, size);

	free(copy);
}

size_t console_guest_read(char *to, size_t size)
{
	memset(to, 'x', size);
	return size;
}

size_t console_ring_read(
	char *to, size_t size, uint32_t *index, bool incremental)
{
	const size_t n = !incremental || *index < 1000 ? size : 0;

	memset(to, 'x', n);
	*index += (uint32_t)n;
	return n;
}

void console_ring_clear(void)
{
}

bool console_set_level(const char *name)
{
	return name[0] == 'a';
}

bool console_ports(uint16_t *first, unsigned *nr)
{
	*first = 0x3f8;
	*nr = 8;
	return true;
}

/* Ends */

void domain_crash(struct domain *d, const char *fmt, ...)
{
	(void)fmt;
	if (!atomic_xchg(&d->crashed, true))
		domain_shutdown(d, SHUTDOWN_crash);
}

void machine_shutdown(uint8_t reason)
{
	(void)reason;
	hw_ended();
}

void machine_restart(void)
{
	hw_ended();
}

void machine_halt(void)
{
	hw_ended();
}

void backtrace_here(void)
{
}

void regs_show(const struct regs *regs)
{
	(void)regs;
}

const char *symbol_name(uint64_t address, uint64_t *offset)
{
	(void)address;
	(void)offset;
	return NULL;
}

bool memmap_machine(unsigned index, struct xen_e820_entry *entry)
{
	*entry = (struct xen_e820_entry){0, HW_FRAMES * PAGE_SIZE, 1};
	return index == 0;
}
