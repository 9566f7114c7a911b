/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What we need of the ACPI tables: CPUs, interrupt chips, timers, sleep,
 * reset. Tables only; dom0 interprets AML.
 */
#pragma once

#include "mm/addr.h"

#define ACPI_OVERRIDES_MAX 16
#define ACPI_IOAPICS_MAX 16

/* A register as the FADT describes it. */
struct acpi_address {
	uint8_t space; /* 0 memory, 1 I/O port; 0xff: none */
	uint8_t bits;
	uint64_t address;
};

struct acpi_info {
	unsigned nr_cpus; /* those that are enabled */
	struct {
		uint32_t apic_id, acpi_id;
	} cpu[CPUS_MAX];
	unsigned nr_cpus_ignored; /* enabled but over CPUS_MAX */
	paddr_t local_apic;
	unsigned nr_ioapics;
	struct {
		paddr_t address;
		uint32_t gsi_base;
	} ioapic[ACPI_IOAPICS_MAX];
	unsigned nr_overrides; /* ISA interrupts that are not GSI = IRQ */
	struct {
		uint8_t irq;
		uint32_t gsi;
		bool level, active_low;
	} override[ACPI_OVERRIDES_MAX];
	struct acpi_address pm_timer; /* bits: 24 or 32 */
	struct acpi_address reset;
	uint8_t reset_value;
	struct acpi_address pm1a_control, pm1b_control;
	paddr_t rsdp;
};

extern struct acpi_info acpi_info;

/* Reads the tables; without them one CPU and nothing else is known. */
void acpi_init(void);

/* One table, checked: what the parsers of single tables see. False and a
 * warning if it is damaged. */
bool acpi_parse_table(
	const void *table, size_t size, struct acpi_info *info);

/* GSI, trigger and polarity of an ISA interrupt. */
unsigned acpi_isa_gsi(
	unsigned irq, bool *level, bool *active_low);
