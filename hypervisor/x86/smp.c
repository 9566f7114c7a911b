// SPDX-License-Identifier: BSD-2-Clause
/*
 * Starting other CPUs, one at a time, and interrupting them. A CPU that does
 * not come in time is left out, with a log line; its windows stay mapped,
 * because it might come late.
 */
#include "x86/smp.h"

#include "boot/acpi.h"
#include "boot/memory.h"
#include "core/sched.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/tlb.h"
#include "x86/apic.h"
#include "x86/asm.h"
#include "x86/atomic.h"
#include "x86/clock.h"
#include "x86/cpu.h"
#include "x86/desc.h"
#include "x86/fpu.h"
#include "x86/spinlock.h"
#include "x86/traps.h"

#define INIT_DELAY_US 200
#define FIRST_WAIT_US 2000
#define SECOND_WAIT_US 2000000 /* an emulator on a busy host is slow */
#define STEP_US 20

cpumask_t cpus_online;
unsigned nr_cpus = 1;

extern const char trampoline[], trampoline_end[];
extern char boot_l4[]; /* head.S: also the other CPUs' first */

/* Whose start it is, for boot/head.S. */
uint32_t start_cpu;

static bool stopping;

/* What the CPU that is being started says about itself. */
enum start_state { START_NONE, START_HERE, START_BAD, START_READY };
static uint32_t start_state;

/* What a CPU needs before its first instruction; false: no memory. */
static bool prepare(unsigned number, uint32_t apic_id, uint32_t acpi_id)
{
	struct cpu *const cpu = cpu_of(number);

	if (paging_map_cpu(number))
		return false;
	cpu->number = number;
	cpu->apic_id = apic_id;
	cpu->acpi_id = acpi_id;
	cpu->cr3 = cpu->root[TLB_IDLE] = idle_cr3;
	timer_init_cpu(cpu);
	sched_init_cpu(cpu);
	return true;
}

static bool wait_for_start(unsigned us)
{
	for (unsigned i = 0; i < us; i += STEP_US) {
		if (load_acquire(&start_state) != START_NONE)
			return true;
		clock_delay_us(STEP_US);
	}
	return false;
}

static bool start(unsigned number, uint32_t id, paddr_t page)
{
	write_once(&start_cpu, number);
	write_once(&start_state, START_NONE);
	apic_send_init(id);
	clock_delay_us(INIT_DELAY_US);
	apic_send_startup(id, (uint8_t)(page >> PAGE_SHIFT));
	if (!wait_for_start(FIRST_WAIT_US)) {
		apic_send_startup(id, (uint8_t)(page >> PAGE_SHIFT));
		if (!wait_for_start(SECOND_WAIT_US))
			return false;
	}
	while (load_acquire(&start_state) == START_HERE)
		cpu_relax();
	if (start_state == START_BAD)
		return false;
	clock_compare_cpu(number);
	while (!(read_once(&cpus_online.bits) >> number & 1))
		cpu_relax();
	return true;
}

void smp_boot(void)
{
	const paddr_t page = memory_low_page();
	const uint32_t own = apic_id();

	if (acpi_info.nr_cpus > 1 && !page) {
		log_warn("smp: no page below 640 KiB to start CPUs with");
		return;
	}
	if (page)
		memcpy(direct(page), trampoline,
			(size_t)(trampoline_end - trampoline));
	for (unsigned i = 0; i < acpi_info.nr_cpus; i++) {
		const uint32_t id = acpi_info.cpu[i].apic_id;

		if (id == own) {
			this_cpu()->acpi_id = acpi_info.cpu[i].acpi_id;
			continue;
		}
		if (!prepare(nr_cpus, id, acpi_info.cpu[i].acpi_id)) {
			log_warn("smp: no memory for CPU %u", nr_cpus);
			break;
		}
		if (!start(nr_cpus, id, page)) {
			log_warn("smp: CPU %u (APIC %u) does not start",
				nr_cpus, id);
			break;
		}
		nr_cpus++;
	}
	/* Nobody comes any more: no table maps memory at 0, all of it for
	 * writing and executing. A CPU that is late, though, needs them. */
	if (nr_cpus >= acpi_info.nr_cpus)
		clear_page(boot_l4);
	log_info("smp: %u of %u CPUs online", nr_cpus,
		acpi_info.nr_cpus ? acpi_info.nr_cpus : 1);
}

void smp_cpu_main(void)
{
	struct cpu *const cpu = this_cpu();

	cpu_init();
	desc_init_cpu();
	store_release(&start_state, START_HERE);
	if (!cpu_matches()) {
		store_release(&start_state, START_BAD);
		for (;;)
			cpu_halt();
	}
	syscall_init_cpu();
	fpu_init_cpu();
	apic_init_cpu();
	store_release(&start_state, START_READY);
	clock_init_cpu();
	atomic_or(&cpus_online.bits, 1ull << cpu->number);
	idle_loop();
}

void smp_send_event_check(unsigned cpu)
{
	apic_send_ipi(cpu_of(cpu)->apic_id, VECTOR_EVENT_CHECK);
}

void smp_send_flush(cpumask_t cpus)
{
	unsigned i;

	for_each_cpu (i, cpus)
		apic_send_ipi(cpu_of(i)->apic_id, VECTOR_FLUSH);
}

/* CPUs that have not written back their caches yet; atomic. */
static uint64_t wbinvd_pending;

void smp_wbinvd(void)
{
	/* Interrupts stay on: who waits here answers the holder. */
	static struct spinlock lock = SPINLOCK(RANK_HEAP);
	const uint64_t own = 1ull << this_cpu()->number;
	unsigned i;

	spin_lock(&lock);
	store_release(&wbinvd_pending, cpus_online.bits & ~own);
	for_each_cpu (i, (cpumask_t){ cpus_online.bits & ~own })
		apic_send_ipi(cpu_of(i)->apic_id, VECTOR_WBINVD);
	wbinvd();
	while (load_acquire(&wbinvd_pending))
		cpu_relax();
	spin_unlock(&lock);
}

void smp_wbinvd_interrupt(void)
{
	wbinvd();
	atomic_and(&wbinvd_pending, ~(1ull << this_cpu()->number));
}

void smp_stop_others(void)
{
	const uint64_t own = 1ull << this_cpu()->number;
	unsigned i;

	irq_disable();
	write_once(&stopping, true);
	for_each_cpu (i, (cpumask_t){ cpus_online.bits & ~own })
		apic_send_nmi(cpu_of(i)->apic_id);
}

void smp_check_stop(void)
{
	if (!read_once(&stopping))
		return;
	for (;;)
		cpu_halt();
}
