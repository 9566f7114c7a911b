// SPDX-License-Identifier: BSD-2-Clause
/*
 * The end, explained: the other CPUs stop, the console is taken by force, and
 * the log gets the reason, the registers and a symbolised back-trace. A panic
 * within a panic only halts.
 */
#include "x86/panic.h"

#include "boot/cmdline.h"
#include "core/console.h"
#include "core/shutdown.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "x86/asm.h"
#include "x86/atomic.h"
#include "x86/smp.h"

#define FRAMES_MAX 32
#define CPUID_1C_RDRAND (1u << 30)

static uint32_t panicking;

void regs_show(const struct regs *r)
{
	log_error("rip %016lx  rsp %016lx  rflags %06lx", r->rip, r->rsp,
		r->rflags);
	log_error("rax %016lx  rbx %016lx  rcx %016lx", r->rax, r->rbx, r->rcx);
	log_error("rdx %016lx  rsi %016lx  rdi %016lx", r->rdx, r->rsi, r->rdi);
	log_error("rbp %016lx  r8  %016lx  r9  %016lx", r->rbp, r->r8, r->r9);
	log_error("r10 %016lx  r11 %016lx  r12 %016lx", r->r10, r->r11, r->r12);
	log_error("r13 %016lx  r14 %016lx  r15 %016lx", r->r13, r->r14, r->r15);
	log_error("cs %04lx ss %04lx  cr2 %016lx  cr3 %016lx", r->cs & 0xffff,
		r->ss & 0xffff, read_cr2(), read_cr3());
}

/* A pair of saved RBP and return address lies in pages that are mapped. */
static bool in_stacks(uint64_t at)
{
	const uint64_t base = (uint64_t)this_cpu();
	const uint64_t offset = at - base;

	if (at % 8 || at < base)
		return false;
	return (offset >= CPU_STACK_DF - PAGE_SIZE &&
		       offset <= CPU_STACK_DB - 16) ||
		(offset >= CPU_STACK_BOTTOM && offset <= CPU_STACK - 16);
}

/* Our own stack from a frame on; the chain of frame pointers ends at 0 or
 * where it leaves this CPU's stacks. */
static void backtrace_show(uint64_t rip, uint64_t rbp)
{
	log_error("back-trace:");
	for (unsigned i = 0; i < FRAMES_MAX; i++) {
		log_error("  %016lx %pS", rip, (void *)rip);
		if (!in_stacks(rbp))
			return;
		rip = ((const uint64_t *)rbp)[1];
		rbp = ((const uint64_t *)rbp)[0];
		if (!rip)
			return;
		rip--; /* within the call, not behind it */
	}
}

void backtrace_here(void)
{
	const uint64_t *const frame = __builtin_frame_address(0);

	backtrace_show(frame[1] - 1, frame[0]);
}

void panic_regs(const struct regs *regs, const char *fmt, ...)
{
	char text[200];
	va_list args;

	irq_disable();
	if (atomic_xchg(&panicking, 1))
		for (;;)
			cpu_halt();
	smp_stop_others();
	console_force();
	va_start(args, fmt);
	format_string_v(text, sizeof(text), fmt, args);
	va_end(args);
	log_error("panic on CPU %u: %s", this_cpu()->number, text);
	if (regs) {
		regs_show(regs);
		backtrace_show(regs->rip, regs->rbp);
	} else {
		backtrace_here();
	}
	if (!options.noreboot)
		machine_restart();
	log_error("stopped here because of \"noreboot\"");
	for (;;)
		cpu_halt();
}

void assert_failed(const char *condition, const char *file, int line)
{
	panic("%s:%d: \"%s\" does not hold", file, line, condition);
}

/* Stack protector, under the compiler's names: functions with arrays, or whose
 * variables others point to, have a copy of the guard above them. */
uint64_t __stack_chk_guard;
_Noreturn void __stack_chk_fail(void);

void stack_guard_init(void)
{
	uint64_t seed = rdtsc() * 0x9e3779b97f4a7c15;

	if (cpuid(1, 0).c & CPUID_1C_RDRAND)
		seed ^= rdrand();
	/* The first byte in memory is one at which strings end. */
	__stack_chk_guard = seed & ~0xffull;
}

void __stack_chk_fail(void)
{
	panic("stack overrun in %pS", __builtin_return_address(0));
}
