// SPDX-License-Identifier: BSD-2-Clause
/*
 * Local APICs. Registers are named by their xAPIC offsets; in x2APIC mode the
 * MSR is 0x800 + offset / 16. The mode is the one the firmware chose.
 */
#include "x86/apic.h"

#include "boot/acpi.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "mm/paging.h"
#include "x86/asm.h"
#include "x86/atomic.h"
#include "x86/cpu.h"
#include "x86/msr.h"

enum {
	REG_ID = 0x20,
	REG_TPR = 0x80,
	REG_EOI = 0xb0,
	REG_LDR = 0xd0,
	REG_DFR = 0xe0,
	REG_SPURIOUS = 0xf0,
	REG_ERROR_STATUS = 0x280,
	REG_ICR = 0x300,
	REG_ICR_HIGH = 0x310,
	REG_LVT_TIMER = 0x320,
	REG_LVT_PERF = 0x340,
	REG_LVT_LINT0 = 0x350,
	REG_LVT_LINT1 = 0x360,
	REG_LVT_ERROR = 0x370,
	REG_TIMER_START = 0x380,
	REG_TIMER_COUNT = 0x390,
	REG_TIMER_DIVIDE = 0x3e0,
};

#define LVT_MASKED (1u << 16)
#define LVT_NMI (4u << 8)
#define LVT_DEADLINE (2u << 17)
#define SPURIOUS_ENABLE (1u << 8)
#define DIVIDE_BY_1 0xb
#define ICR_NMI (4u << 8)
#define ICR_INIT (5u << 8)
#define ICR_STARTUP (6u << 8)
#define ICR_PENDING (1u << 12)
#define ICR_ASSERT (1u << 14)
#define ICR_LEVEL (1u << 15)
#define SPINS 1000000
#define COUNT_MAX 0xffffffffull

static char *base; /* NULL in x2APIC mode */
static uint64_t timer_mul; /* ticks = ns * mul >> 32 */
static bool use_deadline;

static uint32_t read(unsigned reg)
{
	if (base)
		return mmio_read32(base + reg);
	return (uint32_t)rdmsr(MSR_X2APIC + reg / 16);
}

static void write(unsigned reg, uint32_t value)
{
	if (base)
		mmio_write32(base + reg, value);
	else
		wrmsr(MSR_X2APIC + reg / 16, value);
}

void apic_init(void)
{
	const uint64_t msr = rdmsr(MSR_APIC_BASE);

	if (!(msr & APIC_BASE_ENABLE))
		panic("apic: the firmware has switched the local APIC off");
	use_deadline = cpu_has(CPU_TSC_DEADLINE);
	if (msr & APIC_BASE_X2APIC) {
		log_info("apic: x2APIC mode");
		return;
	}
	base = paging_map_mmio(
		acpi_info.local_apic, PAGE_SIZE, PAGING_UNCACHED);
	if (!base)
		panic("apic: cannot map the local APIC");
}

/* The 8259s, if there are any: every line masked, vectors out of the way. */
void apic_silence_8259(void)
{
	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	outb(0x21, VECTOR_PIC);
	outb(0xa1, VECTOR_PIC + 8);
	outb(0x21, 4);
	outb(0xa1, 2);
	outb(0x21, 1);
	outb(0xa1, 1);
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

static void timer_unmask(void)
{
	write(REG_LVT_TIMER,
		VECTOR_TIMER | (use_deadline ? LVT_DEADLINE : 0));
	/* A write to memory does not hold up WRMSR: a deadline written before
	 * its mode would be forgotten (Intel SDM volume 3, 11.5.4.1). */
	memory_barrier();
}

void apic_init_cpu(void)
{
	const uint64_t msr = rdmsr(MSR_APIC_BASE);

	if (!base && !(msr & APIC_BASE_X2APIC))
		wrmsr(MSR_APIC_BASE,
			msr | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	if (base) {
		write(REG_DFR, 0xffffffff);
		write(REG_LDR, 0);
	}
	write(REG_TPR, 0);
	write(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	timer_unmask();
	write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
	write(REG_LVT_PERF, LVT_MASKED);
	write(REG_LVT_LINT0, LVT_MASKED);
	write(REG_LVT_LINT1, LVT_NMI);
	write(REG_ERROR_STATUS, 0);
	write(REG_LVT_ERROR, VECTOR_ERROR);
	write(REG_EOI, 0);
}

uint32_t apic_id(void)
{
	return base ? read(REG_ID) >> 24 : read(REG_ID);
}

void apic_eoi(void)
{
	write(REG_EOI, 0);
}

uint64_t apic_address(void)
{
	return acpi_info.local_apic;
}

static void send(uint32_t target, uint32_t command)
{
	const uint64_t flags = irq_save();

	if (base) {
		for (unsigned i = 0; i < SPINS; i++)
			if (!(read(REG_ICR) & ICR_PENDING))
				break;
		write(REG_ICR_HIGH, target << 24);
		write(REG_ICR, command);
	} else {
		/* WRMSR does not wait for stores as a write to memory does. */
		__asm__ volatile("mfence; lfence" ::: "memory");
		wrmsr(MSR_X2APIC + REG_ICR / 16,
			(uint64_t)target << 32 | command);
	}
	irq_restore(flags);
}

void apic_send_ipi(uint32_t target, uint8_t vector)
{
	send(target, ICR_ASSERT | vector);
}

void apic_send_nmi(uint32_t target)
{
	send(target, ICR_ASSERT | ICR_NMI);
}

void apic_send_init(uint32_t target)
{
	send(target, ICR_LEVEL | ICR_ASSERT | ICR_INIT);
}

void apic_send_startup(uint32_t target, uint8_t page)
{
	send(target, ICR_ASSERT | ICR_STARTUP | page);
}

void apic_timer_measure(void)
{
	write(REG_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
	write(REG_TIMER_START, 0xffffffff);
}

uint32_t apic_timer_count(void)
{
	return read(REG_TIMER_COUNT);
}

void apic_timer_rate(uint64_t hz)
{
	write(REG_TIMER_START, 0);
	timer_mul = (hz << 28) / 1000000000 << 4;
	timer_unmask();
}

void apic_timer_set(uint64_t tsc, uint64_t ns)
{
	uint64_t count;

	if (use_deadline) {
		wrmsr(MSR_TSC_DEADLINE, tsc);
		return;
	}
	if (!ns) {
		write(REG_TIMER_START, 0);
		return;
	}
	count = (uint64_t)((unsigned __int128)ns * timer_mul >> 32);
	if (count > COUNT_MAX)
		count = COUNT_MAX;
	write(REG_TIMER_START, count ? (uint32_t)count : 1);
}

void apic_error_interrupt(void)
{
	uint32_t status;

	write(REG_ERROR_STATUS, 0);
	status = read(REG_ERROR_STATUS);
	log_guest(LOG_WARN, "apic%u: error %#x", this_cpu()->number, status);
}
