// SPDX-License-Identifier: BSD-2-Clause
/*
 * The boot CPU's way from the boot page tables to the idle loop: the whole
 * order of initialisation. It runs on CPU 0's final stack with interrupts off
 * until everything that an interrupt may touch is there.
 */
#include "boot/main.h"

#include "boot/acpi.h"
#include "boot/cmdline.h"
#include "boot/dom0.h"
#include "boot/memory.h"
#include "boot/multiboot.h"
#include "core/console.h"
#include "core/domain.h"
#include "core/sched.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/memmap.h"
#include "mm/paging.h"
#include "pv/cpuid.h"
#include "x86/apic.h"
#include "x86/clock.h"
#include "x86/cpu.h"
#include "x86/desc.h"
#include "x86/fpu.h"
#include "x86/harden.h"
#include "x86/irq.h"
#include "x86/panic.h"
#include "x86/smp.h"
#include "x86/traps.h"

struct boot_info boot_info;

/* The loader's information, and consoles that can tell about it. */
static void init_console(uint32_t magic, paddr_t info)
{
	const char *const trouble = multiboot_read(magic, info, &boot_info);

	log_info("Shoji, a hypervisor for x86-64");
	cmdline_parse(boot_info.line);
	console_init();
	if (trouble)
		panic("boot: %s", trouble);
	log_info("loaded by %s%s, command line: %s",
		boot_info.loader[0] ? boot_info.loader : "somebody unnamed",
		boot_info.efi64 ? " on UEFI" : "", boot_info.line);
}

static void init_memory(void)
{
	memory_map_tidy(&boot_info);
	memory_map_print(&boot_info);
	memory_init();
	paging_init();
	desc_init_idt();
	desc_init_cpu();
	console_remap();
	memory_init_frames();
	paging_map_m2p();
}

static void init_cpu(void)
{
	syscall_init_cpu();
	fpu_init_cpu();
	cpuid_init();
	apic_init();
	apic_silence_8259();
	this_cpu()->apic_id = apic_id();
	cpus_online.bits = 1;
}

void boot_main(uint32_t magic, uint32_t info)
{
	const uint64_t start = rdtsc();

	stack_guard_init();
	init_console(magic, info);
	cpu_identify();
	harden_init();
	cpu_init();
	init_memory();
	acpi_init();
	init_cpu();
	apic_init_cpu();
	irq_init();
	memmap_init();
	softirq_init();
	timer_init_cpu(this_cpu());
	domain_init();
	frame_share_m2p();
	sched_init_cpu(this_cpu());
	clock_init(start);
	smp_boot();
	console_init_irq();
	log_info("memory: %lu MiB free", buddy_free_pages() >> 8);
	dom0_build();
	harden_log();
	log_info("boot took %lu us", now() / 1000);
	idle_loop();
}
