// SPDX-License-Identifier: BSD-2-Clause
/*
 * Ends: of a guest that is crashed, with its registers and stack in the log,
 * and of the machine.
 */
#include "core/shutdown.h"

#include "boot/acpi.h"
#include "boot/cmdline.h"
#include "core/domain.h"
#include "core/refusal.h"
#include "core/vcpu.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "mm/guestmem.h"
#include "x86/asm.h"
#include "x86/clock.h"
#include "x86/panic.h"
#include "x86/smp.h"
#include "xen/sched.h"

#define STACK_WORDS 32

#define PORT_RESET 0xcf9
#define PORT_8042 0x64
#define PORT_8042_PULSE_RESET 0xfe

/* The guest's own words at its stack pointer; addresses in them are its own
 * symbols, which only its owner can look up. */
static void show_stack(const struct regs *regs)
{
	log_warn("guest stack at %#lx:", regs->rsp);
	for (unsigned i = 0; i < STACK_WORDS; i += 4) {
		uint64_t w[4];

		if (copy_from_guest(w, (gva_t){regs->rsp + i * 8}, sizeof(w)))
			return;
		log_warn("%016lx %016lx %016lx %016lx", w[0], w[1], w[2], w[3]);
	}
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
	char text[160];
	va_list args;

	if (atomic_xchg(&d->crashed, true))
		return;
	va_start(args, fmt);
	format_string_v(text, sizeof(text), fmt, args);
	va_end(args);
	log_warn("d%u: crashed: %s", d->id, text);
	refusal_crash(d, text);
	if (!vcpu_is_idle(current) && current->domain == d) {
		log_warn("d%uv%u, in its %s:", d->id, current->id,
			current->kernel_mode ? "kernel" : "user space");
		regs_show(guest_regs());
		show_stack(guest_regs());
	}
	domain_shutdown(d, SHUTDOWN_crash);
}

void machine_shutdown(uint8_t reason)
{
	static const char *const reasons[] = {
		[SHUTDOWN_poweroff] = "powers off",
		[SHUTDOWN_reboot] = "reboots",
		[SHUTDOWN_suspend] = "suspends, which ends the machine",
		[SHUTDOWN_crash] = "crashed",
		[SHUTDOWN_watchdog] = "missed its watchdog",
		[SHUTDOWN_soft_reset] = "resets",
	};

	log_info("d0 %s", reason <= SHUTDOWN_MAX ? reasons[reason] : "ends");
	if (reason == SHUTDOWN_poweroff || reason == SHUTDOWN_suspend)
		machine_halt();
	if (options.noreboot &&
		(reason == SHUTDOWN_crash || reason == SHUTDOWN_watchdog)) {
		log_error("stopped here because of \"noreboot\"");
		machine_halt();
	}
	machine_restart();
}

static void reset_by_acpi(void)
{
	const struct acpi_address *const r = &acpi_info.reset;

	/* Space 1: an I/O port, the usual 0xcf9. A register in memory would
	 * have to be mapped, which is not safe here: the others follow. */
	if (r->space == 1 && r->address && r->address < 0x10000)
		outb((uint16_t)r->address, acpi_info.reset_value);
}

void machine_restart(void)
{
	static const struct descriptor_table none;

	smp_stop_others();
	reset_by_acpi();
	clock_delay_us(10000);
	outb(PORT_RESET, 0x02);
	outb(PORT_RESET, 0x06);
	clock_delay_us(10000);
	outb(PORT_8042, PORT_8042_PULSE_RESET);
	clock_delay_us(50000);
	lidt(none);
	__asm__ volatile("int3");
	for (;;)
		cpu_halt();
}

void machine_halt(void)
{
	log_info("the machine is halted: it may be switched off");
	smp_stop_others();
	for (;;)
		cpu_halt();
}
