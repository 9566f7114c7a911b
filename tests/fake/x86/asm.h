/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for hypervisor/x86/asm.h in unit tests: what privileged
 * instructions would do is done to the fake machine (tests/fake/machine.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cpuid {
	uint32_t a, b, c, d;
};

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t rdtsc(void);
uint64_t rdmsr(uint32_t msr);
void wrmsr(uint32_t msr, uint64_t value);
uint64_t read_cr0(void);
void write_dr0(uint64_t value);
void write_dr1(uint64_t value);
void write_dr2(uint64_t value);
void write_dr3(uint64_t value);
void write_dr7(uint64_t value);
void wbinvd(void);
void outb(uint16_t port, uint8_t value);
uint32_t port_read(uint16_t port, unsigned size);
void port_write(uint16_t port, unsigned size, uint32_t value);
uint64_t read_rflags(void);
uint16_t read_ds(void);
uint16_t read_es(void);
uint16_t read_fs(void);
uint16_t read_gs(void);
void cpu_wait(void); /* nothing would ever wake it: fails the test */

bool irq_enabled(void);
void irq_disable(void);
void irq_enable(void);
uint64_t irq_save(void);
void irq_restore(uint64_t flags);

void write_cr3(uint64_t value);
uint64_t read_cr4(void);
void write_cr4(uint64_t value);
void invlpg(uint64_t va);
uint64_t read_cr2(void);
uint64_t read_dr6(void);
void write_dr6(uint64_t value);
void swapgs(void);
void stac(void);
void clac(void);
void clts(void);
void outw(uint16_t port, uint16_t value);

/* A CPU that waits for another: if set, this lets the others go on. */
extern void (*machine_relaxes)(void);

static inline void cpu_relax(void)
{
	if (machine_relaxes)
		machine_relaxes();
}

static inline void cpu_halt(void)
{
	cpu_wait();
}
